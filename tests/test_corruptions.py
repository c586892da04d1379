"""Corruptions: their strengths, what they leave alone, and that a corrupted set can be made again."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.detectors.corruptions import CORRUPTIONS
from gan_bench.detectors.corruptions.base import Parameters, corrupt, reapply
from gan_bench.detectors.corruptions.jpeg import encoded
from gan_bench.detectors.corruptions.manifest import image_digests, manifest_of, read_manifest, reproduce, write_manifest

NAMES = CORRUPTIONS.names()
TIERS = ["hard", "web"]
GRADED = [name for name in NAMES if name not in TIERS]
DRAWN = ["brightness", "crop", "hard", "noise", "web"]  # something of an image is drawn
SETS = {32: 40, 48: 20, 64: 20, 128: 8}  # side -> number of images


def pictures(n: int, side: int, channels: int = 3, seed: int = 0) -> Tensor:
    """Smooth blobs with a coarse and a fine texture on them, levels about 128 +- 45: (n, channels, side, side)."""
    rng = np.random.default_rng([seed, side])
    noise = rng.standard_normal((n, channels, side, side))
    layers = [gaussian_filter(noise, (0, 0, sigma, sigma), mode="wrap") for sigma in (side / 8, side / 20, 1)]
    mixed = sum(weight * layer / layer.std() for weight, layer in zip((40, 15, 8), layers, strict=True))
    return torch.from_numpy((128 + mixed + 3 * noise).round().clip(0, 255).astype(np.uint8))


def psnr(images: Tensor, changed: Tensor) -> float:
    """Decibels, of the squared error over the whole set."""
    return float(10 * torch.log10(255**2 / (images.float() - changed.float()).square().mean()))


def as_array(image: Tensor) -> np.ndarray:
    """(C, H, W) -> (H, W, C)."""
    return image.permute(1, 2, 0).numpy()


# ------------------------------------------------------------------------------------------------------- all of them


def test_the_corruptions_are_those_of_the_issue():
    assert set(NAMES) == {*TIERS, "blur", "brightness", "contrast", "crop", "jpeg", "noise", "resize", "webp"}
    assert [CORRUPTIONS.get(name).most for name in TIERS] == [1, 1]
    assert {CORRUPTIONS.get(name).most for name in GRADED} == {5}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 40, 24), (3, 8, 8)], ids=str)
def test_shape_dtype_and_channels_are_kept_and_every_image_changes(name: str, shape: tuple[int, int, int]):
    images = pictures(6, 40, shape[0])[:, :, : shape[1], : shape[2]]  # not contiguous
    kept = images.clone()
    changed, parameters = corrupt(images, name, 1, seed=0)
    assert changed.shape == (6, *shape) and changed.dtype == torch.uint8 and changed.is_contiguous()
    assert len(parameters) == 6 and torch.equal(images, kept), "the images that were given were changed"
    assert (changed != images).flatten(1).any(1).all()


@pytest.mark.parametrize("name", NAMES)
def test_severity_0_is_the_identity(name: str):
    images = pictures(4, 32)
    changed, parameters = corrupt(images, name, 0, seed=0)
    assert torch.equal(changed, images) and parameters == [{}] * 4
    assert torch.equal(reapply(images, name, parameters), images)


@pytest.mark.parametrize("name", GRADED)
@pytest.mark.parametrize("side", SETS)
def test_psnr_falls_with_each_severity(name: str, side: int):
    images = pictures(SETS[side], side)
    found = [psnr(images, corrupt(images, name, severity, seed=0)[0]) for severity in range(1, 6)]
    assert all(milder > stronger for milder, stronger in itertools.pairwise(found)), found


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_for_an_image_does_not_depend_on_how_many_there_are(name: str):
    corruption = CORRUPTIONS.create(name)
    many = corruption.draw(1, 32, 50, seed=3)
    assert corruption.draw(1, 32, 7, seed=3) == many[:7]
    assert json.loads(json.dumps(many)) == many
    different = len({json.dumps(one) for one in many})
    assert different == {"brightness": 2}.get(name, 50 if name in DRAWN else 1)


@pytest.mark.parametrize("name", ["crop", "noise", "brightness"])
def test_severities_differ_in_strength_alone(name: str):
    """What is drawn, a place or a seed or a sign, stays; only the strength, which all images share, changes."""
    mild, strong = (CORRUPTIONS.create(name).draw(severity, 32, 9, seed=0) for severity in (1, 5))
    strength = {"crop": "margin", "noise": "sigma", "brightness": "shift"}[name]
    assert {abs(float(one[strength])) for one in mild} < {abs(float(one[strength])) for one in [*mild, *strong]}
    for one, other in zip(mild, strong, strict=True):
        assert abs(float(other[strength])) > abs(float(one[strength]))
        assert float(other[strength]) * float(one[strength]) > 0
        assert {**one, strength: 0} == {**other, strength: 0}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others_where_something_is_drawn(name: str):
    images = pictures(8, 32)
    first, again, other = (corrupt(images, name, 1, seed)[0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name not in DRAWN)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_corrupted_alike_in_any_company(name: str):
    images = pictures(6, 32)
    whole, parameters = corrupt(images, name, 1, seed=0)
    assert torch.equal(reapply(images[4:], name, parameters[4:]), whole[4:])


def test_strengths_change_with_the_larger_side():
    def quality(side: int) -> float | int | str:
        return CORRUPTIONS.create("jpeg").draw(1, side, 1, seed=0)[0]["quality"]

    assert [quality(side) for side in (28, 40, 41, 96, 97, 256)] == [80, 80, 65, 65, 95, 95]
    _, parameters = corrupt(pictures(1, 48)[:, :, :24], "jpeg", 1, seed=0)  # 24 x 48
    assert parameters == [{"quality": 65}]


# -------------------------------------------------------------------------------------------------- one after another


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 64])
def test_jpeg_at_q_is_jpeg_at_q(channels: int, side: int):
    """The quality is applied: published scripts exist whose files all had the encoder's default quality."""
    images = pictures(3, side, channels)
    for severity in range(1, 6):
        changed, parameters = corrupt(images, "jpeg", severity, seed=0)
        for image, after, given in zip(images, changed, parameters, strict=True):
            file = io.BytesIO()
            picture = Image.fromarray(as_array(image)[..., 0] if channels == 1 else as_array(image))
            picture.save(file, format="JPEG", quality=given["quality"])
            assert encoded(np.ascontiguousarray(as_array(image)), int(given["quality"])) == file.getvalue()
            direct = Image.open(file)
            assert direct.mode == ("L" if channels == 1 else "RGB")
            assert np.array_equal(np.asarray(direct).reshape(side, side, channels), as_array(after))


def test_the_size_of_a_jpeg_falls_with_its_quality():
    for image in pictures(4, 64):
        sizes = [len(encoded(np.ascontiguousarray(as_array(image)), quality)) for quality in range(95, 9, -10)]
        assert all(larger > smaller for larger, smaller in itertools.pairwise(sizes)), sizes


def test_webp_is_lossy_webp_at_its_quality_and_grey_stays_grey():
    images = pictures(3, 32)
    changed, parameters = corrupt(images, "webp", 3, seed=0)
    for image, after, given in zip(images, changed, parameters, strict=True):
        file = io.BytesIO()
        Image.fromarray(as_array(image)).save(file, "WEBP", lossless=False, quality=given["quality"])
        assert np.array_equal(np.asarray(Image.open(file)), as_array(after))

    grey = pictures(3, 32, channels=1)
    # Grey travels as luma alone, in its range of 219 steps for 255 levels: no worse than the colour image of the same texture.
    assert psnr(grey, corrupt(grey, "webp", 1, seed=0)[0]) > psnr(images, corrupt(images, "webp", 1, seed=0)[0])


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_blur_is_scipys_in_each_channel_alone(severity: int):
    images = pictures(3, 48)
    changed, parameters = corrupt(images, "blur", severity, seed=0)
    for image, after, given in zip(images.numpy(), changed.numpy(), parameters, strict=True):
        for plane, blurred in zip(image, after, strict=True):
            assert np.array_equal(np.rint(gaussian_filter(plane.astype(float), given["sigma"])), blurred)


@pytest.mark.parametrize("name", ["blur", "resize", "crop", "contrast"])
def test_a_flat_grey_image_stays_as_it_is(name: str):
    """Nothing is darkened by cutting off fractions, and nothing leaks in from the borders."""
    flat = torch.full((2, 1, 32, 32), 77, dtype=torch.uint8)
    for severity in range(1, 6):
        assert torch.equal(corrupt(flat, name, severity, seed=0)[0], flat)


def test_noise_has_the_stated_deviation_and_is_independent_between_pixels_and_images():
    flat = torch.full((20, 3, 32, 32), 128, dtype=torch.uint8)
    changed, parameters = corrupt(flat, "noise", 5, seed=0)
    noise = changed.double() - 128
    assert parameters[0]["sigma"] == 0.1
    # 61,440 numbers of deviation 25.5: that of their mean is 0.10, that of their deviation 0.073. 4 of these are allowed.
    # Rounding adds 1/12 to a variance of 650.
    assert abs(noise.mean()) < 0.42 and abs(noise.std() - 25.5) < 0.3
    # A correlation over n pairs has deviation 1 / sqrt(n).
    for one, other in ((noise[0], noise[1]), (noise[:, 0], noise[:, 1]), (noise[..., 1:], noise[..., :-1])):
        assert abs(torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1]) < 4 / one.numel() ** 0.5


def test_resizing_takes_out_what_the_smaller_image_cannot_hold():
    board = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 255  # the highest frequency there is
    images = board.to(torch.uint8).expand(1, 3, 32, 32)
    changed, _ = corrupt(images, "resize", 5, seed=0)
    assert changed[0, 0, 8:-8, 8:-8].float().std() < 0.25 * images[0, 0].float().std()


def test_resize_keeps_the_image_in_its_place():
    """A shift of half a pixel, which wrong alignment would give, costs more than resizing itself."""
    ramp = (torch.arange(64) * 4).to(torch.uint8).expand(1, 1, 64, 64)
    changed, _ = corrupt(ramp, "resize", 3, seed=0)
    assert (changed[..., 8:-8].int() - ramp[..., 8:-8].int()).abs().max() <= 1  # half a pixel is 2 levels


def test_crop_shows_a_part_of_the_image_at_a_place_that_is_drawn():
    ramp = (torch.arange(64) * 4).to(torch.uint8)
    images = torch.stack([ramp.expand(64, 64), ramp[:, None].expand(64, 64)])[:, None].repeat(50, 1, 1, 1)  # along x; along y
    changed, parameters = corrupt(images, "crop", 5, seed=0)  # 19 of 64 pixels are cut off
    for after, given, axis in zip(changed[:, 0].float(), parameters, itertools.cycle("xy"), strict=False):
        line = after.mean(0 if axis == "x" else 1)
        start = int(float(given[axis]) * 20)
        # The line runs from 4 * start to 4 * (start + 44); a bicubic filter at the border may be off by a pixel, 4 levels.
        assert abs(line[0] - 4 * start) <= 4 and abs(line[-1] - 4 * (start + 44)) <= 4
    for axis in "xy":
        places = [int(float(given[axis]) * 20) for given in parameters]
        assert min(places) == 0 and max(places) == 19  # each is missed by 100 draws with probability .95^100 = .006


def test_brightness_shifts_all_levels_up_or_down_and_contrast_scales_the_differences():
    images = pictures(12, 32)
    changed, parameters = corrupt(images, "brightness", 1, seed=0)
    assert {given["shift"] for given in parameters} == {0.05, -0.05}
    shift = torch.tensor([float(given["shift"]) for given in parameters]).view(-1, 1, 1, 1)
    assert torch.equal(changed, (images + 255 * shift).round().clamp(0, 255).to(torch.uint8))

    halves = torch.tensor([[100, 200], [20, 40], [0, 255]], dtype=torch.uint8).repeat_interleave(16, 1)  # (3, 32): of each row
    changed, _ = corrupt(halves[None, :, None].expand(1, 3, 32, 32), "contrast", 2, seed=0)  # half of the contrast
    for channel, levels in enumerate([(125, 175), (25, 35), (64, 191)]):  # 63.75 and 191.25 are rounded
        assert (changed[0, channel, :, :16] == levels[0]).all() and (changed[0, channel, :, 16:] == levels[1]).all()


# --------------------------------------------------------------------------------------------------------------- tiers


def only(parameters: list[Parameters], **names: str) -> list[Parameters]:
    """Some of the parameters, under other names: only(..., quality="last_quality")."""
    return [{new: given[old] for new, old in names.items()} for given in parameters]


def test_web_is_resize_or_crop_and_then_jpeg():
    images = pictures(40, 32)
    changed, parameters = corrupt(images, "web", 1, seed=0)
    for i, given in enumerate(parameters):
        name, names = ("resize", ["scale"]) if "scale" in given else ("crop", ["margin", "x", "y"])
        moved = reapply(images[i : i + 1], name, only([given], **{n: n for n in names}))
        assert torch.equal(reapply(moved, "jpeg", only([given], quality="quality"))[0], changed[i])


def test_hard_is_web_then_blur_or_noise_and_then_a_stronger_jpeg():
    images = pictures(40, 32)
    changed, parameters = corrupt(images, "hard", 1, seed=0)
    delivered = reapply(images, "web", parameters)
    for i, given in enumerate(parameters):
        name, names = ("blur", {"sigma": "blur"}) if "blur" in given else ("noise", {"sigma": "noise", "seed": "seed"})
        harmed = reapply(delivered[i : i + 1], name, only([given], **names))
        assert torch.equal(reapply(harmed, "jpeg", only([given], quality="last_quality"))[0], changed[i])


@pytest.mark.parametrize("side", SETS)
def test_hard_harms_more_than_the_web_delivery_in_it(side: int):
    images = pictures(2 * SETS[side], side)
    hard, parameters = corrupt(images, "hard", 1, seed=0)
    resized = torch.tensor(["scale" in given for given in parameters])  # a crop moves content, which outweighs all else
    web = reapply(images, "web", parameters)
    assert psnr(images[resized], web[resized]) > psnr(images[resized], hard[resized]) + 1


def test_the_ranges_of_the_tiers_are_used_whole_and_each_way_is_taken_by_half_of_the_images():
    n = 4000
    drawn = CORRUPTIONS.create("hard").draw(1, 32, n, seed=0)
    for quality, (low, high) in {"quality": (70, 95), "last_quality": (40, 70)}.items():
        assert {given[quality] for given in drawn} == set(range(low, high + 1))
    for name, (least, most) in {
        "scale": (0.75, 0.95),
        "margin": (0.03, 0.12),
        "blur": (0.4, 0.7),
        "noise": (0.02, 0.06),
    }.items():
        found = [float(given[name]) for given in drawn if name in given]
        # The number of n has deviation sqrt(n / 4) = 32; the least of 2,000 numbers lies within 1 % but for e^-20.
        assert abs(len(found) - n / 2) < 4 * 32
        width = most - least
        assert least <= min(found) < least + 0.01 * width and most - 0.01 * width < max(found) <= most


# ----------------------------------------------------------------------------------------------------------- manifests


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_manifest_reproduces_a_set_to_the_byte_through_its_file(name: str, channels: int, tmp_path: Path):
    images = pictures(10, 32, channels)
    most = CORRUPTIONS.get(name).most
    changed, parameters = corrupt(images, name, most, seed=5)
    write_manifest(manifest_of(images, name, most, parameters), tmp_path / "manifest.parquet")

    manifest = read_manifest(tmp_path / "manifest.parquet")
    assert list(manifest.columns) == ["images", "digest", "corruption", "severity", "parameters"]
    assert set(manifest["corruption"]) == {name} and set(manifest["severity"]) == {most}
    assert torch.equal(reproduce(images, manifest), changed)


def test_a_manifest_may_tell_of_several_corruptions_in_any_order_of_images():
    images = pictures(9, 32)
    sets = [corrupt(images, name, severity, seed=0) for name, severity in (("jpeg", 0), ("noise", 2), ("web", 1))]
    frames = [
        manifest_of(images, name, severity, parameters)
        for (_, parameters), name, severity in zip(sets, ("jpeg", "noise", "web"), (0, 2, 1), strict=True)
    ]
    order = torch.randperm(27, generator=torch.Generator().manual_seed(0))
    manifest = pd.concat(frames).iloc[order.numpy()]
    assert torch.equal(reproduce(images.repeat(3, 1, 1, 1)[order], manifest), torch.cat([s for s, _ in sets])[order])


def test_a_digest_is_of_the_shape_and_the_bytes_of_one_image():
    images = pictures(5, 32)
    digests = image_digests(images)
    assert digests[3] == hashlib.sha256(b"(3, 32, 32)" + images[3].numpy().tobytes()).hexdigest()
    assert image_digests(images[[3, 1]]) == [digests[3], digests[1]] and len(set(digests)) == 5
    assert image_digests(images.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)) == digests  # whatever the strides
    assert set(image_digests(images.reshape(5, 1, 32, 96))).isdisjoint(digests)


def test_other_images_than_the_manifests_are_refused_and_the_first_row_is_named():
    images = pictures(6, 32)
    manifest = manifest_of(images, "jpeg", 1, corrupt(images, "jpeg", 1, seed=0)[1])
    images[[2, 4], 0, 0, 0] += 1
    with pytest.raises(UserError, match="the image at row 2 is not that of the manifest"):
        reproduce(images, manifest)
    with pytest.raises(UserError, match="the manifest is of 6 images, but 5 were given"):
        reproduce(images[:5], manifest)


@pytest.mark.parametrize(("text", "sentence"), [
    ("{", "row 1 of the manifest has parameters '{'; expected JSON"), ("3", "row 1 of the manifest has parameters '3'"),
    ('{"sigma": 1}', "the manifest does not say how 'jpeg' was done: its parameters lack 'quality'"),
])  # fmt: skip
def test_a_manifest_that_does_not_say_what_was_done_is_refused(text: str, sentence: str):
    images = pictures(3, 32)
    manifest = manifest_of(images, "jpeg", 1, corrupt(images, "jpeg", 1, seed=0)[1])
    manifest.loc[1, "parameters"] = text
    with pytest.raises(UserError) as error:
        reproduce(images, manifest)
    assert sentence in str(error.value)


def test_a_file_that_is_no_manifest_is_refused_by_name(tmp_path: Path):
    (tmp_path / "text.parquet").write_text("digest,corruption\n")
    pd.DataFrame({"digest": ["0"]}).to_parquet(tmp_path / "other.parquet")
    for name in ("text.parquet", "other.parquet", "absent.parquet"):
        with pytest.raises(UserError, match=f"{name} is not a manifest of corrupted images"):
            read_manifest(tmp_path / name)


# ----------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("name", "hint"), [("jpg", "did you mean 'jpeg'?"), ("blurr", "did you mean 'blur'?"), ("clean", "Known: ")]
)
def test_an_unknown_name_is_refused_with_the_nearest(name: str, hint: str):
    for call in (lambda: corrupt(pictures(1, 32), name, 0, seed=0), lambda: reapply(pictures(1, 32), name, [{}])):
        with pytest.raises(UserError) as error:
            call()
        assert f"unknown corruption {name!r}" in str(error.value) and hint in str(error.value)


@pytest.mark.parametrize(("name", "severity"), [("jpeg", 6), ("jpeg", -1), ("web", 2), ("hard", 5)])
def test_a_severity_that_there_is_not_is_refused(name: str, severity: int):
    most = CORRUPTIONS.get(name).most
    with pytest.raises(UserError, match=f"corruption '{name}' has severities 0 to {most}; found {severity}."):
        corrupt(pictures(1, 32), name, severity, seed=0)


@pytest.mark.parametrize("images", [
    torch.zeros(2, 3, 8, 8), torch.zeros(2, 2, 8, 8, dtype=torch.uint8), torch.zeros(3, 8, 8, dtype=torch.uint8),
], ids=["floats", "two channels", "one image"])  # fmt: skip
def test_what_are_no_images_at_rest_is_refused(images: Tensor):
    for call in (lambda: corrupt(images, "jpeg", 1, seed=0), lambda: reapply(images, "jpeg", [{"quality": 50}] * len(images))):
        with pytest.raises(UserError, match="corruptions need uint8 images"):
            call()


def test_a_set_may_be_empty():
    empty = torch.zeros(0, 3, 32, 32, dtype=torch.uint8)
    assert corrupt(empty, "web", 1, seed=0)[0].shape == empty.shape


def test_the_list_of_corruptions_needs_no_torch():
    code = """
import sys
from gan_bench.detectors.corruptions import CORRUPTIONS
print(CORRUPTIONS.describe())
sys.exit("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(CORRUPTIONS.describe()) == done.stdout.strip()  # what the sources state is what the classes have
