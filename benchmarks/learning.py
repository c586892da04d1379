"""Did every variant of a run learn?  python benchmarks/learning.py runs/quick

Compares each generator's Frechet distance with what it must beat. One that starts from latents: a third of its untrained
self's, with the same seed, latents, counts and extractors; a benchmark whose generators do not get there measures nothing.
One that starts from images: that of the images it was given, or of their bicubic enlargement.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from gan_bench.device import environment, pick
from gan_bench.records import CellRecord, CellSpec, read_runs
from gan_bench.references import OF_TASK
from gan_bench.run import scorer_for
from gan_bench.sample import build_variant, draw


def to_beat(spec: CellSpec, device: torch.device) -> tuple[str, float, dict[str, float]]:
    """What the cell is compared with, the ratio that it must reach, and the Frechet distances by name."""
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, ("fd",), device, False)
    variant = build_variant(spec, device)
    rows = OF_TASK.get(variant.task)
    if rows:
        ((name, make),) = rows.items()
        what, target, pictures = name, 1.0, make(scorer.dataset, spec.n_fake).pictures
    else:
        what, target = "untrained", 1 / 3
        pictures = draw(variant, scorer.dataset, spec.seed, "score", spec.n_fake).images
    return what, target, {m.name: m.value for m in scorer.score(pictures, what) if m.value is not None}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    device = pick(args.device)
    rows = []
    for _, record in read_runs([args.run]):
        if not isinstance(record, CellRecord) or record.status != "done":
            continue
        spec = record.spec
        what, target, before = to_beat(spec, device)
        for name, after in ((m.name, m.value) for m in record.metrics if m.metric == "fd" and m.value is not None):
            ratio = after / before[name]
            rows.append({
                "dataset": spec.dataset, "variant": spec.variant, "seed": spec.seed, "metric": name, "compared with": what,
                "before": before[name], "after": after, "ratio": ratio, "target": target, "learned": ratio <= target,
            })  # fmt: skip
            cell = f"{spec.dataset:8} {spec.variant:10} seed {spec.seed} {name:26}"
            verdict = "ok" if ratio <= target else "MISSED"
            print(f"{cell} {what:12} {before[name]:10.2f} -> {after:10.2f}  ratio {ratio:.3f} {verdict}", flush=True)
    if args.out:
        machine = environment(device)
        args.out.write_text(json.dumps({"device": machine.device_name, "rows": rows}, indent=2) + "\n")
    raise SystemExit(0 if all(row["learned"] for row in rows) else 1)


if __name__ == "__main__":
    main()
