"""What Python callers use: scores of images from within any program, such as a training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_bench import suites
from gan_bench.budget import parse_preset
from gan_bench.datasets import DATASETS
from gan_bench.device import pick
from gan_bench.external import check_scored, fit_array
from gan_bench.images.arrays import checked_labels
from gan_bench.records import MetricValue, ScoreSpec
from gan_bench.scorer import scorer_for

Array = Tensor | np.ndarray


class Scores(Mapping[str, float]):
    """Values by name, such as scores["fd_lite0@64_5k"]; only those that could be computed."""

    def __init__(self, records: list[MetricValue]) -> None:
        self.records = tuple(records)
        self._values = {m.name: m.value for m in records if m.value is not None}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Scores({', '.join(f'{name}={value:.4g}' for name, value in self._values.items())})"

    def to_frame(self) -> pd.DataFrame:
        """One row for each number, also for those that could not be computed: value, interval, counts, and the reason."""
        rows = []
        for record in self.records:
            low, high = (record.interval.low, record.interval.high) if record.interval else (None, None)
            rows.append({**record.model_dump(exclude={"interval"}), "low": low, "high": high})
        return pd.DataFrame(rows).set_index("name")


def score(
    images: Array,
    dataset: str,
    *,
    labels: Array | None = None,
    value_range: tuple[float, float] | None = None,
    budget: str = "quick",
    extractors: list[str] | None = None,
    metrics: list[str] | None = None,
    device: str = "auto",
) -> Scores:
    """Score images against a dataset's training split: {"fd_lite0@64_5k": 144.0, ...}; `.to_frame()` tells all.

    images       tensor or array (N, C, H, W) or (N, H, W, C), uint8, or float with `value_range`; of a dataset of points (N, 2)
    dataset      its name, or folder:PATH for a folder of images
    labels       the classes (N,) that the images were asked to be of, if they were
    value_range  what is black and what is white in float images, such as (-1, 1)
    budget       the preset whose number of reals to compare with
    extractors, metrics  by name; by default those of the dataset's suite

    The reals' side is computed once in a process, so that a training loop may call this often. Raises UserError, a
    ValueError, at images that cannot be scored and at unknown names.
    """
    target, preset = DATASETS.create(dataset), parse_preset(budget)
    by_extractors, by_metrics = suites.measured_by(dataset, extractors, metrics)

    fitted = fit_array(torch.as_tensor(images), target, "images", value_range)
    asked = None if labels is None else checked_labels(torch.as_tensor(labels).cpu(), len(fitted), target.n_classes)

    spec = ScoreSpec(
        dataset=dataset, preset=preset.name, n_fake=len(fitted), n_real=preset.n_real,
        extractors=by_extractors, metrics=by_metrics,
    )  # fmt: skip
    found = scorer_for(spec, pick(device)).score(fitted, dataset, asked)
    check_scored(found, len(fitted))
    return Scores(found)
