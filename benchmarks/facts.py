"""Does a run show facts that are known from the papers?  python benchmarks/facts.py runs/quick

Each fact compares numbers of cells of one dataset and seed. A fact whose cells are not all in the run is skipped.
Cells with changed settings are not compared.
Exit code 0: all facts hold, 1: one fails.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from gan_bench.core.files import write_text
from gan_bench.features import EXTRACTORS
from gan_bench.records import CellRecord
from gan_bench.run_folder import read_runs


class Cell(NamedTuple):
    """A trained and scored generator, and the file with the history of its training."""

    record: CellRecord
    history_file: Path

    def metric(self, name: str, extractor: str) -> float:
        """The value of a metric in the one extractor whose label starts with `extractor`."""
        found = [m.value for m in self.record.metrics if m.metric == name and m.extractor.startswith(extractor)]
        assert len(found) == 1 and found[0] is not None, f"{self.history_file.parent} has no {name} in {extractor}"
        return found[0]

    def history(self) -> pd.DataFrame:
        """The history of the training: one row for each stretch of steps, one column for each number."""
        return pd.read_csv(self.history_file)


class Fact(NamedTuple):
    """A statement about variants.

    datasets  where it is checked
    variants  the cells that it compares
    numbers   the cells of `variants`, in this order -> the numbers compared, by name
    holds     these numbers -> whether the statement is true of them
    """

    text: str
    datasets: tuple[str, ...]
    variants: tuple[str, ...]
    numbers: Callable[..., dict[str, float]]
    holds: Callable[[dict[str, float]], bool]


def own(cell: Cell) -> str:
    """The name of the extractor that classifies the cell's dataset."""
    return next(name for name in EXTRACTORS.names() if EXTRACTORS.get(name).classifies == cell.record.spec.dataset)


def perception_and_distortion(gan: Cell, net: Cell) -> dict[str, float]:
    """PSNR in dB and Frechet distances of SRGAN and of SRResNet."""
    return {
        "srgan psnr": gan.metric("psnr", "pixels"), "srresnet psnr": net.metric("psnr", "pixels"),
        "srgan fd own": gan.metric("fd", own(gan)), "srresnet fd own": net.metric("fd", own(net)),
        "srgan fd lite0": gan.metric("fd", "lite0"), "srresnet fd lite0": net.metric("fd", "lite0"),
    }  # fmt: skip


def agreement(cell: Cell) -> dict[str, float]:
    """The share of samples that the dataset's classifier puts into the class asked for."""
    return {"label agreement": cell.metric("label_agreement", own(cell))}


def smoothness(wgan: Cell, vanilla: Cell) -> dict[str, float]:
    """Spearman correlation of the absolute value of each critic's loss with the step, without the training's first tenth."""
    found = {}
    for cell in (wgan, vanilla):
        whole = cell.history()
        history = whole.iloc[len(whole) // 10 :]
        found[cell.record.spec.variant] = float(history["d_loss"].abs().corr(history["step"], method="spearman"))
    return found


def distances(one: Cell, other: Cell) -> dict[str, float]:
    """Frechet distances of two cells, in the classifier of their dataset and in lite0."""
    found = {}
    for cell in (one, other):
        for name, extractor in (("own", own(cell)), ("lite0", "lite0")):
            found[f"{cell.record.spec.variant} fd {name}"] = cell.metric("fd", extractor)
    return found


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


def cells_of(run: Path) -> dict[tuple[str, str, int], Cell]:
    """The finished cells of a run, by dataset, key and seed; the key of a cell without changed settings is its variant."""
    found = {}
    for result in read_runs([run]).results:
        record = result.record
        if isinstance(record, CellRecord) and record.status == "done":
            spec = record.spec
            found[spec.dataset, spec.key, spec.seed] = Cell(record, result.files["history"])
    return found


def check(fact: Fact, cells: dict[tuple[str, str, int], Cell]) -> list[dict[str, Any]]:
    """One row for each dataset and seed of which the run has all cells that the fact compares."""
    rows = []
    for dataset in fact.datasets:
        for seed in sorted({seed for _, _, seed in cells}):
            needed = [cells.get((dataset, variant, seed)) for variant in fact.variants]
            if None not in needed:
                numbers = fact.numbers(*needed)
                holds = fact.holds(numbers)
                rows.append({"fact": fact.text, "dataset": dataset, "seed": seed, "holds": holds, **numbers})
                shown = "  ".join(f"{name} {value:.4g}" for name, value in numbers.items())
                print(f"{'holds ' if holds else 'FAILS '} {dataset:8} seed {seed}  {fact.text}: {shown}")
    return rows


def main() -> None:
    """Check each fact; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    cells = cells_of(args.run)
    rows = [row for fact in FACTS for row in check(fact, cells)]
    if not rows:
        print(f"{args.run} has no cells that a fact compares.")
    if args.out:
        write_text(args.out, json.dumps(rows, indent=2) + "\n")
    raise SystemExit(0 if all(row["holds"] for row in rows) else 1)


if __name__ == "__main__":
    main()
