"""Train one variant inside its budget. Resumable: a killed training, continued, gives the same bytes as an undisturbed one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gan_bench.budget import Budget, Spent
from gan_bench.core.checkpoint import load_checkpoint, save_checkpoint
from gan_bench.core.files import atomic_path
from gan_bench.core.seeds import derive, stream
from gan_bench.core.stop import patient
from gan_bench.datasets.base import Split
from gan_bench.device import repeatable, reuse_freed_memory, synchronize
from gan_bench.generators.base import Variant
from gan_bench.images import convert
from gan_bench.records import PANELS

HISTORY_EVERY = 20  # steps; losses leave the device this often, and a checkpoint falls between two rows
CHECKPOINT_SECONDS = 20.0
EXPLODED = 1e6  # no loss of a training that goes well comes near it
SNAPSHOTS = 8  # over a training, besides the first
SPENT_COLUMNS = ("step", "tflop", "kimg", "seconds")  # of the history: not curves
Report = Callable[[float, Spent, dict[str, float]], None]  # (share of the budget, spent, losses)
Snapshot = Callable[[], Tensor]


@dataclass
class Progress:
    """Where a training stands; all of it goes into a checkpoint.

    history  one row for each `HISTORY_EVERY` steps: what was spent, mean losses, gradient norms, images a second
    strip    what `snapshot` gave at the start and after each eighth of the budget
    moments  the kimg that had been shown at each of these
    """

    step: int = 0
    batches: int = 0
    tflop: float = 0.0
    seconds: float = 0.0
    finished: bool = False
    diverged: str | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    strip: list[Tensor] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)


Watch = Callable[[Progress], None]


class Batches:
    """Random batches of a split that lies whole on the device: shuffled epochs, batch i the same for any history of calls."""

    def __init__(self, split: Split, size: int, seed: int, device: torch.device) -> None:
        self.images = split.images.to(device).contiguous(memory_format=torch.channels_last)
        self.labels = split.labels.to(device)
        self.size, self.seed, self.device = min(size, len(self.images)), seed, device
        self.per_epoch = len(self.images) // self.size
        self._epoch, self._order = -1, torch.empty(0)

    def __getitem__(self, i: int) -> tuple[Tensor, Tensor]:
        """Batch i: images (B, C, H, W) float in [-1, 1] channels_last, labels (B,)."""
        epoch, place = divmod(i, self.per_epoch)
        if epoch != self._epoch:
            order = torch.randperm(len(self.images), generator=stream(self.seed, "batches", epoch))
            self._epoch, self._order = epoch, order.to(self.device)

        index = self._order[place * self.size : (place + 1) * self.size]
        batch = self.images[index].contiguous(memory_format=torch.channels_last)
        return convert.to_float(batch), self.labels[index]


class Stepper:
    """Takes training steps, keeps their time and their cost, and sums their losses until a row of the history is due."""

    def __init__(self, variant: Variant, split: Split, budget: Budget, seed: int, progress: Progress) -> None:
        self.variant, self.budget, self.seed, self.progress = variant, budget, seed, progress
        self.batches = Batches(split, variant.settings.batch_size, seed, variant.device)
        self._rng = torch.Generator(variant.device)
        self._costs: dict[tuple[int, str], float] = {}
        self._sums: dict[str, tuple[Tensor, int]] = {}

    @property
    def spent(self) -> Spent:
        """What the training has used so far."""
        p = self.progress
        return Spent(p.tflop, p.batches * self.batches.size / 1000, p.seconds, p.step)

    @property
    def share(self) -> float:
        """The used share of the budget; at 1 it is spent."""
        return self.budget.share(self.spent)

    def take_until_row(self) -> dict[str, float]:
        """The next steps, until the history gets a row; returns the mean of each loss since the last one."""
        self.take()
        while not self.row_is_due:
            self.take()
        return self.means()

    def take(self) -> None:
        """The next step. Only the step is on the clock."""
        variant, progress = self.variant, self.progress
        kind = (variant.n_batches(progress.step), variant.phase(progress.step))
        if kind not in self._costs:
            self._costs[kind] = step_tflop(variant, progress.step)
        variant.anneal(self.share)

        started = time.monotonic()
        losses = self._step()
        for name, value in losses.items():  # of its own steps: another phase has other losses
            total, n = self._sums.get(name, (0, 0))
            self._sums[name] = total + value, n + 1
        progress.tflop += self._costs[kind]
        if self.row_is_due or self.budget.seconds is not None:
            synchronize(variant.device)
        progress.seconds += time.monotonic() - started

        progress.finished = self.share >= 1

    @property
    def row_is_due(self) -> bool:
        """Whether the history gets a row after this step."""
        return self.progress.step % HISTORY_EVERY == 0 or self.progress.finished

    def means(self) -> dict[str, float]:
        """The mean of each loss since the last call, over the steps that had it."""
        found = {name: float(total) / n for name, (total, n) in self._sums.items()}
        self._sums = {}
        return found

    def _step(self) -> dict[str, Tensor]:
        """One step on the next batches and on a random stream of its own; returns its losses."""
        variant, progress = self.variant, self.progress
        n = variant.n_batches(progress.step)
        torch.manual_seed(derive(self.seed, "layers", progress.step))
        self._rng.manual_seed(derive(self.seed, "step", progress.step))

        reals, labels = zip(*(self.batches[progress.batches + i] for i in range(n)), strict=True)
        losses = variant.train_step(progress.step, reals, labels, self._rng)
        undeclared = losses.keys() - variant.curves.keys()
        if undeclared:
            raise ValueError(f"{variant.name} returns {', '.join(sorted(undeclared))}, which its `curves` do not declare")

        progress.step += 1
        progress.batches += n
        return losses


def step_tflop(variant: Variant, step: int) -> float:
    """Cost of training step `step` in TFLOP, counted on a throw-away copy on the CPU."""
    copy = type(variant)(variant.image_shape, variant.n_classes, variant.settings, seed=0, device=torch.device("cpu"))
    size, n = variant.settings.batch_size, variant.n_batches(step)
    real = torch.zeros(size, *variant.image_shape).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(size, dtype=torch.int64)
    with torch.random.fork_rng(devices=[]), FlopCounterMode(display=False) as counter:
        copy.train_step(step, [real] * n, [labels] * n, stream(0, "count"))
    return counter.get_total_flops() / 1e12


@contextmanager
def private_randomness(device: torch.device) -> Iterator[None]:
    """Layers such as dropout draw from the global streams; give those back as they were."""
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        yield


def train(
    variant: Variant, split: Split, budget: Budget, seed: int, *,
    checkpoint: Path | None = None, report: Report | None = None, snapshot: Snapshot | None = None,
    watch: Watch = lambda progress: None,
) -> Progress:  # fmt: skip
    """Train until the budget is spent, or a loss is not finite or beyond `EXPLODED`: `diverged` then says where.

    `checkpoint` is read if it is there, and written every `CHECKPOINT_SECONDS` and at the end. `snapshot` is called at the
    start and after each eighth of the budget, for `Progress.strip`. `watch` sees the progress at the start and after each row
    of its history. Only steps are on the clock. Ctrl-C and SIGTERM wait for a row of the history, and a checkpoint.
    """
    progress = _resume(variant, checkpoint)
    if progress.finished:
        return progress
    if variant.device.type == "cpu":
        reuse_freed_memory()

    stepper = Stepper(variant, split, budget, seed, progress)
    saved_at, leaving = time.monotonic(), False
    with private_randomness(variant.device), repeatable(), patient() as has_to_stop:
        _take_snapshot(progress, 0, stepper.spent.kimg, snapshot)
        watch(progress)
        while not (progress.finished or leaving):
            means = stepper.take_until_row()
            progress.history.append(history_row(progress, stepper.spent, means, variant))
            _take_snapshot(progress, stepper.share, stepper.spent.kimg, snapshot)
            progress.diverged = divergence(means, progress.step)
            progress.finished |= progress.diverged is not None

            if report is not None:
                report(stepper.share, stepper.spent, means)
            watch(progress)
            leaving = has_to_stop()
            is_due = progress.finished or leaving or time.monotonic() - saved_at >= CHECKPOINT_SECONDS
            if checkpoint is not None and is_due:
                _save(variant, progress, checkpoint)
                saved_at = time.monotonic()
    return progress


def _take_snapshot(progress: Progress, share: float, kimg: float, snapshot: Snapshot | None) -> None:
    if snapshot is not None and share * SNAPSHOTS >= len(progress.strip):
        progress.strip.append(snapshot())
        progress.moments.append(kimg)


def divergence(losses: dict[str, float], step: int) -> str | None:
    """A sentence where a loss is not finite or beyond `EXPLODED`."""
    if all(abs(loss) < EXPLODED for loss in losses.values()):  # NaN is not below anything
        return None
    what = "exploded" if all(map(math.isfinite, losses.values())) else "was not finite"
    return f"a loss {what} at or before step {step}: {', '.join(f'{name} {loss:.3g}' for name, loss in losses.items())}"


def history_row(progress: Progress, spent: Spent, means: dict[str, float], variant: Variant) -> dict[str, float]:
    """step, spent, losses, gradient norms of the last step, and images a second since the row before."""
    before = progress.history[-1] if progress.history else {"kimg": 0.0, "seconds": 0.0}
    rate = 1000 * (spent.kimg - before["kimg"]) / max(spent.seconds - before["seconds"], 1e-9)
    norms = {name: float(norm) for name, norm in variant.gradient_norms().items()}
    return {
        "step": progress.step, "tflop": spent.tflop, "kimg": spent.kimg, "seconds": spent.seconds,
        **means, **norms, "images_per_second": rate,
    }  # fmt: skip


def curves(progress: Progress, variant: Variant) -> dict[str, str]:
    """Which of PANELS shows each column of the history: losses as declared; the others are gradient norms and speed."""
    *_, gradients, speed = PANELS
    columns = dict.fromkeys(name for row in progress.history for name in row if name not in SPENT_COLUMNS)
    return {name: variant.curves.get(name, gradients) for name in columns} | {"images_per_second": speed}


def write_history(progress: Progress, path: Path) -> None:
    """The history as CSV, one row for each `HISTORY_EVERY` steps."""
    with atomic_path(path) as temporary:
        pd.DataFrame(progress.history).to_csv(temporary, index=False)


def _resume(variant: Variant, checkpoint: Path | None) -> Progress:
    saved = None if checkpoint is None else load_checkpoint(checkpoint)
    if saved is None:
        return Progress()
    variant.load_state(saved["variant"])
    return Progress(**saved["progress"])


def _save(variant: Variant, progress: Progress, checkpoint: Path) -> None:
    save_checkpoint({"variant": variant.state(), "progress": vars(progress)}, checkpoint)
