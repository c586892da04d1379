"""Fit a detector on one dataset's reals and fakes, and test it: `seen` and `leave-one-out`.

Reals are of the official test split only, which no generator trained on, cut into fit 60 %, validate 10 %, test 30 % by a
fixed shuffle. Fakes come from random streams that scoring never uses; those that start from images, from images of the
train split, so that no fake has its original among the reals. Both pass through one identical uint8 form.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_bench.core.errors import UserError, shown
from gan_bench.core.files import atomic_path
from gan_bench.core.progress import bar, spinner
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Detector, Prepared
from gan_bench.detectors.evaluate import detection
from gan_bench.device import environment
from gan_bench.records import Detection, JudgeRecord, JudgeSpec, Plan, finished, spec_hash, write_record
from gan_bench.run_folder import RECORD, SCORES, RunFolder
from gan_bench.sample import draw, load_generator

log = logging.getLogger(__name__)
SHARES = {"fit": 0.6, "validate": 0.1, "test": 0.3}
FEWEST = 10  # reals in a fold


def run_judge(plan: Plan, folder: RunFolder, spec: JudgeSpec) -> JudgeRecord | None:
    """Judge one detector on the finished cells of its dataset and seed; None when there are none. A bug becomes a record."""
    planned = [cell for cell in plan.cells if (cell.dataset, cell.seed) == (spec.dataset, spec.seed)]
    cells, fakes = {}, {}
    for cell in planned:
        trained = folder.finished_cell(cell)
        if trained is not None and trained.status == "done":
            cells[cell.key], fakes[cell.key] = folder.cell(cell), trained.samples_digest
    if not cells:
        return None

    spec = spec.model_copy(update={"fakes": fakes})
    detector_folder, device = folder.detector(spec, planned), torch.device(plan.device)
    done = finished(detector_folder / RECORD, JudgeRecord, spec)
    if done is not None:
        return done

    try:
        record = judge(spec, cells, detector_folder, device)
        found = "  ".join(f"{d.protocol} {d.variant} AUROC {d.auroc:.3f}" for d in record.detections)
        log.info("%s %s: %s", spec.dataset, spec.detector, found)
    except Exception as error:
        log.exception("%s detector %s failed", spec.dataset, spec.detector)
        record = JudgeRecord(
            environment=environment(device), spec=spec, spec_hash=spec_hash(spec), status="failed", reason=shown(error)
        )
    write_record(detector_folder / RECORD, record)
    return record


def judge(spec: JudgeSpec, cells: dict[str, Path], folder: Path, device: torch.device) -> JudgeRecord:
    """Fit and test one detector; writes the score of every tested image to `folder` and returns the record.

    cells  key of a cell -> its folder; in the record and the scores, a "variant" is such a key
    Raises UserError when the test split is too small for three folds.
    """
    started = time.monotonic()
    detector = DETECTORS.create(spec.detector, seed=spec.seed, device=device)
    split = DATASETS.create(spec.dataset).load("test")
    real = real_folds(split.images, spec.n_judge)
    if min(len(part) for part in real.values()) < FEWEST:
        raise UserError(f"{spec.n_judge} test images are too few to fit, validate and test a detector on.")

    fakes = fake_folds(cells, {fold: len(part) for fold, part in real.items()}, device)
    prepared = _prepare(detector, real, fakes, f"{spec.dataset}: {spec.detector}")
    detections, scores = _test(detector, prepared, spec)
    with atomic_path(folder / SCORES) as temporary:
        scores.to_csv(temporary, index=False, float_format="%.6g")

    return JudgeRecord(
        environment=environment(device),
        spec=spec,
        spec_hash=spec_hash(spec),
        status="done",
        method=detector.method,
        dataset_digest=split.digest,
        n_fit=len(real["fit"]),
        n_validate=len(real["validate"]),
        detections=tuple(detections),
        seconds=time.monotonic() - started,
    )


def real_folds(images: Tensor, n: int) -> dict[str, Tensor]:
    """Disjoint fit, validate and test parts of images (N, C, H, W); an image keeps its part for every n <= N."""
    order = torch.randperm(len(images), generator=stream(0, "judge folds"))
    folds, start = {}, 0
    for name, share in SHARES.items():
        pool = order[start : start + int(share * len(images))]
        folds[name] = images[pool[: int(share * n)]]
        start += len(pool)
    return folds


def fake_folds(cells: dict[str, Path], n_reals: dict[str, int], device: torch.device) -> dict[str, dict[str, Tensor]]:
    """Fakes by variant and fold: an equal part of as many as there are reals; for the test, as many as reals.

    A variant's folds are parts of one draw, so that none of them share an image that a translator or an upscaler starts from.
    Those for the test come first: they stay the same whatever the number of cells. Where there are too few images to start
    from, all folds are smaller by the same factor.
    """
    folds = {}
    for name, cell in cells.items():
        variant, record = load_generator(cell, device)
        dataset = DATASETS.create(record.spec.dataset)
        counts = {"test": n_reals["test"], "fit": n_reals["fit"] // len(cells), "validate": n_reals["validate"] // len(cells)}
        n = sum(counts.values())
        images = draw(variant, dataset, record.spec.seed, "judge", n, split="train").images
        sizes = [count * len(images) // n for count in counts.values()]
        folds[name] = dict(zip(counts, images[: sum(sizes)].split(sizes), strict=True))
    return folds


class _Prepared(NamedTuple):
    """What a detector prepared: reals by fold, and fakes by variant and fold."""

    real: dict[str, Prepared]
    fake: dict[str, dict[str, Prepared]]


def _prepare(detector: Detector, real: dict[str, Tensor], fakes: dict[str, dict[str, Tensor]], title: str) -> _Prepared:
    prepared = _Prepared({fold: detector.prepare(part) for fold, part in real.items()}, {})
    with bar(title, total=len(fakes), unit="variants") as advance:
        for variant, folds in fakes.items():
            prepared.fake[variant] = {fold: detector.prepare(part) for fold, part in folds.items()}
            advance(1)
    return prepared


def _test(detector: Detector, prepared: _Prepared, spec: JudgeSpec) -> tuple[list[Detection], pd.DataFrame]:
    """The detections of every protocol, and one row for each score."""
    detections: list[Detection] = []
    tables: list[pd.DataFrame] = []
    for protocol, seen, tested in protocols(list(prepared.fake)):
        with spinner(f"{spec.dataset}: {spec.detector}, {protocol} {' '.join(tested)}"):
            _fit(detector, prepared.real, [prepared.fake[variant] for variant in seen])

        real_scores = detector.score(prepared.real["test"])
        tables.append(score_table(protocol, " ".join(tested), "real", real_scores))
        for variant in tested:
            fake_scores = detector.score(prepared.fake[variant]["test"])
            tables.append(score_table(protocol, variant, "fake", fake_scores))
            detections.append(detection(protocol, variant, real_scores, fake_scores, seed=spec.seed))
    return detections, pd.concat(tables)


def protocols(variants: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """(protocol, variants fitted on, variants tested): `seen` fits on all; `leave-one-out` on all but the tested one."""
    folds = [("seen", variants, variants)]
    if len(variants) > 1:
        folds += [("leave-one-out", [other for other in variants if other != variant], [variant]) for variant in variants]
    return folds


def _fit(detector: Detector, reals: dict[str, Prepared], fakes: list[dict[str, Prepared]]) -> None:
    fit_fakes, validate_fakes = (_concatenate([folds[fold] for folds in fakes]) for fold in ("fit", "validate"))
    detector.fit(reals["fit"], fit_fakes, reals["validate"], validate_fakes)


def _concatenate(parts: Sequence[Prepared]) -> Prepared:
    if isinstance(parts[0], Tensor):
        return torch.cat([torch.as_tensor(part) for part in parts])
    return np.concatenate([np.asarray(part) for part in parts])


def score_table(protocol: str, variant: str, kind: str, scores: np.ndarray) -> pd.DataFrame:
    """One row for each tested image; `variant` names the tested variants that these scores (N,) are compared for."""
    return pd.DataFrame({"protocol": protocol, "variant": variant, "kind": kind, "index": range(len(scores)), "score": scores})
