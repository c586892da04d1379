"""The whole benchmark: plan, cells and reference rows, judges, leaderboard. Run again, it finishes what is missing."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import filelock
import torch
from torch import Tensor

from gan_bench import compare, images, pictures, suites
from gan_bench.budget import Budget, Preset
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment, peak_memory_mb
from gan_bench.errors import UserError, shown
from gan_bench.judge import judge
from gan_bench.parallel import default_jobs, workers
from gan_bench.progress import TrainingBar
from gan_bench.records import (
    CellRecord,
    CellSpec,
    Cost,
    JudgeRecord,
    JudgeSpec,
    MetricValue,
    Plan,
    ReferenceRecord,
    ReferenceSpec,
    finished,
    read_record,
    spec_hash,
    write_record,
)  # fmt: skip
from gan_bench.references import ALWAYS, OF_TASK, REFERENCES, Reference
from gan_bench.sample import build_variant, draw, save_generator
from gan_bench.scorer import Scorer
from gan_bench.streams import in_memory
from gan_bench.train import Progress, step_tflop, train, write_history
from generators import VARIANTS
from leaderboard.page import Board, build

log = logging.getLogger(__name__)
LOGGED = ("fd", "modes_covered")
NEAREST = 3  # training images shown below each sample


@dataclass(frozen=True)
class Outcome:
    """What a run left: the leaderboard, and a sentence for each thing that failed."""

    board: Board
    troubles: list[str]


def make_plan(
    suite_names: list[str],
    preset: Preset,
    n_seeds: int,
    *,
    variants: list[str] | None = None,
    changes: dict[str, dict[str, Any]] | None = None,
    extractors: list[str] | None = None,
    metrics: list[str] | None = None,
    detectors: list[str] | None = None,
    device: str = "cpu",
    jobs: int | None = None,
    compiled: bool = False,
    strict: bool = False,
) -> Plan:
    """Every cell, reference row and judge of a run. What is not given is the suite's. Names are the caller's to check.

    changes  settings of variants that differ from the preset's: {variant: {setting: value}}
    jobs  cells at a time; by default what the machine has room for, and one where time is the limit, so that no cell's
          clock runs while another has the machine
    """
    limits = preset.budget
    cells: list[CellSpec] = []
    references: list[ReferenceSpec] = []
    judges: list[JudgeSpec] = []
    for suite, dataset in ((s, dataset) for s in map(suites.load, suite_names) for dataset in s.datasets):
        measured = ReferenceSpec(
            dataset=dataset, name="", preset=preset.name, n_fake=suite.n_fake or preset.n_fake, n_real=preset.n_real,
            extractors=tuple(extractors or suite.extractors), metrics=tuple(metrics or suite.metrics),
        )  # fmt: skip
        chosen = variants or suite.variants
        rows = [*ALWAYS, *(name for v in chosen for name in OF_TASK.get(VARIANTS.get(v).task, ()))]
        references += [measured.model_copy(update={"name": name}) for name in dict.fromkeys(rows)]
        for variant in chosen:
            settings = settings_for(variant, dataset, preset) | (changes or {}).get(variant, {})
            cells += [
                CellSpec(
                    dataset=dataset, variant=variant, seed=seed, preset=preset.name,
                    tflop=limits.tflop, kimg=limits.kimg, seconds=limits.seconds, steps=limits.steps,
                    n_fake=measured.n_fake, n_real=measured.n_real,
                    extractors=measured.extractors, metrics=measured.metrics, settings=settings,
                )
                for seed in range(n_seeds)
            ]  # fmt: skip
        if detectors and images.are_points(DATASETS.get(dataset).image_shape):
            raise UserError(f"{dataset!r} holds points, and detectors look at images; use --detectors none.")
        for detector in suite.detectors if detectors is None else detectors:
            judges += [
                JudgeSpec(dataset=dataset, detector=detector, seed=s, preset=preset.name, n_judge=preset.n_judge, fakes={})
                for s in range(n_seeds)
            ]
    if jobs is None:
        jobs = 1 if limits.seconds is not None else default_jobs(torch.device(device), len(cells))
    return Plan(
        cells=tuple(cells), references=tuple(references), judges=tuple(judges),
        device=device, jobs=jobs, compiled=compiled, strict=strict,
    )  # fmt: skip


def settings_for(variant: str, dataset: str, preset: Preset) -> dict[str, Any]:
    """A variant's settings at a preset, for what the dataset holds. Raises UserError where it cannot draw that."""
    kind, points = VARIANTS.get(variant), images.are_points(DATASETS.get(dataset).image_shape)
    if points and kind.for_points is None:
        able = [name for name in VARIANTS.names() if VARIANTS.get(name).for_points is not None]
        raise UserError(f"{variant!r} draws images, and {dataset!r} holds points; variants that draw both: {', '.join(able)}.")
    return kind.default_settings(preset.width, preset.short, points)


def run(plan: Plan, out: Path) -> Outcome:
    """Carry out the plan in `out`. Finished parts are kept; a failed part becomes a record and the rest goes on."""
    troubles: list[str] = []
    with owned(out, plan), logged(out / "run.log"):
        write_record(out / "plan.json", plan)
        for dataset in dict.fromkeys(spec.dataset for spec in plan.cells):
            DATASETS.create(dataset).fetch()  # before an hour of training, not after
        with workers(plan.jobs) as each:
            for record in each(partial(run_part, plan, out), in_order(plan)):
                if isinstance(record, CellRecord) and record.status != "done":
                    name = f"{record.spec.dataset} {record.spec.variant} seed {record.spec.seed}"
                    troubles.append(f"{name} {record.status}: {record.reason}")
            for spec, verdict in zip(plan.judges, each(partial(run_judge, plan, out), plan.judges), strict=True):
                if verdict is not None and verdict.status != "done":
                    troubles.append(f"{spec.dataset} detector {spec.detector} failed: {verdict.reason}")
        board = build([out], out / "leaderboard", suites.headlines())
    return Outcome(board, troubles)


def in_order(plan: Plan) -> list[CellSpec | ReferenceSpec]:
    """What is trained and scored, as it is begun: a reference row of each dataset, the cells, the other rows.

    The first rows put the reals' features on disk for all others, and show in a minute what is broken; the last ones are
    short, and fill the time in which some workers have no more cells.
    """
    opening, *_ = ALWAYS
    firsts = [spec for spec in plan.references if spec.name == opening]
    return [*firsts, *plan.cells, *(spec for spec in plan.references if spec not in firsts)]


def run_part(plan: Plan, out: Path, part: CellSpec | ReferenceSpec) -> CellRecord | ReferenceRecord:
    """One cell or reference row of a plan."""
    device = torch.device(plan.device)
    if isinstance(part, ReferenceSpec):
        return run_reference(part, reference_folder(out, part), device, plan.strict)
    title = f"cell {plan.cells.index(part) + 1}/{len(plan.cells)}"
    return run_cell(part, cell_folder(out, part), device, plan.strict, plan.compiled, title)


def run_cell(
    spec: CellSpec, folder: Path, device: torch.device, strict: bool = False, compiled: bool = False, title: str = "cell"
) -> CellRecord:
    """Train, sample, score and record one cell; all its files are in `folder`. A bug or a full memory becomes a record."""
    done = finished(folder / "record.json", CellRecord, spec)
    if done is not None:
        return done
    try:
        record = _train_and_score(spec, folder, device, strict, compiled, title)
    except UserError:
        raise  # the surroundings are at fault, and would be for every cell
    except Exception as error:
        log.exception("%s %s seed %d failed", spec.dataset, spec.variant, spec.seed)
        record = CellRecord(
            environment=environment(device), spec=spec, spec_hash=spec_hash(spec), status="failed", reason=shown(error)
        )
    write_record(folder / "record.json", record)
    return record


def _train_and_score(
    spec: CellSpec, folder: Path, device: torch.device, strict: bool, compiled: bool, title: str
) -> CellRecord:
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, spec.metrics, device, strict)
    variant = build_variant(spec, device)
    if compiled:
        variant.compile()
    budget = Budget(spec.tflop, spec.kimg, spec.seconds, spec.steps)
    checkpoint = folder / f"checkpoint-{spec_hash(spec)[:12]}.pt"
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    with TrainingBar(f"{title} {spec.dataset} {spec.variant} seed {spec.seed}") as shown_bar:
        progress = train(
            variant, scorer.split.in_memory(), budget, spec.seed, checkpoint=checkpoint,
            report=lambda share, spent, losses: shown_bar.update(
                share, spent.kimg, 1000 * spent.kimg / max(spent.seconds, 1e-9), losses
            ),
            snapshot=lambda: draw(variant, scorer.dataset, spec.seed, "strip", pictures.strip_size(scorer.dataset)).images,
        )  # fmt: skip
    write_history(progress, folder / "history.csv")
    pictures.save_strip(progress.strip, scorer.dataset, folder / "strip.png")
    save_generator(variant, spec, folder / "generator.safetensors")
    started = time.monotonic()
    drawn = draw(variant, scorer.dataset, spec.seed, "score", spec.n_fake)
    sampled = time.monotonic()
    fakes, labels, truth = drawn
    write_samples(fakes, labels, scorer.dataset, folder)
    rows = compare.rows(variant, scorer.dataset, drawn, pictures.STRIP)
    if rows:
        pictures.save_strip(list(rows.values()), scorer.dataset, folder / "rows.png")
    name = f"{spec.dataset} {spec.variant} seed {spec.seed}"
    asked = None if truth is None and not variant.conditional else labels
    cycle = compare.cycle(variant, drawn)
    pairs = ({} if truth is None else {"truth": (fakes, truth)}) | ({} if cycle is None else {"cycle": cycle})
    metrics = [] if progress.diverged else scorer.score(fakes, name, asked, pairs)
    if scorer.extractors and not variant.draws_points:
        shown = fakes[: pictures.STRIP]
        pictures.save_strip([shown, *scorer.nearest(shown, NEAREST)], scorer.dataset, folder / "neighbours.png")
    generator_parameters, discriminator_parameters = variant.parameter_counts()
    record = CellRecord(
        environment=environment(device, variant.precision),
        warnings=tuple(scorer.warnings),
        spec=spec,
        spec_hash=spec_hash(spec),
        status="diverged" if progress.diverged else "done",
        reason=progress.diverged,
        dataset_digest=scorer.split.digest,
        samples_digest=images.digest(fakes),
        extractors=scorer.info,
        metrics=tuple(metrics),
        task=variant.task,
        compiled=compiled,
        rows=tuple(rows),
        generator_parameters=generator_parameters,
        discriminator_parameters=discriminator_parameters,
        cost=cost_of(progress, sampled - started, time.monotonic() - sampled, device),
        title=variant.title,
        paper=variant.paper,
    )
    log.info("%s: %s", name, summary(metrics) or record.reason)
    checkpoint.unlink(missing_ok=True)
    return record


def run_reference(spec: ReferenceSpec, folder: Path, device: torch.device, strict: bool = False) -> ReferenceRecord:
    """Score a row that is no generator."""
    done = finished(folder / "record.json", ReferenceRecord, spec)
    if done is not None:
        return done
    scorer = scorer_for(spec.dataset, spec.n_real, spec.extractors, spec.metrics, device, strict)
    reference = REFERENCES[spec.name](scorer.dataset, spec.n_fake)
    record = reference_record(spec, reference, scorer, device)
    write_reference(record, reference, scorer.dataset, folder)
    return record


def reference_record(
    spec: ReferenceSpec, reference: Reference, scorer: Scorer, device: torch.device, external: bool = False
) -> ReferenceRecord:
    """Score a row."""
    note, samples, labels, truth = reference
    pairs = None if truth is None else {"truth": (in_memory(samples), truth)}
    digest = spec.samples_digest or images.digest(samples)  # an external set may take minutes to read
    record = ReferenceRecord(
        environment=environment(device),
        warnings=tuple(scorer.warnings),
        spec=spec,
        spec_hash=spec_hash(spec),
        external=external,
        note=note,
        dataset_digest=scorer.split.digest,
        samples_digest=digest,
        extractors=scorer.info,
        metrics=tuple(scorer.score(samples, f"{spec.dataset} {spec.name}", labels, pairs, digest)),
    )
    log.info("%s %s: %s", spec.dataset, spec.name, summary(record.metrics))
    return record


def write_reference(record: ReferenceRecord, reference: Reference, dataset: Dataset, folder: Path) -> None:
    write_samples(in_memory(reference.pictures), None, dataset, folder)
    write_record(folder / "record.json", record)


def run_judge(plan: Plan, out: Path, spec: JudgeSpec) -> JudgeRecord | None:
    """Judge one detector on the finished cells of its dataset and seed; None when there are none."""
    device = torch.device(plan.device)
    cells, fakes = {}, {}
    for cell in plan.cells:
        trained = finished_cell(out, cell)
        if (cell.dataset, cell.seed) == (spec.dataset, spec.seed) and trained is not None and trained.status == "done":
            cells[cell.variant], fakes[cell.variant] = cell_folder(out, cell), trained.samples_digest
    if not cells:
        return None
    spec = spec.model_copy(update={"fakes": fakes})
    folder = out / "detectors" / spec.dataset / spec.detector.replace(":", "-").replace("/", "-") / f"seed-{spec.seed}"
    done = finished(folder / "record.json", JudgeRecord, spec)
    if done is not None:
        return done
    try:
        record = judge(spec, cells, folder, device)
        log.info("%s %s: %s", spec.dataset, spec.detector,
                 "  ".join(f"{d.protocol} {d.variant} AUROC {d.auroc:.3f}" for d in record.detections))  # fmt: skip
    except Exception as error:
        log.exception("%s detector %s failed", spec.dataset, spec.detector)
        record = JudgeRecord(
            environment=environment(device), spec=spec, spec_hash=spec_hash(spec), status="failed", reason=shown(error)
        )
    write_record(folder / "record.json", record)
    return record


@cache
def scorer_for(
    dataset: str, n_real: int, extractors: tuple[str, ...], metrics: tuple[str, ...], device: torch.device, strict: bool
) -> Scorer:
    """One scorer, with its real features, for all cells of a dataset."""
    return Scorer(DATASETS.create(dataset), n_real, extractors, metrics, device, strict=strict)


@contextlib.contextmanager
def owned(out: Path, plan: Plan) -> Iterator[None]:
    """Hold `out` for this run alone. Raises UserError when it is not writable, in use, or holds a run of other settings."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / ".writable").touch()
        (out / ".writable").unlink()
    except OSError as error:
        raise UserError(f"the output folder {out} is not writable ({error.strerror}); choose another with --out.") from error
    lock = filelock.FileLock(out / ".lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise UserError(
            f"the output folder {out} belongs to a run that is still going on; wait for it or choose another --out."
        ) from error
    try:
        if (out / "plan.json").exists():
            before = read_record(out / "plan.json", Plan)
            if track(before) != track(plan):
                raise UserError(
                    f"the output folder {out} holds a run of {' of gan-bench rules '.join(track(before))}, "
                    f"not of {' of gan-bench rules '.join(track(plan))}; choose another --out."
                )
        for half_written in out.rglob(".*.tmp"):  # what a killed run was writing
            half_written.unlink()
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def logged(file: Path) -> Iterator[None]:
    """Append every message of this block to `file`."""
    handler = logging.FileHandler(file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    package = logging.getLogger("gan_bench")
    package.addHandler(handler)
    try:
        yield
    finally:
        package.removeHandler(handler)
        handler.close()


def track(plan: Plan) -> tuple[str, str]:
    return f"budget {plan.cells[0].preset}", plan.benchmark_version


def cell_folder(out: Path, spec: CellSpec) -> Path:
    return out / "cells" / spec.dataset / spec.variant / f"seed-{spec.seed}"


def finished_cell(out: Path, spec: CellSpec) -> CellRecord | None:
    return finished(cell_folder(out, spec) / "record.json", CellRecord, spec)


def reference_folder(out: Path, spec: ReferenceSpec) -> Path:
    return out / "references" / spec.dataset / spec.name


def write_samples(samples: Tensor, labels: Tensor | None, dataset: Dataset, folder: Path) -> None:
    images.save_samples(samples, labels, folder / "samples.npz")
    pictures.save_samples_picture(samples, dataset, folder / "samples.png")


def summary(metrics: tuple[MetricValue, ...] | list[MetricValue]) -> str:
    """The Frechet distances and counted modes, for the log."""
    return "  ".join(f"{m.name} {m.value:.4g}" for m in metrics if m.metric in LOGGED and m.value is not None)


def cost_of(progress: Progress, sample_seconds: float, score_seconds: float, device: torch.device) -> Cost:
    last = progress.history[-1]
    return Cost(
        steps=progress.step,
        kimg=last["kimg"],
        tflop=progress.tflop,
        train_seconds=progress.seconds,
        images_per_second=1000 * last["kimg"] / max(progress.seconds, 1e-9),
        sample_seconds=sample_seconds,
        score_seconds=score_seconds,
        peak_memory_mb=peak_memory_mb(device),
    )


@dataclass(frozen=True)
class Estimate:
    """What a cell will take, from one timed step on this machine."""

    steps: int | None  # None where only a time limit rules
    kimg: float | None
    seconds: float


def estimate(spec: CellSpec, device: torch.device, jobs: int = 1) -> Estimate:
    """Steps, kimg and seconds of a cell's training, `jobs` of which go on at a time.

    The seconds are a guess from two steps on made-up images with the threads that a cell will have.
    """
    variant = build_variant(spec, device)
    n, size = variant.n_batches(0), variant.settings.batch_size
    tflop = step_tflop(variant, 0)
    real = torch.zeros(size, *variant.image_shape, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.zeros(size, dtype=torch.int64, device=device)
    rng = torch.Generator(device)
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, threads // jobs))
    for _ in range(2):  # the first pays for set-up
        started = time.monotonic()
        variant.train_step(0, [real] * n, [labels] * n, rng)
        seconds = time.monotonic() - started
    torch.set_num_threads(threads)
    limits = []
    if spec.tflop is not None:
        limits.append(spec.tflop / tflop)
    if spec.kimg is not None:
        limits.append(1000 * spec.kimg / (n * size))
    if spec.steps is not None:
        limits.append(spec.steps)
    steps = int(min(limits)) + 1 if limits else None
    timed = min([steps * seconds] if steps else [], default=float("inf"))
    total = min(timed, spec.seconds if spec.seconds is not None else float("inf"))
    return Estimate(steps, None if steps is None else steps * n * size / 1000, total)
