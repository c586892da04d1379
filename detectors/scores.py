"""The score of every image that a detector looked at, as one table: every number of detection can be computed from it.

A row is one image in one test of one fit. Columns:

tier        how the images were delivered, one of records.TIERS
protocol    one of records.PROTOCOLS or CONTROLS
fitted_on   the keys of the cells whose fakes the fit saw, joined by commas; with tier and protocol it names the fit
fold        "validate" or "test"; "calibrate": augmented reals of the validation fold, on which the threshold is set
variant     the key of the cell that made the image, or "real"
corruption  what was done to the image besides; REDELIVERED: it was delivered again. "": nothing
severity    of the corruption, 1 to 5; of REDELIVERED, which time. 0: nothing was done
seed        of the cell that made the image; of reals, of the folds
digest      the first 16 digits of the SHA-256 of the image before delivery
label       0 for the negatives, 1 for the positives: in a control without fakes these are other reals
logit       what the detector says
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from gan_bench.detectors.delivery import CALIBRATE, TEST, VALIDATE
from gan_bench.detectors.ensemble import mean_logits
from gan_bench.detectors.evaluate import Logits, detection, threshold_at
from gan_bench.detectors.parquet import read_table, write_table
from gan_bench.records import EVERY, ROBUST, SEEN, Detection

FIT_BY = ["tier", "protocol", "fitted_on"]  # what names a fit
SHOWN = [*FIT_BY, "fold", "variant", "corruption", "severity", "seed", "label"]  # and one set of images that it was shown
COLUMNS = [*FIT_BY, "fold", "variant", "corruption", "severity", "seed", "digest", "label", "logit"]
REDELIVERED = "redelivered"  # as a corruption: delivered once more
POOLED = (SEEN, ROBUST)  # protocols whose fakes are taken together; under ROBUST each variant has too few


def score_rows(where: Mapping[str, Any], digests: Sequence[str], logits: np.ndarray) -> pd.DataFrame:
    """One row for each image. `where` holds the other columns; those that it leaves out are "" or 0."""
    blank = {"fitted_on": "", "corruption": "", "severity": 0}
    return pd.DataFrame({**blank, **where, "digest": [digest[:16] for digest in digests], "logit": logits})[COLUMNS]


def write_scores(table: pd.DataFrame, path: Path) -> None:
    """Write a table of scores, whole or not at all."""
    write_table(table, path)


def read_scores(path: Path) -> pd.DataFrame:
    """Raises UserError where the file is absent or no table of scores."""
    return read_table(path, COLUMNS, "a table of scores of this version of gan-bench")


def combined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One table with the mean logit of several detectors, for each fit that at least two of them have."""
    keys = [*SHOWN, "digest", "place"]  # an image may occur twice in a set
    placed = [table.assign(place=table.groupby([*SHOWN, "digest"]).cumcount()) for table in tables]
    fits: dict[Hashable, list[pd.Series]] = {}
    for table in placed:
        for fit, rows in table.groupby(FIT_BY, sort=False):
            fits.setdefault(fit, []).append(rows.set_index(keys)["logit"])

    found = []
    for same in fits.values():
        if len(same) > 1:
            joined = pd.concat(same, axis=1, join="inner")
            logits = mean_logits(joined.to_numpy().T)
            found.append(joined.index.to_frame(index=False).assign(logit=logits)[COLUMNS])
    return pd.concat(found, ignore_index=True)


def detections_of(table: pd.DataFrame, seed: int) -> list[Detection]:
    """Every detection in a table of scores. `seed`: of the bootstrap's draws.

    The threshold of a fit is that of its own calibration rows or, without these, of its validation rows. Under POOLED protocols
    there is also one of EVERY variant.
    """
    found = []
    for (tier, protocol, fitted_on), fit in _groups(table, FIT_BY):
        validation = _logits(fit[fit["fold"] == VALIDATE])
        calibration = fit.loc[fit["fold"] == CALIBRATE, "logit"].to_numpy()
        threshold = threshold_at(calibration if len(calibration) else validation.real)
        for (corruption, severity), test in _groups(fit[fit["fold"] == TEST], ["corruption", "severity"]):
            if corruption == REDELIVERED:
                continue
            keys = tuple(key for key in fitted_on.split(",") if key)
            where = {"tier": tier, "protocol": protocol, "fitted_on": keys, "corruption": corruption, "severity": int(severity)}
            for variant, logits in _tests(test, apart=protocol != ROBUST, pooled=protocol in POOLED):
                again = _redelivered(fit) if variant == EVERY and not corruption else {}
                found.append(detection(logits, validation, threshold, seed=seed, **again, **where, variant=variant))
    return found


def _groups(table: pd.DataFrame, columns: list[str]) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The rows that agree in these columns, in the order in which they first occur."""
    return cast(Any, iter(table.groupby(columns, sort=False)))


def _tests(test: pd.DataFrame, apart: bool, pooled: bool) -> Iterator[tuple[str, Logits]]:
    """Each tested variant against the negatives, and equally many fakes of all variants together, where asked."""
    negatives = test[test["label"] == 0]["logit"].to_numpy()
    by_variant = {key: rows["logit"].to_numpy() for key, rows in test[test["label"] == 1].groupby("variant", sort=False)}
    if apart:
        for variant, positives in by_variant.items():
            yield str(variant), Logits(negatives, positives)
    if pooled:
        each = max(1, len(negatives) // len(by_variant))
        yield EVERY, Logits(negatives, np.concatenate([positives[:each] for positives in by_variant.values()]))


def _redelivered(fit: pd.DataFrame) -> dict[str, Any]:
    """The logits of the images that were delivered again, and of the same images before."""
    rows = fit[fit["corruption"] == REDELIVERED]
    if rows.empty:
        return {}

    times = [_logits(again) for _, again in rows.groupby("severity")]
    first = rows[rows["severity"] == 1]
    before = fit[(fit["fold"] == TEST) & (fit["corruption"] == "")].drop_duplicates(["variant", "digest"])
    kept = first[["variant", "digest", "label"]].merge(before[["variant", "digest", "logit"]], on=["variant", "digest"])
    return {"redelivered": times, "kept": _logits(kept)}


def _logits(rows: pd.DataFrame) -> Logits:
    return Logits(*(rows.loc[rows["label"] == label, "logit"].to_numpy() for label in (0, 1)))
