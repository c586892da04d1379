"""How well does every detector do on every tier?  python benchmarks/detection.py runs/quick --out results/detection-quick

Reads the records of `gan-bench run --suite mnist,cifar10 --seeds 3 --detectors all` and writes a table as Markdown and as JSON:
one row for each dataset and detector, and for each tier its AUROC over all variants together, seen, with an interval; the
variant that it tells worst; and leave-one-out, the mean over the variants. Over two seeds or more the interval is Student's t,
with one it is that of the images.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

from gan_bench.core.files import write_text
from gan_bench.leaderboard.estimates import Estimate, over_seeds
from gan_bench.leaderboard.frames import Frame, Number
from gan_bench.records import EVERY, LEAVE_ONE_OUT, ROBUST, SEEN, TIERS, Detection, JudgeRecord
from gan_bench.run_folder import read_runs

NUMBERS = ("seen", "worst", "left out", "jpeg loss", "seconds")


def numbers_of(record: JudgeRecord, tier: str) -> dict[str, tuple[float, Detection | None]]:
    """What the table says of one detector, dataset, seed and tier, and the detection that holds the number's interval."""
    found = [d for d in record.detections if d.tier == tier]
    (together,) = [d for d in found if d.protocol == SEEN and d.variant == EVERY]
    apart = [d for d in found if d.protocol == SEEN and d.variant != EVERY]
    left_out = [d.auroc for d in found if d.protocol == LEAVE_ONE_OUT]
    damaged = [d.auroc for d in found if d.protocol == ROBUST and d.corruption == "jpeg"]

    numbers: dict[str, tuple[float, Detection | None]] = {"seen": (together.auroc, together)}
    numbers["worst"] = min(d.auroc for d in apart), None
    if left_out:
        numbers["left out"] = fmean(left_out), None
    if damaged:
        numbers["jpeg loss"] = together.auroc - fmean(damaged), None
    numbers["seconds"] = record.seconds, None
    return numbers


def frame_of(records: Iterable[JudgeRecord]) -> Frame:
    """Each number of each seed, as `leaderboard.estimates` averages them."""
    frame: Frame = []
    for record in records:
        for tier in TIERS:
            for name, (value, detection) in numbers_of(record, tier).items():
                interval = detection.auroc_interval if detection else None
                number = Number(
                    dataset=record.spec.dataset, detector=record.spec.detector, tier=tier, name=name, value=value,
                    least=0.0, most=None if name == "seconds" else 1.0,
                )  # fmt: skip
                if interval is not None:
                    number = number._replace(low=interval.low, high=interval.high, interval_method=interval.method)
                frame.append(number)
    return frame


def table_of(estimates: dict[tuple[Any, ...], Estimate]) -> str:
    """The Markdown table of each dataset, the detector that is best on `web` first."""
    by_dataset: dict[str, dict[str, dict[tuple[str, str], Estimate]]] = defaultdict(lambda: defaultdict(dict))
    for (dataset, detector, tier, name), estimate in estimates.items():
        by_dataset[dataset][detector][tier, name] = estimate

    lines = []
    for dataset, detectors in by_dataset.items():
        heads = [f"{tier}: seen | worst | left out" for tier in TIERS[:2]] + ["hard: seen", "lost to JPEG", "s"]
        lines += ["", f"### {dataset}", "", f"| detector | {' | '.join(heads)} |", "|" + "---|" * 10]
        for detector, found in sorted(detectors.items(), key=lambda item: -(item[1]["web", "seen"].value or 0)):
            cells = [shown(found.get((tier, name))) for tier in TIERS[:2] for name in ("seen", "worst", "left out")]
            cells += [
                shown(found["hard", "seen"]),
                shown(found.get(("clean", "jpeg loss"))),
                f"{found['clean', 'seconds'].value:.0f}",
            ]
            lines.append(f"| `{detector}` | {' | '.join(cells)} |")
    return "\n".join(lines[1:]) + "\n"


def shown(estimate: Estimate | None) -> str:
    """ ".987 [.981, .992]"; "" where there is none."""
    if estimate is None or estimate.value is None:
        return ""
    value = f"{estimate.value:.3f}"
    return value if estimate.low is None else f"{value} [{estimate.low:.3f}, {estimate.high:.3f}]"


def main() -> None:
    """Read the runs, print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="where to write, without .md and .json")
    arguments = parser.parse_args()

    records = [result.record for result in read_runs(arguments.runs).results if isinstance(result.record, JudgeRecord)]
    estimates = over_seeds(frame_of(r for r in records if r.status == "done"), ["dataset", "detector", "tier", "name"])
    table = table_of(estimates)
    print(table)
    if arguments.out:
        keys = ("dataset", "detector", "tier", "number")
        rows = [
            {**dict(zip(keys, key, strict=True)), "value": e.value, "low": e.low, "high": e.high, "seeds": e.seeds}
            for key, e in estimates.items()
        ]
        write_text(arguments.out.with_suffix(".md"), table)
        write_text(arguments.out.with_suffix(".json"), json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
