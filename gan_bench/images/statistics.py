"""Images, or points, to the statistics that a run keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gan_bench.images.convert import are_points
from gan_bench.images.mixture import Mixture
from gan_bench.images.sets import PIECE
from gan_bench.images.spectra import azimuthal_mean
from gan_bench.records import Statistics

KEPT_POINTS = 500


class Classified(NamedTuple):
    """The class of each image by a classifier.

    classifier  the name of the extractor
    classes     (N,) int64
    """

    classifier: str
    classes: Tensor


def statistics_of(
    samples: Tensor, mixture: Mixture | None, class_names: Sequence[str] = (), classified: Classified | None = None
) -> Statistics:
    """Statistics of samples at rest (N, C, H, W).

    mixture      what points were drawn from; needed for points alone
    class_names  of all classes, where the samples are classified
    """
    if are_points(samples.shape[1:]):
        return _of_points(samples.flatten(1), mixture)

    found = Statistics(
        n=len(samples), levels=tuple(level_shares(samples).tolist()), spectrum=tuple(azimuthal_mean(samples).tolist())
    )
    if classified is None:
        return found
    counts = torch.bincount(classified.classes, minlength=len(class_names))
    shares = zip(class_names, (counts.double() / len(samples)).tolist(), strict=True)
    return found.model_copy(update={"classes": tuple(shares), "classifier": classified.classifier})


def _of_points(points: Tensor, mixture: Mixture | None) -> Statistics:
    assert mixture is not None
    first = points[:KEPT_POINTS]
    finite = first[first.isfinite().all(1)]
    return Statistics(n=len(points), points=tuple(map(tuple, finite.tolist())), centres=mixture.centres, sigma=mixture.sigma)


def level_shares(images: Tensor) -> Tensor:
    """uint8 (N, C, H, W) -> float64 (256,): the share of all pixels, of all channels together, at each level."""
    counts = torch.zeros(256, dtype=torch.int64)
    for piece in images.split(PIECE):
        counts += torch.bincount(piece.flatten(), minlength=256)
    return counts.double() / images.numel()
