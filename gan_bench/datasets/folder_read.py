"""Reads a folder of anybody's images, or an array, as networks need them: squares of one side, grey or in colour, with classes.

An image that is not square is cut to the square in its middle. Then it is resized by antialiased bicubic interpolation, as
scored images are. Where no image has a colour, the set is grey. A file that is no image is left out. Each thing that was
changed or left out is counted in a sentence.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.core.errors import UserError
from gan_bench.core.progress import bar
from gan_bench.images import convert
from gan_bench.images.below import ABSENT, is_folder, named, no_file
from gan_bench.images.files import open_images
from gan_bench.images.loose import LooseImages, Refused, open_loose
from gan_bench.images.sets import PIECE

FEWEST = 10  # different images: one of them to test on
ENLARGED = 2  # from this factor on, enlarged images lack detail that anyone sees


class Decoded(NamedTuple):
    """What was read.

    images    (N, C, side, side) uint8, C 1 or 3
    classes   (N,) the name of each image's class; None: there are no classes
    warnings  sentences on what was changed, left out, or may be misleading
    changed   whether more than half of the images were cut or resized
    """

    images: Tensor
    classes: list[str] | None
    warnings: tuple[str, ...]
    changed: bool = False


class Square(NamedTuple):
    """One image.

    pixels  (C, side, side) uint8; C is 1 where all channels are equal
    size    (height, width) before
    lossy   whether its file was compressed with loss
    notes   what else was changed or ignored
    """

    pixels: Tensor
    size: tuple[int, int]
    lossy: bool = False
    notes: tuple[str, ...] = ()


def decode(path: Path, side: int) -> Decoded:
    """All images at a path. Raises UserError where there are fewer than FEWEST, or an array cannot be read."""
    if no_file(path) == ABSENT:
        raise UserError(f"{path} does not exist; give a folder of images, or an .npz file with an array 'images'.")
    decoded = _of_files(path, open_loose(path), side) if is_folder(path) else _of_array(path, side)
    n, different = len(decoded.images), len(set(digests(decoded.images)))
    if different < FEWEST:
        found = f"{n} image{'s' * (n != 1)}" if n == different else f"{n} images, of which {different} differ"
        raise UserError(f"{path} holds {found}; to train and test on, give {FEWEST} at least, better a thousand or more.")
    copies = [f"{n - different:,} of the {n:,} images are copies of others."] if different < n else []
    return decoded._replace(warnings=(*decoded.warnings, *copies))


def digests(images: Tensor) -> list[str]:
    """The SHA-256 of each of the images (N, C, H, W) uint8."""
    return [hashlib.sha256(image.tobytes()).hexdigest() for image in images.numpy()]


def squares(images: Tensor, side: int) -> Tensor:
    """uint8 (B, C, H, W) -> (B, C, side, side): the square in the middle, resized."""
    height, width = images.shape[2:]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    cut = images[:, :, top : top + shorter, left : left + shorter]
    if shorter == side:
        return cut.contiguous()
    resized = F.interpolate(cut.float(), size=(side, side), mode="bicubic", antialias=True)
    return resized.round().clamp(0, 255).byte()


def _of_files(folder: Path, files: LooseImages, side: int) -> Decoded:
    found, names, left_out = [], [], []
    with bar(f"reading {folder.resolve().name}", total=len(files.names), unit="images") as advance:
        for name, one in zip(files.names, _read(files, side), strict=True):
            if isinstance(one, Refused):
                left_out.append(f"{name} ({one})")
            else:
                found.append(one)
                names.append(Path(name))
            advance(1)

    if not found:
        raise UserError(f"{folder} holds no image that can be read; the first file is {left_out[0]}.")
    below = [name.parts[0] if len(name.parts) > 1 else None for name in names]
    classes = None if None in below else [str(name) for name in below]
    warnings = (*_left_out(left_out), *_beside(below), *_changes(found, side))
    n_changed = sum(one.size != (side, side) for one in found)
    return Decoded(_together(found), classes, warnings, n_changed > len(found) / 2)


def _read(files: LooseImages, side: int) -> Iterator[Square | Refused]:
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        yield from threads.map(partial(_square, files, side), range(len(files.names)))


def _square(files: LooseImages, side: int, place: int) -> Square | Refused:
    try:
        picture = files.read(place)
    except Refused as reason:
        return reason
    height, width = picture.pixels.shape[1:]
    pixels = squares(picture.pixels[None], side)[0]
    is_grey = bool((pixels == pixels[:1]).all())
    return Square(pixels[:1].clone() if is_grey else pixels, (height, width), bool(picture.lossy), picture.notes)


def _together(found: list[Square]) -> Tensor:
    """(N, C, side, side), in colour where one of them is."""
    channels = max(len(one.pixels) for one in found)
    return torch.stack([convert.to_channels(one.pixels[None], channels)[0] for one in found])


def _left_out(files: list[str]) -> Iterator[str]:
    if files:
        was = "1 file was" if len(files) == 1 else f"{len(files):,} files were"
        yield f"{was} left out: {named(files)}."


def _beside(below: list[str | None]) -> Iterator[str]:
    n = below.count(None)
    if 0 < n < len(below):
        yield f"{n:,} of the {len(below):,} images lie beside the sub-folders, not in one, so there are no classes."


def _changes(found: list[Square], side: int) -> Iterator[str]:
    """A sentence for each thing that happened to some of the images, with how many they are."""
    n, sizes = len(found), sorted({one.size for one in found}, key=lambda size: size[0] * size[1])
    ends = ["{1}x{0}".format(*size) for size in (sizes[0], sizes[-1])]
    resized = sum(min(one.size) != side for one in found)
    if len(sizes) > 1:
        yield f"the images have {len(sizes):,} sizes, from {ends[0]} to {ends[1]}; {resized:,} were resized to {side}x{side}."
    elif resized:
        yield f"all {n:,} images were resized from {ends[0]} to {side}x{side}."

    counts = Counter(note for one in found for note in one.notes)
    counts["not square, cut to the square in the middle"] = sum(one.size[0] != one.size[1] for one in found)
    counts[f"much smaller than {side}x{side}, enlarged"] = sum(ENLARGED * min(one.size) <= side for one in found)
    counts["compressed with loss (JPEG or WebP), which detectors may see"] = sum(one.lossy for one in found)
    if any(len(one.pixels) == 3 for one in found):
        counts["grey, made colour"] = sum(len(one.pixels) == 1 for one in found)
    yield from (f"{count:,} of the {n:,} images: {what}." for what, count in counts.items() if count)


def _of_array(path: Path, side: int) -> Decoded:
    """The images of an array, all of one size."""
    found = open_images(path)
    _, height, width = found.images.image_shape
    with bar(f"reading {path.name}", total=len(found.images), unit="images") as advance:
        pieces = []
        for piece in found.images.split(PIECE):
            pieces.append(squares(piece, side))
            advance(len(piece))

    images = torch.cat(pieces)
    is_grey = bool((images == images[:, :1]).all())
    warnings = (*found.warnings, *_changes([Square(images[0], (height, width))] * len(images), side))
    changed = (height, width) != (side, side)
    return Decoded(images[:, :1].contiguous() if is_grey else images, found.classes, warnings, changed)
