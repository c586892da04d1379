"""Arrays in files that anybody made: .npy, .npz and .pt. Nothing is believed before it is checked.

What a header declares is held against the size of the file before anything is read. Compressed numbers are read piece by piece,
up to a limit. Nothing is unpickled but tensors. Texts of numpy's and torch's own errors are not passed on: some of them advise
to load whatever a file holds.
"""

from __future__ import annotations

import contextlib
import io
import math
import pickle
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.progress import bar
from gan_bench.images.arrays import EXPECTED, from_numpy, kind_of, naming, plain
from gan_bench.images.below import named
from gan_bench.images.sets import MOST_BYTES

LABELS = ("labels", "arr_1")  # names of an .npz file's array of labels
MOST_MEMBERS = 1000  # arrays in an .npz
HEADER = 2**14  # bytes that are read to find the header of an array; numpy's own limit is 10,000
PICKLE = 2**22  # bytes of a .pt file that say what its numbers are
ENCRYPTED = 1  # the flag of a zip archive
CHUNK = 2**20  # bytes that are read at a time
OLD_TORCH = bytes.fromhex("80028a0a6cfc9c46f9206aa85019")  # how files of torch before 1.6 begin


class Stored(NamedTuple):
    """An array that is still in its file.

    shape    what its header declares, held against the size of the file
    dtype    torch's; None where torch has no such numbers
    kind     the dtype in words
    load     reads the array, or maps it into memory: the rows at positions (B,) are `rows(array, positions)`
    mapped   whether `load` maps it, which costs nothing
    """

    shape: tuple[int, ...]
    dtype: torch.dtype | None
    kind: str
    load: Callable[[], np.ndarray | Tensor]
    mapped: bool


def rows(array: np.ndarray | Tensor, positions: Tensor) -> Tensor:
    """Some rows of an array that `Stored.load` gave."""
    with refusing("it was changed while it was read"):
        return array[positions] if isinstance(array, Tensor) else from_numpy(array[positions.numpy()])


@contextlib.contextmanager
def refusing(sentence: str) -> Iterator[None]:
    """The context in which whatever a damaged or hostile file makes a library raise becomes a UserError with this sentence."""
    try:
        yield
    except UserError:
        raise
    except MemoryError as error:
        raise UserError("it takes more memory than there is.") from error
    except Exception as error:
        is_told = isinstance(error, OSError) and error.strerror
        raise UserError(f"it cannot be opened: {error.strerror}." if is_told else f"{sentence}.") from error  # type: ignore[attr-defined]


class ArrayHeader(NamedTuple):
    """What the header of an array says, and how many bytes it takes."""

    shape: tuple[int, ...]
    is_fortran: bool
    dtype: np.dtype
    n_bytes: int

    @property
    def declared(self) -> int:
        """The bytes that the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def stored(self, load: Callable[[], np.ndarray], mapped: bool) -> Stored:
        """The array. What torch cannot hold has no dtype."""
        try:
            dtype = torch.from_numpy(np.empty(0, self.dtype.newbyteorder("="))).dtype
        except TypeError:
            dtype = None
        return Stored(self.shape, dtype, kind_of(self.dtype), load, mapped)

    def filled(self, data: np.ndarray) -> np.ndarray:
        """The array of these bytes (declared,)."""
        return data.view(self.dtype).reshape(self.shape, order="F" if self.is_fortran else "C")


def _header_in(start: bytes, size: int) -> ArrayHeader:
    """The header in the first bytes of an array that takes `size` bytes with it.

    Raises UserError where there is none, and where it declares an array of another size.
    """
    file = io.BytesIO(start)
    with refusing("it cannot be read as numbers: it is damaged, or no array of numpy"):
        version = np.lib.format.read_magic(file)
        if version not in ((1, 0), (2, 0), (3, 0)):
            raise ValueError(version)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, is_fortran, dtype = read(file)
        header = ArrayHeader(tuple(map(int, shape)), is_fortran, dtype, file.tell())

    if dtype.hasobject:  # a pickle, whose size the header does not tell
        raise UserError(f"found an array of Python objects; {EXPECTED}.")
    if min(header.shape, default=0) < 0:
        raise UserError(f"found an array of shape {header.shape}; expected no negative number in it; it is damaged.")
    if header.n_bytes + header.declared != size:
        rest = size - header.n_bytes
        why = "was cut off" if rest < header.declared else "holds more than one array"
        raise UserError(f"it holds {_size(rest)}, and its header declares {_size(header.declared)}; it is damaged, or {why}.")
    return header


def _size(n: int) -> str:
    """A number of bytes in words."""
    if n >= 2**63:
        return "more than any disk has"
    return f"{n:,} bytes" if n < 2**30 else f"{n / 2**30:,.1f} GiB"


def open_npy(path: Path) -> Stored:
    """One array, left in its file. Raises UserError where the file is damaged."""
    with refusing("it cannot be read"), open(path, "rb") as file:
        start, size = file.read(HEADER), file.seek(0, io.SEEK_END)
    header = _header_in(start, size)
    return header.stored(partial(_mapped, path, header, header.n_bytes), mapped=True)


def _mapped(path: Path, header: ArrayHeader, offset: int) -> np.ndarray:
    """An array that is left in its file, `offset` bytes from its start."""
    with refusing("it was changed while it was read"):
        return np.memmap(path, header.dtype, "r", offset, header.shape, "F" if header.is_fortran else "C")


def open_npz(path: Path) -> tuple[Stored, Stored | None]:
    """The array `images`, or else the only array that does not hold labels; and that of labels, if there is one.

    Labels are in `labels`, or in `arr_1`: guided diffusion saves its images as `arr_0` and its labels as `arr_1`.

    Raises UserError where the file is damaged, or its arrays are not those.
    """
    with _archive(path) as archive:
        found = [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
        if len(found) > MOST_MEMBERS:
            raise UserError(f"found {len(found):,} arrays in it; expected one called 'images'.")
        names = [name for name in found if name not in LABELS]
        if "images" not in names and len(names) != 1:
            raise UserError(
                f"found {named(repr(name[:40]) for name in found) or 'nothing'} in it; expected an array called 'images'."
            )

        images = _member(path, archive, "images" if "images" in names else names[0])
        labelled = [label for label in LABELS if label in found]
        if not labelled:
            return images, None
        with naming(f"its array {labelled[0]!r}"):
            return images, _member(path, archive, labelled[0])


@contextlib.contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    with refusing("it cannot be read as numbers: it is damaged, or no .npz file of numpy"), zipfile.ZipFile(path) as archive:
        yield archive


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> Stored:
    """An array of an .npz. An uncompressed one stays in its file; a compressed one is read when it is loaded.

    Raises UserError for a compressed array that is too large for the memory, and for an uncompressed one that is damaged.
    """
    info = archive.getinfo(f"{name}.npy")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & ENCRYPTED:
        raise UserError(f"{name!r} is encrypted, or compressed in a way that numpy does not use; save it by numpy.savez.")
    with archive.open(info) as member:
        header = _header_in(member.read(HEADER), info.file_size)

    if info.compress_type == zipfile.ZIP_DEFLATED:
        return header.stored(partial(_inflated, path, name, header), mapped=False)
    _check_sum(archive, info)
    return header.stored(partial(_mapped, path, header, _start(path, info) + header.n_bytes), mapped=True)


def _start(path: Path, info: zipfile.ZipInfo) -> int:
    """Where an uncompressed file begins in a zip archive: after a local header of 30 bytes, a name and an extra field."""
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        local = file.read(30)
    return info.header_offset + 30 + int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")


def _check_sum(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Raises BadZipFile where the checksum of an uncompressed file does not hold. Reads of a mapped file do not test it."""
    with archive.open(info) as member, bar("checksum", total=info.file_size, unit="bytes") as advance:
        while piece := member.read(CHUNK):
            advance(len(piece))


def _inflated(path: Path, name: str, header: ArrayHeader) -> np.ndarray:
    """A compressed array of an .npz: as many bytes as its header declares. zipfile tests its checksum with the last of them."""
    if header.declared > MOST_BYTES:
        raise UserError(
            f"its array {name!r} is compressed and would take {header.declared / 2**30:,.1f} GiB of memory; "
            "save it by numpy.savez, as .npy or as a folder, which are read in pieces."
        )
    data = np.empty(header.declared, np.uint8)
    with _archive(path) as archive, archive.open(f"{name}.npy") as member:
        member.read(header.n_bytes)
        for start in range(0, len(data), CHUNK):
            piece = data[start : start + CHUNK]
            piece[:] = np.frombuffer(member.read(len(piece)), np.uint8)  # fewer: it was cut off, a ValueError
    return header.filled(data)


def open_pt(path: Path) -> tuple[Stored, Any]:
    """A tensor, or that of a dictionary with `images` and, if there are labels, `labels`. Only tensors are unpickled.

    Raises UserError where the file is damaged, or does not hold these.
    """
    _check_zip_of(path)
    found = _tensors_in(path)
    if isinstance(found, Tensor):
        return _stored_tensor(found, partial(_tensors_in, path)), None
    if not isinstance(found, dict) or not isinstance(found.get("images"), Tensor):
        raise UserError(f"found a {type(found).__name__}; expected a tensor, or a dictionary with a tensor 'images'.")
    return _stored_tensor(found["images"], lambda: _tensors_in(path)["images"]), found.get("labels")


def _stored_tensor(tensor: Tensor, load: Callable[[], Tensor]) -> Stored:
    """Raises UserError for a tensor that has not its own number for each place: it could be larger than any memory."""
    plain(tensor)
    if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise UserError("found a tensor that repeats its numbers (expand); save it as tensor.contiguous().")
    return Stored(tuple(tensor.shape), tensor.dtype, str(tensor.dtype), load, mapped=True)


def _tensors_in(path: Path) -> Any:
    """What torch.save wrote, mapped into memory."""
    with refusing("it cannot be read as numbers: it is damaged, or no file of torch.save"):
        try:
            return torch.load(path, weights_only=True, map_location="cpu", mmap=True)
        except pickle.UnpicklingError as error:
            raise UserError(
                "it cannot be read as numbers: it holds more than tensors, or is damaged; save the images alone: "
                "torch.save(images, FILE)."
            ) from error


def _check_zip_of(path: Path) -> None:
    """Raises UserError for whatever torch.save does not write: torch would believe it."""
    with refusing("it cannot be read"), open(path, "rb") as file:
        if file.read(len(OLD_TORCH)) == OLD_TORCH:
            raise UserError("it is a file as torch before 1.6 wrote them; torch.save(torch.load(FILE), FILE) renews it.")

    with refusing("it cannot be read as numbers: it is damaged, or no file of torch.save"), zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
                raise UserError("it is compressed, which files of torch.save are not; save the images again.")
            if info.filename.endswith(".pkl") and info.file_size > PICKLE:
                raise UserError(f"it holds {_size(info.file_size)} besides tensors; save the images alone.")
