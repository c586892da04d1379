"""Somebody's images in a dataset's shape, and signs that they were stored in another way than its own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional as F

from gan_bench.core.remarks import Tell
from gan_bench.images import convert
from gan_bench.images.arrays import Range, form_of
from gan_bench.images.sets import ImageSet, LazyImages, in_memory, load_if_small, spread

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset

LOOKED_AT = 500  # images, for their statistics
FAR = 64  # levels of 255 by which mean brightnesses differ
FLAT, RICH = 16, 128  # levels of 255: what images, and reals, span at most and at least where a range seems too wide
MIDDLE = 127  # the level of 0 in a range from -1 to 1, rounded down
BRIGHT = 192  # a level that images over half of the range reach
COLOURS = {1: "grey", 3: "colour"}  # by the number of channels


def fit_array(array: Tensor, dataset: Dataset, value_range: Range | None, tell: Tell) -> ImageSet:
    """Images in memory, in the dataset's shape and on the device that they are on.

    Raises UserError for whatever is wrong with them.
    """
    array = array.detach()
    form = form_of(array.shape, array.dtype, value_range, convert.are_points(dataset.image_shape))
    return load_if_small(fit(LazyImages.of(form.at_rest(array)), dataset, tell))


def fit(images: LazyImages, dataset: Dataset, tell: Tell) -> LazyImages:
    """Images in the dataset's shape; whatever has to be changed is told.

    Images of the size that the dataset's own had before they were padded are padded in the same way.
    """
    channels, *size = dataset.image_shape
    given, *given_size = images.image_shape
    padded = dataset.padding > 0 and [side + 2 * dataset.padding for side in given_size] == size
    resized = not padded and given_size != size

    if given != channels:
        tell(logging.WARNING, f"{COLOURS[given]} images were turned into {COLOURS[channels]}.")
    if padded:
        tell(logging.INFO, f"images were padded to {_sides(size)}, as those of {dataset.name} are.")
    if resized:
        tell(logging.WARNING, f"images of {_sides(given_size)} were resized to {_sides(size)} (antialiased bicubic).")

    def change(batch: Tensor) -> Tensor:
        batch = convert.to_channels(batch, channels)
        if padded:
            batch = F.pad(batch, 4 * (dataset.padding,))
        if resized:
            batch = F.interpolate(batch.float(), size=size, mode="bicubic", antialias=True).round().clamp(0, 255).byte()
        return batch.contiguous()

    return images if images.image_shape == dataset.image_shape else images.then(change, dataset.image_shape)


def _sides(size: Sequence[int]) -> str:
    """(height, width) in words: width first."""
    height, width = size
    return f"{width}x{height}"


def tell_oddities(images: ImageSet, reals: ImageSet, tell: Tell) -> None:
    """Tell where some of the images look as if they were stored in another way than the reals."""
    made, real = (in_memory(some[spread(len(some), LOOKED_AT)]) for some in (images, reals))
    for oddity in oddities(made, real):
        tell(logging.WARNING, oddity)


def oddities(made: Tensor, real: Tensor) -> list[str]:
    """Signs that uint8 images (N, C, H, W) were stored in another way than the reals, whatever they show."""
    if convert.are_points(made.shape[1:]):
        return []

    found = []
    level, level_of_reals = made.float().mean().item(), real.float().mean().item()
    if made.max() <= 1:
        found.append("no value is above 1 of 255; were floats from 0 to 1 cut to whole numbers?")
    elif int(made.max()) - int(made.min()) < FLAT and int(real.max()) - int(real.min()) > RICH:
        found.append(
            f"all values lie from {made.min()} to {made.max()} of 255; is the range of values that was declared much wider "
            "than that of the images, or the generator untrained?"
        )
    elif made.min() >= MIDDLE > real.min() and made.max() >= BRIGHT:  # not the even grey of an untrained generator
        found.append(
            "no value is in the darker half of the range; are they from 0 to 1 and were declared as -1 to 1, or inverted?"
        )
    elif abs(level - level_of_reals) > FAR:
        found.append(
            f"the mean level is {level:.0f} of 255, that of the reals {level_of_reals:.0f}; "
            "are they inverted, or of another range?"
        )
    if made.shape[1] == 3 and is_grey(made) and not is_grey(real):
        found.append("all images are grey, and the reals have colours.")
    return found


def is_grey(images: Tensor) -> bool:
    """Whether all channels of images (N, C, H, W) are equal."""
    return bool((images == images[:, :1]).all())
