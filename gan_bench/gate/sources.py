"""Where entries come from: a run folder, images on disk, images in memory, or a function that draws some."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gan_bench import suites
from gan_bench.budget import parse_preset
from gan_bench.core.errors import UserError
from gan_bench.core.own import Texts, blamed, split_name, told
from gan_bench.core.registry import suggest
from gan_bench.core.remarks import Tell, once_each, to_log
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.external import Scoring, measure_images, measure_path
from gan_bench.gate.baseline import Baseline
from gan_bench.gate.entries import Subject, Training, bare, common_fields, of_run
from gan_bench.gate.samples import pack
from gan_bench.images.arrays import Range, joined
from gan_bench.images.fit import fit_array
from gan_bench.images.sets import ImageSet
from gan_bench.metrics import METRICS
from gan_bench.records import FROM_LATENTS
from gan_bench.references import Measured, Reference
from gan_bench.run_folder import RunFolder

log = logging.getLogger(__name__)
Draw = Callable[[int, int], Any]  # (n, seed) -> n images
SIZES = ("z_dim", "latent_dim", "latent_size", "nz")  # what people call the size of a module's latents
PIECE = 100  # latents that a module gets at a time


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
        return [of_function(load_generator(generator), generator, seeds, scoring())]
    if path is None or not path.exists():
        raise UserError(f"{path} does not exist; give a run folder or samples.")
    run = RunFolder(path)
    return of_run(path, dataset) if run.is_one or run.has_records else [of_path(path, scoring())]


def _of_measured(name: str, measured: Mapping[int | None, Measured]) -> Subject:
    """An entry of sets of images, by seed; None: one of which no seed is known."""
    trainings: list[Training] = []
    for seed, one in measured.items():
        record = one.record
        shares = {bare(number.value): pack(number.shares) for number in one.numbers if number.shares is not None}
        trainings.append(Training(seed=seed, samples_digest=record.samples_digest, metrics=record.metrics, shares=shares))
    return Subject(name=name, task=FROM_LATENTS, trainings=tuple(trainings), **common_fields(record, suites.table_rules()))


def of_path(path: Path, scoring: Scoring) -> Subject:
    """Images on disk: one draw of a generator of which nothing else is known."""
    return _of_measured(path.name, {None: measure_path(path, scoring)})


def of_array(images: Any, scoring: Scoring) -> Subject:
    """The same for a tensor or an array of images."""
    tell = once_each(to_log(log, "images"))
    fitted = fit_array(joined(images).cpu(), DATASETS.create(scoring.dataset), scoring.value_range, tell)
    return _of_measured("images", {None: measure_images(Reference("images", fitted), "images", scoring, tell)})


def of_function(draw: Draw, what: str, seeds: int, scoring: Scoring) -> Subject:
    """What a function draws with each of the seeds 0, 1, ...; `what`: as messages call it.

    Raises UserError where it fails, or returns what are not as many images as it was asked for.
    """
    return _of_measured("generator", draws_of(draw, what, seeds, scoring))


def draws_of(draw: Draw, what: str, seeds: int, scoring: Scoring) -> dict[int | None, Measured]:
    """What a function draws with each of the seeds 0, 1, ..., scored; `what`: as messages call the function.

    Raises UserError where it fails, returns what are not as many images as it was asked for, or the same ones for two seeds.
    """
    found: dict[int | None, Measured] = {}
    tell = once_each(to_log(log, what))
    for seed in range(seeds):
        images = _drawn(draw, what, seed, scoring, tell)
        measured = measure_images(Reference(f"drawn by {what}", images), what, scoring, tell)
        same = [other for other, one in found.items() if one.record.samples_digest == measured.record.samples_digest]
        if same:
            raise UserError(f"{what} returns the same images for seeds {same[0]} and {seed}; let them depend on its seed.")
        found[seed] = measured._replace(record=measured.record.model_copy(update={"seed": seed}))
    return found


def _drawn(draw: Draw, what: str, seed: int, scoring: Scoring, tell: Tell) -> ImageSet:
    """What a function draws with a seed, in the dataset's shape. Raises UserError where those are not images of it."""
    n = scoring.n or scoring.most or scoring.preset.n_fake
    call = f"{what}({n}, {seed})"
    try:
        made = draw(n, seed)
    except Exception as error:
        raise UserError(f"{call} fails: {told(error)}") from error

    try:
        images = joined(made).cpu()
        if images.ndim == 0 or len(images) != n:
            raise UserError(f"it returns {len(images) if images.ndim else 0:,} images, not {n:,}.")
        return fit_array(images, DATASETS.create(scoring.dataset), scoring.value_range, tell)
    except UserError as error:
        raise UserError(f"{call}: {error}") from error


def load_generator(text: str, latent: tuple[int, ...] | None = None) -> Draw:
    """ "my_gan.py:load" -> the function, or what draws from the `nn.Module` of this name.

    latent  the shape of one latent of a module; None: an attribute of the module says it, one of SIZES

    Raises UserError as `load_function` does, for a class, and where the shape is not known, or belongs to no module.
    """
    found = load_function(text)
    if isinstance(found, nn.Module):
        return from_module(found, latent, text)
    if isinstance(found, type):
        raise UserError(f"{text} is a class; name a function (n, seed) -> images, or an object of the class with its weights.")
    if latent is not None:
        raise UserError(f"--latent is for an nn.Module, and {text} is a function (n, seed) -> images; leave it out.")
    return found


def from_module(module: nn.Module, latent: tuple[int, ...] | None, what: str) -> Draw:
    """A function that draws from a network of standard normal latents (B, *latent), in evaluation mode, where it is."""
    size = latent or next((getattr(module, name) for name in SIZES if hasattr(module, name)), None)
    if not isinstance(size, int | tuple):
        raise UserError(f"{what} is an nn.Module; say the size of its latents: --latent 128, or as its attribute z_dim.")
    shape = (size,) if isinstance(size, int) else size

    @torch.no_grad()
    def draw(n: int, seed: int) -> Tensor:
        latents = torch.randn(n, *shape, generator=stream(seed, "latents"))
        device = next((parameter.device for parameter in module.parameters()), latents.device)
        was_training = module.training
        module.eval()
        try:
            return torch.cat([module(z.to(device)).cpu() for z in latents.split(PIECE)])
        finally:
            module.train(was_training)

    return draw


def load_function(text: str) -> Draw:
    """ "my_gan.py:load" -> the function. Raises UserError where the file or the function is absent, or the file fails."""
    path, name = split_name(text)
    if not name or not path.is_file():
        raise UserError(f"--generator {text!r} is not FILE:FUNCTION with a file that exists, such as my_gan.py:load.")

    with blamed(str(path)):
        module = Texts({}, path.resolve().parent, path.parent).load(path.name)
    found = getattr(module, name, None)
    if not callable(found):
        raise UserError(f"{path} has no function {name!r}.")
    return found
