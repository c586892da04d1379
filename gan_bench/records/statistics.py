"""What a set of images looks like in numbers: for charts that say what gives fakes away. No metric is computed of it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from gan_bench.records.base import Written

N_LEVELS = 256
Share = Annotated[float, Field(ge=0, le=1)]
LogPower = Annotated[float, Field(ge=-100, le=100)]  # of pixels from 0 to 255, with a floor below
Coordinate = Annotated[float, Field(allow_inf_nan=False)]
COVERED_SHARE = 0.1  # of its share among the reals: a class with less counts as dropped


class Statistics(Written):
    """Of one set of images, or of points, all of it of the very samples that were scored.

    n           how many images or points
    levels      256 numbers, the share of all pixels, of all channels together, at each level 0..255; none of points
    spectrum    S // 2 + 1 numbers, where S is the longer side in pixels: the mean log10 power of the grey images (luma,
                0..255) in ring r = 0, 1, ..., at a radial frequency of r / S cycles a pixel, so from 0 to 0.5. Each image has a
                Hann window, and the mean over images and over the coefficients of a ring is one of logarithms. Ring 0 is the
                brightness alone, which the other rings are without (see `images.spectra`); none of points
    classes     (name, share) of each class of the dataset in its order, as the classifier sees the images; none without one
    classifier  the extractor that is the dataset's own classifier, such as "cifar10-resnet"; "": none was used
    points      the first 500 points, (x, y); those that are not finite are left out; none of images
    centres     the centre of each mode that points should fill
    sigma       the standard deviation of each coordinate around a centre
    """

    n: int
    levels: tuple[Share, ...] = ()
    spectrum: tuple[LogPower, ...] = ()
    classes: tuple[tuple[str, Share], ...] = ()
    classifier: str = ""
    points: tuple[tuple[Coordinate, ...], ...] = ()
    centres: tuple[tuple[Coordinate, ...], ...] = ()
    sigma: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.levels) not in (0, N_LEVELS):
            raise ValueError(f"there are {len(self.levels)} levels, not {N_LEVELS}")
        if any(len(place) != 2 for place in (*self.points, *self.centres)):
            raise ValueError("a point has not two coordinates")
        if self.centres and self.sigma is None:
            raise ValueError("there are centres without a sigma")
        return self
