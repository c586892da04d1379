"""Image files: reads a folder of PNG, JPEG or WebP files, an array (.npz, .npy) or a tensor (.pt); writes arrays of samples.

All headers, with the sizes of the images, are checked when a folder is opened. A file that cannot be decoded raises an error
later, when it is read; the error names the file.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.files import atomic_path
from gan_bench.core.progress import bar
from gan_bench.images.arrays import EXPECTED, Range, check_labels, checked_labels, form_of, naming
from gan_bench.images.below import below, is_folder, named, no_file, printable
from gan_bench.images.headers import GREY, KINDS, damage_of, flaw_of, lossy_kind
from gan_bench.images.sets import LazyImages
from gan_bench.images.stored import Stored, open_npy, open_npz, open_pt, rows

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
ARRAYS = (".npz", ".npy", ".pt")


class Found(NamedTuple):
    """The images at a path.

    images    read from their files when they are used
    classes   (N,) the name or number of each image's class, from sub-folders or from an array of labels; None without these
    warnings  sentences on what may make a comparison unfair
    """

    images: LazyImages
    classes: list[str] | None = None
    warnings: tuple[str, ...] = ()


def open_images(path: Path, value_range: Range | None = None, points: bool = False) -> Found:
    """The images at a path.

    value_range  the values of black and of white in an array of floats
    points       whether an array of points (N, 2) is expected instead of images

    Raises UserError, which names the file, for anything that cannot be read as images.
    """
    if is_folder(path):
        if points:
            raise UserError(f"{path} is a folder of images, and points are expected; give an array (N, 2) of them.")
        if value_range is not None:
            raise UserError(f"{path} is a folder of image files, which have no other range of values than 0 to 255.")
        return _open_folder(path)
    if not no_file(path) and path.suffix.lower() in ARRAYS:
        with naming(path):
            return _open_array(path, value_range, points)
    raise UserError(f"{path} is neither a folder of images nor an .npz, .npy or .pt file.")


class Header(NamedTuple):
    """What the header of an image file says."""

    size: tuple[int, int]  # width and height
    grey: bool
    transparent: bool
    lossy: bool


def _open_folder(folder: Path) -> Found:
    files, left_out = image_files(folder)
    headers = _headers(folder, files)

    width, height = headers[0].size
    mode = "L" if all(header.grey for header in headers) else "RGB"  # one colour image makes the set a colour set
    images = LazyImages((1 if mode == "L" else 3, height, width), torch.arange(len(files)), partial(_decode, files, mode))
    parts = [file.relative_to(folder).parts for file in files]
    classes = [printable(Path(names[0])) for names in parts] if all(len(names) > 1 for names in parts) else None
    return Found(images, classes, (*left_out, *_warnings(headers)))


def image_files(folder: Path) -> tuple[list[Path], tuple[str, ...]]:
    """All files below `folder`, without hidden ones, sorted by their own names first and then by their folders.

    Also sentences on what lies there and is no file: it is left out.

    Raises UserError for a file of another kind, and for a folder without images.
    """
    found = below(folder)
    # by names first: an export numbers its images across the folders of its classes, and some metrics pick images by place
    files = sorted(found.files, key=lambda path: (path.name, path))
    for file in files:
        if file.suffix.lower() not in SUFFIXES:
            raise UserError(f"{printable(file)} is not a PNG, JPEG or WebP file; remove it, or give another folder.")

    odd = [f"{printable(path.relative_to(folder))} ({what})" for path, what in sorted(found.odd.items())]
    were = "1 thing in it is no file and was" if len(odd) == 1 else f"{len(odd):,} things in it are no files and were"
    left_out = (f"{were} left out: {named(odd)}.",) if odd else ()
    if not files:
        raise UserError(" ".join([f"{folder} holds no images.", *left_out]))
    return files, left_out


def _headers(folder: Path, files: list[Path]) -> list[Header]:
    """The headers of image files. Raises UserError, naming the file, where one cannot be read or its size differs."""
    headers: list[Header] = []
    with warnings.catch_warnings(), bar(f"opening {folder}", total=len(files), unit="images") as advance:
        warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged or huge images, which an error tells of
        for file in files:
            headers.append(_header(file))
            if headers[-1].size != headers[0].size:
                sizes = ["{}x{}".format(*header.size) for header in (headers[-1], headers[0])]
                shown = [printable(one) for one in (file, files[0])]
                raise UserError(f"{shown[0]} is {sizes[0]} but {shown[1]} is {sizes[1]}; all images must have one size.")
            advance(1)
    return headers


def _warnings(headers: list[Header]) -> tuple[str, ...]:
    """A sentence for each thing that may make a comparison unfair, with the number of images that have it."""
    counted = {
        "have lost detail to JPEG or WebP compression, which alone changes scores; compare lossless images":
            sum(header.lossy for header in headers),
        "are transparent in places; transparency was ignored": sum(header.transparent for header in headers),
    }  # fmt: skip
    return tuple(f"{n:,} of the {len(headers):,} images {what}." for what, n in counted.items() if n)


def _header(file: Path) -> Header:
    """The header of an image file. Raises UserError, naming the file, where the image cannot be used."""
    with _opened(file) as image:
        if flaw := flaw_of(image, file):
            raise UserError(f"{printable(file)}: {flaw}.")
        transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
        return Header(image.size, image.mode in GREY, transparent, bool(lossy_kind(image, file)))


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """An image file. Whatever PIL raises at a damaged one becomes a UserError that names the file."""
    try:
        with Image.open(file, formats=KINDS) as image:
            yield image
    except UserError:
        raise
    except Exception as error:
        what = damage_of(error)
        raise UserError(f"{printable(file)} cannot be read as an image ({what}); remove or replace it.") from error


def _decode(files: list[Path], mode: str, positions: Tensor) -> Tensor:
    """The images at these positions, uint8 (B, C, H, W)."""
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        decoded = list(threads.map(partial(_pixels, mode), [files[i] for i in positions.tolist()]))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()


def _pixels(mode: str, file: Path) -> np.ndarray:
    """The pixels of one image file, uint8 (H, W, C). Raises UserError naming the file."""
    with _opened(file) as image:
        pixels = np.asarray(image.convert(mode))
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _open_array(path: Path, value_range: Range | None, points: bool) -> Found:
    """The images of an array, and the numbers of their classes if it has labels."""
    kind, labels = path.suffix.lower(), None
    if kind == ".pt":
        images, labels = open_pt(path)
    elif kind == ".npz":
        images, labels = open_npz(path)
    else:
        images = open_npy(path)

    lazy = _lazy(path, images, value_range, points)
    return Found(lazy, _classes(labels, len(lazy)))


def _lazy(path: Path, stored: Stored, value_range: Range | None, points: bool) -> LazyImages:
    """The images of an array. One in its file is mapped again for each piece, so that memory does not fill with pages of it."""
    if stored.dtype is None:
        raise UserError(f"found an array of {stored.kind}; {EXPECTED}.")
    form = form_of(stored.shape, stored.dtype, value_range, points)
    if value_range not in (None, (0, 255)) and stored.dtype == torch.uint8:
        raise UserError("found images of uint8, which have no other range of values than 0 to 255; leave --value-range out.")
    array = None if stored.mapped else stored.load()

    def read(positions: Tensor) -> Tensor:
        with naming(path):
            return form.at_rest(rows(stored.load() if array is None else array, positions))

    return LazyImages(form.image_shape, torch.arange(stored.shape[0]), read)


def _classes(labels: Any, n: int) -> list[str] | None:
    """Labels (n,) as texts. Raises UserError where they are not one whole number for each image."""
    if labels is None:
        return None
    if isinstance(labels, Stored):
        check_labels(labels.shape, labels.dtype, labels.kind, n)  # before they are read: they may take any memory
        labels = rows(labels.load(), torch.arange(n))
    return [str(k) for k in checked_labels(labels, n).tolist()]


def save_samples(images: Tensor, labels: Tensor | None, path: Path) -> None:
    """Write images at rest (N, C, H, W), and labels (N,) if there are any, as a compressed .npz."""
    arrays: dict[str, Any] = {"images": images.numpy()}
    if labels is not None:
        arrays["labels"] = labels.numpy()
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
