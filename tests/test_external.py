"""`gan-bench score`: somebody's images against a dataset, and what they are told about them."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench import extraction, leaderboard
from gan_bench.core.errors import CannotWrite, UserError
from gan_bench.core.remarks import to_log
from gan_bench.datasets import DATASETS
from gan_bench.external import write_entry
from gan_bench.images.fit import fit, oddities
from gan_bench.images.pictures import save_png
from gan_bench.images.sets import LazyImages, in_memory
from gan_bench.records import ReferenceRecord, spec_hash
from gan_bench.references import Measured, Reference
from gan_bench.run_folder import RunFolder, read_runs
from gan_bench.scorer import SetScorer
from tests.boards import metric, reference
from tests.conftest import CPU

TELL = to_log(logging.getLogger("gan_bench.external"), "digits")
RAW = ("--budget", "smoke", "--extractors", "raw", "--metrics", "fd,pr", "--device", "cpu")


def values(ended) -> dict[str, float]:
    assert ended.code == 0, ended.stderr
    return {m["name"]: m["value"] for m in json.loads(ended.stdout)["metrics"]}


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def shapes() -> torch.Tensor:
    return DATASETS.create("shapes").load("test").images[:300]


def save_array(pictures: torch.Tensor, file: Path) -> Path:
    np.save(file, pictures.numpy())
    return file


def test_a_folder_is_compared_with_a_folder_of_any_size(cli, tmp_path):
    """Images of 24x16 against their like: near; against their negatives: far."""
    rng = np.random.default_rng(0)
    for name, low in (("reals", 0), ("near", 0), ("far", 128)):
        for i in range(120):
            pixels = rng.integers(low, low + 128, (24, 16, 3), np.uint8)
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    near, far = (
        values(cli("score", tmp_path / n, "--dataset", f"folder:{tmp_path / 'reals'}", *RAW, "--json")) for n in ("near", "far")
    )
    assert near.keys() == far.keys() == {"fd_raw_120", "precision_raw_120", "recall_raw_120"}
    assert far["fd_raw_120"] > 10 * near["fd_raw_120"]


def test_a_folder_has_metrics_of_its_own_accord_but_no_leaderboard(cli, tmp_path, shapes):
    for i, picture in enumerate(shapes[:120]):
        save_png(picture.permute(1, 2, 0).numpy(), tmp_path / "reals" / f"{i:03d}.png")
    array = save_array(shapes[120:240], tmp_path / "a.npy")
    dataset = f"folder:{tmp_path / 'reals'}"
    table = cli("score", array, "--dataset", dataset, "--budget", "smoke", "--device", "cpu").stdout
    assert "fd_lite0@64_120" in table and "precision_lite0@64_120" in table
    (tmp_path / "plan.json").write_text("{}")
    ended = cli("score", array, "--dataset", dataset, *RAW, "--name", "x", "--run", tmp_path)
    assert ended.code == 2 and "no run has any of folder:" in words(ended.stderr)
    ended = cli("score", array, "--dataset", dataset, "--budget", "smoke", "--metrics", "data-copying", "--extractors", "raw")
    assert ended.code == 2 and "has no test split, which a metric asked for needs" in words(ended.stderr)


def test_compression_of_either_side_is_told(cli, tmp_path, shapes):
    for i, picture in enumerate(shapes[:120].permute(0, 2, 3, 1).numpy()):
        for name in ("reals", "fakes"):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.fromarray(picture).save(tmp_path / name / f"{i}.jpg")
    ended = cli("score", tmp_path / "fakes", "--dataset", f"folder:{tmp_path / 'reals'}", *RAW)
    told = "120 of the 120 images have lost detail to JPEG or WebP compression"
    assert all(f"{name}: {told}" in words(ended.stderr) for name in ("fakes", "reals"))


def test_sub_folders_and_arrays_tell_the_classes_asked_for(cli, fetched, tmp_path):
    """Real digits under their own classes: the classifier agrees; and they teach what reals teach."""
    digits = fetched["mnist"].load("train").subset(1500, "digits")
    for i, (image, label) in enumerate(zip(digits.images, digits.labels.tolist(), strict=True)):
        save_png(image.expand(3, -1, -1).permute(1, 2, 0).numpy(), tmp_path / f"digits/{label}/{i}.png")
    np.savez(tmp_path / "digits.npz", images=digits.images.numpy(), labels=digits.labels.numpy())
    options = ("--dataset", "mnist", "--budget", "smoke", "--extractors", "mnist-cnn", "--metrics", "condition,cas", "--json")
    folder, array = (values(cli("score", tmp_path / name, *options)) for name in ("digits", "digits.npz"))
    assert folder["label_agreement_mnist-cnn_1500"] > 0.98
    assert folder.keys() == array.keys() and folder["label_agreement_mnist-cnn_1500"] == array["label_agreement_mnist-cnn_1500"]
    assert folder["cas_pixels_1500"] > 0.8 and folder["cas_share_pixels_1500"] == pytest.approx(1, abs=0.1)


def test_sub_folders_that_are_no_classes_are_said_and_read(cli, tmp_path, shapes):
    for i, picture in enumerate(shapes):
        save_png(picture.permute(1, 2, 0).numpy(), tmp_path / "s" / ("train" if i % 2 else "val") / f"{i:03d}.png")
    ended = cli("score", tmp_path / "s", "--dataset", "shapes", *RAW, "--json")
    assert values(ended)["fd_raw_300"] > 0
    assert "are no classes of shapes" in words(ended.stderr)
    assert "and 300 of the 300 images have such a label; scored without classes" in words(ended.stderr)


def test_digits_without_padding_are_padded_as_the_reals_were(fetched, caplog):
    mnist = DATASETS.create("mnist")
    digits = fetched["mnist"].load("test").images[:100]
    fitted = in_memory(fit(LazyImages.of(digits[:, :, 2:-2, 2:-2].contiguous()), mnist, TELL))
    assert torch.equal(fitted, digits) and "resized" not in caplog.text
    assert in_memory(fit(LazyImages.of(digits[:, :, 4:-4, 4:-4].contiguous()), mnist, TELL)).shape == digits.shape
    assert "images of 24x24 were resized to 32x32" in caplog.text


def test_images_stored_in_another_way_are_suspected(shapes):
    grey = shapes.float().mean(1, keepdim=True).byte()
    assert oddities(shapes[:150], shapes[150:]) == []
    assert re.search("cut to whole numbers", *oddities(shapes // 200, shapes))
    assert re.search(r"mean level is \d+ of 255, .* inverted", *oddities(255 - grey, grey))
    assert re.search("all images are grey, and the reals have colours", *oddities(grey.expand(-1, 3, -1, -1), shapes))
    assert oddities(torch.zeros(5, 2, 1, 1), torch.ones(5, 2, 1, 1)) == []  # points have no levels


def test_the_reals_themselves_are_recognised_in_any_order(cli, tmp_path):
    reals = DATASETS.create("shapes").load("train").subset(512, "shapes", "real", 512).images
    warning = "all features (raw) are those of the reals"
    options = ("--dataset", "shapes", *RAW, "--json")
    ended = cli("score", save_array(reals.flip(0), tmp_path / "a.npy"), *options)
    assert warning in words(ended.stderr)
    # rounding: a root eigenvalue of 192 is off by up to the root of 1e-16 of the largest
    assert values(ended) == pytest.approx({"fd_raw_512": 0, "precision_raw_512": 1, "recall_raw_512": 1}, abs=1e-6)
    others = DATASETS.create("shapes").load("test").images[:512]
    assert warning not in words(cli("score", save_array(others, tmp_path / "b.npy"), *options).stderr)


def test_what_is_no_sample_is_said(cli, tmp_path, shapes):
    options = ("--dataset", "shapes", *RAW)
    one = cli("score", save_array(shapes[:1], tmp_path / "one.npy"), *options)
    assert one.code == 2 and "no metric can be computed of 1 image: Frechet distance needs at least 2 images" in words(
        one.stderr
    )
    floats = save_array(shapes.float() / 255, tmp_path / "floats.npy")
    ended = cli("score", floats, *options)
    assert ended.code == 2 and "floats.npy: found float images; say what is black" in words(ended.stderr)
    assert values(cli("score", floats, *options, "--value-range=0,1", "--json"))["fd_raw_300"] > 0
    for wrong in ("1,0", "0", "a,b", "0,1,2"):
        ended = cli("score", floats, *options, f"--value-range={wrong}")
        assert ended.code == 2 and "is not black and white as two numbers, such as -1,1" in words(ended.stderr)


def test_images_are_looked_at_once_for_any_number_of_scores(cli, tmp_path, shapes, monkeypatch):
    """The same images under another name and with another metric: their features are still known."""
    options = ("--dataset", "shapes", "--budget", "smoke", "--extractors", "raw", "--device", "cpu", "--json")
    first = values(cli("score", save_array(shapes, tmp_path / "a.npy"), *options, "--metrics", "fd"))
    monkeypatch.setattr(extraction, "extract", lambda *_: pytest.fail("features were extracted again"))
    again = values(cli("score", save_array(shapes, tmp_path / "b.npy"), *options, "--metrics", "fd,pr"))
    assert again["fd_raw_300"] == first["fd_raw_300"] and "precision_raw_300" in again


def test_points_are_scored_from_an_array(cli, tmp_path):
    points = DATASETS.create("ring8").load("test").images[:500].flatten(1)
    found = values(cli("score", save_array(points, tmp_path / "points.npy"), "--dataset", "ring8", "--device", "cpu", "--json"))
    assert found["modes_covered_raw_500"] == 8


def test_the_nearest_reals_of_reals_are_themselves():
    """And the second nearest are others."""
    against = SetScorer(DATASETS.create("shapes"), 200, ("raw",), ("fd",), CPU)
    shown = in_memory(against.real.images)[[3, 50, 199]]
    first, second = against.nearest(shown, 2)
    assert torch.equal(first, shown) and second.shape == shown.shape and not torch.equal(second, shown)


# Entries


NAMES = [
    "a/b/c", "a|b`c", "A", "a", "..", "CON", "external", "x" * 80, "\U0001f98a", "\U0001f98b", "-x", "a-b", "a b", "a_b", "<b>",
    "=1+1", "A-b", "\u00e4", "a\u0308", "my dcgan", "dcgan2", "realistic",
]  # fmt: skip
REFUSED = [
    ("", "--name is empty"), ("  ", "--name is empty"), ("x" * 81, "has 81 characters; give at most 80"), ("x" * 300, "300"),
    ("a\nb", "has the character '\\n', which cannot be shown"), ("a\rb", "'\\r'"), ("a\0b", "'\\x00'"),
    ("a\u202eb", "'\\u202e'"),
    ("a\udcffb", "'\\udcff'"), (" a", "begins or ends with a blank"), ("dcgan", "is kept for rows of 'dcgan'"),
    ("DCGAN", "rows of 'dcgan'"), ("dcgan\u200b", "rows of 'dcgan'"), ("dcgan (lr=5e-4)", "rows of 'dcgan'"),
    ("dcgan #1a2b", "rows of 'dcgan'"), ("real", "rows of 'real'"), ("noise", "rows of 'noise'"),
    ("bicubic", "rows of 'bicubic'"),
    ("untranslated", "rows of 'untranslated'"), ("all", "rows of 'all'"), ("my_gan", "rows of 'my_gan'"),
]  # fmt: skip


def measured(name: str, images: torch.Tensor) -> Measured:
    record = reference(name, metric(1.0), external=True, note=f"scored from {name}").record
    assert isinstance(record, ReferenceRecord)
    spec = record.spec.model_copy(update={"dataset": "shapes", "samples_digest": str(images.sum())})
    return Measured(Reference("", images), record.model_copy(update={"spec": spec, "spec_hash": spec_hash(spec)}), [], None)


def names_in(run: Path) -> list[str]:
    rows = json.loads((run / "leaderboard" / "leaderboard.json").read_text())["tracks"][0]["generators"]
    return [row["entry"] for row in rows]


def test_entries_of_any_name_have_a_row_and_a_folder_of_their_own(tmp_path, shapes, monkeypatch):
    """Also on systems where A is a; scored again, each stands there once."""
    run, dataset = RunFolder(tmp_path / "run"), DATASETS.create("shapes")
    pages = leaderboard.build
    monkeypatch.setattr(leaderboard, "build", lambda *_: None)  # once is enough
    for name in [*NAMES, *NAMES]:
        write_entry(run, dataset, name, [measured(name, shapes[:4])])
    monkeypatch.undo()

    found = read_runs([run.path])
    pages(found.results, run.leaderboard, found.rules, found.problems)
    assert sorted(names_in(run.path)) == sorted(NAMES) and found.problems == []
    folders = [folder.name for folder in run.externals("shapes")]
    assert len({name.lower() for name in folders}) == len(NAMES) and all(re.fullmatch(r"[\w.-]+", name) for name in folders)
    links = re.findall(r'href="(entries/[^"]+)"', (run.leaderboard / "shapes_quick_0.3/index.html").read_text())
    assert len({link.lower() for link in links}) == len(NAMES)


@pytest.mark.parametrize(("name", "sentence"), REFUSED)
def test_a_name_that_no_entry_can_have_is_refused_before_anything_is_scored(tmp_path, cli, name, sentence):
    (tmp_path / "run/cells/shapes/my_gan@1a2b3c").mkdir(parents=True)
    (tmp_path / "run/plan.json").write_text("{}")
    ended = cli("score", tmp_path / "absent.npy", "--dataset", "shapes", "--name", name, "--run", tmp_path / "run")
    assert ended.code == 2 and sentence in words(ended.stderr) and len(ended.stderr) < 200, ended.stderr
    with pytest.raises(UserError, match=re.escape(sentence)):
        write_entry(RunFolder(tmp_path / "run"), DATASETS.create("shapes"), name, [])


def test_a_full_disk_leaves_the_earlier_entry(tmp_path, shapes, monkeypatch):
    run, dataset = RunFolder(tmp_path / "run"), DATASETS.create("shapes")
    write_entry(run, dataset, "mine", [measured("mine", shapes[:4])])
    before = {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()}

    def full(self: Path, data: bytes) -> int:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(self, data)

    room, write = [0], Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", full)
    for n_allowed in range(3):  # the picture, the statistics, the record
        room[0] = n_allowed
        with pytest.raises(CannotWrite, match=r"the disk is full: .*/external-mine-\w+ cannot be written; free some space"):
            write_entry(run, dataset, "mine", [measured("mine", shapes[4:8])])
        assert {file: file.read_bytes() for file in run.path.rglob("*") if file.is_file()} == before
    assert not list((run.path / "references/shapes").glob(".*"))


def test_a_read_only_run_takes_no_entry(tmp_path, cli, monkeypatch):
    (tmp_path / "plan.json").write_text("{}")
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and allowed(path, mode))  # as a read-only disk says
    ended = cli("score", tmp_path / "absent.npy", "--dataset", "shapes", "--name", "mine", "--run", tmp_path)
    assert ended.code == 2 and "is read-only, so it takes no entries; make it writable" in words(ended.stderr)
