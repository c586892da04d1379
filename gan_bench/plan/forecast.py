"""About how long trainings will take."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch

from gan_bench.device import synchronize
from gan_bench.generators.base import Variant
from gan_bench.records import CellSpec
from gan_bench.sample import build_variant
from gan_bench.train import step_tflop


@dataclass(frozen=True)
class Forecast:
    """About what a cell's training will take. steps and kimg are None where only a time limit applies."""

    steps: int | None
    kimg: float | None
    seconds: float


def forecast(spec: CellSpec, device: torch.device, jobs: int = 1) -> Forecast:
    """Steps, kimg and seconds of a cell's training, while `jobs` of them share the machine.

    The seconds are a guess from two steps on made-up images with the threads that a cell will have.
    """
    variant = build_variant(spec, device)
    images_a_step = variant.n_batches(0) * variant.settings.batch_size
    seconds_a_step = _time_step(variant, jobs)

    limits = []
    if spec.budget.tflop is not None:
        limits.append(spec.budget.tflop / step_tflop(variant, 0))
    if spec.budget.kimg is not None:
        limits.append(1000 * spec.budget.kimg / images_a_step)
    if spec.budget.steps is not None:
        limits.append(spec.budget.steps)

    longest = math.inf if spec.budget.seconds is None else spec.budget.seconds
    if not limits:
        return Forecast(None, None, longest)
    steps = math.ceil(min(limits))
    return Forecast(steps, steps * images_a_step / 1000, min(steps * seconds_a_step, longest))


def _time_step(variant: Variant, jobs: int) -> float:
    """Seconds of one training step with the threads that a cell has among `jobs`."""
    n, size, device = variant.n_batches(0), variant.settings.batch_size, variant.device
    real = torch.zeros(size, *variant.image_shape, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(size, dtype=torch.int64, device=device)
    rng = torch.Generator(device)

    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // jobs))
    seconds = 0.0
    for _ in range(2):  # the first pays for set-up
        started = time.monotonic()
        variant.train_step(0, [real] * n, [labels] * n, rng)
        synchronize(device)
        seconds = time.monotonic() - started
    torch.set_num_threads(threads)
    return seconds
