"""Anybody's images as what a run trains on: how they are read, split and kept, what small folders lose, a run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gan_bench.budget import PRESETS
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS, SIDES, folder_kept
from gan_bench.datasets.folder_kept import OwnImages, own_images, parts_of
from gan_bench.datasets.folder_read import Decoded, decode
from gan_bench.features import EXTRACTORS, own_classifier
from gan_bench.features.base import Unavailable
from gan_bench.metrics.base import Pixels
from gan_bench.metrics.cas import accuracy as cas_accuracy
from gan_bench.plan import RunRequest, make_plan
from gan_bench.records import CellRecord, Plan, read_record
from gan_bench.scorer import SetScorer
from tests.conftest import CPU

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAN_BENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def drawing(k: int, bright: bool, channels: int = 1, height: int = 28, width: int = 28) -> np.ndarray:
    """uint8 (H, W) or (H, W, 3): noise of its own for each k, in the upper half of the levels or the lower."""
    rng = np.random.default_rng(k)
    pixels = rng.integers(0, 100, (height, width, channels), np.uint8) + np.uint8(150 * bright)
    return pixels[:, :, 0] if channels == 1 else pixels


def put(folder: Path, n: int = 60, classes: tuple[str, ...] = ("day", "night"), **form: int) -> Path:
    """n PNG files in turn in each class; without classes, beside one another."""
    for k in range(n):
        below = folder / classes[k % len(classes)] if classes else folder
        below.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawing(k, k % 2 == 0, **form)).save(below / f"{k:03d}.png")
    return folder


# ------------------------------------------------------------------------------------------------------------- reading


def test_a_tenth_is_the_test_split_and_copies_are_on_one_side(tmp_path):
    folder = put(tmp_path / "photos")
    for k in range(0, 60, 5):
        shutil.copy(next(folder.rglob(f"{k:03d}.png")), folder / "day" / f"copy-{k}.png")
    decoded = decode(folder, 32)
    arrays, class_names = parts_of(decoded)
    train, test = ({image.tobytes() for image in arrays[f"{split}-images"]} for split in ("train", "test"))
    assert class_names == ("day", "night") and not train & test and len(test) == 6 and len(train) == 54
    assert sum(len(arrays[f"{split}-labels"]) for split in ("train", "test")) == 72
    assert "12 of the 72 images are copies of others." in decoded.warnings


def test_labels_stay_with_their_images(tmp_path):
    dataset = own_images(put(tmp_path / "photos"), 32)
    for split in (dataset.load("train"), dataset.load("test")):
        is_bright = split.images.float().mean((1, 2, 3)) > 128
        assert torch.equal(is_bright, split.labels == dataset.class_index("day")) and len(is_bright) == len(split.labels)


def test_the_name_depends_on_the_content_alone(tmp_path):
    """Other file names and another order, or an array: the same dataset. One pixel or another side: another one."""
    folder = put(tmp_path / "a/photos", classes=())
    renamed = tmp_path / "b/photos"
    renamed.mkdir(parents=True)
    for file in folder.iterdir():
        shutil.copy(file, renamed / f"{999 - int(file.stem)}.png")
    np.savez(tmp_path / "photos.npz", images=np.stack([drawing(k, k % 2 == 0) for k in range(60)])[:, None])
    names = {own_images(path, 32).name for path in (folder, renamed, tmp_path / "photos.npz")}
    assert len(names) == 1 and names.pop().startswith("images:photos-32-")

    pixels = drawing(0, True)
    pixels[0, 0] ^= 1
    Image.fromarray(pixels).save(renamed / "999.png")
    assert own_images(renamed, 32).name != own_images(folder, 32).name != own_images(folder, 16).name


@pytest.mark.parametrize("side", SIDES)
def test_images_have_the_side_that_was_asked_for(tmp_path, side: int):
    assert own_images(put(tmp_path / "photos", 12), side).image_shape == (1, side, side)


def test_grey_stays_grey_and_one_colour_makes_all_colour(tmp_path):
    folder = tmp_path / "photos"
    put(folder, 12)
    Image.fromarray(np.repeat(drawing(50, True)[:, :, None], 3, 2)).save(folder / "day/rgb.png")  # grey, stored as colour
    assert decode(folder, 32).images.shape == (13, 1, 32, 32)

    Image.fromarray(drawing(51, True, channels=3)).save(folder / "day/colour.png")
    decoded = decode(folder, 32)
    assert decoded.images.shape == (14, 3, 32, 32) and "13 of the 14 images: grey, made colour." in decoded.warnings


def test_the_square_in_the_middle_is_what_is_seen(tmp_path):
    folder = put(tmp_path / "photos", 12, classes=())
    wide = np.zeros((32, 64), np.uint8)
    wide[:, 16:48] = 200
    Image.fromarray(wide).save(folder / "wide.png")
    decoded = decode(folder, 32)
    assert (decoded.images.flatten(1) == 200).all(1).sum() == 1
    assert "1 of the 13 images: not square, cut to the square in the middle." in decoded.warnings
    assert "the images have 2 sizes, from 28x28 to 64x32; 12 were resized to 32x32." in decoded.warnings


def test_what_cannot_be_read_is_named_and_the_rest_is_kept(tmp_path):
    folder = put(tmp_path / "photos", 40)
    (folder / "day/000.png").write_bytes((folder / "day/000.png").read_bytes()[:60])
    (folder / "day/notes.txt").write_text("sunny")
    (folder / "day/empty.png").touch()
    (folder / "night/a.gif").write_bytes(b"GIF89a")
    (folder / "day/.DS_Store").write_text("hidden")
    decoded = decode(folder, 32)
    (sentence,) = (warning for warning in decoded.warnings if "left out" in warning)
    assert len(decoded.images) == 39 and set(decoded.classes or ()) == {"day", "night"}
    assert sentence.startswith("4 files were left out: day/000.png (damaged") and sentence.endswith(" and 1 more.")


def test_pipes_links_and_sixteen_bits_are_named_and_nothing_hangs(tmp_path):
    folder = put(tmp_path / "photos", 20)
    os.mkfifo(folder / "day/pipe.png")
    (folder / "day/lost.png").symlink_to("nowhere.png")
    Image.new("I;16", (28, 28), 777).save(folder / "night/deep.png")
    dataset = own_images(folder, 16)
    (sentence,) = (warning for warning in dataset.warnings if "left out" in warning)
    assert sentence.startswith("3 files were left out: day/lost.png (a link that leads nowhere), day/pipe.png (a pipe), night/")
    assert "deep.png (16 bits a channel, of which 8 would be lost" in sentence
    (folder / "day/lost.png").unlink()
    assert not [warning for warning in own_images(folder, 16).warnings if "lost.png" in warning]


def test_the_folder_of_a_user_whom_nobody_knows_is_not_there(cli, tmp_path):
    ended = cli(
        "run", "--suite", "folder:~nobody-has-this-name/photos", "--budget", "smoke", "--out", tmp_path / "o", "--dry-run"
    )
    assert ended.code == 2 and "~nobody-has-this-name/photos does not exist" in ended.stderr


def test_images_beside_the_classes_leave_none(tmp_path):
    folder = put(tmp_path / "photos", 20)
    Image.fromarray(drawing(99, True)).save(folder / "loose.png")
    decoded = decode(folder, 32)
    assert decoded.classes is None
    assert "1 of the 21 images lie beside the sub-folders, not in one, so there are no classes." in decoded.warnings


def test_an_array_has_the_classes_of_its_labels(tmp_path):
    images = np.stack([drawing(k, k % 2 == 0, channels=3, height=40) for k in range(30)])
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(30) % 3 + 5)
    dataset = own_images(tmp_path / "a.npz", 16)
    assert dataset.class_names == ("5", "6", "7") and dataset.image_shape == (3, 16, 16)
    assert "30 of the 30 images: not square, cut to the square in the middle." in dataset.warnings


# ------------------------------------------------------------------------------------------------------------- keeping


def test_a_folder_is_read_once_and_again_when_it_changes(tmp_path, monkeypatch, caplog):
    folder = put(tmp_path / "photos")
    first = own_images(folder, 32)
    with monkeypatch.context() as patched:
        patched.setattr(folder_kept, "decode", lambda *_: pytest.fail("the folder was read again"))
        assert own_images(folder, 32).name == first.name

    Image.fromarray(drawing(77, True)).save(folder / "day/077.png")
    second = own_images(folder, 32)
    assert second.name != first.name and f"photos has changed: it was {first.name}" in caplog.text
    assert len(OwnImages(first.key).load("train").images) == 54  # what records name is still there


def test_a_folder_that_is_gone_is_in_the_cache(tmp_path, caplog):
    folder = put(tmp_path / "photos")
    name = own_images(folder, 32).name
    shutil.rmtree(folder)
    assert own_images(folder, 32).name == name and "photos is gone" in caplog.text


def test_where_neither_is_there_one_sentence_says_so(tmp_path, own_cache):
    folder = put(tmp_path / "photos")
    name = own_images(folder, 32).name
    shutil.rmtree(folder)
    shutil.rmtree(own_cache)
    with pytest.raises(UserError, match="photos does not exist; give a folder of images"):
        own_images(folder, 32)
    with pytest.raises(UserError, match=f"{name} is not in the cache") as error:
        DATASETS.create(name).load("train")
    assert "run --suite folder:PATH --dry-run" in str(error.value) and "\n" not in str(error.value)


def test_damage_in_the_cache_is_noticed_and_read_again(tmp_path, own_cache):
    folder = put(tmp_path / "photos")
    dataset = own_images(folder, 32)
    digest, file = dataset.load("train").digest, own_cache / "datasets" / dataset.key / "train-images.npy"
    raw = bytearray(file.read_bytes())
    raw[-1] ^= 1
    file.write_bytes(raw)
    assert [str(file) in fault for fault in dataset.verify()] == [True]
    assert DATASETS.create(dataset.name).load("train").digest == digest and dataset.verify() == []

    file.unlink()
    (folder / "day/000.png").unlink()
    with pytest.raises(UserError, match="holds other images now"):
        DATASETS.create(dataset.name).load("train")


def test_an_edited_card_is_noticed(tmp_path, caplog):
    folder = put(tmp_path / "photos")
    dataset = own_images(folder, 32)
    edited = dataset.card_file.read_text().replace('"day"', '"dusk"')
    dataset.card_file.write_text(edited)
    assert OwnImages(dataset.key).class_names == ("day", "night") and "card.json is damaged" in caplog.text

    dataset.card_file.write_text(edited)
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="is not in the cache, or damaged there"):
        _ = OwnImages(dataset.key).class_names


# ------------------------------------------------------------------------------------------------------------ planning


def planned(path: Path, **more: object) -> Plan:
    return make_plan(RunRequest([f"folder:{path}"], PRESETS["smoke"], **more))  # type: ignore[arg-type]


def test_a_folder_gets_what_it_can_carry(tmp_path, caplog):
    plan = planned(put(tmp_path / "photos", 240))
    assert {cell.variant for cell in plan.cells} == {"vanilla", "dcgan", "cgan", "cyclegan", "srgan", "wgan"}
    assert plan.cells[0].extractors == ("own-classifier", "lite0", "inception") and plan.judges == ()
    assert "detectors are left out: they need 100 test images, and there are 24" in caplog.text
    assert [rule.headline for rule in plan.rules.values()] == ["fd_lite0"]


def test_without_classes_what_needs_them_is_left_out(tmp_path, caplog):
    plan = planned(put(tmp_path / "photos", 240, classes=()))
    assert "cgan" not in {cell.variant for cell in plan.cells} and plan.cells[0].extractors == ("lite0", "inception")
    assert "metrics of classes are left out" in caplog.text and "cgan is left out" in caplog.text


def test_three_images_a_class_leave_out_the_metrics_of_classes(tmp_path, caplog):
    plan = planned(put(tmp_path / "photos", 30, classes=tuple("abcdefghij")))
    assert plan.cells[0].extractors == ("lite0", "inception") and "cgan" in {cell.variant for cell in plan.cells}
    assert "each class needs 10 training images at least, and " in caplog.text


def test_a_thousand_images_are_enough_for_detectors(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (1000, 1, 16, 16), np.uint8)
    np.save(tmp_path / "a.npy", images)
    assert len(planned(tmp_path / "a.npy", side=16).judges) == 6


WRONG = {
    "absent": ("", "photos does not exist; give a folder of images"),
    "empty": ("", "photos holds no images"),
    "one": ("", "photos holds 1 image; to train and test on, give 10 at least"),
    "copies": ("", "photos holds 12 images, of which 1 differ"),
    "text": ("", "photos holds no image that can be read; the first file is a.txt (no PNG, JPEG or WebP image, or damaged)."),
    "side": ("--side 30", "--side 30 does not fit the networks, whose sides are 16, 32, 64, 128 or 256 pixels."),
    "classless": ("--variants cgan", "'cgan' needs classes, and 'images:photos-32-"),
    "judged": ("--detectors pixels", "has 2 test images, and detectors need 100; use --detectors none."),
    "floats": ("", "or save them as uint8."),
    "twice": ("", "is there twice, in folder:"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_folder_is_one_sentence(cli, tmp_path, kind: str):
    folder, (options, sentence) = tmp_path / "photos", WRONG[kind]
    suite = f"folder:{folder}"
    if kind == "one":
        put(folder, 1)
    elif kind == "copies":
        for k in range(12):
            Image.fromarray(drawing(0, True)).save(put(folder, 1, ()) / f"copy-{k}.png")
        (folder / "000.png").unlink()
    elif kind in ("text", "empty"):
        folder.mkdir()
        _ = kind == "empty" or (folder / "a.txt").write_text("no image")
    elif kind == "floats":
        np.save(tmp_path / "photos.npy", np.zeros((20, 1, 28, 28), np.float32))
        suite = f"folder:{tmp_path / 'photos.npy'}"
    elif kind != "absent":
        put(folder, 20, ())
        suite = f"{suite},{suite}/" if kind == "twice" else suite
    ended = cli("run", "--suite", suite, "--budget", "smoke", *options.split(), "--out", tmp_path / "out", "--dry-run")
    (line,) = (line for line in ended.stderr.splitlines() if line.startswith("gan-bench: "))
    assert ended.code == 2 and sentence in line and not (tmp_path / "out").exists()


def test_a_side_where_nothing_has_one_is_refused(cli):
    ended = cli("run", "--suite", "shapes", "--side", "64", "--dry-run")
    assert ended.code == 2 and "--side is for the images of folders, and shapes has none." in ended.stderr


# ---------------------------------------------------------------------------------------------------------- classifier


def test_the_classifier_learns_classes_once_and_says_how_well(tmp_path, monkeypatch):
    dataset = own_images(put(tmp_path / "photos", 120), 32)
    scorer = SetScorer(dataset, 512, ("own-classifier",), ("modes", "fd"), CPU)
    info = scorer.info["own-classifier"]
    assert info.accuracy == 1 and info.digest and not [w for w in scorer.warnings if "little" in w]

    monkeypatch.setattr(own_classifier, "trained", lambda *_: pytest.fail("it was trained again"))
    again = SetScorer(dataset, 512, ("own-classifier",), ("modes",), CPU)
    assert again.info == scorer.info
    split = dataset.load("train")
    values = {m.metric: m.value for m in again.score(split.images[split.labels == 0].repeat(3, 1, 1, 1), "test")}
    assert values["classes_covered"] == 1  # of two: the fakes are all of one class


def test_a_classifier_that_learnt_nothing_is_warned_about(tmp_path, monkeypatch):
    """Classes that are drawn alike: four of them, so that a guess is right in a quarter."""
    monkeypatch.setattr(own_classifier, "SHOWN", 0)  # few passes
    images = np.random.default_rng(0).integers(0, 256, (200, 1, 16, 16), np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(200) % 4)
    scorer = SetScorer(own_images(tmp_path / "a.npz", 16), 512, ("own-classifier",), ("modes",), CPU)
    assert [w for w in scorer.warnings if "of the test images their class, so its numbers tell little" in w]


def test_other_labels_are_another_classifier(tmp_path, monkeypatch):
    monkeypatch.setattr(own_classifier, "SHOWN", 0)  # few passes
    images = np.stack([drawing(k, k % 2 == 0) for k in range(60)])[:, None]
    digests = set()
    for labels in (np.arange(60) % 2, np.arange(60) % 4 // 2):
        np.savez(tmp_path / "a.npz", images=images, labels=labels)
        extractor = EXTRACTORS.create("own-classifier")
        extractor.learn(own_images(tmp_path / "a.npz", 16))
        digests.add(extractor.digest)
    assert len(digests) == 2


def test_a_classifier_needs_classes():
    with pytest.raises(Unavailable, match="ring8 holds points"):
        EXTRACTORS.create("own-classifier").learn(DATASETS.create("ring8"))
    with pytest.raises(Unavailable, match="it is trained on the classes of a dataset"):
        EXTRACTORS.create("own-classifier").load(CPU)


def test_an_exam_may_lack_a_class():
    """A small test split may have no image of the last class, which the lesson has."""
    images = torch.randint(0, 256, (120, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(120) % 3
    assert 0 <= cas_accuracy(Pixels(images, labels), Pixels(images[labels < 2], labels[labels < 2])) <= 1


# --------------------------------------------------------------------------------------------------------------- a run


def test_a_run_of_a_folder_outlives_it(cli, tmp_path, monkeypatch, own_cache):
    """With two workers; then the folder goes, and everything that reads runs still works."""
    monkeypatch.setattr(own_classifier, "SHOWN", 0)  # few passes
    monkeypatch.chdir(tmp_path)
    folder = put(tmp_path / "photos", 1010)
    (folder / "day/notes.txt").write_text("sunny")
    run = ("run", "--suite", "folder:photos", "--budget", "smoke,3steps", "--side", "16", "--variants", "cgan,dcgan",
           "--device", "cpu", "--extractors", "own-classifier,raw", "--detectors", "pixels", "--jobs", "2",
           "--out", "out")  # fmt: skip
    ended = cli(*run)
    assert ended.code == 0, ended.stderr
    (name,) = (path.name for path in (tmp_path / "out/cells").iterdir())
    cell = tmp_path / "out/cells" / name / "cgan/seed-0"
    record = read_record(cell / "record.json", CellRecord)
    assert record.spec.dataset == f"images:{name}" and name.startswith("photos-16-")
    assert record.extractors["own-classifier"].accuracy == 1 and "1 file was left out: day/notes.txt" in record.warnings[0]
    assert "all 1,010 images were resized from 28x28 to 16x16." in record.warnings
    assert {m.metric for m in record.metrics if m.value is not None} >= {"label_agreement", "classes_covered", "fd"}
    page = "\n".join(file.read_text() for file in (tmp_path / "out/leaderboard").rglob("*.html"))
    assert "1 file was left out" in page and f"images:{name}" in page and "gives 100.0% of the test images theirs" in page

    shutil.rmtree(folder)
    times = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").rglob("record.json")}
    assert cli(*run, "--jobs", "1").code == 0 and times == {file: file.stat().st_mtime_ns for file in times}  # all was finished
    assert cli("leaderboard", "out").code == cli("verify", "out").code == 0
    assert cli("sample", cell, "-n", "4", "--label", "night", "--out", "s.npz").code == 0
    assert cli("sample", cell, "-n", "300", "--out", "s").code == 0
    assert {path.name for path in (tmp_path / "s").iterdir()} == {"day", "night"}
    scored = cli("score", "s", "--dataset", f"images:{name}", "--extractors", "raw", "--name", "mine", "--run", "out")
    assert scored.code == 0, scored.stderr
    put(tmp_path / "more", 4, ())  # as large as those that were read, and resized as they were
    notes = [image["note"] for image in json.loads(cli("detect", "more", "--run", "out", "--json").stdout)["images"]]
    assert len(notes) == 4 and not [note for note in notes if "resized" in str(note)]
    shutil.rmtree(own_cache / "datasets")
    assert cli("detect", "more", "--run", "out", "--json").stdout.count("resized from 28x28") == 4


def test_splits_of_other_classes_are_other_datasets():
    images = torch.from_numpy(np.stack([drawing(k, True) for k in range(20)]))[:, None]
    first, _ = parts_of(Decoded(images, ["a", "b"] * 10, ()))
    second, names = parts_of(Decoded(images, None, ()))
    assert names == ("image",) and np.array_equal(first["test-images"], second["test-images"])
    assert not np.array_equal(first["train-labels"], second["train-labels"])
