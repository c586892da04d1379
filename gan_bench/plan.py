"""What a run computes, in which order, and about how long its trainings will take."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from gan_bench import suites
from gan_bench.budget import Preset
from gan_bench.core.errors import UserError
from gan_bench.core.own import blamed, told
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.detectors import DETECTORS, plain
from gan_bench.executors.local import default_jobs
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Unavailable
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.generators.own import VariantSource, rehearse, source_of
from gan_bench.images.convert import are_points
from gan_bench.material import FEWEST_IN_ALL
from gan_bench.records import CellSpec, JudgeSpec, Plan, ReferenceSpec, ScoreSpec, TableRules
from gan_bench.references import ALWAYS, OF_TASK
from gan_bench.sample import build_variant
from gan_bench.settings import Changes, every_variant, expanded, measured_by, settings_for
from gan_bench.train import step_tflop

log = logging.getLogger(__name__)
DEFAULT_SIDE = 32  # pixels, of the images of folders


@dataclass(frozen=True)
class RunRequest:
    """What the user asks for. What is None is the suite's; "all" is all that suit the dataset. The caller checks names.

    seeds       how many trainings of each variant: seeds first_seed, first_seed + 1, ...
    own         what is in the files that `variants`, or a suite, names in place of a registered variant
    changes     settings of variants in place of the preset's: {variant: [{setting: value}, one for each training]}
    attacks     whether the detectors are attacked as well
    side        of the images of folders, in pixels; None: 32
    jobs        cells at a time; by default what the machine has room for, and one where time is the limit, so that no
                cell's clock runs while another uses the machine
    """

    suites: list[str]
    preset: Preset
    seeds: int = 1
    first_seed: int = 0
    variants: list[str] | None = None
    own: dict[str, VariantSource] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)
    extractors: list[str] | None = None
    metrics: list[str] | None = None
    detectors: list[str] | None = None
    device: str = "cpu"
    jobs: int | None = None
    compiled: bool = False
    strict: bool = False
    attacks: bool = False
    side: int | None = None

    @property
    def all_seeds(self) -> range:
        """The seeds of the trainings."""
        return range(self.first_seed, self.first_seed + self.seeds)


def make_plan(request: RunRequest) -> Plan:
    """Each cell, reference row and judge of a run.

    Raises UserError where a variant or a detector cannot handle a dataset, and where a user's own variant does not work.
    """
    cells: list[CellSpec] = []
    references: list[ReferenceSpec] = []
    judges: list[JudgeSpec] = []
    rules: dict[str, TableRules] = {}
    for name, dataset in _datasets(request):
        suite = _carried(request, name, dataset)
        scored = _score_spec(request, suite, dataset.name)
        variants = _variants(request, suite, dataset.name)
        cells += _cells(request, scored, variants)
        references += _references(scored, variants)
        judges += _judges(request, suite, dataset)
        rules |= {} if suites.is_ours(name) else {dataset.name: suite.rules}

    _check_changes(request, cells)
    for spec in {(spec.dataset, spec.key): spec for spec in cells if spec.code is not None}.values():
        _rehearse(spec, torch.device(request.device))

    jobs = request.jobs
    if jobs is None:
        timed = request.preset.budget.seconds is not None
        jobs = 1 if timed else default_jobs(torch.device(request.device), len(cells))
    return Plan(
        cells=tuple(cells), references=tuple(references), judges=tuple(judges),
        attacked=request.preset.n_attacked if request.attacks else 0,
        device=request.device, jobs=jobs, compiled=request.compiled, strict=request.strict, rules=rules,
    )  # fmt: skip


def _datasets(request: RunRequest) -> list[tuple[str, Dataset]]:
    """The suites' names with each of their datasets, ready to be trained on.

    Raises UserError where images cannot be read, where two suites have one dataset, and at a side that nothing needs.
    """
    given = [(name, DATASETS.create(dataset)) for name in request.suites for dataset in suites.load(name).datasets]
    if request.side is not None and all(dataset.in_runs for _, dataset in given):
        raise UserError(f"--side is for the images of folders, and {', '.join(request.suites)} has none.")

    found = [(name, dataset.for_training(request.side or DEFAULT_SIDE)) for name, dataset in given]
    of_dataset: dict[str, str] = {}
    for name, dataset in found:
        if dataset.name in of_dataset:
            where = " and ".join(dict.fromkeys((of_dataset[dataset.name], name)))
            raise UserError(f"the dataset {dataset.name} is there twice, in {where}; give one suite that has it once.")
        of_dataset[dataset.name] = name
    return found


def _carried(request: RunRequest, name: str, dataset: Dataset) -> suites.Suite:
    """A suite; the one for any images without what these images cannot carry, which is told."""
    suite = suites.load(name)
    if not suites.is_folder(name):
        return suite

    for part, names, why in _too_much(suite, dataset):
        if getattr(request, part) is None:
            log.warning("%s: %s.", dataset.name, why)
            suite = suite.model_copy(update={part: tuple(n for n in getattr(suite, part) if n not in names)})
    return suite


def _too_much(suite: suites.Suite, dataset: Dataset) -> Iterator[tuple[str, Sequence[str], str]]:
    """Parts of a suite, and members of them that a dataset is too small for or lacks classes for, and why."""
    for extractor in suite.extractors:
        try:
            EXTRACTORS.create(extractor).check(dataset)
        except Unavailable as reason:
            yield "extractors", [extractor], f"metrics of classes are left out: {reason}"

    conditional = [variant for variant in suite.variants if VARIANTS.get(variant).conditional]
    if dataset.n_classes == 1:
        yield "variants", conditional, f"{', '.join(conditional)} is left out: it needs a sub-folder for each class"
    if _too_few_to_judge(dataset):
        why = f"detectors are left out: they need {FEWEST_IN_ALL} test images, and there are {dataset.n_test}"
        yield "detectors", suite.detectors, why


def _too_few_to_judge(dataset: Dataset) -> bool:
    return dataset.n_test is not None and dataset.n_test < FEWEST_IN_ALL


def _score_spec(request: RunRequest, suite: suites.Suite, dataset: str) -> ScoreSpec:
    extractors, metrics = measured_by(dataset, request.extractors, request.metrics, suite)
    return ScoreSpec(
        dataset=dataset, preset=request.preset.name, extractors=extractors, metrics=metrics,
        n_fake=suite.n_fake or request.preset.n_fake, n_real=request.preset.n_real,
    )  # fmt: skip


def _variants(request: RunRequest, suite: suites.Suite, dataset: str) -> list[VariantSource]:
    names = expanded(request.variants or suite.variants, lambda: every_variant(dataset, suite.variants))
    return [request.own.get(name) or VariantSource(VARIANTS.get(name)) for name in names]


def _cells(request: RunRequest, scored: ScoreSpec, variants: list[VariantSource]) -> Iterator[CellSpec]:
    for kind, code, _ in variants:
        defaults = settings_for(kind, scored.dataset, request.preset)
        for changes in request.changes.get(kind.name, [{}]):
            changed = {name: value for name, value in changes.items() if value != defaults[name]}
            for seed in request.all_seeds:
                yield CellSpec(
                    **dict(scored), variant=kind.name, seed=seed, budget=request.preset.budget,
                    settings=defaults | changes, changed=changed, code=code,
                )  # fmt: skip


def _check_changes(request: RunRequest, cells: Sequence[CellSpec]) -> None:
    """Raises UserError where settings of a variant are changed that the run does not train."""
    trained = dict.fromkeys(cell.variant for cell in cells)
    for variant in request.changes:
        if variant not in trained:
            raise UserError(f"--set changes {variant}, and this run trains {', '.join(trained)}.")


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


def _references(scored: ScoreSpec, variants: list[VariantSource]) -> Iterator[ReferenceSpec]:
    of_tasks = [name for variant in variants for name in OF_TASK.get(variant.kind.task, ())]
    for name in dict.fromkeys([*ALWAYS, *of_tasks]):
        yield ReferenceSpec(**dict(scored), name=name)


def _judges(request: RunRequest, suite: suites.Suite, dataset: Dataset) -> Iterator[JudgeSpec]:
    names = suite.detectors if request.detectors is None else request.detectors
    if names and are_points(dataset.image_shape):
        raise UserError(f"{dataset.name!r} holds points, and detectors look at images; use --detectors none.")
    if names and _too_few_to_judge(dataset):
        raise UserError(
            f"{dataset.name!r} has {dataset.n_test} test images, and detectors need {FEWEST_IN_ALL}; use --detectors none."
        )
    _check_detectors(names)
    for detector in names:
        for seed in request.all_seeds:
            yield JudgeSpec(
                dataset=dataset.name, detector=detector, seed=seed, preset=request.preset.name, n_judge=request.preset.n_judge,
                n_shown=request.preset.n_shown, thorough=request.preset.thorough,
            )  # fmt: skip


def _check_detectors(names: Sequence[str]) -> None:
    """Raises UserError where a detector cannot be fitted among these."""
    combining = [name for name in names if DETECTORS.get(plain(name)).combines]
    for name in names:
        DETECTORS.get(plain(name)).check_argument(plain(name).partition(":")[2])
    for name in combining:
        if name != plain(name):
            raise UserError(f"{name!r} does not exist: {plain(name)} fits nothing, so there is nothing to augment.")
        if len(names) - len(combining) < 2:
            raise UserError(f"{name!r} combines other detectors; name at least two of them, as in spectrum,pixels,{name}.")


def in_order(plan: Plan) -> list[CellSpec | ReferenceSpec]:
    """What is trained and scored, in the order of its start: a reference row of each dataset, the cells, the other rows.

    The first rows put the reals' features on disk for all others, and show in a minute what is broken; the last ones are
    short, and fill the time in which some workers have no more cells.
    """
    opening, *_ = ALWAYS
    firsts = [spec for spec in plan.references if spec.name == opening]
    return [*firsts, *plan.cells, *(spec for spec in plan.references if spec not in firsts)]


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
        seconds = time.monotonic() - started
    torch.set_num_threads(threads)
    return seconds
