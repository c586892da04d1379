"""Train one variant inside its budget. Resumable: a killed training, continued, gives the bytes of an undisturbed one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from gan_bench import images
from gan_bench.budget import Budget, Spent
from gan_bench.datasets.base import Split
from gan_bench.device import reuse_freed_memory, synchronize
from gan_bench.records import atomic_path
from gan_bench.seeds import derive, stream
from generators.base import Variant

HISTORY_EVERY = 20  # steps; losses leave the device this often, and a checkpoint falls between two rows
CHECKPOINT_SECONDS = 20.0
EXPLODED = 1e6  # no loss of a training that goes well comes near it
SNAPSHOTS = 8  # over a training, besides the first
Report = Callable[[float, Spent, dict[str, float]], None]  # (share of the budget, spent, losses)


@dataclass
class Progress:
    """Where a training stands; all of it goes into a checkpoint."""

    step: int = 0
    batches: int = 0
    tflop: float = 0.0
    seconds: float = 0.0
    finished: bool = False
    diverged: str | None = None
    history: list[dict[str, float]] = field(default_factory=list)
    strip: list[Tensor] = field(default_factory=list)  # what `snapshot` gave at the start and after each eighth of the budget


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
        return images.to_float(batch), self.labels[index]


def step_tflop(variant: Variant, step: int) -> float:
    """Cost of training step `step`, counted on a throw-away copy on the CPU."""
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
    variant: Variant,
    split: Split,
    budget: Budget,
    seed: int,
    *,
    checkpoint: Path | None = None,
    report: Report | None = None,
    snapshot: Callable[[], Tensor] | None = None,
) -> Progress:
    """Train until the budget is spent or a loss is not finite or beyond `EXPLODED` (`diverged` then says where).

    `checkpoint` is read if it is there, and written every `CHECKPOINT_SECONDS` and at the end. `snapshot` is called now and
    then, for `Progress.strip`. Only steps are on the clock.
    """
    device = variant.device
    if device.type == "cpu":
        reuse_freed_memory()
    progress = _resume(variant, checkpoint)
    if progress.finished:
        return progress
    batches = Batches(split, variant.settings.batch_size, seed, device)
    costs: dict[tuple[int, str], float] = {}
    sums: dict[str, Tensor] = {}
    saved_at = time.monotonic()
    rng = torch.Generator(device)

    def look(share: float) -> None:
        if snapshot is not None and share * SNAPSHOTS >= len(progress.strip):
            progress.strip.append(snapshot())

    share = budget.share(spent_by(progress, batches))
    with private_randomness(device):
        look(0)
        while not progress.finished:
            kind = (variant.n_batches(progress.step), variant.phase(progress.step))
            if kind not in costs:
                costs[kind] = step_tflop(variant, progress.step)
            variant.anneal(share)
            started = time.monotonic()
            _add(sums, _take_step(variant, batches, progress, seed, rng))
            progress.tflop += costs[kind]
            flush = progress.step % HISTORY_EVERY == 0
            if flush or budget.seconds is not None:
                synchronize(device)
            progress.seconds += time.monotonic() - started
            spent = spent_by(progress, batches)
            share = budget.share(spent)
            progress.finished = share >= 1
            if not (flush or progress.finished):
                continue
            means = _means(progress, sums)
            sums = {}
            progress.history.append(history_row(progress, spent, means, variant))
            look(share)
            if not all(abs(mean) < EXPLODED for mean in means.values()):  # nor is NaN less than anything
                what = "exploded" if all(map(math.isfinite, means.values())) else "was not finite"
                shown = ", ".join(f"{name} {mean:.3g}" for name, mean in means.items())
                progress.diverged = f"a loss {what} at or before step {progress.step}: {shown}"
                progress.finished = True
            if report is not None:
                report(share, spent, means)
            if checkpoint is not None and (progress.finished or time.monotonic() - saved_at >= CHECKPOINT_SECONDS):
                _save(variant, progress, checkpoint)
                saved_at = time.monotonic()
    return progress


def spent_by(progress: Progress, batches: Batches) -> Spent:
    return Spent(progress.tflop, progress.batches * batches.size / 1000, progress.seconds, progress.step)


def _take_step(variant: Variant, batches: Batches, progress: Progress, seed: int, rng: torch.Generator) -> dict[str, Tensor]:
    """The next training step, on the next batches and on random streams of its own; returns its losses."""
    n = variant.n_batches(progress.step)
    torch.manual_seed(derive(seed, "layers", progress.step))
    rng.manual_seed(derive(seed, "step", progress.step))
    reals, labels = zip(*(batches[progress.batches + i] for i in range(n)), strict=True)
    losses = variant.train_step(progress.step, reals, labels, rng)
    progress.step += 1
    progress.batches += n
    return losses


def _add(sums: dict[str, Tensor], losses: dict[str, Tensor]) -> None:
    """Add to the sums in place; a phase of other losses leaves the sums of the one before."""
    for name, value in losses.items():
        sums[name] = sums[name] + value if name in sums else value


def _means(progress: Progress, sums: dict[str, Tensor]) -> dict[str, float]:
    """Of losses summed since the last row of the history."""
    n_steps = (progress.step - 1) % HISTORY_EVERY + 1
    return {name: float(total) / n_steps for name, total in sums.items()}


def history_row(progress: Progress, spent: Spent, means: dict[str, float], variant: Variant) -> dict[str, float]:
    """step, spent, losses, gradient norms of the last step, and the speed since the row before."""
    before = progress.history[-1] if progress.history else {"kimg": 0.0, "seconds": 0.0}
    rate = 1000 * (spent.kimg - before["kimg"]) / max(spent.seconds - before["seconds"], 1e-9)
    norms = {name: float(norm) for name, norm in variant.gradient_norms().items()}
    return {
        "step": progress.step, "tflop": spent.tflop, "kimg": spent.kimg, "seconds": spent.seconds,
        **means, **norms, "images_per_second": rate,
    }  # fmt: skip


def write_history(progress: Progress, path: Path) -> None:
    """One row per `HISTORY_EVERY` steps: step, spent, the mean of each loss since the row before, gradient norms, images/s."""
    with atomic_path(path) as temporary:
        pd.DataFrame(progress.history).to_csv(temporary, index=False)


def _resume(variant: Variant, checkpoint: Path | None) -> Progress:
    if checkpoint is None or not checkpoint.exists():
        return Progress()
    saved: dict[str, Any] = torch.load(checkpoint, map_location=variant.device, weights_only=True)
    variant.load_state(saved["variant"])
    return Progress(**saved["progress"])


def _save(variant: Variant, progress: Progress, checkpoint: Path) -> None:
    with atomic_path(checkpoint) as temporary:
        torch.save({"variant": variant.state(), "progress": vars(progress)}, temporary)
