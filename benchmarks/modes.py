"""How many modes did the variants of a run find?  python benchmarks/modes.py runs/standard,400000steps [--out FILE.json]

Prints means over seeds with their standard errors, for the suites `modes` and `stacked-mnist`. Numbers of the first suite
stand beside those of PacGAN's table (Lin et al. 2018, arXiv 1712.04086: 10 trainings of 400,000 steps). They agree where the
difference is at most two standard errors; the error is that of both sides together.
"""

from __future__ import annotations

import argparse
import json
import statistics
from itertools import groupby
from pathlib import Path
from typing import Any

from gan_bench.core.files import write_text
from gan_bench.records import CellRecord
from gan_bench.run_folder import read_runs

METRICS = ("modes_covered", "high_quality", "reverse_kl", "modes", "confident_modes", "mode_kl", "mode_kl_floor")
PAPER = {  # (dataset, variant, metric) -> mean and standard error
    ("ring8", "vanilla", "modes_covered"): (6.3, 0.5),
    ("ring8", "vanilla", "high_quality"): (0.982, 0.002),
    ("ring8", "vanilla", "reverse_kl"): (0.45, 0.09),
    ("ring8", "pacgan2", "modes_covered"): (7.9, 0.1),
    ("ring8", "pacgan2", "high_quality"): (0.956, 0.020),
    ("grid25", "vanilla", "modes_covered"): (17.3, 0.8),
    ("grid25", "vanilla", "high_quality"): (0.948, 0.007),
    ("grid25", "vanilla", "reverse_kl"): (0.70, 0.07),
    ("grid25", "pacgan2", "modes_covered"): (23.8, 0.7),
}


def row(cells: list[CellRecord], metric: str) -> dict[str, Any] | None:
    """One number of the cells of one key on one dataset, over their seeds; None where they have no such number."""
    values = [m.value for cell in cells for m in cell.metrics if m.metric == metric and m.value is not None]
    if not values:
        return None

    spec, n = cells[0].spec, len(values)
    mean, error = statistics.mean(values), statistics.stdev(values) / n**0.5 if n > 1 else None
    found = {"dataset": spec.dataset, "variant": spec.key, "metric": metric, "mean": mean, "standard error": error}
    found["values"] = values

    paper = PAPER.get((spec.dataset, spec.variant, metric))
    if paper is not None and error is not None:
        found["paper"] = list(paper)
        found["agrees"] = abs(mean - paper[0]) <= 2 * (error**2 + paper[1] ** 2) ** 0.5
    return found


def line(row: dict[str, Any]) -> str:
    """A row as text: mean, standard error, and the paper's numbers where there are some."""
    text = f"{row['dataset']:14} {row['variant']:8} {row['metric']:16} {row['mean']:.4g}"
    if row["standard error"] is not None:
        text += f" +- {row['standard error']:.3g}"
    if "paper" in row:
        text += "  paper {:g} +- {:g}".format(*row["paper"])
        text += "  agrees" if row["agrees"] else "  DIFFERS"
    return text


def main() -> None:
    """Print one row for each dataset, variant and number; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    records = [result.record for result in read_runs(args.runs).results]
    cells = [record for record in records if isinstance(record, CellRecord) and record.status == "done"]
    cells.sort(key=lambda cell: (cell.spec.dataset, cell.spec.key, cell.spec.seed))
    groups = [list(group) for _, group in groupby(cells, key=lambda cell: (cell.spec.dataset, cell.spec.key))]
    rows = [found for group in groups for metric in METRICS if (found := row(group, metric)) is not None]
    for found in rows:
        print(line(found))
    if not rows:
        print(f"no finished cell of these runs has one of {', '.join(METRICS)}.")

    if args.out and cells:
        spec = cells[0].spec
        about = {
            "preset": spec.preset, "steps": cells[0].cost.steps if cells[0].cost else None, "n_fake": spec.n_fake,
            "environment": cells[0].environment.model_dump(),
        }  # fmt: skip
        write_text(args.out, json.dumps({**about, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
