"""Image files: reads a folder of PNG, JPEG or WebP files, an array (.npz, .npy) or a tensor (.pt); writes arrays of samples.

All headers, with the sizes of the images, are checked when a folder is opened. A file that cannot be decoded raises an error
later, when it is read; the error names the file.
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

from gan_bench.core.errors import UserError
from gan_bench.core.files import atomic_path
from gan_bench.core.progress import bar
from gan_bench.images.arrays import MIN_SIDE, Range, checked_labels, form_of
from gan_bench.images.sets import MOST_BYTES, LazyImages

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MAX_PIXELS = 2**24  # of one image
GREY, COLOUR = ("1", "L", "LA"), ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")  # PIL's modes with 8 bits or less for each channel
LABELS = ("labels", "arr_1")  # names of an .npz file's array of labels
UNREADABLE = (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError)


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
    """The context in which the text of a UserError about an array gets the path of its file in front."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{path}: {error}") from error


class Header(NamedTuple):
    """What the header of an image file says."""

    size: tuple[int, int]  # width and height
    grey: bool
    transparent: bool
    lossy: bool


def image_files(folder: Path) -> list[Path]:
    """All files below `folder`, without hidden ones, sorted by their own names first and then by their folders.

    Raises UserError for a file of another kind, and for a folder without images.
    """
    found = [path for path in folder.rglob("*") if path.is_file()]
    seen = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    # by names first: an export numbers its images across the folders of its classes, and some metrics pick images by place
    files = sorted(seen, key=lambda path: (path.name, path))
    for file in files:
        if file.suffix.lower() not in SUFFIXES:
            raise UserError(f"{file} is not a PNG, JPEG or WebP file; remove it, or give another folder.")
    if not files:
        raise UserError(f"{folder} holds no images.")
    return files


def _open_folder(folder: Path) -> Found:
    files = image_files(folder)
    headers = _headers(folder, files)

    width, height = headers[0].size
    mode = "L" if all(header.grey for header in headers) else "RGB"  # one colour image makes the set a colour set
    images = LazyImages((1 if mode == "L" else 3, height, width), torch.arange(len(files)), partial(_decode, files, mode))
    below = [file.relative_to(folder).parts for file in files]
    classes = [parts[0] for parts in below] if all(len(parts) > 1 for parts in below) else None
    return Found(images, classes, _warnings(headers))


def _headers(folder: Path, files: list[Path]) -> list[Header]:
    """The headers of image files. Raises UserError, naming the file, where one cannot be read or its size differs."""
    headers: list[Header] = []
    with bar(f"opening {folder}", total=len(files), unit="images") as advance:
        for file in files:
            headers.append(_header(file))
            if headers[-1].size != headers[0].size:
                sizes = ["{}x{}".format(*header.size) for header in (headers[-1], headers[0])]
                raise UserError(f"{file} is {sizes[0]} but {files[0]} is {sizes[1]}; all images must have one size.")
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
    try:
        with Image.open(file) as image:
            width, height = image.size
            if min(width, height) < MIN_SIDE:
                raise UserError(f"{file} is {width}x{height}; an image needs at least {MIN_SIDE} pixels on each side.")
            if width * height > MAX_PIXELS:
                raise UserError(f"{file} is {width}x{height}, more than the limit of {MAX_PIXELS:,} pixels.")
            if image.mode not in GREY + COLOUR:
                raise UserError(f"{file} is of mode {image.mode}; expected 8 bits a channel; convert it.")
            transparent = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
            return Header((width, height), image.mode in GREY, transparent, _is_lossy(file, image.format))
    except UNREADABLE as error:
        raise _unreadable(file, error) from error


def _is_lossy(file: Path, kind: str | None) -> bool:
    """Whether an image file of this format, as PIL names it, was compressed with loss."""
    if kind == "WEBP":
        with open(file, "rb") as opened:
            return opened.read(16)[12:] == b"VP8 "  # the chunk of lossy pixels; that of lossless ones is VP8L
    return kind == "JPEG"


def _unreadable(file: Path, error: Exception) -> UserError:
    """The error to raise instead of one that PIL raised for this file."""
    if isinstance(error, UserError):
        return error
    return UserError(f"{file} cannot be read as an image ({error}); remove or replace it.")


def _decode(files: list[Path], mode: str, positions: Tensor) -> Tensor:
    """The images at these positions, uint8 (B, C, H, W)."""
    with ThreadPoolExecutor(torch.get_num_threads()) as threads:
        decoded = list(threads.map(partial(_pixels, mode), [files[i] for i in positions.tolist()]))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).contiguous()


def _pixels(mode: str, file: Path) -> np.ndarray:
    """The pixels of one image file, uint8 (H, W, C). Raises UserError naming the file."""
    try:
        with Image.open(file) as image:
            pixels = np.asarray(image.convert(mode))
    except UNREADABLE as error:
        raise _unreadable(file, error) from error
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def _open_npy(path: Path, value_range: Range | None, points: bool) -> Found:
    """One array, left in its file."""
    return Found(_lazy(path, partial(_loaded, np.load, path, mmap_mode="r", allow_pickle=False), value_range, points))


def _open_pt(path: Path, value_range: Range | None, points: bool) -> Found:
    """A tensor, or a dictionary of tensors with `images` and, if there are labels, `labels`. Only tensors are unpickled."""
    load = partial(_loaded, torch.load, path, weights_only=True, map_location="cpu", mmap=zipfile.is_zipfile(path))
    found = load()
    if isinstance(found, Tensor):
        return Found(_lazy(path, load, value_range, points))

    if not isinstance(found, dict) or not isinstance(found.get("images"), Tensor):
        raise UserError(f"found a {type(found).__name__}; expected a tensor, or a dictionary with a tensor 'images'.")
    images = _lazy(path, lambda: load()["images"], value_range, points)
    return Found(images, _classes(found.get("labels"), len(images)))


def _open_npz(path: Path, value_range: Range | None, points: bool) -> Found:
    """The array `images`, or else the only array that does not hold labels.

    Labels are in `labels`, or in `arr_1`: guided diffusion saves its images as `arr_0` and its labels as `arr_1`.
    """
    with _loaded(np.load, path, allow_pickle=False) as archive:
        names = [name for name in archive.files if name not in LABELS]
        if "images" not in names and len(names) != 1:
            raise UserError(f"found {', '.join(archive.files) or 'nothing'} in it; expected an array called 'images'.")

        name = "images" if "images" in names else names[0]
        labelled = [label for label in LABELS if label in archive.files]
        labels = _loaded(archive.__getitem__, labelled[0]) if labelled else None
        images = _lazy(path, _member(path, f"{name}.npy", archive), value_range, points)
    return Found(images, _classes(labels, len(images)))


def _member(path: Path, name: str, archive: Any) -> Callable[[], np.ndarray]:
    """A function that opens an array of an .npz. An uncompressed array stays in its file; a compressed one is read here.

    Raises UserError for a compressed array that is too large for the memory.
    """
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
    """An array within a zip archive, left in its file. It follows a local header of 30 bytes, a name and an extra field."""
    with open(path, "rb") as file:
        file.seek(header_offset)
        header = file.read(30)
        file.seek(header_offset + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read_header(file)
        if dtype.hasobject:  # its bytes would be used as addresses
            raise ValueError("it holds Python objects")
        return np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran else "C")


def _lazy(path: Path, open_array: Callable[[], Any], value_range: Range | None, points: bool) -> LazyImages:
    """The images of an array, which is opened again for each piece, so that memory does not fill with pages of its file."""
    array = open_array()
    form = form_of(array.shape, _tensor(array, torch.arange(0)).dtype, value_range, points)

    def read(positions: Tensor) -> Tensor:
        with naming(path):
            return form.at_rest(_tensor(open_array(), positions))

    return LazyImages(form.image_shape, torch.arange(len(array)), read)


def _tensor(array: Any, positions: Tensor) -> Tensor:
    """Some rows of an array. Raises UserError for a dtype that does not hold numbers."""
    if isinstance(array, Tensor):
        return array[positions]
    try:
        return torch.from_numpy(array[positions.numpy()])
    except TypeError as error:
        raise UserError(f"found an array of {array.dtype}; expected uint8, or floats with a known range of values.") from error


def _classes(labels: Any, n: int) -> list[str] | None:
    """Labels (n,) as texts. Raises UserError where they are not one whole number for each image."""
    return None if labels is None else [str(k) for k in checked_labels(torch.as_tensor(labels), n).tolist()]


def _loaded(load: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What `load` returns. Raises UserError where the file is damaged or does not hold numbers."""
    try:
        return load(*args, **options)
    except (zipfile.BadZipFile, pickle.UnpicklingError, OSError, ValueError, EOFError, RuntimeError) as error:
        if isinstance(error, UserError):
            raise

        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"it cannot be read as numbers ({first}).") from error


def save_samples(images: Tensor, labels: Tensor | None, path: Path) -> None:
    """Write images at rest (N, C, H, W), and labels (N,) if there are any, as a compressed .npz."""
    arrays: dict[str, Any] = {"images": images.numpy()}
    if labels is not None:
        arrays["labels"] = labels.numpy()
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **arrays)
