"""What was done to each image of a set, so that a corrupted set can be made again to the byte.

A manifest has one row for each image, in their order. Columns:

images      which set of images the row belongs to; "" where there is one set
digest      the SHA-256 of the image before it was corrupted, see `image_digests`
corruption  a name in CORRUPTIONS
severity    0 to the highest of this corruption
parameters  of this image, as JSON

The same bytes need the same releases of Pillow, SciPy and NumPy: encoders and generators of noise change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.detectors.corruptions.base import Parameters, reapply
from gan_bench.detectors.parquet import read_table, write_table

COLUMNS = ["images", "digest", "corruption", "severity", "parameters"]


def image_digests(images: Tensor) -> list[str]:
    """SHA-256 over shape (C, H, W) and bytes of each of the images at rest (N, C, H, W), in hexadecimal digits."""
    start = hashlib.sha256(repr(tuple(images.shape[1:])).encode())
    digests = []
    for image in np.ascontiguousarray(images.cpu().numpy()):
        found = start.copy()
        found.update(image.data)
        digests.append(found.hexdigest())
    return digests


def manifest_of(images: Tensor, name: str, severity: int, parameters: Sequence[Parameters], which: str = "") -> pd.DataFrame:
    """The manifest of what `corrupt(images, name, severity, ...)` did.

    images      before they were corrupted
    parameters  what `corrupt` returned
    which       the name of the set, where a manifest holds several
    """
    texts = [json.dumps(given, sort_keys=True) for given in parameters]
    rows = {"digest": image_digests(images), "corruption": name, "severity": severity, "parameters": texts}
    return pd.DataFrame({"images": which, **rows}, columns=COLUMNS)


def write_manifest(frame: pd.DataFrame, path: Path) -> None:
    """Write a manifest as Parquet, whole or not at all."""
    write_table(frame[COLUMNS], path, checked=True)


def read_manifest(path: Path) -> pd.DataFrame:
    """Raises UserError where the file is absent or no manifest."""
    return read_table(path, COLUMNS, "a manifest of corrupted images")


def reproduce(images: Tensor, manifest: pd.DataFrame) -> Tensor:
    """The images before corruption, uint8 (N, C, H, W) -> the corrupted set that the manifest tells of, to the byte.

    Raises UserError where an image is not the one that the manifest tells of, and names the first such row, counted from 0;
    and where the manifest does not say what was done.
    """
    if len(images) != len(manifest):
        raise UserError(f"the manifest is of {len(manifest):,} images, but {len(images):,} were given; give the same set.")
    pairs = zip(image_digests(images), manifest["digest"], strict=True)
    wrong = [row for row, (found, expected) in enumerate(pairs) if found != expected]
    if wrong:
        raise UserError(f"the image at row {wrong[0]} is not that of the manifest; give the same images in the same order.")

    parameters = [_parsed(row, text) for row, text in enumerate(manifest["parameters"])]
    found = images.clone()
    for name in manifest["corruption"].unique():
        rows = np.flatnonzero(manifest["corruption"] == name)
        try:
            found[rows] = reapply(images[rows], name, [parameters[row] for row in rows])
        except KeyError as error:
            raise UserError(f"the manifest does not say how {name!r} was done: its parameters lack {error}.") from error
    return found


def _parsed(row: int, text: str) -> Parameters:
    try:
        parameters = json.loads(text)
    except ValueError:
        parameters = None
    if not isinstance(parameters, dict):
        raise UserError(f"row {row} of the manifest has parameters {text!r}; expected JSON such as {{}}.")
    return parameters
