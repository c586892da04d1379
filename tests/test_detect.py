"""`gan-bench detect` on files as people have them, and the lists of detectors, corruptions and tiers."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Mapping
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_bench import detect, kept
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Detector
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.ensemble import Ensemble
from gan_bench.detectors.spectrum import Spectrum
from gan_bench.detectors.store import Card, save_detector
from gan_bench.images.loose import Refused, read_picture
from gan_bench.records import EVERY, SEEN, TIERS, Cue, Detection, JudgeRecord, JudgeSpec, spec_hash, write_record
from tests.boards import HERE

SLOPE = 8.0  # levels of mean brightness for one unit of logit
DARK, BRIGHT, MIDDLE = 40, 216, 128  # logits -11, 11 and 0


class Level(Detector):
    """Bright images are fake. The logit is known in closed form, and moves little when an image is delivered again."""

    name, method = "level", "mean level"
    sign = 1.0

    def prepare(self, images: Tensor) -> Tensor:
        return images.double().mean((1, 2, 3))

    def fit(self, real: Tensor, fake: Tensor, *_: Any, **__: Any) -> None:
        self.centre = torch.tensor(128.0)

    def score(self, prepared: Tensor) -> np.ndarray:
        return (self.sign * (prepared - self.centre) / SLOPE).numpy()

    def state(self) -> dict[str, Tensor]:
        return {"centre": torch.tensor(128.0)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.centre = state["centre"]


class Contrary(Level):
    name, sign = "contrary", -0.5


class Patches(Level):
    name = "patches"

    def heat_map(self, images: Tensor) -> Tensor:
        return (images.float().mean(1) - 128) / SLOPE


class Looking(Level):
    """Needs the discriminator of dcgan, whose output it adds."""

    name, needs_critics = "looking", True

    def use_critics(self, critics: Mapping[str, Any]) -> None:
        self.critics = critics

    def score(self, prepared: Tensor) -> np.ndarray:
        return super().score(prepared) + float(self.critics["dcgan"](prepared)[0])


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    for kind in (Level, Contrary, Patches, Looking):
        monkeypatch.setitem(DETECTORS._members, kind.name, kind)


def detection(tier: str, threshold: float, validate_auroc: float | None) -> Detection:
    return Detection(
        tier=tier, protocol=SEEN, variant=EVERY, fitted_on=("dcgan", "wgan"), auroc=0.9, auroc_interval=None, ap=0.9,
        real_accuracy=0.9, fake_accuracy=0.9, threshold=threshold, real_accuracy_at_threshold=0.95,
        fake_accuracy_at_threshold=0.8, oracle_accuracy=0.9, eer=0.1, ece=0.1, brier=0.1, nll=0.3,
        validate_auroc=validate_auroc, n_real=300, n_fake=300,
    )  # fmt: skip


def keep(
    run: Path, kind: type[Detector] = Level, *, seed: int = 0, dataset: str = "cifar10", merit: float | None = 0.9,
    threshold: float = 0.0, shape: tuple[int, int, int] = (3, 32, 32), members: tuple[str, ...] = (), at: str = "",
    cues: tuple[Cue, ...] = (), fitted: Detector | None = None,
) -> Path:  # fmt: skip
    """Write a fitted detector as a run does; returns its folder."""
    folder = run / "detectors" / dataset / f"{kind.name}{at}" / f"seed-{seed}"
    models = {}
    for tier in () if kind.combines else TIERS:
        card = Card(
            detector=kind.name, dataset=dataset, tier=tier, seed=seed, n_shown=100, image_shape=shape,
            fitted_on=("dcgan", "wgan"), threshold=threshold, n_validate=400,
        )  # fmt: skip
        models[tier] = save_detector(fitted or kind(), card, folder / f"model-{tier}.safetensors")
    spec = JudgeSpec(
        dataset=dataset, detector=kind.name, seed=seed, preset="quick", n_judge=4000, n_shown=100,
        fakes={"dcgan": "a", "wgan": "b"}, members=members,
    )  # fmt: skip
    record = JudgeRecord(
        environment=HERE, spec=spec, spec_hash=spec_hash(spec), status="done", n_validate=400, models=models,
        detections=tuple(detection(tier, threshold, merit) for tier in TIERS), cues=dict.fromkeys(TIERS, cues),
    )  # fmt: skip
    write_record(folder / "record.json", record)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    keep(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


def flat(level: int | tuple[int, ...], size: tuple[int, int] = (32, 32), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, (level, level, level) if mode == "RGB" and isinstance(level, int) else level)


def asked(cli, path: Path, run: Path, *more: object, code: int = 0) -> dict[str, Any]:
    ended = cli("detect", path, "--run", run, "--json", *more)
    assert ended.code == code, ended.stderr
    return json.loads(ended.stdout)


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {image["path"]: image for image in found["images"]}


def one(cli, file: Path, run: Path, *more: object, code: int = 0) -> dict[str, Any]:
    [image] = asked(cli, file, run, *more, code=code)["images"]
    return image


def sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-logit))


# Verdicts


def test_dark_is_real_and_bright_is_fake_with_the_probability_of_the_logit(cli, run, pictures):
    for level in (DARK, 100, BRIGHT):
        flat(level).save(pictures / f"{level}.png")
    found = asked(cli, pictures, run)
    images = by_name(found)
    assert {name: image["verdict"] for name, image in images.items()} == {
        "40.png": "real",
        "100.png": "real",
        "216.png": "fake",
    }
    assert images["100.png"]["probability"] == pytest.approx(sigmoid((100 - 128) / SLOPE))
    assert images["100.png"]["logit"] == pytest.approx(-3.5) and images["100.png"]["note"] == []
    assert found["counts"] == {"real": 2, "fake": 1, "unsure": 0, "refused": 0} and found["metrics"] is None


def test_the_head_says_by_whom_and_where_the_threshold_came_from(cli, tmp_path, pictures):
    keep(tmp_path / "run", threshold=1.0)
    flat(BRIGHT).save(pictures / "a.png")
    about = asked(cli, pictures, tmp_path / "run")["detector"]
    assert (about["name"], about["dataset"], about["seed"], about["tier"]) == ("level", "cifar10", 0, "web")
    assert about["threshold"] == pytest.approx(sigmoid(1.0)) and about["threshold_logit"] == 1.0
    assert about["threshold_from"] == "at most 5 % of 400 validation reals of cifar10 lie above it"
    assert about["fitted_on"] == ["dcgan", "wgan"] and about["image_shape"] == [3, 32, 32]

    head = cli("detect", pictures, "--run", tmp_path / "run").stderr
    for part in ("level of cifar10, seed 0, tier web", "probability 0.731: at most 5 % of 400", "fakes of dcgan, wgan;",
                 "300 reals, 5.0% called fake", "300 fakes of these generators, 80.0% found", "   1 fake\n"):  # fmt: skip
        assert part in head


def test_the_threshold_decides_and_not_one_half(cli, tmp_path, pictures):
    flat(144).save(pictures / "a.png")  # logit 2
    for threshold, verdict in ((1.0, "fake"), (3.0, "real")):
        keep(tmp_path / "run", threshold=threshold)
        assert one(cli, pictures, tmp_path / "run")["verdict"] == verdict


def noisy(seed: int, size: int = 32) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8))


def test_a_verdict_that_flips_on_delivery_is_unsure_wherever_the_image_stands(cli, run, pictures, monkeypatch):
    for i in range(12):  # their means are within about 1.3 levels of the threshold, and a crop moves them by as much
        noisy(i).save(pictures / f"{i:02d}.png")
    flat(DARK).save(pictures / "sure.png")
    together = by_name(asked(cli, pictures, run))
    unsure = [name for name, image in together.items() if image["verdict"] == "unsure"]
    assert unsure and together["sure.png"]["verdict"] == "real"
    assert all(image["note"] for name, image in together.items() if name in unsure)
    assert "more deliveries" in together[unsure[0]]["note"][0]

    monkeypatch.setattr(detect, "BATCH", 5)
    assert by_name(asked(cli, pictures, run)) == together
    for name in unsure:
        alone = one(cli, pictures / name, run)
        assert {**alone, "path": name} == together[name]


def test_an_array_of_many_batches_keeps_its_order(cli, run, tmp_path):
    levels = np.arange(600) % 256
    images = np.broadcast_to(levels[:, None, None, None], (600, 3, 32, 32)).astype(np.uint8)
    np.save(tmp_path / "many.npy", images)
    found = asked(cli, tmp_path / "many.npy", run)["images"]
    assert [image["path"] for image in found[:2]] == ["many.npy[0]", "many.npy[1]"]
    assert [image["logit"] for image in found] == pytest.approx(((levels - 128) / SLOPE).tolist())


@pytest.mark.parametrize("kind", ["npz", "npy", "pt"])
def test_arrays_of_floats_need_their_range(cli, run, tmp_path, kind):
    images, file = torch.full((2, 3, 32, 32), 0.5), tmp_path / f"images.{kind}"
    if kind == "pt":
        torch.save(images, file)
    else:
        with open(file, "wb") as opened:
            np.savez(opened, images=images.numpy()) if kind == "npz" else np.save(opened, images.numpy())
    refused = cli("detect", file, "--run", run)
    assert refused.code == 2 and "--value-range" in refused.stderr
    [first, _] = asked(cli, file, run, "--value-range=-1,1")["images"]
    assert first["logit"] == pytest.approx((191 - 128) / SLOPE)  # 0.5 in [-1, 1] is 191.25 of 255


# Images unlike those that the detector knows


def alpha(opaque: bool) -> Image.Image:
    return Image.new("RGBA", (32, 32), (DARK, DARK, DARK, 255 if opaque else 7))


@pytest.mark.parametrize(
    ("image", "note"),
    [
        (flat(DARK, (64, 48)), "resized from 64x48"),
        (flat(DARK, (32, 31)), "resized from 32x31"),
        (flat(DARK, (8, 8)), "resized from 8x8"),
        (flat(DARK, mode="L"), "grey, made colour"),
        (alpha(opaque=False), "transparency ignored"),
        (flat(DARK).quantize(), "had a palette"),
        (Image.new("1", (32, 32)), "black and white, 1 bit a pixel"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_image_that_had_to_be_changed_is_unsure_by_name(cli, run, tmp_path, image, note):
    image.save(tmp_path / "image.png")
    found = one(cli, tmp_path / "image.png", run)
    assert found["verdict"] == "unsure" and note in found["note"] and found["probability"] < 0.01


def test_alpha_that_hides_nothing_changes_nothing(cli, run, tmp_path):
    alpha(opaque=True).save(tmp_path / "image.png")
    assert one(cli, tmp_path / "image.png", run)["verdict"] == "real"


def test_cmyk_and_several_pictures_in_one_jpeg_are_noted(cli, run, tmp_path):
    flat((9, 9, 9, 9), mode="CMYK").save(tmp_path / "a.jpg")
    assert "CMYK, made RGB" in one(cli, tmp_path / "a.jpg", run)["note"]
    flat(DARK).save(tmp_path / "b.jpg", "MPO", save_all=True, append_images=[flat(BRIGHT)])
    found = one(cli, tmp_path / "b.jpg", run)
    assert found["note"] == ["first of several pictures in its file"] and found["probability"] < 0.01


def test_resizing_is_antialiased(cli, run, tmp_path):
    """Of lines one pixel wide, three pixels apart, whoever looks only around the middle of four pixels sees black."""
    lines = np.zeros((128, 128, 3), np.uint8)
    lines[::4] = 255
    Image.fromarray(lines).save(tmp_path / "lines.png")
    # the mean of all pixels, but for the borders, where a row of 32 may differ by a few levels, and rounding
    assert one(cli, tmp_path / "lines.png", run)["logit"] == pytest.approx((255 / 4 - 128) / SLOPE, abs=1.5 / SLOPE)


def test_a_grey_detector_takes_equal_channels_for_grey_and_notes_colour(cli, tmp_path, pictures):
    keep(tmp_path / "run", dataset="mnist", shape=(1, 32, 32))
    flat(DARK).save(pictures / "equal.png")
    flat((200, 20, 30)).save(pictures / "red.png")
    flat(DARK, mode="L").save(pictures / "grey.png")
    found = by_name(asked(cli, pictures, tmp_path / "run"))
    assert found["equal.png"]["verdict"] == found["grey.png"]["verdict"] == "real"
    assert found["equal.png"]["logit"] == found["grey.png"]["logit"] == pytest.approx((DARK - 128) / SLOPE)
    assert found["red.png"]["note"] == ["colour, made grey"] and found["red.png"]["verdict"] == "unsure"
    luma = round(0.299 * 200 + 0.587 * 20 + 0.114 * 30)
    assert found["red.png"]["logit"] == pytest.approx((luma - 128) / SLOPE)


def test_images_of_the_size_before_padding_are_padded_as_the_dataset_was(cli, tmp_path):
    keep(tmp_path / "run", dataset="mnist", shape=(1, 32, 32))
    flat(255, (28, 28), "L").save(tmp_path / "digit.png")
    found = one(cli, tmp_path / "digit.png", tmp_path / "run")
    assert found["note"] == [] and found["logit"] == pytest.approx((255 * 28**2 / 32**2 - 128) / SLOPE)


def test_lossy_files_are_unlike_what_a_detector_of_the_clean_tier_knows(cli, run, pictures):
    flat(DARK).save(pictures / "a.jpg")
    flat(DARK).save(pictures / "lossy.webp")
    alpha(opaque=True).save(pictures / "extended.webp", exact=True, exif=Image.Exif().tobytes())
    alpha(opaque=False).save(pictures / "transparent.webp")  # its pixels are not in the first chunk
    flat(DARK).save(pictures / "lossless.webp", lossless=True)
    flat(DARK).save(pictures / "b.png")
    clean, web = (by_name(asked(cli, pictures, run, "--tier", tier)) for tier in ("clean", "web"))
    assert clean["a.jpg"]["note"] == ["JPEG on tier clean"] and clean["a.jpg"]["verdict"] == "unsure"
    for name in ("lossy.webp", "extended.webp", "transparent.webp"):
        assert "WebP on tier clean" in clean[name]["note"], name
    assert clean["lossless.webp"]["verdict"] == clean["b.png"]["verdict"] == "real"
    assert web["a.jpg"]["verdict"] == web["lossy.webp"]["verdict"] == "real"


def test_an_image_is_turned_as_its_exif_says(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 24, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_picture(tmp_path / "turned.png").pixels.permute(1, 2, 0), np.rot90(pixels, -1))


# Images that cannot be judged


def png(width: int, height: int, bits: int, colour: int, rows: bytes = b"") -> bytes:
    """A PNG file. PIL writes no 16-bit colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def animated(kind: str) -> bytes:
    return encoded(flat(DARK), kind, save_all=True, append_images=[flat(BRIGHT)], duration=100)


REFUSALS: dict[str, tuple[bytes, str]] = {
    "text.png": (b"not an image", "no PNG, JPEG or WebP image"),
    "notes.txt": (b"other kinds of files are not passed over", "no PNG, JPEG or WebP image"),
    "empty.jpg": (b"", "no PNG, JPEG or WebP image"),
    "gif.png": (encoded(flat(DARK), "GIF"), "no PNG, JPEG or WebP image"),
    "cut.jpg": (encoded(noisy(0), "JPEG")[:-200], "damaged: image file is truncated"),
    "animated.png": (animated("PNG"), "animated: it has 2 frames"),
    "animated.webp": (animated("WEBP"), "animated: it has 2 frames"),
    "deep-grey.png": (encoded(Image.new("I;16", (32, 32)), "PNG"), "16 bits a channel"),
    "deep-colour.png": (png(32, 32, 16, 2, bytes(32 * (1 + 6 * 32))), "16 bits a channel"),
    "deep-alpha.png": (png(32, 32, 16, 6, bytes(32 * (1 + 8 * 32))), "16 bits a channel"),
    "tiny.png": (encoded(flat(DARK, (7, 32)), "PNG"), "7x32; an image needs at least 8 pixels on each side"),
    "huge.png": (png(5000, 5000, 8, 2), "5000x5000, more than the limit of 16,777,216 pixels"),
    "larger.png": (png(10_000, 10_000, 8, 2), "10000x10000, more than the limit"),  # PIL warns
    "bomb.png": (png(60_000, 60_000, 8, 2), "more than the limit of 16,777,216 pixels"),  # PIL raises
}


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")  # nothing but the verdict may tell of it
def test_what_cannot_be_judged_is_refused_by_name_and_the_rest_is_judged(cli, run, pictures):
    for name, (data, _) in REFUSALS.items():
        (pictures / name).write_bytes(data)
    flat(DARK).save(pictures / "good.one.png")
    (pictures / "sub.folder").mkdir()
    flat(BRIGHT).save(pictures / "sub.folder" / "good.two..jpeg")
    (pictures / "lost.png").symlink_to(pictures / "nowhere.png")
    for hidden in (".DS_Store", ".hidden/a.png"):
        (pictures / hidden).parent.mkdir(exist_ok=True)
        (pictures / hidden).write_bytes(b"hidden")

    ended = cli("detect", pictures, "--run", run, "--json")
    images = by_name(json.loads(ended.stdout))
    assert ended.code == 1
    assert set(images) == {*REFUSALS, "lost.png", "good.one.png", "sub.folder/good.two..jpeg"}
    for name, (_, reason) in REFUSALS.items():
        assert (images[name]["verdict"], images[name]["logit"], images[name]["probability"]) == ("refused", None, None)
        assert images[name]["note"][0].startswith(reason), images[name]
    assert images["lost.png"]["note"] == ["a link that leads nowhere"]
    assert images["good.one.png"]["verdict"] == "real" and images["sub.folder/good.two..jpeg"]["verdict"] == "fake"


def test_a_single_file_that_is_no_image_is_refused(cli, run, tmp_path):
    (tmp_path / "movie.mp4").write_bytes(b"\0" * 100)
    assert one(cli, tmp_path / "movie.mp4", run, code=1)["verdict"] == "refused"


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_damaged_bytes_are_read_or_refused_but_never_a_bug(tmp_path, kind):
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 3
    whole = np.frombuffer(encoded(noisy(0, 16), kind, exif=exif), np.uint8)
    n_refused = 0
    for _ in range(150):
        damaged = whole.copy()
        damaged[rng.integers(0, len(whole), 3)] = rng.integers(0, 256, 3)
        (tmp_path / "damaged").write_bytes(damaged[: rng.integers(len(whole) // 2, 2 * len(whole))].tobytes())
        try:
            assert read_picture(tmp_path / "damaged").pixels.dtype == torch.uint8
        except Refused as reason:
            n_refused += bool(str(reason))
    assert n_refused > 20


# A CSV of paths


def write_csv(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_a_csv_has_paths_relative_to_itself_and_labels_give_metrics(cli, run, pictures, tmp_path, monkeypatch):
    for level in (40, 60, 80, BRIGHT):
        flat(level).save(pictures / f"{level}.png")
    lines = ["path,label,by", "pictures/40.png,real,me", "pictures/60.png,0,me", f'"{pictures}/80.png",Fake,me',
             "pictures/216.png,1,me", "pictures/216.png,,me", "pictures/gone.png,fake,me"]  # fmt: skip
    file = write_csv(tmp_path / "labels.csv", "\n".join(lines), "utf-8-sig")
    monkeypatch.chdir("/")
    found = asked(cli, file, run, code=1)
    assert [image["label"] for image in found["images"]] == ["real", "real", "fake", "fake", None, "fake"]
    assert found["images"][0]["path"] == "pictures/40.png"
    assert found["images"][5]["verdict"] == "refused" and "No such file" in found["images"][5]["note"][0]
    metrics = found["metrics"]
    assert (metrics["n_real"], metrics["n_fake"]) == (2, 2)  # neither that without a label nor that without a file
    assert metrics["auroc"] == 1.0 and metrics["ap"] == 1.0  # the fakes are the brightest
    assert (metrics["real_accuracy_at_threshold"], metrics["fake_accuracy_at_threshold"]) == (1.0, 0.5)
    assert metrics["eer"] == pytest.approx(0)


def test_swapped_labels_turn_the_metrics_round(cli, run, pictures, tmp_path):
    for level in (DARK, BRIGHT):
        flat(level).save(pictures / f"{level}.png")
    swapped = write_csv(tmp_path / "swapped.csv", "label,path\nfake,pictures/40.png\nreal,pictures/216.png\n")
    metrics = asked(cli, swapped, run)["metrics"]
    assert metrics["auroc"] == 0.0 and metrics["real_accuracy_at_threshold"] == metrics["fake_accuracy_at_threshold"] == 0.0
    alone = write_csv(tmp_path / "alone.csv", "label,path\nfake,pictures/40.png\n")
    assert asked(cli, alone, run)["metrics"] is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file,label\na.png,real\n", "has no column `path`; it has file, label."),
        ("", "has no column `path`; it has no header."),
        ("path,label\n", "names no images"),
        ("path,label\na.png,genuine\n", "line 2: the label 'genuine' is not real, fake, 0 (real) or 1 (fake)."),
        ("path,label\na.png,real\n ,fake\n", "line 3: the path is empty."),
    ],
)
def test_a_csv_that_is_wrong_is_refused_by_line(cli, run, tmp_path, text, sentence):
    ended = cli("detect", write_csv(tmp_path / "list.csv", text), "--run", run)
    assert ended.code == 2 and f"{tmp_path / 'list.csv'}" in ended.stderr and sentence in ended.stderr
    assert ended.stderr.count("\n") == 1 and ended.stdout == ""


def test_a_csv_in_another_encoding_is_refused(cli, run, tmp_path):
    file = write_csv(tmp_path / "list.csv", "path\ncafé.png\n", "latin-1")
    assert "cannot be read as a CSV file in UTF-8" in cli("detect", file, "--run", run).stderr


# What is printed


def test_csv_output_is_one_header_and_a_row_for_each_image(cli, run, pictures, tmp_path):
    flat(DARK).save(pictures / 'a, "b".png')
    flat(BRIGHT, (64, 32)).save(pictures / "c.png")
    (pictures / "d.png").write_bytes(b"")
    ended = cli("detect", pictures, "--run", run, "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.stdout)))
    assert ended.code == 1 and ended.stdout.startswith("path,label,probability,logit,verdict,note\n")
    assert [(row["path"], row["verdict"]) for row in rows] == [
        ('a, "b".png', "real"),
        ("c.png", "unsure"),
        ("d.png", "refused"),
    ]
    assert float(rows[0]["logit"]) == pytest.approx(-11) and rows[1]["note"] == "resized from 64x32" and rows[2]["logit"] == ""

    labelled = write_csv(tmp_path / "list.csv", "path,label\npictures/c.png,fake\n" + '"pictures/a, ""b"".png",real\n')
    ended = cli("detect", labelled, "--run", run, "--csv")
    assert len(ended.stdout.splitlines()) == 3 and "auroc" in ended.stderr  # stdout carries the rows alone


def test_the_table_fits_80_columns_and_takes_no_name_for_markup(cli, run, pictures, tmp_path):
    (pictures / "[").mkdir()
    for name in ("a" * 150 + ".png", "[red]x.png", "[/b].png"):  # rich would end on a mark that closes none
        flat(DARK, (48, 64)).save(pictures / name)
    ended = cli("detect", pictures, "--run", run)
    assert ended.code == 0 and max(map(len, ended.stdout.splitlines())) <= 80
    assert "[red]x.png" in ended.stdout and "[/b].png" in ended.stdout and "resized from 48x64" in ended.stdout
    assert ended.stdout.count("a") >= 150  # a long name folds, and nothing of it is lost
    labelled = write_csv(tmp_path / "list.csv", "path,label\npictures/[/b].png,fake\npictures/[red]x.png,real\n")
    assert "fake_accuracy_at_threshold" in cli("detect", labelled, "--run", run).stdout


def test_a_name_that_is_no_text_can_be_printed(cli, run, pictures):
    (pictures / b"\xff.png".decode(errors="surrogateescape")).write_bytes(encoded(flat(DARK), "PNG"))
    assert one(cli, pictures, run)["path"] == "\\xff.png"
    assert "\\xff.png" in cli("detect", pictures, "--run", run, "--csv").stdout


# Which detector judges


def test_the_best_on_validation_judges_as_the_mean_over_seeds(cli, tmp_path, pictures):
    run = tmp_path / "run"
    flat(DARK).save(pictures / "a.png")
    for seed, merits in enumerate(((0.95, 0.90), (0.70, 0.90))):
        for kind, merit in zip((Level, Contrary), merits, strict=True):
            keep(run, kind, seed=seed, merit=merit)
    assert asked(cli, pictures, run)["detector"]["name"] == "contrary"  # .90 against .825, though not on seed 0
    assert asked(cli, pictures, run, "--seed", 1)["detector"]["seed"] == 1
    assert asked(cli, pictures, run, "--detector", "level")["detector"]["name"] == "level"
    keep(run, Patches, merit=None)  # it was not validated
    assert asked(cli, pictures, run)["detector"]["name"] == "contrary"


def test_the_ensemble_is_the_mean_of_its_members_cut_logits_at_its_own_threshold(cli, tmp_path, pictures):
    run = tmp_path / "run"
    keep(run, Level), keep(run, Contrary)
    keep(run, Ensemble, members=("level", "contrary"), merit=0.99, threshold=2.0)
    flat(160).save(pictures / "a.png")  # logits 4 and -2: 1
    flat(BRIGHT).save(pictures / "b.png")  # logits 11, cut to 10, and -5.5: 2.25
    found = asked(cli, pictures, run)
    assert found["detector"]["name"] == "ensemble" and found["detector"]["threshold_logit"] == 2.0
    assert [image["logit"] for image in found["images"]] == pytest.approx([1.0, 2.25])
    assert [image["verdict"] for image in found["images"]] == ["real", "fake"]
    assert found["detector"]["threshold_from"] == "at most 5 % of 400 validation reals of cifar10 lie above it"

    (run / "detectors" / "cifar10" / "level" / "seed-0" / "record.json").unlink()
    assert "ensemble combines level, which" in cli("detect", pictures, "--run", run).stderr


def test_a_detector_that_looks_through_discriminators_gets_those_of_its_cells(cli, tmp_path, pictures, monkeypatch):
    given = []

    def critics_of(run, dataset, seed, keys, device):
        given.append((run, dataset, seed, tuple(keys)))
        return {"dcgan": lambda images: torch.full((len(images),), 3.0)}

    monkeypatch.setattr(kept, "critics_of", critics_of)
    keep(tmp_path / "run", Looking)
    flat(MIDDLE).save(pictures / "a.png")
    assert one(cli, pictures, tmp_path / "run")["logit"] == pytest.approx(3.0)
    assert given == [(tmp_path / "run", "cifar10", 0, ("dcgan", "wgan"))]


def test_detectors_of_changed_settings_judge_only_where_there_are_no_others(cli, tmp_path, pictures):
    run = tmp_path / "run"
    flat(DARK).save(pictures / "a.png")
    keep(run, Level, at="@1a2b3c", threshold=-1.0, merit=0.99)
    assert asked(cli, pictures, run)["detector"]["threshold_logit"] == -1.0
    keep(run, Level, threshold=1.0)
    assert asked(cli, pictures, run)["detector"]["threshold_logit"] == 1.0


def test_a_detector_fitted_by_scikit_learn_judges_alike_after_it_was_kept(cli, tmp_path):
    """The whole way of a real detector: fitted, written, read, and asked for images on disk."""
    real, fake = (torch.from_numpy(np.stack([np.array(image(i)).transpose(2, 0, 1) for i in range(40)]))
                  for image in (noisy, lambda i: noisy(100 + i, 8).resize((32, 32), Image.Resampling.BICUBIC)))  # fmt: skip
    detector = Spectrum()
    sets = [detector.prepare(images) for images in (real[:20], fake[:20], real[20:30], fake[20:30])]
    detector.fit(*sets)
    expected = detector.score(detector.prepare(torch.cat([real[30:], fake[30:]])))

    keep(tmp_path / "run", Spectrum, fitted=detector)
    np.savez(tmp_path / "images.npz", images=torch.cat([real[30:], fake[30:]]).numpy())
    found = asked(cli, tmp_path / "images.npz", tmp_path / "run")["images"]
    assert [image["logit"] for image in found] == pytest.approx(expected.tolist())
    assert all(logit < 0 for logit in expected[:10]) and all(logit > 0 for logit in expected[10:])


# Mistakes


def broken(run: Path, what: str) -> None:
    """Spoil a run in one way."""
    folder = run / "detectors" / "cifar10" / "level" / "seed-0"
    if what == "changed weights":
        file = folder / "model-web.safetensors"
        file.write_bytes(file.read_bytes()[:-4] + b"\1\2\3\4")
    elif what == "no weights":
        (folder / "model-web.safetensors").unlink()
    elif what == "old record":
        record = json.loads((folder / "record.json").read_text())
        del record["spec"]["n_shown"]
        (folder / "record.json").write_text(json.dumps(record))
    elif what == "nothing kept":
        record = json.loads((folder / "record.json").read_text()) | {"models": {}}
        (folder / "record.json").write_text(json.dumps(record))
    else:
        keep(run, dataset="mnist")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("changed weights", "model-web.safetensors was changed since the detector was fitted"),
        ("no weights", "model-web.safetensors is absent"),
        ("old record", "of this version of gan-bench: field spec.n_shown: it is missing. Repeat the run"),
        ("nothing kept", "keeps no detectors fitted on tier web"),
        ("two datasets", "has detectors of several datasets; choose one by --dataset: cifar10, mnist."),
    ],
)
def test_a_run_that_cannot_judge_is_said_in_one_line(cli, run, pictures, what, sentence):
    flat(DARK).save(pictures / "a.png")
    broken(run, what)
    ended = cli("detect", pictures, "--run", run)
    assert ended.code == 2 and sentence in ended.stderr and ended.stderr.count("\n") == 1 and ended.stdout == ""


def test_a_bad_record_of_one_detector_hides_no_other(cli, run, pictures):
    keep(run, Contrary)
    flat(DARK).save(pictures / "a.png")
    broken(run, "old record")
    ended = cli("detect", pictures, "--run", run)
    assert ended.code == 0 and "contrary" in ended.stdout + ended.stderr
    assert "left out" in ended.stderr and "field spec.n_shown: it is missing" in ended.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--detector", "levle"), "unknown detector of"),
        (("--detector", "levle"), "did you mean 'level'? Known: contrary, level."),
        (("--dataset", "cifar"), "did you mean 'cifar10'?"),
        (("--seed", 7), "has no detectors of seed 7; it has those of 0."),
        (("--tier", "wbe"), "unknown tier 'wbe'; did you mean 'web'? Known: clean, hard, web."),
        (("--json", "--csv"), "--json and --csv exclude each other"),
        (("--value-range=-1,1",), "is no array"),
        (("--device", "gpu"), "unknown device 'gpu'"),
    ],
)
def test_a_wrong_option_is_one_sentence(cli, run, pictures, options, sentence):
    keep(run, Contrary)
    flat(DARK).save(pictures / "a.png")
    ended = cli("detect", pictures, "--run", run, *options)
    assert ended.code == 2 and sentence in ended.stderr and ended.stderr.count("\n") == 1 and ended.stdout == ""


def test_absent_and_empty_places_are_said(cli, run, pictures, tmp_path):
    assert f"{pictures} holds no images" in cli("detect", pictures, "--run", run).stderr
    (pictures / ".hidden.png").write_bytes(b"")
    assert cli("detect", pictures, "--run", run).code == 2
    assert f"{tmp_path / 'gone'} does not exist" in cli("detect", tmp_path / "gone", "--run", run).stderr
    flat(DARK).save(pictures / "a.png")
    ended = cli("detect", pictures, "--run", tmp_path / "norun")
    assert ended.code == 2 and f"{tmp_path / 'norun'} is not a folder" in ended.stderr
    (tmp_path / "bare").mkdir()
    assert "keeps no detectors fitted on tier web" in cli("detect", pictures, "--run", tmp_path / "bare").stderr


def test_a_detector_without_a_finite_logit_says_so(cli, run, pictures, monkeypatch):
    monkeypatch.setattr(Level, "score", lambda self, prepared: np.full(len(prepared), np.nan))
    flat(DARK).save(pictures / "a.png")
    assert "level gives some image no finite logit" in cli("detect", pictures, "--run", run).stderr


# Explanations


def test_heat_maps_show_the_image_and_where_it_looks_fake(cli, run, pictures, tmp_path):
    keep(run, Patches, merit=0.5)
    pixels = np.full((32, 32, 3), 0, np.uint8)
    pixels[:, 16:] = 255
    for name in ("a.b.png", "sub/a.b.png"):
        (pictures / name).parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(pictures / name)
    found = asked(cli, pictures, run, "--explain", tmp_path / "maps")
    assert found["detector"]["name"] == "level" and found["explained"]["heat_maps_by"] == "patches"
    files = [Path(image["heat_map"]) for image in found["images"]]
    assert len(set(files)) == 2 and sorted(files) == sorted((tmp_path / "maps").iterdir())

    picture = np.array(Image.open(files[0]))
    height, width = picture.shape[:2]
    middle, quarter = height // 2, width // 8
    shown = [picture[middle, quarter * k].tolist() for k in (1, 3, 5, 7)]
    assert shown[:2] == [[0, 0, 0], [255, 255, 255]]  # the image as it is
    assert shown[2:] == [[0, 0x72, 0xB2], [0xD5, 0x5E, 0]]  # logits of -16 and 16: as blue and as orange as can be


def test_an_undecided_patch_is_white_and_colour_grows_with_the_probability():
    heat = torch.tensor([[0.0, 1.0, 2.0, -1.0]])
    red, green, blue = detect.coloured(heat)[:, 0].int()
    assert (red[0], green[0], blue[0]) == (255, 255, 255)
    assert blue[0] > blue[1] > blue[2] and red[3] < 255 < blue[3] + 78
    share = 2 * sigmoid(1.0) - 1
    assert green[1] == round(255 + share * (0x5E - 255))


def test_at_most_a_fixed_number_of_heat_maps_is_drawn(cli, run, pictures, tmp_path, monkeypatch):
    keep(run, Patches)
    monkeypatch.setattr(detect, "MOST_MAPS", 2)
    (pictures / "0.png").write_bytes(b"refused")
    for i in range(1, 5):
        flat(DARK).save(pictures / f"{i}.png")
    ended = cli("detect", pictures, "--run", run, "--explain", tmp_path / "maps")
    assert len(list((tmp_path / "maps").iterdir())) == 2 and "2 heat maps by patches" in ended.stderr


def test_what_weighs_most_is_told_and_the_lack_of_heat_maps(cli, tmp_path, pictures):
    run = tmp_path / "run"
    keep(run, cues=(Cue(feature="ring 3", weight=1.5), Cue(feature="level 0", weight=-0.25)))
    flat(DARK).save(pictures / "a.png")
    ended = cli("detect", pictures, "--run", run, "--explain", tmp_path / "maps")
    assert ended.code == 0 and "weighs most in level, where + speaks for fake: ring 3 (+1.50), level 0 (-0.25)" in ended.stderr
    assert "no heat maps: this run has no detector that sees patches; `gan-bench run --detectors patch`" in ended.stderr
    explained = asked(cli, pictures, run, "--explain", tmp_path / "maps")["explained"]
    assert explained["heat_maps_by"] is None and explained["cues"]["level"][0] == {"feature": "ring 3", "weight": 1.5}


def test_heat_maps_do_not_go_among_the_images_nor_where_nothing_can_be_written(cli, run, pictures, tmp_path):
    keep(run, Patches)
    flat(DARK).save(pictures / "a.png")
    inside = cli("detect", pictures, "--run", run, "--explain", pictures / "maps")
    assert inside.code == 2 and "give --explain another folder" in inside.stderr
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in cli("detect", pictures, "--run", run, "--explain", tmp_path / "file").stderr


# Lists


def test_the_list_of_detectors_says_what_their_classes_say():
    """In a process of its own, which reads their sources instead of importing them."""
    listed = subprocess.run(
        [sys.executable, "-m", "gan_bench", "list", "detectors", "--json"], check=True, capture_output=True, text=True
    )
    rows = json.loads(listed.stdout)
    assert {"spectrum", "timm:NAME"} <= {row["detector"] for row in rows}
    for row in rows:
        kind = DETECTORS.get(row["detector"])
        assert (row["costly"], row["gradients"]) == (kind.costly, kind.differentiable), row["detector"]


@pytest.mark.parametrize("what", ["detectors", "corruptions", "tiers"])
def test_lists_fit_80_columns(cli, what):
    ended = cli("list", what)
    assert ended.code == 0 and max(map(len, ended.stdout.splitlines())) <= 80 and ended.stderr == ""


def test_corruptions_are_listed_with_what_they_do_and_their_severities(cli):
    rows = {row["corruption"]: row for row in json.loads(cli("list", "corruptions", "--json").stdout)}
    assert sorted(rows) == CORRUPTIONS.names()
    assert rows["jpeg"]["severities"] == 5 and rows["web"]["severities"] == 1 and "JPEG" in rows["jpeg"]["title"]


def test_tiers_are_listed_in_their_order(cli):
    rows = json.loads(cli("list", "tiers", "--json").stdout)
    assert tuple(row["tier"] for row in rows) == TIERS and all(row["title"] for row in rows)
