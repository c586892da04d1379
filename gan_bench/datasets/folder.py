"""Reading anybody's images: a folder of PNG, JPEG or WebP files, or an .npz. One bad file stops the reading, by name."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from gan_bench.errors import UserError
from gan_bench.progress import bar

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
MIN_SIDE, MAX_PIXELS = 8, 2**24  # per image; looked at in the header, before anything is decoded


def read_image(file: Path) -> np.ndarray:
    """One image file as uint8 (H, W, 3), or (H, W) if it is grey. Raises UserError naming the file."""
    try:
        with Image.open(file) as image:
            width, height = image.size
            if min(width, height) < MIN_SIDE:
                raise UserError(f"{file} is {width}x{height}; an image needs at least {MIN_SIDE} pixels a side.")
            if width * height > MAX_PIXELS:
                raise UserError(f"{file} is {width}x{height}, more than the {MAX_PIXELS:,} pixels that are read.")
            return np.asarray(image if image.mode == "L" else image.convert("RGB"))
    except UserError:
        raise
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"{file} cannot be read as an image ({error}); remove or replace it.") from error


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


def read_images(path: Path) -> Tensor:
    """All images of a folder or an .npz (array `images`, else its only array) as uint8 (N, C, H, W), C 1 or 3.

    Raises UserError when the path is absent, or a file is unreadable, truncated, tiny, huge or no image, or sizes differ.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.suffix == ".npz" and path.is_file():
        return _read_npz(path)
    raise UserError(f"{path} is neither a folder of images nor an .npz file.")


def _read_folder(folder: Path) -> Tensor:
    files = image_files(folder)
    pictures: list[np.ndarray] = []
    with bar(f"reading {folder}", total=len(files), unit="images") as advance:
        for file in files:
            picture = read_image(file)
            if pictures and picture.shape[:2] != pictures[0].shape[:2]:
                raise UserError(
                    f"{file} is {picture.shape[1]}x{picture.shape[0]} but {files[0]} is "
                    f"{pictures[0].shape[1]}x{pictures[0].shape[0]}; all images must have one size."
                )
            pictures.append(picture)
            advance(1)
    if any(p.ndim == 3 for p in pictures):  # one colour image makes the set a colour set
        pictures = [p if p.ndim == 3 else np.repeat(p[:, :, None], 3, axis=2) for p in pictures]
    array = np.stack(pictures)
    return torch.from_numpy(array[:, None] if array.ndim == 3 else array.transpose(0, 3, 1, 2).copy())


def _read_npz(path: Path) -> Tensor:
    try:
        with np.load(path, allow_pickle=False) as data:
            names = data.files
            if "images" not in names and len(names) != 1:
                raise UserError(f"{path} holds {', '.join(names) or 'nothing'}; it needs an array called 'images'.")
            array = data["images" if "images" in names else names[0]]
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path} cannot be read as an .npz file ({error}).") from error
    if array.dtype != np.uint8 or array.ndim != 4:
        raise UserError(
            f"{path} holds {array.dtype} of shape {array.shape}; images must be uint8 and (N, C, H, W) or (N, H, W, C)."
        )
    if array.shape[1] not in (1, 3) and array.shape[3] in (1, 3):
        array = array.transpose(0, 3, 1, 2)
    if array.shape[1] not in (1, 3) or min(array.shape[2:]) < MIN_SIDE or len(array) == 0:
        raise UserError(
            f"{path} has shape {array.shape}; expected (N, C, H, W) with C 1 or 3 and at least {MIN_SIDE} pixels a side."
        )
    return torch.from_numpy(np.ascontiguousarray(array))
