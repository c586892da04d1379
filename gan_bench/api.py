"""What `gan_bench.score` does: score images from within anybody's program, such as a training loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gan_bench import images as conversion
from gan_bench import suites
from gan_bench.budget import parse_preset
from gan_bench.datasets import DATASETS
from gan_bench.device import pick
from gan_bench.errors import UserError
from gan_bench.external import as_dataset
from gan_bench.records import MetricValue
from gan_bench.run import scorer_for

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
    pictures = checked_images(
        torch.as_tensor(images).detach().cpu(), value_range, points=conversion.are_points(target.image_shape)
    )
    asked = None if labels is None else checked_labels(torch.as_tensor(labels).cpu(), len(pictures), len(target.class_names))
    scorer = scorer_for(dataset, preset.n_real, *chosen, pick(device), False)
    return Scores(scorer.score(as_dataset(pictures, target, "images"), dataset, asked))


def checked_images(images: Tensor, value_range: tuple[float, float] | None, points: bool) -> Tensor:
    """Images at rest. Raises UserError that says what was found, what was expected and what to do."""
    if points and images.ndim == 2:
        images = images[:, :, None, None]
    if images.ndim == 4 and images.shape[1] not in (1, 2, 3) and images.shape[3] in (1, 3):
        images = images.permute(0, 3, 1, 2)
    if images.ndim != 4 or len(images) == 0 or images.shape[1] not in ((2,) if points else (1, 3)):
        wanted = "points (N, 2)" if points else "images (N, C, H, W) or (N, H, W, C), N at least 1 and C 1 or 3"
        raise UserError(f"found an array of shape {tuple(images.shape)}; expected {wanted}.")
    if images.is_floating_point() and not images.isfinite().all():
        raise UserError(f"found {int((~images.isfinite()).sum()):,} values that are not finite; look at the generator first.")
    if points or images.dtype == torch.uint8:
        return images.float() if points else images.contiguous()
    if not images.is_floating_point():
        raise UserError(f"found images of {images.dtype}; expected uint8, or floats with value_range.")
    if value_range is None:
        raise UserError("found float images; say what is black and what is white: value_range=(-1, 1) or (0, 1).")
    low, high = value_range
    least, most = float(images.min()), float(images.max())
    if least < low or most > high:
        raise UserError(
            f"found values from {least:.4g} to {most:.4g}, outside value_range=({low}, {high}); clamp them or say another."
        )
    return conversion.to_uint8(2 * (images.float() - low) / (high - low) - 1)


def checked_labels(labels: Tensor, n: int, n_classes: int) -> Tensor:
    """Class numbers (n,). Raises UserError."""
    if labels.shape != (n,):
        raise UserError(f"found labels of shape {tuple(labels.shape)} for {n:,} images; expected one class number an image.")
    if labels.is_floating_point() or labels.min() < 0 or labels.max() >= n_classes:
        raise UserError(
            f"found labels from {labels.min().item()} to {labels.max().item()}; expected whole numbers below {n_classes}."
        )
    return labels.long()
