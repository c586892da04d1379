"""Fit a detector on one dataset's reals and fakes, and test it: `seen` and `leave-one-out`.

Reals are of the official test split only, which no generator trained on, cut into fit 60 %, validate 10 %, test 30 % by a
fixed shuffle. Fakes come from random streams that scoring never uses; those that start from images, from images of the
train split, so that no fake has its original among the reals. Both pass through one identical uint8 form.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

import detectors
from detectors.base import Detector, Prepared
from detectors.evaluate import detection
from gan_bench.datasets import DATASETS
from gan_bench.device import environment
from gan_bench.errors import UserError
from gan_bench.progress import bar, spinner
from gan_bench.records import Detection, JudgeRecord, JudgeSpec, atomic_path, spec_hash
from gan_bench.sample import draw, load_generator
from gan_bench.seeds import stream

SHARES = {"fit": 0.6, "validate": 0.1, "test": 0.3}


def real_folds(images: Tensor, n: int) -> dict[str, Tensor]:
    """Disjoint fit, validate and test parts of the test split; an image keeps its part for every n <= len(images)."""
    order = torch.randperm(len(images), generator=stream(0, "judge folds"))
    folds, start = {}, 0
    for name, share in SHARES.items():
        pool = order[start : start + int(share * len(images))]
        folds[name] = images[pool[: int(share * n)]]
        start += len(pool)
    return folds


def fake_folds(cells: dict[str, Path], n_reals: dict[str, int], device: torch.device) -> dict[str, dict[str, Tensor]]:
    """Per variant, fakes for each fold: an equal part of as many as there are reals; for the test, as many as reals."""
    folds = {}
    for name, cell in cells.items():
        variant, record = load_generator(cell, device)
        counts = {"fit": n_reals["fit"] // len(cells), "validate": n_reals["validate"] // len(cells), "test": n_reals["test"]}
        dataset = DATASETS.create(record.spec.dataset)
        folds[name] = {
            fold: draw(variant, dataset, record.spec.seed, f"judge {fold}", n, split="train").images
            for fold, n in counts.items()
        }
    return folds


def judge(spec: JudgeSpec, cells: dict[str, Path], folder: Path, device: torch.device) -> JudgeRecord:
    """Fit and test one detector; writes the score of every tested image to `scores.csv` and returns the record.

    cells  variant -> the folder of its finished cell
    """
    started = time.monotonic()
    detector = detectors.create(spec.detector, seed=spec.seed, device=device)
    split = DATASETS.create(spec.dataset).load("test")
    real = real_folds(split.images, spec.n_judge)
    if min(len(part) for part in real.values()) < 10:
        raise UserError(f"{spec.n_judge} test images are too few to fit, validate and test a detector on.")
    fakes = fake_folds(cells, {fold: len(part) for fold, part in real.items()}, device)
    reals = {fold: detector.prepare(part) for fold, part in real.items()}
    prepared: dict[str, dict[str, Prepared]] = {}
    with bar(f"{spec.dataset}: {spec.detector}", total=len(fakes), unit="variants") as advance:
        for variant, folds in fakes.items():
            prepared[variant] = {fold: detector.prepare(part) for fold, part in folds.items()}
            advance(1)
    detections: list[Detection] = []
    scores: list[pd.DataFrame] = []
    for protocol, seen, tested in protocols(list(prepared)):
        with spinner(f"{spec.dataset}: {spec.detector}, {protocol} {' '.join(tested)}"):
            fit(detector, reals, [prepared[variant] for variant in seen])
        real_scores = detector.score(reals["test"])
        scores.append(score_table(protocol, " ".join(tested), "real", real_scores))
        for variant in tested:
            fake_scores = detector.score(prepared[variant]["test"])
            scores.append(score_table(protocol, variant, "fake", fake_scores))
            detections.append(detection(protocol, variant, real_scores, fake_scores, seed=spec.seed))
    with atomic_path(folder / "scores.csv") as temporary:
        pd.concat(scores).to_csv(temporary, index=False, float_format="%.6g")
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


def protocols(variants: list[str]) -> list[tuple[str, list[str], list[str]]]:
    """(protocol, variants fitted on, variants tested): `seen` fits on all; `leave-one-out` on all but the tested one."""
    folds = [("seen", variants, variants)]
    if len(variants) > 1:
        folds += [("leave-one-out", [other for other in variants if other != variant], [variant]) for variant in variants]
    return folds


def fit(detector: Detector, reals: dict[str, Prepared], fakes: list[dict[str, Prepared]]) -> None:
    detector.fit(
        reals["fit"], concatenate([f["fit"] for f in fakes]), reals["validate"], concatenate([f["validate"] for f in fakes])
    )


def concatenate(parts: list[Prepared]) -> Prepared:
    if isinstance(parts[0], Tensor):
        return torch.cat([torch.as_tensor(part) for part in parts])
    return np.concatenate([np.asarray(part) for part in parts])


def score_table(protocol: str, variant: str, kind: str, scores: np.ndarray) -> pd.DataFrame:
    """One row per tested image; `variant` names the tested variants that these scores are compared for."""
    return pd.DataFrame({"protocol": protocol, "variant": variant, "kind": kind, "index": range(len(scores)), "score": scores})
