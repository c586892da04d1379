"""Train a cell again, and say whether it is the training of the record.

Three answers, in this order:

1. The samples have the same bytes: it is.
2. The surroundings are the same (device, instructions, libraries, threads, precision; and a budget that no clock ends), so the
   bytes should be the same: it differs.
3. The surroundings differ. A GAN's training makes small differences large, so the new training counts as another seed, and
   its numbers are remarks. It differs only where its headline lies outside the 99 % t prediction interval of the run's seeds
   of the same entry, of which there must be three: fewer say too little about how far seeds lie apart.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean, stdev

import torch

from gan_bench.cell import run_cell
from gan_bench.records import CellRecord, Environment
from gan_bench.verify.ledger import Sheet

FEWEST_SEEDS = 3
LEVEL = 0.99
SURROUNDINGS = ("device", "device_name", "instructions", "kernels", "precision", "threads")
PACKAGE = "torch"


def check_training(
    sheet: Sheet, record: CellRecord, siblings: Sequence[CellRecord], headline: str, device: torch.device
) -> None:
    """Train the cell of this record again, in a temporary folder.

    siblings  the run's records of the same entry, this one among them, one for each seed
    headline  the start of the name of the number that ranks the entries of its dataset; "": its first number does
    """
    if record.status == "failed":
        sheet.skip("training", "the cell failed, so there is nothing to compare with")
        return

    with sheet.attempt("retrained", "training"):
        with tempfile.TemporaryDirectory() as folder, _threads(record.environment.threads):
            again = run_cell(record.spec, Path(folder), device, compiled=record.compiled)
        if again.samples_digest == record.samples_digest:
            sheet.compare("retrained", "samples", record.samples_digest, again.samples_digest)
        elif again.status != record.status:
            sheet.differs("retrained", "status", record.status, again.status)
        elif _same_surroundings(record, again):
            sheet.differs("retrained", "samples", record.samples_digest, again.samples_digest)
        else:
            _compare_headlines(sheet, record, again, siblings, headline)


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """As many threads as the record's training had: sums depend on how many threads make them."""
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _same_surroundings(record: CellRecord, again: CellRecord) -> bool:
    clocked = record.spec.budget.seconds is not None
    return not clocked and _surroundings(record.environment) == _surroundings(again.environment)


def _surroundings(environment: Environment) -> list[object]:
    return [*(getattr(environment, name) for name in SURROUNDINGS), environment.packages.get(PACKAGE)]


def _compare_headlines(
    sheet: Sheet, record: CellRecord, again: CellRecord, siblings: Sequence[CellRecord], headline: str
) -> None:
    """What ranks the dataset's entries, of the record and of the new training, in view of how far seeds lie apart."""
    name = _headline(record, headline)
    before, after = (_value(one, name) for one in (record, again))
    if name is None or before is None or after is None:
        sheet.skip("training", "it has other samples, as other surroundings give, and no headline to compare")
        return

    of_seeds = [value for one in siblings if (value := _value(one, name)) is not None]
    off = f"{(after - before) / abs(before):+.1%}" if before else f"{after - before:+.3g}"
    sheet.ledger.remarks.append(
        f"{sheet.file}: trained again in other surroundings, {name} is {after:.6g} instead of {before:.6g} ({off})."
    )
    if len(of_seeds) < FEWEST_SEEDS:
        sheet.skip("training", f"the run has {len(of_seeds)} seeds of this entry, too few to say how far seeds lie apart")
        return

    low, high = prediction_interval(of_seeds)
    shown = f"{after:.6g}, seeds lie in [{low:.6g}, {high:.6g}]"
    sheet.compare("retrained", f"training: {name}", before, shown, agrees=low <= after <= high)


def _headline(record: CellRecord, start: str) -> str | None:
    """The name of the record's first number that starts so, else of its first one."""
    names = [metric.name for metric in record.metrics if metric.value is not None]
    return next(iter([*(name for name in names if name.startswith(start)), *names]), None)


def _value(record: CellRecord, name: str | None) -> float | None:
    return next((metric.value for metric in record.metrics if metric.name == name), None)


def prediction_interval(values: Sequence[float], level: float = LEVEL) -> tuple[float, float]:
    """Where one more value of the same normal distribution lies with this probability (Student's t); two values or more."""
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, len(values) - 1)) * stdev(values) * math.sqrt(1 + 1 / len(values))
    return fmean(values) - half, fmean(values) + half
