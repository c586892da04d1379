"""What a run computes, and in which order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from gan_bench import suites
from gan_bench.budget import Preset
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.executors.local import default_jobs
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Unavailable
from gan_bench.generators import VARIANTS
from gan_bench.generators.own import VariantSource
from gan_bench.images.convert import are_points
from gan_bench.material import FEWEST_IN_ALL
from gan_bench.plan.needs import check_attacks, check_detectors, check_jobs, check_strict, check_variants
from gan_bench.records import CellSpec, JudgeSpec, Plan, ReferenceSpec, ScoreSpec, TableRules
from gan_bench.references import ALWAYS, OF_TASK
from gan_bench.settings import Changes, check_count, every_variant, expanded, measured_by, settings_of

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

    Raises UserError where a variant or a detector cannot handle a dataset, a setting is out of range, something is missing that
    training or judging will need, and where a user's own variant does not work.
    """
    cells: list[CellSpec] = []
    references: list[ReferenceSpec] = []
    judges: list[JudgeSpec] = []
    rules: dict[str, TableRules] = {}
    for name, dataset in _datasets(request):
        suite = _carried(request, name, dataset)
        scored = _score_spec(request, suite, dataset.name)
        variants = _variants(request, suite, dataset.name)
        n_trainings = sum(len(request.changes.get(source.kind.name, [{}])) for source in variants) * request.seeds
        check_count(len(cells) + n_trainings, "there would be")
        cells += _cells(request, scored, variants)
        references += _references(scored, variants)
        judges += _judges(request, suite, dataset)
        rules |= {} if suites.is_ours(name) else {dataset.name: suite.rules}

    _check_changes(request, cells)
    _check_needs(request, cells, judges)
    return Plan(
        cells=tuple(cells), references=tuple(references), judges=tuple(judges),
        attacked=request.preset.n_attacked if request.attacks else 0, device=request.device,
        jobs=_jobs(request, len(cells)), compiled=request.compiled, strict=request.strict, rules=rules,
    )  # fmt: skip


def _check_needs(request: RunRequest, cells: Sequence[CellSpec], judges: Sequence[JudgeSpec]) -> None:
    """Raises UserError where something is missing that would be noticed after an hour of training."""
    device = torch.device(request.device)
    if request.jobs is not None:
        check_jobs(request.jobs)
    if request.attacks:
        check_attacks(judge.detector for judge in judges)
    if request.strict:
        check_strict(cells, device)
    check_variants(cells, device)


def _jobs(request: RunRequest, n_cells: int) -> int:
    """How many cells are computed at a time."""
    if request.jobs is not None:
        return request.jobs
    timed = request.preset.budget.seconds is not None
    return 1 if timed else default_jobs(torch.device(request.device), n_cells)


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
    for source in variants:
        kind, code, _ = source
        defaults = settings_of(source, scored.dataset, request.preset, {})
        for changes in request.changes.get(kind.name, [{}]):
            settings = settings_of(source, scored.dataset, request.preset, changes)
            changed = {name: value for name, value in changes.items() if value != defaults[name]}
            for seed in request.all_seeds:
                yield CellSpec(
                    **dict(scored), variant=kind.name, seed=seed, budget=request.preset.budget,
                    settings=settings, changed=changed, code=code,
                )  # fmt: skip


def _check_changes(request: RunRequest, cells: Sequence[CellSpec]) -> None:
    """Raises UserError where settings of a variant are changed that the run does not train."""
    trained = dict.fromkeys(cell.variant for cell in cells)
    for variant in request.changes:
        if variant not in trained:
            raise UserError(f"--set changes {variant}, and this run trains {', '.join(trained)}.")


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
    check_detectors(names)
    for detector in names:
        for seed in request.all_seeds:
            yield JudgeSpec(
                dataset=dataset.name, detector=detector, seed=seed, preset=request.preset.name, n_judge=request.preset.n_judge,
                n_shown=request.preset.n_shown, thorough=request.preset.thorough,
            )  # fmt: skip


def in_order(plan: Plan) -> list[CellSpec | ReferenceSpec]:
    """What is trained and scored, in the order of its start: a reference row of each dataset, the cells, the other rows.

    The first rows put the reals' features on disk for all others, and show in a minute what is broken; the last ones are
    short, and fill the time in which some workers have no more cells.
    """
    opening, *_ = ALWAYS
    firsts = [spec for spec in plan.references if spec.name == opening]
    return [*firsts, *plan.cells, *(spec for spec in plan.references if spec not in firsts)]
