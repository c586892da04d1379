"""Did every variant of a run learn?  python benchmarks/learning.py runs/quick

Compares each trained generator's Frechet distance with that of its untrained self: same seed, same latents, same counts,
same extractors. A benchmark whose generators do not get to a third of where they began measures nothing.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from gan_bench.device import environment, pick
from gan_bench.records import CellRecord, read_runs
from gan_bench.run import scorer_for
from gan_bench.sample import build_variant, draw

TARGET = 1 / 3


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
        scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, ("fd",), device, False)
        fakes, _ = draw(build_variant(spec, device), spec.seed, "score", spec.n_fake)
        untrained = {m.name: m.value for m in scorer.score(fakes, "untrained") if m.value is not None}
        trained = {m.name: m.value for m in record.metrics if m.metric == "fd" and m.value is not None}
        for name in trained:
            ratio = trained[name] / untrained[name]
            rows.append({
                "dataset": spec.dataset, "variant": spec.variant, "seed": spec.seed, "metric": name,
                "untrained": untrained[name], "trained": trained[name], "ratio": ratio, "learned": ratio <= TARGET,
            })  # fmt: skip
            verdict = "ok" if ratio <= TARGET else "MISSED"
            cell = f"{spec.dataset:8} {spec.variant:10} seed {spec.seed} {name:26}"
            print(f"{cell} {untrained[name]:10.2f} -> {trained[name]:10.2f}  ratio {ratio:.3f} {verdict}", flush=True)
    if args.out:
        machine = environment(device)
        args.out.write_text(json.dumps({"target": TARGET, "device": machine.device_name, "rows": rows}, indent=2) + "\n")
    raise SystemExit(0 if all(row["learned"] for row in rows) else 1)


if __name__ == "__main__":
    main()
