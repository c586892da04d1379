"""Do facts known from the papers show in a run?  python benchmarks/facts.py runs/quick

Each fact compares numbers of cells of one dataset and seed. What a run does not hold is left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from gan_bench.features import EXTRACTORS
from gan_bench.records import CellRecord, read_runs


class Cell(NamedTuple):
    record: CellRecord
    folder: Path

    def metric(self, name: str, extractor: str) -> float:
        """The value of a metric in the extractor whose label starts so."""
        found = [m.value for m in self.record.metrics if m.metric == name and m.extractor.startswith(extractor)]
        assert len(found) == 1 and found[0] is not None, f"{self.folder} has no {name} in {extractor}"
        return found[0]

    def history(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "history.csv")


class Fact(NamedTuple):
    """`numbers` measures the cells of `variants`, in this order, and `holds` judges what it gives."""

    text: str
    datasets: tuple[str, ...]
    variants: tuple[str, ...]
    numbers: Callable[..., dict[str, float]]
    holds: Callable[[dict[str, float]], bool]


def own(cell: Cell) -> str:
    """The classifier of the cell's dataset."""
    return next(name for name in EXTRACTORS.names() if EXTRACTORS.get(name).classifies == cell.record.spec.dataset)


def perception_and_distortion(gan: Cell, net: Cell) -> dict[str, float]:
    return {
        "srgan psnr": gan.metric("psnr", "pixels"), "srresnet psnr": net.metric("psnr", "pixels"),
        "srgan fd own": gan.metric("fd", own(gan)), "srresnet fd own": net.metric("fd", own(net)),
        "srgan fd lite0": gan.metric("fd", "lite0"), "srresnet fd lite0": net.metric("fd", "lite0"),
    }  # fmt: skip


def agreement(cell: Cell) -> dict[str, float]:
    return {"label agreement": cell.metric("label_agreement", own(cell))}


def smoothness(wgan: Cell, vanilla: Cell) -> dict[str, float]:
    """Spearman correlation of each critic's loss, without its sign, with the step, after the first tenth of the training."""
    found = {}
    for cell in (wgan, vanilla):
        history = cell.history().iloc[len(cell.history()) // 10 :]
        found[cell.record.spec.variant] = float(history["d_loss"].abs().corr(history["step"], method="spearman"))
    return found


def distances(one: Cell, other: Cell) -> dict[str, float]:
    return {f"{c.record.spec.variant} fd {name}": c.metric("fd", e) for c in (one, other)
            for name, e in (("own", own(c)), ("lite0", "lite0"))}  # fmt: skip


BOTH = ("mnist", "cifar10")
FACTS = (
    Fact(
        "SRGAN loses PSNR to SRResNet and has the lower FD", BOTH, ("srgan", "srresnet"), perception_and_distortion,
        lambda n: n["srgan psnr"] < n["srresnet psnr"]
        and all(n[f"srgan fd {name}"] < n[f"srresnet fd {name}"] for name in ("own", "lite0")),
    ),
    Fact(
        "cGAN gives the class asked for in nine of ten cases", ("mnist",), ("cgan",), agreement,
        lambda n: n["label agreement"] >= 0.9,
    ),
    Fact(
        "CycleGAN keeps the label in eight of ten cases", ("mnist",), ("cyclegan",), agreement,
        lambda n: n["label agreement"] >= 0.8,
    ),
    Fact(
        "WGAN's critic loss falls, the classic GAN's does not", BOTH, ("wgan", "vanilla"), smoothness,
        lambda n: n["wgan"] < -0.8 and n["vanilla"] > -0.5,
    ),
    Fact(
        "DCGAN beats the MLP GAN", ("cifar10",), ("dcgan", "vanilla"), distances,
        lambda n: all(n[f"dcgan fd {name}"] < n[f"vanilla fd {name}"] for name in ("own", "lite0")),
    ),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    cells = {
        (record.spec.dataset, record.spec.variant, record.spec.seed): Cell(record, folder)
        for folder, record in read_runs([args.run])
        if isinstance(record, CellRecord) and record.status == "done"
    }
    rows = []
    for fact in FACTS:
        for dataset in fact.datasets:
            for seed in sorted({seed for _, _, seed in cells}):
                needed = [cells.get((dataset, variant, seed)) for variant in fact.variants]
                if None in needed:
                    continue
                numbers = fact.numbers(*needed)
                rows.append({"fact": fact.text, "dataset": dataset, "seed": seed, "holds": fact.holds(numbers), **numbers})
                shown = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
                print(f"{'holds ' if rows[-1]['holds'] else 'FAILS '} {dataset:8} seed {seed}  {fact.text}: {shown}")
    if args.out:
        args.out.write_text(json.dumps(rows, indent=2) + "\n")
    raise SystemExit(0 if all(row["holds"] for row in rows) else 1)


if __name__ == "__main__":
    main()
