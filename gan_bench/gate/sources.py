"""Where entries come from: a run folder, images on disk, images in memory, or a function that draws some."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from gan_bench import suites
from gan_bench.budget import Preset, parse_preset
from gan_bench.core.errors import UserError, shown
from gan_bench.core.registry import suggest
from gan_bench.datasets import DATASETS
from gan_bench.external import Measured, ScoreRequest, fit_array, measure_images, measure_path
from gan_bench.gate.baseline import Baseline
from gan_bench.gate.entries import Subject, Training, bare, common_fields, of_run
from gan_bench.gate.samples import pack
from gan_bench.images.arrays import Range
from gan_bench.metrics import METRICS
from gan_bench.records import FROM_LATENTS, ReferenceSpec
from gan_bench.references import Reference
from gan_bench.run_folder import RunFolder
from gan_bench.scorer import scorer_for

Draw = Callable[[int, int], Any]  # (n, seed) -> n images


@dataclass(frozen=True)
class Scoring:
    """How images that are no run's are scored.

    n            how many of them; None: all, or of a function the preset's number
    value_range  what is black and what is white in an array of floats
    extractors, metrics  None: those of the dataset's suite
    """

    dataset: str
    preset: Preset
    device: torch.device
    n: int | None = None
    value_range: Range | None = None
    extractors: list[str] | None = None
    metrics: list[str] | None = None


def scoring_like(
    baseline: Baseline, dataset: str | None, device: torch.device, n: int | None = None, value_range: Range | None = None
) -> Scoring:
    """How images are scored so that they can be held against a baseline: by what and on how many images it was made.

    dataset  None: that of the baseline, if it has one alone

    Raises UserError where the baseline has no such dataset, or several and none is named.
    """
    datasets = list(dict.fromkeys(entry.dataset for entry in baseline.entries))
    if dataset is None and len(datasets) > 1:
        raise UserError(f"the baseline has several datasets; choose one by --dataset: {', '.join(datasets)}.")
    if dataset is not None and dataset not in datasets:
        raise UserError(suggest(dataset, datasets, "dataset of the baseline"))

    entry = next(entry for entry in baseline.entries if entry.dataset == (dataset or datasets[0]))
    known = entry.metrics()
    decides = known[baseline.primary[entry.title]]
    extractors = [label.split("@")[0] for label in entry.extractors]
    outputs = {one.metric for one in known.values()}
    metrics = [name for name in METRICS.names() if outputs & METRICS.get(name).outputs.keys()]
    return Scoring(entry.dataset, parse_preset(entry.preset), device, n or decides.n_fake, value_range, extractors, metrics)


def entries_of(
    path: Path | None, generator: str | None, dataset: str | None, seeds: int, scoring: Callable[[], Scoring]
) -> list[Subject]:
    """The entries of a run folder, or the one of images at a path or of a function.

    generator  "FILE:FUNCTION", in place of a path
    dataset    of a run only this one; None: all
    scoring    how images are scored; not called for a run, whose images are scored

    Raises UserError unless there is either a path or a function, and where something is wrong with it.
    """
    if (path is None) == (generator is None):
        raise UserError("give either a run folder or samples, or --generator FILE:FUNCTION.")
    if generator is not None:
        return [of_function(load_function(generator), generator, seeds, scoring())]
    if path is None or not path.exists():
        raise UserError(f"{path} does not exist; give a run folder or samples.")
    return of_run(path, dataset) if RunFolder(path).is_one else [of_path(path, scoring())]


def _of_measured(name: str, measured: Mapping[int | None, Measured]) -> Subject:
    """An entry of sets of images, by seed; None: one of which no seed is known."""
    trainings: list[Training] = []
    for seed, (_, record, numbers) in measured.items():
        shares = {bare(number.value): pack(number.shares) for number in numbers if number.shares is not None}
        trainings.append(Training(seed=seed, samples_digest=record.samples_digest, metrics=record.metrics, shares=shares))
    return Subject(name=name, task=FROM_LATENTS, trainings=tuple(trainings), **common_fields(record))


def of_path(path: Path, scoring: Scoring) -> Subject:
    """Images on disk: one draw of a generator of which nothing else is known."""
    request = ScoreRequest(
        path, scoring.dataset, scoring.preset, scoring.n, scoring.value_range, scoring.extractors, scoring.metrics
    )
    return _of_measured(path.name, {None: measure_path(request, scoring.device)})


def of_array(images: Any, scoring: Scoring) -> Subject:
    """The same for a tensor or an array of images."""
    return _of_measured("images", {None: _measure(torch.as_tensor(images), "images", scoring)})


def of_function(draw: Draw, what: str, seeds: int, scoring: Scoring) -> Subject:
    """What a function draws with each of the seeds 0, 1, ...; `what`: as messages call it.

    Raises UserError where it fails, or returns what are not as many images as it was asked for.
    """
    n = scoring.n or scoring.preset.n_fake
    return _of_measured("generator", {seed: _drawn(draw, n, seed, what, scoring) for seed in range(seeds)})


def _drawn(draw: Draw, n: int, seed: int, what: str, scoring: Scoring) -> Measured:
    call = f"{what}({n}, {seed})"
    try:
        images = torch.as_tensor(draw(n, seed))
    except Exception as error:
        raise UserError(f"{call} fails: {shown(error)}") from error
    if images.ndim == 0 or len(images) != n:
        raise UserError(f"{call} returns {len(images) if images.ndim else 0:,} images, not {n:,}.")
    return _measure(images, call, scoring)


def _measure(images: torch.Tensor, what: str, scoring: Scoring) -> Measured:
    fitted = fit_array(images, DATASETS.create(scoring.dataset), what, scoring.value_range)
    extractors, metrics = suites.measured_by(scoring.dataset, scoring.extractors, scoring.metrics)
    spec = ReferenceSpec(
        dataset=scoring.dataset, name=what, preset=scoring.preset.name, n_fake=len(fitted), n_real=scoring.preset.n_real,
        extractors=extractors, metrics=metrics,
    )  # fmt: skip
    return measure_images(spec, Reference(what, fitted), scorer_for(spec, scoring.device), scoring.device)


def load_function(text: str) -> Draw:
    """ "my_gan.py:load" -> the function. Raises UserError where the file or the function is absent, or the file fails."""
    file, _, name = text.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        raise UserError(f"--generator {text!r} is not FILE:FUNCTION with a file that exists, such as my_gan.py:load.")

    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))  # as `python my_gan.py` would have it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{path} fails on import: {shown(error)}") from error
    finally:
        sys.path.pop(0)

    found = getattr(module, name, None)
    if not callable(found):
        raise UserError(f"{path} has no function {name!r}.")
    return found
