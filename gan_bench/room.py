"""Whether a disk has room for a run: asked before the first training, not answered by the last one."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator

import torch

from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.records import Plan
from gan_bench.run_folder import RunFolder
from gan_bench.sample import build_variant

MB = 2**20
FLOAT = 4  # bytes
IN_CHECKPOINT = 4  # times the weights: also their running average, and the two means of Adam
LOOKS = 2 * MB  # pictures, statistics and history of a cell, and their copies among the pages
JUDGED = 4 * MB  # scores, pictures and weights of a detector


def check_room(plan: Plan, folder: RunFolder) -> None:
    """Raises UserError where the disk of a run folder, which exists, has less room than what the plan still lacks."""
    needed, free = room_needed(plan, folder), shutil.disk_usage(folder.path).free
    if free < needed:
        raise UserError(
            f"the disk of {folder.path} has {free / MB:,.0f} MB free, and this run needs about {needed / MB:,.0f} MB; "
            "free some space, or choose another --out."
        )


def room_needed(plan: Plan, folder: RunFolder) -> int:
    """About how many bytes the parts of a plan take that are not there yet."""
    cells = list(_cells(plan, folder))
    kept = sum(weights + samples + LOOKS for weights, samples in cells)
    at_a_time = sorted((weights for weights, _ in cells), reverse=True)[: plan.jobs]
    rows = [_samples(row.dataset, row.n_fake) + LOOKS for row in plan.references if not folder.reference(row).exists()]
    judged = JUDGED * len(plan.judges) if cells else 0
    return kept + IN_CHECKPOINT * sum(at_a_time) + sum(rows) + judged


def _cells(plan: Plan, folder: RunFolder) -> Iterator[tuple[int, int]]:
    """The bytes of the weights and of the samples of each cell that is not finished."""
    weights: dict[tuple[str, str], int] = {}
    for spec in plan.cells:
        if folder.finished_cell(spec) is not None:
            continue
        kind = spec.dataset, spec.key
        if kind not in weights:
            weights[kind] = FLOAT * sum(build_variant(spec, torch.device("cpu")).parameter_counts())
        yield weights[kind], _samples(spec.dataset, spec.n_fake)


def _samples(dataset: str, n: int) -> int:
    return n * math.prod(DATASETS.create(dataset).image_shape)
