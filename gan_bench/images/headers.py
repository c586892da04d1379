"""Whether an image file can be used: one rule for all that read image files. It looks at headers alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from gan_bench.images.arrays import MIN_SIDE

KINDS = ("PNG", "JPEG", "WEBP")
SEVERAL = "MPO"  # what PIL calls a JPEG of several pictures, as cameras make it: the first is the photograph
MAX_PIXELS = 2**24  # of one image
GREY, COLOUR = ("1", "L", "LA"), ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # PIL's modes with 8 bits or less for each channel


def flaw_of(image: Image.Image, file: Path) -> str:
    """Why an opened image file cannot be used as it is meant, with 8 bits a channel; "": it can."""
    width, height = image.size
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != SEVERAL:
        return f"animated: it has {frames} frames"
    if min(width, height) < MIN_SIDE:
        return f"{width}x{height}; an image needs at least {MIN_SIDE} pixels on each side"
    if width * height > MAX_PIXELS:
        return f"{width}x{height}, more than the limit of {MAX_PIXELS:,} pixels"
    if image.format == "PNG" and _bits(file) == 16:
        return "16 bits a channel, of which 8 would be lost; convert it, such as by ImageMagick's mogrify -depth 8"
    if image.mode not in GREY + COLOUR:
        return f"of mode {image.mode}, not of 8 bits a channel; convert it"
    return ""


def damage_of(error: Exception) -> str:
    """In words, what PIL's error says of a file. Damaged files make its decoders raise errors of many kinds."""
    if isinstance(error, UnidentifiedImageError):
        return "no PNG, JPEG or WebP image, or damaged"
    if isinstance(error, Image.DecompressionBombError):
        return f"more than the limit of {MAX_PIXELS:,} pixels"
    if isinstance(error, OSError) and error.strerror:
        return f"cannot be opened: {error.strerror}"
    return f"damaged: {error or type(error).__name__}"


def lossy_kind(image: Image.Image, file: Path) -> str:
    """What compressed the pixels with loss, "JPEG" or "WebP"; "": nothing, as far as the file tells."""
    if image.format == "WEBP":
        with open(file, "rb") as opened:
            return "WebP" if b"VP8 " in _chunks(opened.read()) else ""  # the chunk of lossless pixels is VP8L
    return "JPEG" if image.format in ("JPEG", SEVERAL) else ""


def _bits(file: Path) -> int:
    """The bits of each channel of a PNG file. PIL does not tell: it opens 16 bits in colour as 8."""
    with open(file, "rb") as opened:
        return opened.read(25)[24]  # signature, length and type of the first chunk, width, height, bits


def _chunks(data: bytes) -> Iterator[bytes]:
    """The names of the chunks of a WebP file. With transparency or a profile, the pixels are not in the first."""
    place = 12
    while place < len(data):
        yield data[place : place + 4]
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        place += 8 + size + size % 2  # chunks begin at even places
