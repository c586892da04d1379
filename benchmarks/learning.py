"""Did every variant of a run learn?  python benchmarks/learning.py runs/quick

Compares each generator's Frechet distance with what it must beat. One that starts from latents: a third of its untrained
self's, with the same seed, latents, counts and extractors; a benchmark whose generators do not get there measures nothing.
One that starts from images: that of the images it was given, or of their bicubic enlargement, which are rows of the run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import NamedTuple

from gan_bench.device import environment, pick
from gan_bench.parallel import default_jobs, workers
from gan_bench.records import CellRecord, CellSpec, ReferenceRecord, read_runs
from gan_bench.references import OF_TASK
from gan_bench.run import scorer_for
from gan_bench.sample import build_variant, draw
from generators import VARIANTS


class Needed(NamedTuple):
    """What a cell is compared with, the ratio to it that it must reach, and its Frechet distances by name."""

    what: str
    target: float
    distances: dict[str, float]


def distances(record: CellRecord | ReferenceRecord) -> dict[str, float]:
    return {m.name: m.value for m in record.metrics if m.metric == "fd" and m.value is not None}


def untrained(spec: CellSpec) -> Needed:
    """A third of what the cell's generator had before its training."""
    device = pick("auto")
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, ("fd",), device, False)
    fakes = draw(build_variant(spec, device), scorer.dataset, spec.seed, "score", spec.n_fake).images
    return Needed("untrained", 1 / 3, {m.name: m.value for m in scorer.score(fakes, "untrained") if m.value is not None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    records = [record for _, record in read_runs([args.run])]
    cells = [record for record in records if isinstance(record, CellRecord) and record.status == "done"]
    given = {(r.spec.dataset, r.spec.name): distances(r) for r in records if isinstance(r, ReferenceRecord)}
    rows_of = {variant: list(OF_TASK.get(VARIANTS.get(variant).task, ())) for variant in VARIANTS.names()}
    rows = []
    device = pick("auto")
    with workers(default_jobs(device, len(cells))) as each:
        firsts = each(untrained, [cell.spec for cell in cells if not rows_of[cell.spec.variant]])
        for cell in cells:
            spec, names = cell.spec, rows_of[cell.spec.variant]
            what, target, before = Needed(names[0], 1.0, given[spec.dataset, names[0]]) if names else next(firsts)
            for name, after in distances(cell).items():
                ratio = after / before[name]
                rows.append({
                    "dataset": spec.dataset, "variant": spec.variant, "seed": spec.seed, "metric": name, "compared with": what,
                    "before": before[name], "after": after, "ratio": ratio, "target": target, "learned": ratio <= target,
                })  # fmt: skip
                shown = f"{spec.dataset:8} {spec.variant:10} seed {spec.seed} {name:26} {what:12}"
                verdict = "ok" if ratio <= target else "MISSED"
                print(f"{shown} {before[name]:10.2f} -> {after:10.2f}  ratio {ratio:.3f} {verdict}", flush=True)
    if args.out:
        machine = environment(device)
        args.out.write_text(json.dumps({"device": machine.device_name, "rows": rows}, indent=2) + "\n")
    raise SystemExit(0 if all(row["learned"] for row in rows) else 1)


if __name__ == "__main__":
    main()
