"""Anybody's images: a folder of PNG, JPEG or WebP files, an array (.npz, .npy) or a tensor (.pt). Read when asked for.

What headers tell, such as sizes, is checked for all files at opening; what decoding tells stops the reading later, by name.
"""

from __future__ import annotations

import contextlib
import pickle
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from gan_bench.arrays import MIN_SIDE, Range, checked_labels, form_of
from gan_bench.errors import UserError
from gan_bench.progress import bar
from gan_bench.streams import MOST_BYTES, Stream

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_PIXELS = 2**24  # of an image
GREY, COLOUR = ("1", "L", "LA"), ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # PIL's modes that have 8 bits a channel
UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError)


class Found(NamedTuple):
    """What there is at a path.

    classes   the name or number of each image's class, where sub-folders or an array of labels tell it
    warnings  sentences on what may spoil a comparison
    """

    pictures: Stream
    classes: list[str] | None = None
    warnings: tuple[str, ...] = ()


def open_images(path: Path, value_range: Range | None = None, points: bool = False) -> Found:
    """The images at a path; `value_range` says what is black and what is white in an array of floats.

    Raises UserError, which names the file, for whatever is wrong with it.
    """
    openers = {".npz": _open_npz, ".npy": _open_npy, ".pt": _open_pt}
    if path.is_dir():
        if value_range is not None:
            raise UserError(f"{path} is a folder of image files, which have no other range of values than 0 to 255.")
        return _open_folder(path)
    if path.is_file() and path.suffix.lower() in openers:
        with naming(path):
            return openers[path.suffix.lower()](path, value_range, points)
    raise UserError(f"{path} is neither a folder of images nor an .npz, .npy or .pt file.")


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """A sentence on an array begins with the path of its file."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


class Header(NamedTuple):
    size: tuple[int, int]  # width and height
    grey: bool
    transparent: bool
    lossy: bool


def image_files(folder: Path) -> list[Path]:
    """All files below `folder` in a fixed order, hidden ones left out. Raises UserError at one that is no image."""
    files = sorted(
        p for p in folder.rglob("*") if p.is_file() and not any(s.startswith(".") for s in p.relative_to(folder).parts)
    )
    for file in files:
        if file.suffix.lower() not in SUFFIXES:
            raise UserError(f"{file} is not a PNG, JPEG or WebP file; remove it, or give another folder.")
    if not files:
        raise UserError(f"{folder} holds no images.")
    return files


def _open_folder(folder: Path) -> Found:
    files = image_files(folder)
    headers = []
    with bar(f"opening {folder}", total=len(files), unit="images") as advance:
        for file in files:
            headers.append(_header(file))
            if headers[-1].size != headers[0].size:
                sizes = ["{}x{}".format(*header.size) for header in (headers[-1], headers[0])]
                raise UserError(f"{file} is {sizes[0]} but {files[0]} is {sizes[1]}; all images must have one size.")
            advance(1)
    width, height = headers[0].size
    mode = "L" if all(header.grey for header in headers) else "RGB"  # one colour image makes the set a colour set
    pictures = Stream((1 if mode == "L" else 3, height, width), torch.arange(len(files)), partial(_decode, files, mode))
    below = [file.relative_to(folder).parts for file in files]
    classes = [parts[0] for parts in below] if all(len(parts) > 1 for parts in below) else None
    counted = {
        "have lost detail to JPEG or WebP compression, which alone shifts scores; compare lossless images":
            sum(header.lossy for header in headers),
        "are transparent in places; transparency was ignored": sum(header.transparent for header in headers),
    }  # fmt: skip
    warnings = tuple(f"{n:,} of the {len(files):,} images {what}." for what, n in counted.items() if n)
    return Found(pictures, classes, warnings)


def _header(file: Path) -> Header:
    """What an image file says of itself. Raises UserError naming the file."""
    try:
        with Image.open(file) as image:
            width, height = image.size
            if min(width, height) < MIN_SIDE:
                raise UserError(f"{file} is {width}x{height}; an image needs at least {MIN_SIDE} pixels a side.")
            if width * height > MAX_PIXELS:
                raise UserError(f"{file} is {width}x{height}, more than the {MAX_PIXELS:,} pixels that are read.")
            if image.mode not in GREY + COLOUR:
                raise UserError(f"{file} is of mode {image.mode}; expected 8 bits a channel: convert it.")
            transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
            return Header((width, height), image.mode in GREY, transparent, _is_lossy(file, image.format))
    except UNREADABLE as error:
        raise _unreadable(file, error) from error


def _is_lossy(file: Path, kind: str | None) -> bool:
    if kind == "WEBP":
        with open(file, "rb") as opened:
            return opened.read(16)[12:] == b"VP8 "  # the chunk of lossy pixels; that of lossless ones is VP8L
    return kind == "JPEG"


def _unreadable(file: Path, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return error
    return UserError(f"{file} cannot be read as an image ({error}); remove or replace it.")


def _decode(files: list[Path], mode: str, positions: Tensor) -> Tensor:
    """The images at these positions, uint8 (B, C, H, W)."""
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        decoded = list(threads.map(partial(_pixels, mode), [files[i] for i in positions.tolist()]))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()


def _pixels(mode: str, file: Path) -> np.ndarray:
    """(H, W, C) of one image file."""
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert(mode))
    except UNREADABLE as error:
        raise _unreadable(file, error) from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _open_npy(path: Path, value_range: Range | None, points: bool) -> Found:
    return Found(_stream(path, partial(_loaded, np.load, path, mmap_mode="r", allow_pickle=False), value_range, points))


def _open_pt(path: Path, value_range: Range | None, points: bool) -> Found:
    """A tensor, or a dictionary of tensors: `images` and perhaps `labels`. Only tensors are unpickled."""
    load = partial(_loaded, torch.load, path, weights_only=True, map_location="cpu", mmap=zipfile.is_zipfile(path))
    found = load()
    if isinstance(found, Tensor):
        return Found(_stream(path, load, value_range, points))
    if not isinstance(found, dict) or not isinstance(found.get("images"), Tensor):
        raise UserError(f"found a {type(found).__name__}; expected a tensor, or a dictionary with a tensor 'images'.")
    pictures = _stream(path, lambda: load()["images"], value_range, points)
    return Found(pictures, _classes(found.get("labels"), len(pictures)))


def _open_npz(path: Path, value_range: Range | None, points: bool) -> Found:
    """Array `images`, else the only one besides `labels`; guided diffusion's batches are `arr_0` and `arr_1`."""
    with _loaded(np.load, path, allow_pickle=False) as archive:
        names = [name for name in archive.files if name not in ("labels", "arr_1")]
        name = "images" if "images" in names else names[0] if len(names) == 1 else None
        if name is None:
            raise UserError(f"found {', '.join(archive.files) or 'nothing'} in it; expected an array called 'images'.")
        labels = next((_loaded(archive.__getitem__, other) for other in ("labels", "arr_1") if other in archive.files), None)
        pictures = _stream(path, _member(path, f"{name}.npy", archive), value_range, points)
    return Found(pictures, _classes(labels, len(pictures)))


def _member(path: Path, name: str, archive: Any) -> Callable[[], np.ndarray]:
    """What opens an array of an .npz: one that is stored as it is stays in its file; a compressed one is read whole."""
    member = archive.zip.getinfo(name)
    if member.compress_type == zipfile.ZIP_STORED:
        return partial(_loaded, _mapped, path, member.header_offset)
    if member.file_size > MOST_BYTES:
        raise UserError(
            f"its images are compressed and would take {member.file_size / 2**30:.1f} GiB of memory; "
            "save them by numpy.savez, as .npy or as a folder, which are read in pieces."
        )
    whole = _loaded(archive.__getitem__, name.removesuffix(".npy"))
    return lambda: whole


def _mapped(path: Path, header_offset: int) -> np.ndarray:
    """An array within a zip archive, left in its file: after a local header of 30 bytes, a name and an extra field."""
    with open(path, "rb") as file:
        file.seek(header_offset)
        header = file.read(30)
        file.seek(header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:  # its bytes would be taken for addresses
            raise ValueError("it holds Python objects")
        return np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _stream(path: Path, open_array: Callable[[], Any], value_range: Range | None, points: bool) -> Stream:
    """Images of an array that is opened anew for each piece, so that pages of its file do not pile up in memory."""
    array = open_array()
    form = form_of(array.shape, _tensor(array, torch.arange(0)).dtype, value_range, points)

    def read(positions: Tensor) -> Tensor:
        with naming(path):
            return form.at_rest(_tensor(open_array(), positions))

    return Stream(form.image_shape, torch.arange(len(array)), read)


def _tensor(array: Any, positions: Tensor) -> Tensor:
    """Some of an array's rows. Raises UserError at a dtype that is not of numbers."""
    if isinstance(array, Tensor):
        return array[positions]
    try:
        return torch.from_numpy(array[positions.numpy()])
    except TypeError as error:
        raise UserError(f"found an array of {array.dtype}; expected uint8, or floats whose range of values is said.") from error


def _classes(labels: Any, n: int) -> list[str] | None:
    return None if labels is None else [str(k) for k in checked_labels(torch.as_tensor(labels), n).tolist()]


def _loaded(load: Callable[..., Any], *args: Any, **options: Any) -> Any:
    try:
        return load(*args, **options)
    except (zipfile.BadZipFile, pickle.UnpicklingError, OSError, ValueError, EOFError, RuntimeError) as error:
        if isinstance(error, UserError):
            raise
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"it cannot be read as numbers ({first}).") from error
