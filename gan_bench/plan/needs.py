"""What a run needs, and what can be known to be missing before it starts. A dry run checks the same."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from importlib.util import find_spec

import torch

from gan_bench.core.errors import UserError
from gan_bench.core.own import blamed, told
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS, plain
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor, Unavailable
from gan_bench.generators.own import rehearse, source_of
from gan_bench.records import CellSpec, ScoreSpec
from gan_bench.sample import build_variant
from gan_bench.train import step_tflop

MOST_JOBS = 4  # trainings at a time for each CPU; more only take memory
ATTACKING = "secmlt"  # the module that attacks need


def check_jobs(jobs: int) -> None:
    """Raises UserError at more trainings at a time than this machine can be meant to do."""
    cpus = os.cpu_count() or 1
    if not 1 <= jobs <= MOST_JOBS * cpus:
        most = MOST_JOBS * cpus
        raise UserError(f"--jobs {jobs} is not between 1 and {most}, {MOST_JOBS} for each of the {cpus} CPUs of this machine.")


def check_detectors(names: Sequence[str]) -> None:
    """Raises UserError where a detector cannot be fitted among these."""
    combining = [name for name in names if DETECTORS.get(plain(name)).combines]
    for name in names:
        DETECTORS.get(plain(name)).check_argument(plain(name).partition(":")[2])
    for name in combining:
        if name != plain(name):
            raise UserError(f"{name!r} does not exist: {plain(name)} fits nothing, so there is nothing to augment.")
        if len(names) - len(combining) < 2:
            raise UserError(f"{name!r} combines other detectors; name at least two of them, as in spectrum,pixels,{name}.")


def check_attacks(detectors: Iterable[str]) -> None:
    """Raises UserError where nothing can be attacked, or the package that attacks is not installed."""
    if not any(detectors):
        raise UserError("--attacks changes images until detectors err, and this run has no detectors; leave it out.")
    if find_spec(ATTACKING) is None:
        raise UserError("--attacks needs the package secml-torch; install it with: pip install 'gan-bench[attacks]'")


def check_strict(specs: Iterable[ScoreSpec], device: torch.device) -> None:
    """Raises UserError, as --strict asks for it, where an extractor cannot be used on a dataset, or its weights are missing."""
    for dataset, name in dict.fromkeys((spec.dataset, name) for spec in specs for name in spec.extractors):
        extractor = EXTRACTORS.create(name)
        try:
            extractor.check(DATASETS.create(dataset))
            if type(extractor).learn is Extractor.learn:  # else its weights are made when the run starts
                extractor.load(device)
        except Unavailable as reason:
            raise UserError(f"--strict: extractor {name!r} is not available for {dataset}: {reason}.") from reason


def check_variants(cells: Iterable[CellSpec], device: torch.device) -> None:
    """Raises UserError where a user's own variant does not work, or another cannot be built with changed settings."""
    for spec in {(spec.dataset, spec.key): spec for spec in cells}.values():
        if spec.code is not None:
            _rehearse(spec, device)
        elif spec.changed:
            build_variant(spec, device)


def _rehearse(spec: CellSpec, device: torch.device) -> None:
    """Raises UserError where a user's own variant does not work: now, and not after an hour."""
    place = source_of(spec).place
    with blamed(place):
        variant = build_variant(spec, device)
    rehearse(variant, place)
    try:
        step_tflop(variant, 0)
    except Exception as error:  # the same step has just worked, without a counter
        why = "the operations of its training step cannot be counted (take gradients with respect to x.clone(), perhaps)"
        raise UserError(f"{told(error, place)}; so {why}.") from error
