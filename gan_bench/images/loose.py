"""Images that are read one by one, each of its own size and kind, as people have them. See `files` for sets of one size.

An image that cannot be had as it was meant, with 8 bits a channel, is refused. What had to be changed or ignored is noted.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.images import convert
from gan_bench.images.arrays import Range
from gan_bench.images.below import ABSENT, below, is_folder, named, no_file, printable
from gan_bench.images.files import ARRAYS, open_images
from gan_bench.images.headers import GREY, KINDS, SEVERAL, damage_of, flaw_of, lossy_kind
from gan_bench.images.sets import in_memory, load_if_small

LABELS = {"real": 0, "0": 0, "fake": 1, "1": 1, "": None}  # in a CSV; empty: not known
CONVERTED = {  # PIL's mode -> the note on what becomes of it
    "1": "black and white, 1 bit a pixel", "P": "had a palette", "PA": "had a palette", "CMYK": "CMYK, made RGB",
    "YCbCr": "YCbCr, made RGB",
}  # fmt: skip


class Refused(Exception):
    """An image cannot be used; the text says why."""


class Picture(NamedTuple):
    """One image.

    pixels  uint8 (C, H, W), C 1 or 3
    lossy   "JPEG" or "WebP" where its file was compressed with loss, else ""
    notes   what was changed or ignored
    """

    pixels: Tensor
    lossy: str = ""
    notes: tuple[str, ...] = ()


class LooseImages(NamedTuple):
    """Images of any sizes.

    names   what each is called: its path below the folder, as the CSV has it, or its place in an array
    labels  0 real, 1 fake, None not known
    read    the place of an image -> the image. Raises Refused
    """

    names: list[str]
    labels: list[int | None]
    read: Callable[[int], Picture]


def open_loose(path: Path, value_range: Range | None = None) -> LooseImages:
    """The images at a path: a folder with its sub-folders, an image, an array, or a CSV with a column `path`.

    A CSV may have a column `label`: real or 0, fake or 1, or nothing. Its paths are relative to its own folder.
    value_range  the values of black and of white in an array of floats

    Raises UserError where there is no image, and for a CSV or an array that cannot be read.
    """
    kind = path.suffix.lower()
    what = no_file(path)
    if not what and kind in ARRAYS:
        return _open_array(path, value_range)
    if value_range is not None:
        raise UserError(f"{path} is no array, and other images have no other range of values than 0 to 255.")

    if is_folder(path):
        return _of_folder(path)
    if what:
        found = "does not exist" if what == ABSENT else f"is no file ({what})"
        raise UserError(f"{path} {found}; give a folder of images, an image, an array, or a CSV of paths.")
    return _open_csv(path) if kind == ".csv" else _of_files([printable(path)], [path], [None])


def fitted(picture: Picture, image_shape: tuple[int, int, int], padding: int = 0) -> Picture:
    """An image in this shape (C, H, W), with a note on each change that loses or invents something.

    padding  how many black pixels the images of this shape got on each side: an image as they were before gets them too
    """
    channels, *size = image_shape
    pixels, notes = picture.pixels[None], list(picture.notes)
    if pixels.shape[1] != channels:
        if channels == 3:
            notes.append("grey, made colour")
        elif (pixels != pixels[:, :1]).any():  # equal channels are grey, so nothing is lost
            notes.append("colour, made grey")
        pixels = convert.to_channels(pixels, channels)

    given = list(pixels.shape[2:])
    if padding and [side + 2 * padding for side in given] == size:
        pixels = F.pad(pixels, 4 * (padding,))
    elif given != size:
        notes.append("resized from {1}x{0}".format(*given))
        resized = F.interpolate(pixels.float(), size=size, mode="bicubic", antialias=True)
        pixels = resized.round().clamp(0, 255).byte()
    return picture._replace(pixels=pixels[0].contiguous(), notes=tuple(notes))


def _of_files(names: list[str], files: list[Path], labels: list[int | None]) -> LooseImages:
    return LooseImages(names, labels, lambda i: read_picture(files[i]))


def _of_folder(folder: Path) -> LooseImages:
    """All that lies below a folder, sorted. What is no file is refused. Raises UserError where there is nothing."""
    found = below(folder)
    paths = sorted([*found.files, *found.odd])
    if not paths:
        raise UserError(f"{folder} holds no images; give a folder with PNG, JPEG or WebP files in it.")

    def read(i: int) -> Picture:
        if paths[i] in found.odd:
            raise Refused(found.odd[paths[i]])
        return read_picture(paths[i])

    return LooseImages([printable(path.relative_to(folder)) for path in paths], [None] * len(paths), read)


def _open_array(path: Path, value_range: Range | None) -> LooseImages:
    images = load_if_small(open_images(path, value_range).images)
    names = [f"{printable(Path(path.name))}[{i}]" for i in range(len(images))]

    def read(i: int) -> Picture:
        return Picture(in_memory(images[torch.tensor([i])])[0])

    return LooseImages(names, [None] * len(names), read)


def _open_csv(path: Path) -> LooseImages:
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            lines = list(_lines(path, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV file in UTF-8 ({error}).") from error
    if not lines:
        raise UserError(f"{path} names no images; it has no line below its header.")

    names = [name for name, _ in lines]
    return _of_files(names, [path.parent / name for name in names], [label for _, label in lines])


def _lines(path: Path, reader: csv.DictReader[str]) -> Iterator[tuple[str, int | None]]:
    """Path and label of each line of a CSV. Raises UserError, naming the line, where one is wrong."""
    columns = reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    if "path" not in columns:
        shown = named(name[:40] if name.isprintable() else repr(name[:40]) for name in columns)
        raise UserError(f"{path} has no column `path`; it has {shown or 'no header'}.")

    for line in reader:
        name, label = (line["path"] or "").strip(), (line.get("label") or "").strip()
        if not name:
            raise UserError(f"{path}, line {reader.line_num}: the path is empty.")
        if label.lower() not in LABELS:
            raise UserError(
                f"{path}, line {reader.line_num}: the label {label[:40]!r} is not real, fake, 0 (real) or 1 (fake)."
            )
        yield name, LABELS[label.lower()]


def read_picture(file: Path) -> Picture:
    """One image file, turned as its EXIF orientation says. Raises Refused for whatever cannot be used."""
    if what := no_file(file):  # to open a pipe would hang
        raise Refused(what)
    try:
        with Image.open(file, formats=KINDS) as image:
            if flaw := flaw_of(image, file):
                raise Refused(flaw)
            return _picture(image, file)
    except Refused:
        raise
    except Exception as error:  # damaged files make PIL's decoders raise errors of many kinds
        raise Refused(damage_of(error)) from error


def _picture(image: Image.Image, file: Path) -> Picture:
    """An image that `_check` lets pass."""
    notes = [CONVERTED[image.mode]] if image.mode in CONVERTED else []
    if image.format == SEVERAL:
        notes.append("first of several pictures in its file")
    lossy = lossy_kind(image, file)

    mode = "L" if image.mode in GREY else "RGB"
    turned = ImageOps.exif_transpose(image)
    if turned.has_transparency_data:
        turned = turned.convert("RGBA")
        if turned.getchannel("A").getextrema() != (255, 255):
            notes.append("transparency ignored")

    pixels = torch.from_numpy(np.array(turned.convert(mode)))
    pixels = pixels[None] if mode == "L" else pixels.permute(2, 0, 1)
    return Picture(pixels.contiguous(), lossy, tuple(notes))
