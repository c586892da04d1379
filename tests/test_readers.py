"""What strangers' files do to the readers of arrays, images and lists of paths: they give a value or a sentence, nothing else.

Real files that were damaged find more than random bytes. GAN_BENCH_EXAMPLES=5000 searches longer, each time elsewhere.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from gan_bench.cli.options import range_in
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.images.arrays import checked_labels, form_of, joined
from gan_bench.images.files import open_images
from gan_bench.images.fit import fit_array, oddities
from gan_bench.images.loose import Refused, open_loose, read_picture
from gan_bench.images.sets import in_memory

EXAMPLES = os.environ.get("GAN_BENCH_EXAMPLES")
search = settings(
    max_examples=int(EXAMPLES or 120), derandomize=EXAMPLES is None, deadline=None, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
LARGE = 2**24  # values that a test reads
pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore"),  # libraries warn of damage
]
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (3, 8, 9, 3), np.uint8)
LABELS = np.array([2, 0, 1])


def written(save: Callable[..., Any], *args: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    save(file, *args, **options)
    return file.getvalue()


def picture(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    image = Image.fromarray(PIXELS[0]).convert(mode) if mode != "I;16" else Image.new(mode, (9, 8), 777)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def sentence_of(error: Exception, *paths: Path) -> str:
    """The text of an error, which must be one plain sentence that leads nobody into loading a pickle."""
    text = str(error)
    for path in paths:
        text = text.replace(str(path), "FILE")
    assert text and "\n" not in text and len(text) < 300, text
    assert "allow_pickle" not in text and "weights_only" not in text and "Traceback" not in text
    return text


EXIF = Image.Exif()
EXIF[0x0112] = 6
MORE = [Image.fromarray(PIXELS[1])]
ARRAYS = {
    "a.npy": written(np.save, PIXELS),
    "floats.npy": written(np.save, PIXELS.astype(">f4") / 255),
    "points.npy": written(np.save, RNG.normal(0, 1, (4, 2))),
    "stored.npz": written(np.savez, images=PIXELS, labels=LABELS),
    "deflated.npz": written(np.savez_compressed, images=PIXELS, labels=LABELS),
    "a.pt": written(lambda file: torch.save(torch.from_numpy(PIXELS), file)),
    "labels.pt": written(lambda file: torch.save({"images": torch.from_numpy(PIXELS), "labels": [0, 1, 2]}, file)),
}
PICTURES = {
    "a.png": picture("PNG"), "grey.png": picture("PNG", "L"), "palette.png": picture("PNG", "P"),
    "alpha.png": picture("PNG", "RGBA"), "deep.png": picture("PNG", "I;16"),
    "moving.png": picture("PNG", save_all=True, append_images=MORE), "a.jpg": picture("JPEG", exif=EXIF),
    "cmyk.jpg": picture("JPEG", "CMYK"), "progressive.jpg": picture("JPEG", progressive=True),
    "a.webp": picture("WEBP"), "lossless.webp": picture("WEBP", lossless=True), "alpha.webp": picture("WEBP", "RGBA"),
    "moving.webp": picture("WEBP", save_all=True, append_images=MORE),
}  # fmt: skip
LISTS = {"a.csv": b'path,label\na.png,real\nsub/b.png,fake\n"c,d.png",\n/dev/null,1\n..,0\n'}


@st.composite
def damaged(draw: st.DrawFn, whole: dict[str, bytes]) -> tuple[str, bytes]:
    """The name of a valid file, and its bytes after a few things happened to them."""
    name = draw(st.sampled_from(sorted(whole)))
    data = bytearray(whole[name])
    for _ in range(draw(st.integers(1, 4))):
        ends = st.integers(0, 300) | st.integers(0, len(data)).map(lambda n: -n)  # headers lie at the start, or at the end
        place = draw(ends | st.integers(0, max(len(data), 1))) % max(len(data), 1)
        what = draw(st.sampled_from(["flip", "flip", "set", "cut", "drop", "insert", "copy", "huge"]))
        if what == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif what == "set":
            data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
        elif what == "cut":
            del data[place:]
        elif what == "drop":
            del data[place : place + draw(st.integers(1, 40))]
        elif what == "insert":
            data[place:place] = draw(st.binary(max_size=40))
        elif what == "copy":
            data[place:place] = data[place : place + draw(st.integers(1, 200))]
        else:
            data[place : place + 4] = draw(st.sampled_from([b"\xff" * 4, b"\xff\xff\xff\x7f", bytes(4), b"9999"]))
    return name, bytes(data)


def read_array(file: Path, data: bytes) -> list[torch.Tensor | str]:
    """What an array gives without a range of values, with one, and as points."""
    file.write_bytes(data)
    found: list[torch.Tensor | str] = []
    for value_range, points in ((None, False), ((0, 1), False), (None, True)):
        try:
            images = open_images(file, value_range, points).images
            if images.shape.numel() < LARGE:
                found.append(in_memory(images))
        except UserError as error:
            found.append(sentence_of(error, file))
    return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read")


# --------------------------------------------------------------------------------------------------- whatever is in a file


@search
@given(damaged(ARRAYS))
def test_damaged_arrays_are_read_or_refused(place, file):
    name, data = file
    for found in read_array(place / name, data):
        assert isinstance(found, str) or found.dtype in (torch.uint8, torch.float32)


@search
@given(st.sampled_from([".npy", ".npz", ".pt", ".csv", ".png"]), st.binary(max_size=200))
def test_any_bytes_are_refused(place, suffix, data):
    file = place / f"bytes{suffix}"
    read_array(file, data)
    try:
        loose = open_loose(file)
        loose.read(0)
    except (UserError, Refused) as error:
        sentence_of(error, file)


ANY_DTYPE = (
    hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes() | hnp.datetime64_dtypes()
    | hnp.array_dtypes(allow_subarrays=False)
)  # fmt: skip
ANY_SHAPE = hnp.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9) | st.sampled_from(
    [(2, 3, 8, 8), (2, 8, 8, 1), (3, 2), (3, 2, 1, 1)]
)


@search
@given(ANY_DTYPE, ANY_SHAPE, st.sampled_from(["images", "labels"]))
def test_arrays_of_any_kind_are_read_or_refused(place, dtype, shape, name):
    array = np.zeros(shape, dtype)
    others = {} if name == "images" else {"images": PIXELS}
    for save in (np.savez, np.savez_compressed):
        read_array(place / "kind.npz", written(save, **{name: array}, **others))
    for found in read_array(place / "kind.npy", written(np.save, array)):
        assert isinstance(found, str) or len(found) == shape[0]


SIDES = st.integers(-3, 12) | st.sampled_from([2**31, 2**40, 2**62, 2**63, 2**64, 10**30, 1.0, True, None, "a"])
SHAPES = st.lists(SIDES, max_size=6).map(tuple) | st.just((2, 3, 8, 8)) | st.integers() | st.text(max_size=9)
DESCRS = st.sampled_from(["|u1", "<f4", ">f8", "|O", "<U3", "V0", "|V9999999999", "<c8", "M8[s]", "i", "zz", [("a", "|u1")], 3])


@search
@given(
    SHAPES, DESCRS, st.sampled_from([(1, 0), (2, 0), (3, 0), (9, 9)]), st.booleans(), st.sampled_from([0, 1, 20_000]),
    st.sampled_from([0, 10, 384, 384 * 4]),
)  # fmt: skip
def test_any_header_is_believed_or_refused(place, shape, descr, version, fortran, spaces, n):
    text = repr({"descr": descr, "fortran_order": fortran, "shape": shape}).encode("latin1", "replace") + b" " * spaces + b"\n"
    length = struct.pack("<H", len(text)) if version == (1, 0) else struct.pack("<I", len(text))
    data = b"\x93NUMPY" + bytes(version) + length + text + bytes(n)
    read_array(place / "header.npy", data)
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for name in ("images", "labels"):
            with zipfile.ZipFile(place / "header.zip", "w", method) as archive:
                archive.writestr(f"{name}.npy", data)
                if name == "labels":
                    archive.writestr("images.npy", ARRAYS["a.npy"])
            read_array(place / "header.npz", (place / "header.zip").read_bytes())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.binary(max_size=3)
    | hnp.arrays(ANY_DTYPE, ANY_SHAPE).map(lambda array: array[::-1] if array.ndim else array),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@search
@given(VALUES, st.sampled_from([None, (0, 1), (1, 0), 3, (0, float("inf"))]), st.sampled_from(["shapes", "ring8"]))
def test_anything_in_memory_is_taken_or_refused(value, value_range, dataset):
    for use in (
        lambda: fit_array(joined(value), DATASETS.create(dataset), value_range, lambda *_: None),
        lambda: checked_labels(value, 3, 4),
    ):
        try:
            assert len(use())
        except UserError as error:
            sentence_of(error)


@search
@given(damaged(PICTURES))
def test_damaged_pictures_are_read_or_refused(place, file):
    folder = place / "pictures"
    folder.mkdir(exist_ok=True)
    (folder / "a.png").write_bytes(file[1])
    try:
        assert in_memory(open_images(folder).images).dtype == torch.uint8
    except UserError as error:
        sentence_of(error, folder / "a.png", folder)
    try:
        assert read_picture(folder / "a.png").pixels.dtype == torch.uint8
    except Refused as reason:
        sentence_of(reason, folder / "a.png")


NAMES = st.text(max_size=8) | st.sampled_from(["a.png", ".", "..", "/", "/dev/null", "~", "a" * 300, "a\0b"])


@search
@given(
    damaged(LISTS)
    | st.tuples(
        st.just("any.csv"),
        st.lists(st.tuples(NAMES, st.text(max_size=4) | st.sampled_from(["real", "1", ""])), max_size=4).map(
            lambda lines: "\n".join(["path,label", *(f"{name},{label}" for name, label in lines)]).encode("utf-8", "replace")
        ),
    )
)
def test_any_list_of_paths_is_read_or_refused(place, file):
    path = place / file[0]
    path.write_bytes(file[1])
    try:
        loose = open_loose(path)
    except UserError as error:
        sentence_of(error, path)
        return
    for i in range(len(loose.names)):
        try:
            loose.read(i)
        except Refused as reason:
            sentence_of(reason)


NUMBERS = (
    st.floats().map(str) | st.integers().map(str) | st.sampled_from(["inf", "-inf", "nan", "1e308", "", "1_0", "٣", "0x1"])
)


@search
@given(st.lists(NUMBERS, max_size=3).map(",".join) | st.text(max_size=9))
def test_a_range_of_values_is_exact_at_its_ends_or_refused(text):
    try:
        low, high = range_in(text) or (0, 1)
    except UserError as error:
        assert "is not black and white as two numbers" in sentence_of(error)
        return
    ends = torch.tensor([low, (low + high) / 2, high]).repeat_interleave(64).reshape(3, 1, 8, 8)
    ends = ends.double().clamp(low, high)
    levels = form_of(ends.shape, ends.dtype, (low, high), points=False).at_rest(ends).flatten(1)
    assert levels[0].eq(0).all() and levels[2].eq(255).all() and 126 <= int(levels[1, 0]) <= 129


# ---------------------------------------------------------------------------------------------------- arrays that are bombs


def header(shape: str, descr: str = "|u1", more: int = 0) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}".encode() + b" " * more + b"\n"
    return b"\x93NUMPY\2\0" + struct.pack("<I", len(text)) + text


def zeros(start: bytes, mib: int) -> bytes:
    """A deflated .npz of some images, and of labels that begin so and go on with zeros."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("images.npy", ARRAYS["a.npy"])
        with archive.open("labels.npy", "w", force_zip64=True) as member:
            member.write(start)
            for _ in range(mib):
                member.write(bytes(2**20))
    return file.getvalue()


BOMBS = {
    "labels of another number": (header(f"({2**25},)", "<i8"), "found labels of shape (33554432,) for 3 images"),
    "labels of another kind": (header(f"(3, {2**28})")[:-1] + b"\n", "it holds 268,435,456 bytes, and its header declares"),
    "zeros behind the labels": (header("(3,)", "<i8"), "its header declares 24 bytes; it is damaged, or holds more than one"),
    "a header without an end": (header("(3,)", "<i8", 2**28)[:99], "it cannot be read as numbers"),
    "a pickle": (b"\x80\x04", "it cannot be read as numbers"),
}


@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_is_refused_in_little_memory(tmp_path, kind):
    start, sentence = BOMBS[kind]
    file = tmp_path / "a.npz"
    file.write_bytes(zeros(start, 256))
    tracemalloc.start()
    try:
        with pytest.raises(UserError) as error:
            open_images(file)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()
    assert sentence in sentence_of(error.value, file)


def test_a_size_in_an_archive_that_is_a_lie_helps_no_bomb(tmp_path):
    """The archive says of its labels that they are as long as their header says, and they are a thousand times longer."""
    data, start = bytearray(zeros(header("(3,)", "<i8"), 16)), header("(3,)", "<i8")
    entry = data.rfind(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<I", len(start) + 24)
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(UserError, match="it cannot be read as numbers"):
        open_images(tmp_path / "a.npz")


def test_a_tensor_that_is_larger_than_its_file_is_refused(tmp_path):
    torch.save(torch.zeros(1, dtype=torch.uint8).expand(10**6, 3, 32, 32), tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt: found a tensor that repeats its numbers"):
        open_images(tmp_path / "a.pt")


def test_files_that_torch_did_not_write_so_are_refused(tmp_path):
    """Compressed: torch would map the compressed bytes as numbers. Of torch before 1.6: nothing but a pickle."""
    with zipfile.ZipFile(io.BytesIO(ARRAYS["a.pt"])) as archive, zipfile.ZipFile(tmp_path / "a.pt", "w", 8) as packed:
        for name in archive.namelist():
            packed.writestr(name, archive.read(name))
    with pytest.raises(UserError, match=r"it is compressed, which files of torch\.save are not"):
        open_images(tmp_path / "a.pt")
    torch.save(torch.from_numpy(PIXELS), tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(UserError, match=r"as torch before 1\.6 wrote them; torch\.save\(torch\.load\(FILE\), FILE\) renews it"):
        open_images(tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["stored.npz", "deflated.npz"])
def test_one_flipped_bit_of_an_archive_is_noticed(tmp_path, name):
    data = bytearray(ARRAYS[name])
    data[data.find(b"images.npy") + 300] ^= 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=r"it is damaged, or no \.npz file of numpy"):
        open_images(tmp_path / name)


ODD_TENSORS: dict[str, Callable[[], torch.Tensor]] = {
    "sparse": lambda: torch.zeros(2, 3, 8, 8).to_sparse(),
    "meta": lambda: torch.zeros(2, 3, 8, 8, device="meta"),
    "quantized": lambda: torch.quantize_per_tensor(torch.zeros(2, 3, 8, 8), 0.1, 0, torch.quint8),
    "float8": lambda: torch.zeros(2, 3, 8, 8, dtype=torch.float8_e4m3fn),
    "complex": lambda: torch.zeros(2, 3, 8, 8, dtype=torch.complex64),
    "bool": lambda: torch.zeros(2, 3, 8, 8, dtype=torch.bool),
    "shape ()": lambda: torch.tensor(3, dtype=torch.uint8),
}


@pytest.mark.parametrize("kind", ODD_TENSORS)
def test_tensors_of_other_kinds_are_refused_from_files_and_in_memory(tmp_path, kind):
    tensor = ODD_TENSORS[kind]()
    torch.save(tensor, tmp_path / "a.pt")
    with pytest.raises(UserError) as in_file:
        open_images(tmp_path / "a.pt", (0, 1))
    with pytest.raises(UserError) as in_python:
        fit_array(joined(tensor), DATASETS.create("shapes"), (0, 1), lambda *_: None)
    assert kind in str(in_file.value) and str(in_file.value) == f"{tmp_path / 'a.pt'}: {in_python.value}"


def test_arrays_as_numpy_users_have_them_are_taken():
    """Of another byte order, turned over, and parameters that know their gradient."""
    floats = PIXELS / np.float32(255)
    for array in (floats.astype(">f4"), floats[::-1][::-1], torch.nn.Parameter(torch.from_numpy(floats))):
        form = form_of(floats.shape, torch.float32, (0, 1), points=False)
        assert np.array_equal(form.at_rest(joined(array)).permute(0, 2, 3, 1), PIXELS)
    assert np.array_equal(joined(PIXELS[:, ::-1]), PIXELS[:, ::-1])
    assert checked_labels(LABELS.astype(">i8")[::-1], 3).tolist() == [1, 0, 2]


LABELS_THAT_ARE_NONE = {
    "letters": (np.array(["a", "b", "c"]), "found labels of <U1"), "objects": (np.array([1, 2, None]), "Python objects"),
    "floats": (np.ones(3), "found labels of float64"), "one": (np.array(3), "found labels of shape ()"),
    "huge": (np.full(3, 2**63, np.uint64), "found labels above 2^63"),
    "dates": (np.zeros(3, "M8[s]"), "found labels of datetime64"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LABELS_THAT_ARE_NONE)
def test_labels_that_are_no_class_numbers_are_refused(tmp_path, kind):
    labels, sentence = LABELS_THAT_ARE_NONE[kind]
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=labels)
    with pytest.raises(UserError) as error:
        open_images(tmp_path / "a.npz")
    assert sentence in sentence_of(error.value) and "labels" in str(error.value)


# --------------------------------------------------------------------------------------------------- what is no file, or deep


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder of eleven images and of what is no file."""
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    for k in range(11):
        Image.fromarray(RNG.integers(0, 256, (16, 16, 3), np.uint8)).save(folder / f"{k:02d}.png")
    (folder / "lost.png").symlink_to("nowhere.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "sub/loop").symlink_to(folder)
    os.mkfifo(folder / "sub/pipe.png")
    (folder / "linked.png").symlink_to("00.png")
    return folder


def test_what_is_no_file_is_counted_and_named_and_nothing_hangs(odd):
    found = open_images(odd)
    assert len(found.images) == 12
    assert found.warnings == (
        "4 things in it are no files and were left out: lost.png (a link that leads nowhere), self.png (a link to itself), "
        "sub/loop (a link to a folder, not followed) and 1 more.",
    )
    loose = open_loose(odd)
    refused = {}
    for i, name in enumerate(loose.names):
        try:
            loose.read(i)
        except Refused as reason:
            refused[name] = str(reason)
    assert len(loose.names) == 16 and refused == {
        "lost.png": "a link that leads nowhere", "self.png": "a link to itself", "sub/pipe.png": "a pipe",
        "sub/loop": "a link to a folder, not followed",
    }  # fmt: skip


def test_a_folder_of_nothing_but_pipes_says_so(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(UserError, match=r"holds no images\. 1 thing in it is no file and was left out: a\.png \(a pipe\)\."):
        open_images(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(odd, monkeypatch):
    """The tests may run as root, whom no permission stops."""
    scandir = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert "sub (a folder that cannot be read: Permission denied)" in open_images(odd).warnings[0]
    assert "sub" in open_loose(odd).names


def test_pipes_and_sockets_in_a_list_of_paths_are_refused(odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("s.png")
        (tmp_path / "a.csv").write_text("path\npictures/sub/pipe.png\ns.png\n/dev/null\npictures\n" + "a" * 300)
        loose = open_loose(tmp_path / "a.csv")
        reasons = []
        for i in range(5):
            with pytest.raises(Refused) as reason:
                loose.read(i)
            reasons.append(str(reason.value))
    assert reasons == ["a pipe", "a socket", "a device", "a folder", "cannot be opened: File name too long"]


def test_a_path_that_no_file_can_have_is_one_sentence(cli, tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    for path, sentence in (("a" * 300, "is neither a folder of images nor"), (tmp_path / "pipe.npz", "is neither a folder")):
        ended = cli("score", path, "--dataset", "shapes")
        assert ended.code == 2 and sentence in ended.stderr and len(ended.stderr.splitlines()) == 1


def deep(colour: bool) -> bytes:
    """A PNG file of 16 bits a channel. PIL writes no such file in colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 16, 16, 16, 2 if colour else 0, 0, 0, 0)
    rows = bytes(16 * (1 + (6 if colour else 2) * 16))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("colour", [False, True])
def test_sixteen_bits_are_refused_by_all_readers_in_one_way(tmp_path, colour):
    file = tmp_path / "pictures/deep.png"
    file.parent.mkdir()
    file.write_bytes(deep(colour))
    with pytest.raises(Refused) as refused:
        read_picture(file)
    with pytest.raises(UserError) as error:
        open_images(file.parent)
    assert str(error.value) == f"{file}: {refused.value}."
    assert str(refused.value).startswith("16 bits a channel, of which 8 would be lost; convert it")


def test_animations_are_refused_by_all_readers(tmp_path):
    (tmp_path / "a.png").write_bytes(PICTURES["moving.png"])
    with pytest.raises(UserError, match=r"a\.png: animated: it has 2 frames\."):
        open_images(tmp_path)


def test_a_file_of_another_kind_under_the_name_of_an_image_is_refused(tmp_path):
    """PIL knows many formats; some of them run other programs to decode."""
    Image.fromarray(PIXELS[0]).save(tmp_path / "a.png", "TIFF")
    with pytest.raises(UserError, match=r"a\.png cannot be read as an image \(no PNG, JPEG or WebP image, or damaged\)"):
        open_images(tmp_path)


# -------------------------------------------------------------------------------------------------------- `gan-bench score`


def test_pictures_are_not_scored_against_points_nor_points_against_pictures(cli, odd, tmp_path):
    np.savez(tmp_path / "pictures.npz", images=PIXELS)
    np.save(tmp_path / "points.npy", np.zeros((300, 2), np.float32))
    for path, dataset, sentence in (
        (odd, "ring8", "is a folder of images, and points are expected; give an array (N, 2) of them."),
        (tmp_path / "pictures.npz", "grid25", "found an array of shape (3, 8, 9, 3); expected points (N, 2)"),
        (tmp_path / "points.npy", "shapes", "found an array of shape (300, 2); expected images"),
    ):
        ended = cli("score", path, "--dataset", dataset, "--extractors", "raw", "--device", "cpu")
        assert ended.code == 2 and sentence in ended.stderr, ended.stderr


@pytest.mark.parametrize(
    "wrong", ["-inf,inf", "nan,1", "0,nan", "-1e30,1e30", "-1e308,1e308", "0,1e-40", "1000000,1000000.1", "0"]
)
def test_a_range_of_values_that_can_be_none_is_refused(cli, tmp_path, wrong):
    np.save(tmp_path / "a.npy", RNG.normal(0, 1, (9, 3, 8, 8)))
    ended = cli("score", tmp_path / "a.npy", "--dataset", "shapes", f"--value-range={wrong}")
    assert ended.code == 2 and f"--value-range '{wrong}' is not black and white as two numbers" in ended.stderr


def test_a_range_of_values_for_what_has_none_is_refused(tmp_path):
    (tmp_path / "a.npy").write_bytes(ARRAYS["a.npy"])
    with pytest.raises(UserError, match="found images of uint8, which have no other range of values than 0 to 255"):
        open_images(tmp_path / "a.npy", (0, 1))
    assert len(open_images(tmp_path / "a.npy", (0, 255)).images) == 3
    (tmp_path / "points.npy").write_bytes(ARRAYS["points.npy"])
    with pytest.raises(UserError, match="found points, which have no black and white"):
        open_images(tmp_path / "points.npy", (0, 1), points=True)


def test_images_that_a_wide_range_makes_one_grey_are_suspected():
    form = form_of((50, 3, 8, 8), torch.float32, (-1000, 1000), points=False)
    reals = torch.from_numpy(RNG.integers(0, 256, (50, 3, 8, 8), np.uint8))
    (sentence,) = oddities(form.at_rest(torch.from_numpy(RNG.normal(0, 1, (50, 3, 8, 8)).astype(np.float32))), reals)
    assert "all values lie from 127 to 128 of 255; is the range of values that was declared much wider" in sentence
    assert oddities(reals, torch.full_like(reals, 128)) == [] and oddities(torch.full_like(reals, 128), reals // 2 + 64)


SCORE = ("--dataset", "shapes", "--budget", "smoke", "--extractors", "raw", "--device", "cpu")


def test_labels_of_no_class_are_counted_and_named(cli, tmp_path):
    images = DATASETS.create("shapes").load("test").images[:60].numpy()
    np.savez(tmp_path / "a.npz", images=images, labels=np.r_[-1, -1, 99, np.zeros(57, int)])
    ended = cli("score", tmp_path / "a.npz", *SCORE, "--metrics", "fd")
    assert ended.code == 0 and "'-1', '99' are no classes of shapes" in ended.stderr
    assert "and 3 of the 60 images have such a label; scored without classes." in ended.stderr


def test_metrics_that_do_not_apply_are_named_with_the_reason(cli, tmp_path):
    np.save(tmp_path / "a.npy", DATASETS.create("shapes").load("test").images[:64].numpy())
    ended = cli("score", tmp_path / "a.npy", *SCORE, "--metrics", "condition,cas")
    assert ended.code == 2
    assert (
        "of 64 images: condition, cas cannot be had from images without known classes by raw; `gan-bench show" in ended.stderr
    )
