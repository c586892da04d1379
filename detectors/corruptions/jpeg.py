"""JPEG at a quality, as Pillow writes it: with its own choice of chroma subsampling, 4:2:0."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import DrawnCorruption, Parameters, Rows, for_side, from_picture, to_picture

QUALITIES: Rows[tuple[int, ...]] = ((80, 65, 58, 50, 40), (65, 58, 50, 40, 25), (95, 85, 70, 50, 30))


@CORRUPTIONS.register
class Jpeg(DrawnCorruption):
    """JPEG compression and decompression."""

    name = "jpeg"
    title = "saved as JPEG at a lower and lower quality"

    def parameters(self, severity: int, side: int, draws: Sequence[float]) -> Parameters:
        """The quality, 1 to 100 on Pillow's scale."""
        return {"quality": for_side(QUALITIES, side)[severity - 1]}

    def apply(self, image: np.ndarray, parameters: Parameters) -> np.ndarray:
        """Encode and decode."""
        return compressed(image, int(parameters["quality"]))


def encoded(image: np.ndarray, quality: int) -> bytes:
    """uint8 (H, W, C) -> the bytes of a JPEG file."""
    file = io.BytesIO()
    to_picture(image).save(file, "JPEG", quality=quality)
    return file.getvalue()


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (H, W, C) -> what a JPEG file of this quality keeps of it."""
    picture = to_picture(image)
    # the decoder that Image.open ends in; reading the header before takes longer than a small image
    return from_picture(Image.frombytes(picture.mode, picture.size, encoded(image, quality), "jpeg", picture.mode, ""))
