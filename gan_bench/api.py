"""What `gan_bench.score` does: score images from within anybody's program, such as a training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_bench import images as conversion
from gan_bench import suites
from gan_bench.arrays import checked_labels, form_of
from gan_bench.budget import parse_preset
from gan_bench.datasets import DATASETS
from gan_bench.device import pick
from gan_bench.external import at_least_one, fit
from gan_bench.records import MetricValue
from gan_bench.run import scorer_for
from gan_bench.streams import at_hand, of_tensor

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
        """One row a number, also of those that could not be computed: value, interval, counts, and why there is none."""
        rows = [
            {
                **m.model_dump(exclude={"interval"}),
                "low": m.interval.low if m.interval else None,
                "high": m.interval.high if m.interval else None,
            }
            for m in self.records
        ]
        return pd.DataFrame(rows).set_index("name")


def score(
    images: Array, dataset: str, *, labels: Array | None, value_range: tuple[float, float] | None, budget: str,
    extractors: list[str] | None, metrics: list[str] | None, device: str,
) -> Scores:  # fmt: skip
    """See `gan_bench.score`."""
    target, preset = DATASETS.create(dataset), parse_preset(budget)
    chosen = suites.measured_by(dataset, extractors, metrics)
    array = torch.as_tensor(images).detach().cpu()
    form = form_of(array.shape, array.dtype, value_range, conversion.are_points(target.image_shape))
    pictures = fit(of_tensor(form.at_rest(array)), target, "images")
    asked = None if labels is None else checked_labels(torch.as_tensor(labels).cpu(), len(pictures), len(target.class_names))
    scorer = scorer_for(dataset, preset.n_real, *chosen, pick(device), False)
    found = scorer.score(at_hand(pictures), dataset, asked)
    at_least_one(found, len(pictures))
    return Scores(found)
