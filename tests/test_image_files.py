"""Opening anybody's images: folders, arrays, tensors, and whatever is wrong with them."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS
from gan_bench.images import convert, sets, stored
from gan_bench.images.files import Found, open_images
from gan_bench.images.pictures import save_folder
from gan_bench.images.sets import LazyImages, in_memory, load_if_small


def pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(array: np.ndarray, file: Path, **options: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(file, **options)
    return file


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "sub/c.webp"):
        save(pixels(32, 32, 3, seed=len(name)), tmp_path / "pictures" / name, lossless=True)
    return tmp_path / "pictures"


def read(found: Found) -> torch.Tensor:
    return in_memory(found.images)


def test_a_folder_is_read_whole_in_any_pieces(pictures):
    (pictures / ".DS_Store").write_text("not an image, but hidden")
    found = open_images(pictures)
    assert found.images.shape == (3, 3, 32, 32) and found.classes is None and found.warnings == ()
    expected = np.stack([np.array(Image.open(pictures / name)) for name in ("a.png", "b.png", "sub/c.webp")])
    assert torch.equal(read(found), torch.from_numpy(expected).permute(0, 3, 1, 2))
    assert torch.equal(torch.cat(list(found.images.split(2))), read(found))
    assert torch.equal(in_memory(found.images[torch.tensor([2, 0])]), read(found)[[2, 0]])


def test_sub_folders_are_classes(tmp_path):
    for name in ("cat/a.png", "cat/deep/b.png", "dog/c.png"):
        save(pixels(8, 8), tmp_path / name)
    found = open_images(tmp_path)
    assert found.classes == ["cat", "cat", "dog"] and found.images.shape == (3, 1, 8, 8)


def test_files_are_in_the_order_of_their_own_names(tmp_path):
    """So the numbers of images that were sorted into classes keep their order; equal names are in that of their folders."""
    for name in ("dog/1.png", "cat/2.png", "dog/0.png", "cat/1.png"):
        save(pixels(8, 8, seed=ord(name[0]) + int(name[4])), tmp_path / name)
    found = open_images(tmp_path)
    assert found.classes == ["dog", "cat", "dog", "cat"]
    expected = [np.array(Image.open(tmp_path / name)) for name in ("dog/0.png", "cat/1.png", "dog/1.png", "cat/2.png")]
    assert np.array_equal(read(found)[:, 0], np.stack(expected))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
@pytest.mark.parametrize("labels", [None, torch.tensor([2, 0, 1, 0, 2])])
def test_a_written_folder_is_read_as_it_was(tmp_path, channels, mode, labels):
    images, names = torch.from_numpy(pixels(5, channels, 8, 8)), ("red disc", "7", "ü-b.c")
    save_folder(images, labels, names, tmp_path, start=10)
    found = open_images(tmp_path)
    assert torch.equal(read(found), images)
    assert found.classes == (None if labels is None else [names[k] for k in labels.tolist()])
    files = list(tmp_path.rglob("*.png"))
    assert sorted(file.name for file in files) == [f"{i:06d}.png" for i in range(10, 15)]
    assert {Image.open(file).mode for file in files} == {mode}


@pytest.mark.parametrize("bad", ["a/b", "..", ".hidden", "", "a\\b", "a ", "a.", "a:b", "new\n", "CAT"])
def test_classes_that_cannot_be_folders_get_numbers(tmp_path, bad):
    save_folder(torch.from_numpy(pixels(3, 1, 8, 8)), torch.arange(3), ("cat", bad, "dog"), tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert open_images(tmp_path / "out").classes == ["0", "1", "2"]


def test_one_colour_image_makes_a_colour_set(tmp_path):
    grey = pixels(8, 8)
    save(grey, tmp_path / "a.png")
    save(pixels(8, 8, 3), tmp_path / "b.png")
    assert np.array_equal(read(open_images(tmp_path))[0], np.stack(3 * [grey]))


def test_what_may_spoil_a_comparison_is_told(tmp_path):
    save(pixels(8, 8, 3), tmp_path / "a.jpg")
    save(pixels(8, 8, 3), tmp_path / "b.webp")
    save(pixels(8, 8, 3), tmp_path / "c.webp", lossless=True)
    save(pixels(8, 8, 4), tmp_path / "d.png")
    lossy, transparent = open_images(tmp_path).warnings
    assert lossy.startswith("2 of the 4 images have lost detail to JPEG or WebP compression")
    assert transparent.startswith("1 of the 4 images are transparent")


def spoil_unreadable(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"this is no image")


def spoil_truncated(folder: Path) -> None:
    raw = (folder / "a.png").read_bytes()
    (folder / "bad.png").write_bytes(raw[: len(raw) // 2])


def spoil_tiny(folder: Path) -> None:
    save(np.zeros((2, 2, 3), np.uint8), folder / "bad.png")


def spoil_huge(folder: Path) -> None:
    """A header that announces 60,000 x 60,000 pixels: refused before anything is decoded."""
    raw = bytearray((folder / "a.png").read_bytes())
    raw[16:24] = struct.pack(">II", 60000, 60000)
    (folder / "bad.png").write_bytes(raw)


def spoil_other(folder: Path) -> None:
    (folder / "bad.txt").write_text("notes")


def spoil_size(folder: Path) -> None:
    save(np.zeros((16, 16, 3), np.uint8), folder / "bad.png")


def spoil_depth(folder: Path) -> None:
    save(np.zeros((32, 32), np.uint16), folder / "bad.png")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (spoil_unreadable, r"bad\.png cannot be read as an image"),
        (spoil_truncated, r"bad\.png cannot be read as an image"),
        (spoil_tiny, r"bad\.png: 2x2; an image needs at least 8 pixels"),
        (spoil_huge, r"bad\.png cannot be read as an image"),
        (spoil_other, r"bad\.txt is not a PNG, JPEG or WebP file"),
        (spoil_size, r"bad\.png is 16x16 but .*a\.png is 32x32"),
        (spoil_depth, r"bad\.png: 16 bits a channel, of which 8 would be lost; convert it"),
    ],
)
def test_a_bad_file_stops_the_reading_by_name(pictures, spoil, sentence):
    spoil(pictures)
    with pytest.raises(UserError, match=sentence):
        read(open_images(pictures))


def test_other_bad_paths(tmp_path, pictures):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no images"):
        open_images(tmp_path / "empty")
    with pytest.raises(UserError, match="neither a folder"):
        open_images(tmp_path / "absent")
    with pytest.raises(UserError, match="is a folder of image files, which have no other range"):
        open_images(pictures, value_range=(0, 1))


def write(array: np.ndarray, path: Path) -> None:
    if path.suffix == ".npy":
        np.save(path, array)
    elif path.suffix == ".pt":
        torch.save(torch.from_numpy(array), path)
    else:
        np.savez(path, array) if path.stem == "stored" else np.savez_compressed(path, images=array)


@pytest.mark.parametrize("name", ["a.npy", "a.pt", "stored.npz", "a.npz"])
def test_arrays_of_either_layout_in_any_file(tmp_path, name):
    array = pixels(5, 32, 16, 3)
    expected = torch.from_numpy(array).permute(0, 3, 1, 2)
    for layout in (array, array.transpose(0, 3, 1, 2)):
        write(layout, tmp_path / name)
        found = open_images(tmp_path / name)
        assert found.images.shape == (5, 3, 32, 16) and torch.equal(read(found), expected)
        assert torch.equal(torch.cat(list(found.images.split(2))), expected)


def test_floats_are_read_in_their_range(tmp_path):
    array = pixels(4, 1, 8, 8)
    for floats, value_range in ((array / 255, (0, 1)), (array / 127.5 - 1, (-1, 1)), (array.astype(np.float32), (0, 255))):
        np.save(tmp_path / "a.npy", floats)
        assert np.array_equal(read(open_images(tmp_path / "a.npy", value_range)), array)


def test_labels_come_with_arrays(tmp_path):
    array, labels = pixels(3, 3, 8, 8), np.array([7, 0, 7])
    np.savez(tmp_path / "ours.npz", images=array, labels=labels)
    np.savez(tmp_path / "diffusion.npz", array, labels)
    torch.save({"images": torch.from_numpy(array), "labels": torch.from_numpy(labels)}, tmp_path / "a.pt")
    for name in ("ours.npz", "diffusion.npz", "a.pt"):
        assert open_images(tmp_path / name).classes == ["7", "0", "7"]
    np.savez(tmp_path / "ours.npz", images=array, labels=labels[:2])
    with pytest.raises(UserError, match=r"ours\.npz: found labels of shape \(2,\) for 3 images; expected one class number"):
        open_images(tmp_path / "ours.npz")


@pytest.mark.parametrize(
    ("array", "value_range", "sentence"),
    [
        (np.zeros((3, 32, 32, 3), np.float32), None, "found float images; say what is black and what is white"),
        (np.full((3, 32, 32, 3), 2.0, np.float32), (-1, 1), "found values from 2 to 2, outside the range of values -1 to 1"),
        (np.full((3, 32, 32, 3), np.nan, np.float32), (-1, 1), "found 9,216 values that are not finite"),
        (np.zeros((3, 32, 32, 3), np.int64), None, r"found images of torch\.int64; expected uint8"),
        (np.zeros((3, 32, 32, 3), "U2"), None, "found an array of <U2; expected uint8"),
        (np.zeros((3, 5, 32, 7), np.uint8), None, r"found an array of shape \(3, 5, 32, 7\); expected images \(N, C, H, W\)"),
        (np.zeros((3, 3, 4, 4), np.uint8), None, r"found an array of shape \(3, 3, 4, 4\)"),
        (np.zeros((0, 3, 32, 32), np.uint8), None, r"found an array of shape \(0, 3, 32, 32\)"),
        (np.zeros((32, 32), np.uint8), None, r"found an array of shape \(32, 32\)"),
        (np.array([None]), None, "found an array of Python objects"),
    ],
)
@pytest.mark.parametrize("save_array", [np.save, np.savez], ids=["npy", "npz"])
def test_bad_arrays_are_said_with_their_file(tmp_path, array, value_range, sentence, save_array):
    file = tmp_path / ("a.npy" if save_array is np.save else "a.npz")
    save_array(file, array)
    with pytest.raises(UserError, match=rf"{re.escape(file.name)}: {sentence}"):
        read(open_images(file, value_range))


class Trap:
    """Unpickled, it would make a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.file,)  # type: ignore[return-value]


def test_only_tensors_are_unpickled(tmp_path):
    torch.save(Trap(tmp_path / "sprung"), tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt: it cannot be read as numbers"):
        open_images(tmp_path / "a.pt")
    assert not (tmp_path / "sprung").exists()
    torch.save([torch.zeros(3)], tmp_path / "a.pt")
    with pytest.raises(UserError, match=r"a\.pt: found a list; expected a tensor, or a dictionary with a tensor 'images'"):
        open_images(tmp_path / "a.pt")


@pytest.mark.parametrize("name", ["a.npy", "a.pt", "a.npz"])
def test_a_file_that_was_cut_off_is_said(tmp_path, name):
    write(pixels(4, 32, 32, 3), tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    with pytest.raises(UserError, match=rf"{re.escape(name)}: it cannot be read as numbers"):
        read(open_images(tmp_path / name))


def test_a_large_compressed_archive_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "MOST_BYTES", 1000)
    write(pixels(4, 32, 32, 3), tmp_path / "a.npz")
    with pytest.raises(UserError, match=r"compressed and would take .* save it by numpy\.savez"):
        open_images(tmp_path / "a.npz")


def test_what_does_not_fit_in_memory_is_read_in_pieces(monkeypatch):
    """No more than a piece at a time, and nothing before it is asked for; what fits is read once."""
    array, asked = torch.from_numpy(pixels(10, 3, 8, 8)), []

    def reading(positions: torch.Tensor) -> torch.Tensor:
        asked.append(len(positions))
        return array[positions]

    lazy = LazyImages((3, 8, 8), torch.arange(10), reading).then(lambda batch: 255 - batch, (3, 8, 8))
    monkeypatch.setattr(sets, "MOST_BYTES", array.numel() - 1)
    assert load_if_small(lazy) is lazy and asked == []
    pieces = iter(lazy.split(4))
    assert torch.equal(next(pieces), 255 - array[:4]) and asked == [4]
    assert [len(piece) for piece in pieces] == [4, 2]
    assert convert.digest(lazy) == convert.digest(255 - array)
    monkeypatch.setattr(sets, "MOST_BYTES", array.numel())
    assert torch.equal(load_if_small(lazy), 255 - array)  # type: ignore[arg-type]


def test_a_tensor_is_its_own_memory():
    array = torch.from_numpy(pixels(10, 3, 8, 8))
    assert load_if_small(array) is array and torch.equal(in_memory(LazyImages.of(array)), array)


def test_a_folder_is_a_dataset_without_a_test_split(tmp_path):
    for name in ("cat/a.png", "cat/b.png", "dog/c.png"):
        save(pixels(24, 16, 3, seed=len(name)), tmp_path / name)
    dataset = DATASETS.create(f"folder:{tmp_path}")
    split = dataset.load("train")
    assert dataset.image_shape == (3, 24, 16) and dataset.class_names == ("cat", "dog") and split.labels.tolist() == [0, 0, 1]
    assert torch.equal(split.images, read(open_images(tmp_path)))
    with pytest.raises(UserError, match="has no test split"):
        dataset.load("test")
