"""What is checked of a cell, and of a row that is no generator, beyond its record."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from gan_bench.cell import stated
from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset
from gan_bench.generators.base import Variant
from gan_bench.images import tasks
from gan_bench.images.sets import in_memory
from gan_bench.pairs import cycle_pair
from gan_bench.records import CellRecord, ReferenceRecord
from gan_bench.references import REFERENCES, Reference
from gan_bench.run_folder import INVERSE, SAMPLES
from gan_bench.sample import Drawn, build_variant, draw, kept_networks, load_generator, load_inverse, originals
from gan_bench.verify.images import Given, check_metrics, check_samples, check_statistics, read_samples, scorer_of
from gan_bench.verify.ledger import Sheet
from gan_bench.verify.tolerances import apart

NO_WAY_BACK = {"cycle": f"the run did not keep {INVERSE}"}
NO_CLASSES = dict.fromkeys(("condition", "lesson"), "the classes of somebody's images were not kept")
SINCE_SCHEMA = 2  # records hold digests of weights
STATED_SINCE = 4  # and the paper's settings
OF_VARIANT = ("task", "trained_against", "title", "paper")  # fields that the variant's code alone determines


def check_cell(sheet: Sheet, record: CellRecord, spec: object, folder: Path, device: torch.device, redraw: bool) -> None:
    """Its networks, its samples and its numbers. A cell that failed has none of them.

    spec  as the file of the record has it, in plain data
    """
    if record.status == "failed":
        if record.metrics:
            sheet.differs("metrics", "metrics of a cell that failed", len(record.metrics), 0)
        return

    with sheet.attempt("records", "what the variant is"):
        try:
            variant, dataset = build_variant(record.spec, device), DATASETS.create(record.spec.dataset)
        except UserError as error:  # somebody's own member, say
            sheet.skip("all but the record", str(error))
            return

        _check_variant(sheet, record, variant)
        _check_weights(sheet, record, spec, folder, variant)
        _check_samples(sheet, record, folder, variant, dataset, device)
        if redraw:
            _redraw(sheet, record, folder, dataset, device)


def _check_weights(sheet: Sheet, record: CellRecord, spec: object, folder: Path, variant: Variant) -> None:
    """The files of the networks: their digests, and that they were made for this very spec."""
    is_old = record.schema_version < SINCE_SCHEMA and not record.weights
    if is_old:
        sheet.skip("weights", "the record is of schema 1, which had no digests of them")

    # earlier versions did not keep the way back
    names = [name for name in kept_networks(variant) if name != INVERSE or name in record.weights]
    for name in names:
        with sheet.attempt("weights", name):
            if _spec_of(folder / name) != spec:
                sheet.differs("weights", name, "the network of this spec", "that of another spec")
            elif not is_old:
                sheet.compare("weights", name, record.weights.get(name), sha256_of(folder / name))


def _spec_of(file: Path) -> object:
    """The spec within a file of weights; None: there is none. Raises where the file is absent or damaged."""
    with safe_open(file, framework="pt") as opened:
        return json.loads((opened.metadata() or {}).get("spec", "null"))


def _check_variant(sheet: Sheet, record: CellRecord, variant: Variant) -> None:
    for name in OF_VARIANT:
        mine, theirs = getattr(record, name), getattr(variant, name)
        if mine != theirs:
            sheet.differs("records", name, str(mine), str(theirs))
    paper = stated(type(variant), record.spec)["paper_settings"]
    if record.schema_version >= STATED_SINCE and record.paper_settings != paper:
        sheet.differs("records", "paper_settings", str(record.paper_settings), str(paper))
    counts = (record.generator_parameters, record.discriminator_parameters)
    if counts != variant.parameter_counts():
        sheet.differs("records", "parameters", str(counts), str(variant.parameter_counts()))


def _check_samples(
    sheet: Sheet, record: CellRecord, folder: Path, variant: Variant, dataset: Dataset, device: torch.device
) -> None:
    samples = check_samples(sheet, record, folder, dataset.image_shape)
    if samples is None:
        return

    given = _given(sheet, record, folder, variant, dataset, samples.images)
    if not _same_labels(samples.labels, given.labels):
        sheet.differs("samples", f"{SAMPLES}: labels", "those that were asked for", "others")
    if record.status == "diverged" and record.metrics:  # its samples are kept, and not scored
        sheet.differs("metrics", "metrics of a cell that diverged", len(record.metrics), 0)

    with sheet.attempt("metrics", "metrics"):
        scorer = scorer_of(sheet, record, device)
        if scorer is None:
            return
        if record.status == "done":
            check_metrics(sheet, record, samples.images, given, scorer)
        check_statistics(sheet, folder, samples.images, scorer)


def _given(sheet: Sheet, record: CellRecord, folder: Path, variant: Variant, dataset: Dataset, images: Tensor) -> Given:
    """What the samples were asked to be, as `sample.draw` asks, and what leads back from them."""
    n = len(images)
    if variant.task not in tasks.SOURCES:
        return Given(torch.arange(n) % variant.n_classes if variant.conditional else None)

    source = originals(dataset, "test", "score", n)
    given = Given(source.labels, source.images, lacking=NO_WAY_BACK)
    if INVERSE in record.weights:
        with sheet.attempt("weights", INVERSE):
            load_inverse(variant, folder)
            pair = cycle_pair(variant, Drawn(images, source.labels, source.images))
            return given._replace(cycle=pair, lacking={})
    return given


def _same_labels(kept: Tensor | None, asked: Tensor | None) -> bool:
    if kept is None or asked is None:
        return kept is asked
    return torch.equal(kept, asked)


def _redraw(sheet: Sheet, record: CellRecord, folder: Path, dataset: Dataset, device: torch.device) -> None:
    """Draw the samples again from the kept generator, and compare them with the kept ones."""
    with sheet.attempt("redrawn", "samples drawn again"):
        variant, _ = load_generator(folder, device)
        drawn = draw(variant, dataset, record.spec.seed, "score", record.spec.n_fake).images
        _compare_drawn(sheet, record, folder, dataset, drawn, device)


def _compare_drawn(
    sheet: Sheet, record: CellRecord | ReferenceRecord, folder: Path, dataset: Dataset, drawn: Tensor, device: torch.device
) -> None:
    """The kept samples against others that should be the same."""
    kept = read_samples(folder / SAMPLES, dataset.image_shape, record.spec.n_fake).images
    if kept.shape != drawn.shape:
        sheet.differs("redrawn", "samples drawn again", str(tuple(kept.shape)), str(tuple(drawn.shape)))
        return

    found, there = apart(kept, drawn), record.environment.device
    if not found.agrees and there != device.type:
        sheet.skip("samples drawn again", f"they were made on {there}, and {device.type} rounds otherwise: {found.shown}")
    else:
        sheet.compare("redrawn", "samples drawn again", "the kept ones", found.shown, found.agrees)


def check_reference(sheet: Sheet, record: ReferenceRecord, folder: Path, device: torch.device, redraw: bool) -> None:
    """The samples and numbers of a row that is no generator."""
    spec = record.spec
    sheet.compare("records", "external", record.external, spec.samples_digest is not None)
    if spec.samples_digest is not None:
        sheet.compare("samples", "samples_digest of the spec", spec.samples_digest, record.samples_digest)

    with sheet.attempt("records", "what the row is"):
        try:
            dataset = DATASETS.create(spec.dataset)
            made = None if record.external else REFERENCES[spec.name](dataset, spec.n_fake)
        except UserError as error:  # a dataset that cannot be had here
            sheet.skip("all but the record", str(error))
            return

        samples = check_samples(sheet, record, folder, dataset.image_shape)
        if samples is None:
            return
        with sheet.attempt("metrics", "metrics"):
            scorer = scorer_of(sheet, record, device)
            if scorer is not None:
                check_metrics(sheet, record, samples.images, _given_to_row(made, samples.labels), scorer)
                check_statistics(sheet, folder, samples.images, scorer)
        if redraw and made is not None:
            with sheet.attempt("redrawn", "samples made again"):
                _compare_drawn(sheet, record, folder, dataset, in_memory(made.images), device)


def _given_to_row(made: Reference | None, kept: Tensor | None) -> Given:
    """`kept`: the classes in the file, which are all that is known of those of somebody's images."""
    if made is not None:
        return Given(made.labels, made.truth)
    return Given(kept, lacking=NO_CLASSES if kept is None else {})
