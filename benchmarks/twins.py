"""Does augmentation help under JPEG?  python benchmarks/twins.py runs/quick

For each detector of a run that has a twin NAME+aug: the AUROC of both on the same images at each severity of a corruption, all
variants together, and the difference, twin less plain, with its paired bootstrap interval.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd

from gan_bench.core.files import write_text
from gan_bench.detectors import AUGMENTED
from gan_bench.detectors.bootstrap import Logits, paired_difference
from gan_bench.detectors.evaluate import auroc
from gan_bench.detectors.scores import read_scores
from gan_bench.records import ROBUST, JudgeRecord, read_record
from gan_bench.run_folder import SCORES, RunFolder


def damaged(scores: pd.DataFrame, corruption: str, severity: int) -> Logits:
    """The logits of reals and of fakes at one severity, in the order of the images."""
    rows = scores[(scores.protocol == ROBUST) & (scores.corruption == corruption) & (scores.severity == severity)]
    real, fake = (rows[rows.label == label].sort_values(["variant", "digest"]) for label in (0, 1))
    return Logits(real.logit.to_numpy(), fake.logit.to_numpy())


def compare(run: Path, corruption: str) -> list[dict[str, Any]]:
    """One row for each dataset, seed, detector with a twin, and severity."""
    files = {}
    for file in RunFolder(run).record_files("detectors"):
        spec = read_record(file, JudgeRecord).spec
        files[spec.dataset, spec.seed, spec.detector] = file.parent / SCORES

    rows = []
    for (dataset, seed, name), file in files.items():
        twin = files.get((dataset, seed, name + AUGMENTED))
        if twin is None:
            continue
        plain, augmented = read_scores(file), read_scores(twin)
        for severity in range(1, 6):
            both = damaged(augmented, corruption, severity), damaged(plain, corruption, severity)
            interval = paired_difference(*both, seed=seed)
            values = [auroc(*logits) for logits in both]
            rows.append({
                "dataset": dataset, "seed": seed, "detector": name, "severity": severity, "augmented": values[0],
                "plain": values[1], "difference": values[0] - values[1], "low": interval.low, "high": interval.high,
            })  # fmt: skip
    return rows


def main() -> None:
    """Print one row for each comparison, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--corruption", default="jpeg")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()

    rows = compare(arguments.run, arguments.corruption)
    print(pd.DataFrame(rows).round(3).to_string(index=False))
    if arguments.out:
        write_text(arguments.out, json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
