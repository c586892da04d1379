"""Images as PNG files: one picture to look at (a grid, or, of points, a scatter over their modes), or a file for each."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gan_bench.core.files import write_bytes
from gan_bench.images.convert import are_points, to_channels
from gan_bench.images.mixture import Mixture

GRID = 64  # images in a picture of samples
SCATTERED = 1000  # points in one
STRIP = 12  # images in a row of a strip
HATCH = (236, 128), 6  # levels of an empty cell and of the lines through it; pixels from line to line
SCATTERED_IN_STRIP = 500
PLAIN = re.compile(r"\w([\w .-]*[\w-])?")  # a name that a folder may have on every system, and that does not hide it


def grid(images: Tensor, columns: int, scale: int = 2, gap: int = 2) -> np.ndarray:
    """uint8 (N, C, H, W) -> one uint8 picture (H', W', 3) of N images in rows; a pixel is `scale` wide, a gap `gap`."""
    n, _, height, width = images.shape
    rows = -(-n // columns)
    cell_height, cell_width = height * scale + gap, width * scale + gap

    large = to_channels(images, 3).permute(0, 2, 3, 1).numpy().repeat(scale, axis=1).repeat(scale, axis=2)
    picture = np.full((rows * cell_height + gap, columns * cell_width + gap, 3), 255, np.uint8)
    for i, image in enumerate(large):
        top, left = gap + (i // columns) * cell_height, gap + (i % columns) * cell_width
        picture[top : top + height * scale, left : left + width * scale] = image
    return picture


def save_png(picture: np.ndarray, path: Path) -> None:
    """Write a uint8 picture: (H, W, 3) in colour, (H, W) in grey."""
    content = BytesIO()  # written to a full disk, PIL would not say so
    Image.fromarray(picture).save(content, format="PNG")
    write_bytes(path, content.getvalue())


def save_folder(images: Tensor, labels: Tensor | None, class_names: Sequence[str], folder: Path, start: int = 0) -> None:
    """Write uint8 images (N, C, H, W), C 1 or 3, as one PNG each, named by their indices from `start` on.

    With labels (N,), each is in the sub-folder of its class.
    """
    folders = class_folders(class_names)
    for i, image in enumerate(images):
        below = folder if labels is None else folder / folders[int(labels[i])]
        pixels = image.permute(1, 2, 0).numpy()
        save_png(pixels[:, :, 0] if len(image) == 1 else pixels, below / f"{start + i:06d}.png")


def class_folders(class_names: Sequence[str]) -> list[str]:
    """A name of a folder for each class: its own, or its number where not all of them can be different folders' names."""
    plain = {name.casefold() for name in class_names if PLAIN.fullmatch(name)}  # some systems take "A" and "a" for one
    return list(class_names) if len(plain) == len(class_names) else [str(k) for k in range(len(class_names))]


def strip_size(image_shape: Sequence[int]) -> int:
    """How many samples of this shape (C, H, W) one moment of a strip shows."""
    return SCATTERED_IN_STRIP if are_points(image_shape) else STRIP


def save_samples_picture(
    samples: Tensor, path: Path, mixture: Mixture | None = None, columns: int = 8, most: int | None = None
) -> None:
    """The first `most` samples at rest (N, C, H, W) as one picture; by default as many as fit well.

    mixture  what points should look like; needed for points alone
    """
    if are_points(samples.shape[1:]):
        _scatter([samples[: most or SCATTERED]], path, mixture)
    else:
        save_png(grid(samples[: most or GRID], columns), path)


def samples_picture(samples: Tensor, mixture: Mixture | None = None) -> np.ndarray:
    """The picture that `save_samples_picture` writes, in rows as those of a strip: uint8 (H, W, 3)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "samples.png"
        save_samples_picture(samples, file, mixture, columns=STRIP)
        return np.asarray(Image.open(file).convert("RGB"))


def save_strip(moments: Sequence[Tensor], path: Path, mixture: Mixture | None = None) -> None:
    """The same samples, each (N, C, H, W) at rest, at moments of a training: one row, or one panel, for each moment."""
    if are_points(moments[0].shape[1:]):
        _scatter(moments, path, mixture)
    else:
        save_png(grid(torch.cat(list(moments)), columns=STRIP), path)


def save_rows(rows: Sequence[Tensor], columns: int, path: Path) -> None:
    """Rows of uint8 images, each (n, C, H, W) with 0 <= n <= columns, as one picture. What a row lacks is hatched in grey."""
    height, width = rows[0].shape[2:]
    full = [torch.cat([to_channels(row, 3), _empty(columns - len(row), height, width)]) for row in rows]
    save_png(grid(torch.cat(full), columns), path)


def _empty(n: int, height: int, width: int) -> Tensor:
    """(n, 3, H, W) uint8: the same grey ground with diagonal lines n times, which no generator draws."""
    (ground, line), period = HATCH
    diagonal = (torch.arange(height)[:, None] + torch.arange(width)) % period
    return torch.where(diagonal == 0, line, ground).to(torch.uint8).expand(n, 3, height, width)


def _scatter(panels: Sequence[Tensor], path: Path, mixture: Mixture | None) -> None:
    from gan_bench.images.scatter import save_scatter  # matplotlib is loaded for points alone

    assert mixture is not None
    save_scatter([panel.flatten(1).numpy() for panel in panels], mixture, path)
