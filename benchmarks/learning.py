"""Did each variant of a run learn?  python benchmarks/learning.py runs/quick

Compares the Frechet distance of each generator with one that it must beat. Exit code 0: all beat it, 1: one does not.

A generator that starts from latents must reach a third of the distance it had before its training, with the same seed,
latents, counts and extractors. If generators do not reach that, the benchmark measures nothing.
A generator that starts from images must have a smaller distance than the images it was given, or than their bicubic
enlargement. Both are reference rows of the run.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

from gan_bench.core.files import write_text
from gan_bench.device import environment, pick
from gan_bench.executors.local import default_jobs, workers
from gan_bench.generators import VARIANTS
from gan_bench.records import CellRecord, CellSpec, ReferenceRecord
from gan_bench.references import OF_TASK
from gan_bench.run_folder import read_runs
from gan_bench.sample import build_variant, draw
from gan_bench.scorer import scorer_for


class Needed(NamedTuple):
    """What a cell is compared with, the ratio to it that the cell must reach, and its Frechet distances by name."""

    what: str
    target: float
    distances: dict[str, float]


def frechet_distances(record: CellRecord | ReferenceRecord) -> dict[str, float]:
    """The Frechet distances of a record by name, those without a value left out."""
    return {m.name: m.value for m in record.metrics if m.metric == "fd" and m.value is not None}


def untrained(spec: CellSpec) -> Needed:
    """A third of the distances that the cell's generator had before its training."""
    device = pick("auto")
    scorer = scorer_for(spec.model_copy(update={"metrics": ("fd",)}), device)
    fakes = draw(build_variant(spec, device), scorer.dataset, spec.seed, "score", spec.n_fake).images
    return Needed("untrained", 1 / 3, {m.name: m.value for m in scorer.score(fakes, "untrained") if m.value is not None})


def compare_cell(record: CellRecord, needed: Needed) -> list[dict[str, Any]]:
    """One row for each Frechet distance of a cell."""
    spec, rows = record.spec, []
    for name, after in frechet_distances(record).items():
        before = needed.distances[name]
        ratio = after / before
        learned = ratio <= needed.target
        rows.append({
            "dataset": spec.dataset, "variant": spec.key, "seed": spec.seed, "metric": name, "compared with": needed.what,
            "before": before, "after": after, "ratio": ratio, "target": needed.target, "learned": learned,
        })  # fmt: skip

        shown = f"{spec.dataset:8} {spec.key:10} seed {spec.seed} {name:26} {needed.what:12}"
        verdict = "ok" if learned else "MISSED"
        print(f"{shown} {before:10.2f} -> {after:10.2f}  ratio {ratio:.3f} {verdict}", flush=True)
    return rows


def main() -> None:
    """Compare each cell; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    records = [result.record for result in read_runs([args.run]).results]
    cells = [record for record in records if isinstance(record, CellRecord) and record.status == "done"]
    given = {(r.spec.dataset, r.spec.name): frechet_distances(r) for r in records if isinstance(r, ReferenceRecord)}
    rows_of = {variant: list(OF_TASK.get(VARIANTS.get(variant).task, ())) for variant in VARIANTS.names()}

    rows: list[dict[str, Any]] = []
    device = pick("auto")
    with workers(default_jobs(device, len(cells))) as each:
        firsts = each(untrained, [cell.spec for cell in cells if not rows_of[cell.spec.variant]])
        for cell in cells:
            names = rows_of[cell.spec.variant]
            rows += compare_cell(cell, Needed(names[0], 1.0, given[cell.spec.dataset, names[0]]) if names else next(firsts))

    if args.out:
        machine = environment(device)
        write_text(args.out, json.dumps({"device": machine.device_name, "rows": rows}, indent=2) + "\n")
    raise SystemExit(0 if all(row["learned"] for row in rows) else 1)


if __name__ == "__main__":
    main()
