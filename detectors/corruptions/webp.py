"""Lossy WebP at a quality, as Pillow writes it."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, for_side, from_picture, to_picture
from gan_bench.detectors.corruptions.jpeg import QUALITIES  # no -C set has WebP; its scale also runs from 0 to 100


@CORRUPTIONS.register
class Webp(DrawnCorruption):
    """WebP compression and decompression."""

    name = "webp"
    title = "saved as lossy WebP at a lower and lower quality"

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The quality, 0 to 100 on the scale of libwebp."""
        return {"quality": for_side(QUALITIES, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Encode and decode. WebP has no grey images: such a one travels as colour, and its luma is read."""
        picture, file = to_picture(image), io.BytesIO()
        picture.save(file, "WEBP", quality=int(parameters["quality"]))
        return from_picture(Image.open(file, formats=("WEBP",)).convert(picture.mode))
