"""One cell: train a variant, draw samples, score them, record it. A pure function of its spec, so it can run anywhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gan_bench.core.changes import label_of
from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.core.own import told
from gan_bench.core.progress import TrainingBar
from gan_bench.core.training_log import TrainingLog
from gan_bench.datasets.base import Dataset
from gan_bench.device import environment, peak_memory_mb
from gan_bench.generators.base import Variant
from gan_bench.generators.own import source_of
from gan_bench.images import convert
from gan_bench.images.files import save_samples
from gan_bench.images.pictures import (
    STRIP,
    samples_picture,
    save_rows,
    save_samples_picture,
    save_strip,
    strip_size,
)
from gan_bench.images.statistics import Classified, statistics_of
from gan_bench.pairs import by_class, pairs_of, rows
from gan_bench.records import ASKED, CellRecord, CellSpec, Cost, finished, spec_hash, write_record
from gan_bench.run_folder import RECORD, SAMPLES, SHOWN, digests_in, lost_files, needs_training, remove_beside
from gan_bench.sample import (
    STEPS,
    Drawn,
    build_variant,
    draw,
    kept_networks,
    load_generator,
    load_inverse,
    save_networks,
    walks,
)
from gan_bench.scorer import SetScorer, scorer_for, summary
from gan_bench.train import Progress, Watch, curves, train, write_history

log = logging.getLogger(__name__)
NEAREST = 3  # training images shown below each sample
OF_CLASS, MOST_CLASSES = 10, 20  # samples of each class in a picture, and classes of a dataset that has such a picture


def run_cell(
    spec: CellSpec,
    folder: Path,
    device: torch.device,
    strict: bool = False,
    compiled: bool = False,
    log_folder: Path | None = None,
) -> CellRecord:
    """Train, sample, score and record one cell; all its files are in `folder`. A bug or a full memory becomes a record.

    strict      a missing extractor is a UserError
    compiled    networks by torch.compile
    log_folder  where the training is logged for TensorBoard; None: nowhere
    """
    record = finished(folder / RECORD, CellRecord, spec)
    lost = [] if record is None else lost_files(folder, record)
    if record is None or lost:
        record = _made(spec, record, lost, folder, device, strict, compiled, log_folder)
        write_record(folder / RECORD, record)

    if record.status != "failed":  # else the next run need not train again
        _checkpoint_of(spec, folder).unlink(missing_ok=True)  # also that of a run which was killed right here
    return record


def _made(
    spec: CellSpec, done: CellRecord | None, lost: Sequence[str], folder: Path, device: torch.device, strict: bool,
    compiled: bool, log_folder: Path | None,
) -> CellRecord:  # fmt: skip
    """The record of a cell, which is trained unless `done`, its record, lost only files that its networks make."""
    try:
        restored = None if done is None else _restored(done, lost, folder, device, strict)
        return restored or _train_and_score(spec, folder, device, strict, compiled, log_folder)
    except UserError:
        raise  # the surroundings are at fault, and would be for every cell
    except Exception as error:
        log.exception("%s failed", name_of(spec))
        source = source_of(spec)
        return CellRecord(
            environment=environment(device), spec=spec, spec_hash=spec_hash(spec), status="failed",
            reason=told(error, source.place), task=source.kind.task, **stated(source.kind, spec),
        )  # fmt: skip


def name_of(spec: CellSpec) -> str:
    """What messages call a cell: "mnist dcgan seed 0", "mnist dcgan (lr=5e-4) seed 0"."""
    return f"{spec.dataset} {label_of(spec.variant, spec.changed)} seed {spec.seed}"


def _checkpoint_of(spec: CellSpec, folder: Path) -> Path:
    return folder / f"checkpoint-{spec_hash(spec)[:12]}.pt"


def _restored(done: CellRecord, lost: Sequence[str], folder: Path, device: torch.device, strict: bool) -> CellRecord | None:
    """The record of a finished cell that lost files: what follows from its networks is made again. None: it must be trained."""
    spec, what = done.spec, f"{', '.join(lost)} {'is' if len(lost) == 1 else 'are'} missing or damaged"
    if needs_training(done, lost):
        log.warning("%s: %s, which only a training makes; it is trained again.", name_of(spec), what)
        return None

    log.warning("%s: %s; made again with its generator.", name_of(spec), what)
    variant, _ = load_generator(folder, device)
    if variant.inverse is not None:
        load_inverse(variant, folder)
    scorer = scorer_for(spec, device, strict)
    drawn = draw(variant, scorer.dataset, spec.seed, "score", spec.n_fake)
    if convert.digest(drawn.images) != done.samples_digest:
        log.warning("%s: its generator draws other samples here than when it was trained; it is trained again.", name_of(spec))
        return None

    _keep_samples(variant, scorer, drawn, folder)
    _keep_looks(variant, spec, scorer, drawn, folder)
    return done.model_copy(update={"files": digests_in(folder)})


def _train_and_score(
    spec: CellSpec, folder: Path, device: torch.device, strict: bool, compiled: bool, log_folder: Path | None
) -> CellRecord:
    scorer = scorer_for(spec, device, strict)
    variant = build_variant(spec, device)
    if compiled:
        variant.compile()

    with _watching(log_folder, scorer.dataset) as watch:
        progress = _train(variant, spec, scorer, _checkpoint_of(spec, folder), watch)
    _keep_training(variant, spec, scorer, progress, folder)

    started = time.monotonic()
    drawn = draw(variant, scorer.dataset, spec.seed, "score", spec.n_fake)
    sample_seconds = time.monotonic() - started
    shown_rows = _keep_samples(variant, scorer, drawn, folder)  # before scoring, so that they are there if it fails

    started = time.monotonic()
    record = _score(variant, spec, scorer, progress, drawn)
    score_seconds = time.monotonic() - started
    classes = _keep_looks(variant, spec, scorer, drawn, folder)
    log.info("%s: %s", name_of(spec), summary(record.metrics) or record.reason)
    cost = _cost_of(progress, sample_seconds, score_seconds, device)
    kept = {"weights": _weights_of(variant, folder), "files": digests_in(folder)}
    return record.model_copy(update={**kept, **classes, "rows": shown_rows, "compiled": compiled, "cost": cost})


@contextmanager
def _watching(log_folder: Path | None, dataset: Dataset) -> Iterator[Watch]:
    """What writes the log of a training, if there is to be one."""
    if log_folder is None:
        yield lambda progress: None
        return

    log = TrainingLog(log_folder, partial(samples_picture, mixture=dataset.mixture))
    try:
        yield lambda progress: log.update(progress.step, progress.history, progress.strip)
    finally:
        log.close()


def _train(variant: Variant, spec: CellSpec, scorer: SetScorer, checkpoint: Path, watch: Watch) -> Progress:
    if variant.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(variant.device)

    n_shown = strip_size(scorer.dataset.image_shape)
    with TrainingBar(f"{name_of(spec)}: training") as bar:
        return train(
            variant, scorer.split.in_memory(), spec.budget, spec.seed, checkpoint=checkpoint,
            report=lambda share, spent, losses: bar.update(
                share, spent.kimg, 1000 * spent.kimg / max(spent.seconds, 1e-9), losses
            ),
            snapshot=lambda: draw(variant, scorer.dataset, spec.seed, "strip", n_shown).images,
            watch=watch,
        )  # fmt: skip


def _keep_training(variant: Variant, spec: CellSpec, scorer: SetScorer, progress: Progress, folder: Path) -> None:
    remove_beside(folder)
    write_history(progress, folder / SHOWN["history"])
    save_strip(progress.strip, folder / SHOWN["strip"], scorer.dataset.mixture)
    save_networks(variant, spec, folder)


def _weights_of(variant: Variant, folder: Path) -> dict[str, str]:
    """The digests of the files that `save_networks` wrote."""
    return {name: sha256_of(folder / name) for name in kept_networks(variant)}


def _score(variant: Variant, spec: CellSpec, scorer: SetScorer, progress: Progress, drawn: Drawn) -> CellRecord:
    """The record of a training and its samples; those of one that diverged are not scored."""
    metrics = [] if progress.diverged else scorer.score(drawn.images, name_of(spec), drawn.labels, pairs_of(variant, drawn))
    generator_parameters, discriminator_parameters = variant.parameter_counts()
    return CellRecord(
        environment=environment(variant.device, variant.precision),
        warnings=tuple(scorer.warnings),
        spec=spec,
        spec_hash=spec_hash(spec),
        status="diverged" if progress.diverged else "done",
        reason=progress.diverged,
        dataset_digest=scorer.split.digest,
        samples_digest=convert.digest(drawn.images),
        extractors=scorer.info,
        metrics=tuple(metrics),
        task=variant.task,
        trained_against=variant.trained_against,
        curves=curves(progress, variant),
        moments=tuple(progress.moments) if len(progress.moments) == len(progress.strip) else (),  # an older version began it
        generator_parameters=generator_parameters,
        discriminator_parameters=discriminator_parameters,
        title=variant.title,
        paper=variant.paper,
        **stated(type(variant), spec),
    )


def stated(kind: type[Variant], spec: CellSpec) -> dict[str, Any]:
    """What a variant's code says of the paper, and where that code is: fields of a record. It may be in no file of its own."""
    plain = {name: v if isinstance(v, bool | int | float | str) else str(v) for name, v in kind.paper_settings.items()}
    if spec.code is not None:
        return {"paper_settings": plain}
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return {"paper_settings": plain, "source": kind.__module__, "source_digest": sha256_of(Path(file)) if file else ""}


def _keep_samples(variant: Variant, scorer: SetScorer, drawn: Drawn, folder: Path) -> tuple[str, ...]:
    """Write the samples and their pictures; returns what the rows of one of them show, if there is such a picture."""
    save_samples(drawn.images, drawn.labels, folder / SAMPLES)
    save_samples_picture(drawn.images, folder / SHOWN["samples"], scorer.dataset.mixture)

    shown_rows = rows(variant, scorer.dataset, drawn, STRIP)
    if shown_rows:
        save_strip(list(shown_rows.values()), folder / SHOWN["rows"])
    return tuple(shown_rows)


def _keep_looks(variant: Variant, spec: CellSpec, scorer: SetScorer, drawn: Drawn, folder: Path) -> dict[str, Any]:
    """Write statistics of the samples, and pictures beyond them; returns fields of a record that tell of these."""
    _keep_neighbours(variant, scorer, drawn, folder)
    classified = scorer.classify(drawn.images)
    statistics = statistics_of(drawn.images, scorer.dataset.mixture, scorer.dataset.class_names, classified)
    write_record(folder / SHOWN["statistics"], statistics)
    _keep_walk(variant, spec.seed, folder)
    return _keep_classes(scorer.dataset, drawn, classified, folder)


def _keep_neighbours(variant: Variant, scorer: SetScorer, drawn: Drawn, folder: Path) -> None:
    """Write a picture of samples above the training images nearest to them; points have none."""
    if scorer.extractors and not variant.draws_points:
        first = drawn.images[:STRIP]
        save_strip([first, *scorer.nearest(first, NEAREST)], folder / SHOWN["neighbours"])


def _keep_walk(variant: Variant, seed: int, folder: Path) -> None:
    """Write a picture of steps between latents; a variant that starts from images has none."""
    steps = walks(variant, seed)
    if steps is not None:
        save_rows(steps.split(STEPS), STEPS, folder / SHOWN["walk"])


def _keep_classes(dataset: Dataset, drawn: Drawn, classified: Classified | None, folder: Path) -> dict[str, Any]:
    """Write a picture with a row of samples for each class, where their classes are known; returns what a record says of it."""
    if drawn.labels is not None:
        classified = Classified(ASKED, drawn.labels)
    if classified is None or not 1 < dataset.n_classes <= MOST_CLASSES or convert.are_points(dataset.image_shape):
        return {}

    found = by_class(drawn.images, classified.classes, dataset.class_names, OF_CLASS)
    save_rows(list(found.values()), OF_CLASS, folder / SHOWN["classes"])
    return {"class_rows": tuple(found), "classed_by": classified.classifier}


def _cost_of(progress: Progress, sample_seconds: float, score_seconds: float, device: torch.device) -> Cost:
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
