"""The statistics and pictures of a cell for the page: closed forms, what is shown where, and that they change nothing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_bench import scorer as scoring
from gan_bench.cell import run_cell, stated
from gan_bench.core.digests import sha256_of
from gan_bench.datasets import DATASETS
from gan_bench.generators import VARIANTS
from gan_bench.generators.dcgan import DCGAN
from gan_bench.images.convert import to_channels
from gan_bench.images.mixture import Mixture
from gan_bench.images.pictures import save_rows
from gan_bench.images.spectra import FLOOR, azimuthal_mean
from gan_bench.images.statistics import Classified, level_shares, statistics_of
from gan_bench.pairs import by_class
from gan_bench.records import Code, CodeFile, ReferenceSpec, Statistics, read_record
from gan_bench.references import run_reference
from gan_bench.run_folder import SHOWN
from gan_bench.sample import STEPS, WALKS, great_circle, walks
from gan_bench.scorer import SetScorer
from tests.conftest import CPU, ROOT
from tests.factories import cell_spec, load_samples, small

pytestmark = pytest.mark.usefixtures("one_thread")
RNG = torch.Generator().manual_seed(0)
SHAPES = DATASETS.create("shapes")


def noise(n: int, *shape: int) -> Tensor:
    """uint8 images, normal around 128 with a standard deviation of 20."""
    return (128 + 20 * torch.randn(n, *shape, generator=RNG)).round().clamp(0, 255).to(torch.uint8)


# Levels and spectra


def test_levels_are_shares_of_the_pixels_of_all_channels() -> None:
    images = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    images[:, 1] = 255
    images[0, 0] = 7
    shares = level_shares(images)
    assert shares.shape == (256,) and shares.sum() == 1
    assert {k: float(shares[k]) for k in (0, 7, 255)} == pytest.approx({0: 7 / 12, 7: 1 / 12, 255: 1 / 3})


@pytest.mark.parametrize("shape", [(1, 32, 32), (1, 32, 20), (1, 27, 32), (1, 33, 33)])
def test_noise_of_one_frequency_is_in_its_ring(shape: tuple[int, int, int]) -> None:
    """White noise of which only the frequencies within half a cycle of `cycles` are left, in cycles per longer side."""
    _, height, width = shape
    side = max(height, width)
    radius = side * torch.hypot(torch.fft.fftfreq(height)[:, None], torch.fft.fftfreq(width))
    for cycles in (3, 8, side // 2 - 1):
        spectrum = torch.fft.fft2(torch.randn(100, *shape, generator=RNG)) * ((radius - cycles).abs() < 0.5)
        images = torch.fft.ifft2(spectrum).real
        found = azimuthal_mean((128 + 20 * images / images.std()).round().clamp(0, 255).to(torch.uint8))
        assert len(found) == side // 2 + 1 and int(found[1:].argmax()) + 1 == cycles


def test_white_noise_has_its_variance_in_every_ring() -> None:
    """The power of a coefficient is exponential, and the mean of its logarithm is below log10 of its mean by 0.5772 / ln 10 =
    0.2507. With 2,000 images of at least 6 pairs of coefficients a ring has a standard error below 0.56 / sqrt(12,000) = 0.005.
    Some of the outermost ring are real, with a logarithm that is lower by another 0.3. Ring 1 loses what the mean takes."""
    spectrum = azimuthal_mean(noise(2000, 1, 32, 32))[2:]
    expected = math.log10(20**2 + 1 / 12 + FLOOR) - 0.2507  # rounding to levels adds 1/12
    assert spectrum.numpy() == pytest.approx(np.full(15, expected), abs=0.025)


def test_flat_images_have_nothing_but_brightness() -> None:
    """The coefficient at zero of a flat image of level m is m * sqrt(H * W) in an orthonormal transform."""
    spectrum = azimuthal_mean(torch.full((2, 1, 16, 16), 50, dtype=torch.uint8))
    assert float(spectrum[0]) == pytest.approx(math.log10(50**2 * 256 + FLOOR))
    assert spectrum[1:].numpy() == pytest.approx(np.full(8, math.log10(FLOOR)))


def test_a_spectrum_is_that_of_the_grey_image_however_many_there_are() -> None:
    colour = noise(1100, 3, 8, 8)  # more than one piece
    grey = to_channels(colour[:7].float(), 1)
    alone = torch.stack([azimuthal_mean(image[None]) for image in colour])
    torch.testing.assert_close(azimuthal_mean(colour), alone.mean(0))
    torch.testing.assert_close(azimuthal_mean(grey), azimuthal_mean(colour[:7]))


def test_points_keep_the_first_that_are_finite_and_the_true_centres() -> None:
    points = torch.arange(1200.0).view(600, 2, 1, 1)
    points[1, 0] = float("nan")
    found = statistics_of(points, Mixture(((0.0, 1.0), (2.0, 3.0)), sigma=0.5))
    assert (found.n, len(found.points), found.points[:2]) == (600, 499, ((0.0, 1.0), (4.0, 5.0)))
    assert found.centres == ((0.0, 1.0), (2.0, 3.0)) and found.sigma == 0.5
    assert found.levels == found.spectrum == found.classes == ()


def test_classes_are_all_named_in_their_order() -> None:
    classified = Classified("judge", torch.tensor([2, 2, 0, 2]))
    found = statistics_of(noise(4, 1, 8, 8), None, ("a", "b", "c"), classified)
    assert found.classes == (("a", 0.25), ("b", 0), ("c", 0.75)) and found.classifier == "judge"
    assert statistics_of(noise(4, 1, 8, 8), None).classes == ()


def test_a_scorer_that_has_scored_images_knows_their_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    images, others = SHAPES.load("test").images[:120], SHAPES.load("test").images[120:240]
    scorer = SetScorer(SHAPES, 200, ("raw", "shapes-factors"), ("fd",), CPU)
    fresh = scorer.classify(images)
    scorer.score(images, "test")
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "extract", lambda *_: pytest.fail("extracted twice"))
        known = scorer.classify(images)

    assert fresh is not None and known is not None and known.classifier == "shapes-factors"
    assert torch.equal(fresh.classes, known.classes)
    assert torch.equal(known.classes, SHAPES.load("test").labels[:120])  # this classifier reads its own images without error
    other = scorer.classify(others)
    assert other is not None and torch.equal(other.classes, SHAPES.load("test").labels[120:240])
    assert SetScorer(SHAPES, 200, ("raw",), ("fd",), CPU).classify(images) is None


# Walks


def test_a_great_circle_has_equal_steps_and_no_short_cut() -> None:
    a, b = torch.randn(2, 100, generator=RNG)
    b *= a.norm() / b.norm()
    way = great_circle(a, b, 9)
    torch.testing.assert_close((way[0], way[-1]), (a, b))
    torch.testing.assert_close(way.norm(dim=1), a.norm().expand(9))
    angles = torch.cosine_similarity(way[1:].double(), way[:-1].double()).acos()
    torch.testing.assert_close(angles, angles.mean().expand(8), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("end", [[1.0, 2.0], [-1.0, -2.0], [0.0, 0.0]])
def test_latents_without_one_great_circle_are_joined_by_a_line(end: list[float]) -> None:
    way = great_circle(torch.tensor([1.0, 2.0]), torch.tensor(end), 5)
    assert way.isfinite().all() and way[2].tolist() == pytest.approx([(1 + end[0]) / 2, (2 + end[1]) / 2])


def test_a_walk_keeps_its_label_and_leaves_the_variant_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    variant, seen = small("cgan"), []
    generate = variant.generate
    monkeypatch.setattr(variant, "generate", lambda z, labels: seen.append(labels) or generate(z, labels))
    before = {name: value.clone() for name, value in variant.generator.state_dict().items()}
    stream = torch.get_rng_state()

    found = walks(variant, seed=0)
    assert found is not None and found.shape == (WALKS * STEPS, 3, 32, 32) and found.dtype == torch.uint8
    assert seen[0].view(WALKS, STEPS).unique(dim=1).flatten().tolist() == list(range(WALKS))
    assert variant.generator.training and torch.equal(torch.get_rng_state(), stream)
    assert all(torch.equal(before[name], value) for name, value in variant.generator.state_dict().items())


def test_only_latents_that_become_images_are_walked_between() -> None:
    points = small("vanilla", (2, 1, 1), z_dim=2)
    assert walks(points, 0) is walks(small("cyclegan"), 0) is walks(small("srgan"), 0) is None


# Rows of classes


def test_what_a_class_lacks_is_seen_to_be_missing(tmp_path: Path) -> None:
    images = torch.full((5, 1, 16, 16), 255, dtype=torch.uint8)
    found = by_class(images, torch.tensor([0, 2, 2, 2, 2]), ("a", "b", "c"), 3)
    assert {name: len(row) for name, row in found.items()} == {"a": 1, "b": 0, "c": 3}

    save_rows(list(found.values()), 3, tmp_path / "classes.png")
    picture = np.asarray(Image.open(tmp_path / "classes.png"))
    side = 2 * 16 + 2
    assert picture.shape == (3 * side + 2, 3 * side + 2, 3)
    cells = [[picture[r * side + 2 : (r + 1) * side, c * side + 2 : (c + 1) * side] for c in range(3)] for r in range(3)]
    levels = [[len(np.unique(cell)) for cell in row] for row in cells]
    assert levels == [[1, 2, 2], [2, 2, 2], [1, 1, 1]]  # white images, hatched cells


# A whole cell


@pytest.mark.parametrize(
    ("variant", "extractors", "by"),
    [("cgan", ("raw",), "asked for"), ("dcgan", ("raw", "shapes-factors"), "shapes-factors"), ("dcgan", ("raw",), "")],
)
def test_a_cell_keeps_what_the_page_shows(tmp_path: Path, variant: str, extractors: tuple[str, ...], by: str) -> None:
    settings = VARIANTS.get(variant).default_settings(8)
    record = run_cell(cell_spec(variant=variant, settings=settings, extractors=extractors), tmp_path, CPU)
    assert record.status == "done", record.reason
    assert record.classed_by == by and record.class_rows == (SHAPES.class_names if by else ())
    assert (tmp_path / SHOWN["classes"]).exists() == bool(by) and (tmp_path / SHOWN["walk"]).exists()

    found = read_record(tmp_path / SHOWN["statistics"], Statistics)
    images = load_samples(tmp_path / "samples.npz")
    assert found.levels == tuple(level_shares(images).tolist()) and found.n == len(images) and found.content_digest is not None
    assert found.classifier == extractors[-1].replace("raw", "") and len(found.classes) == (16 if found.classifier else 0)

    assert record.cost is not None and record.moments[0] == 0 and record.moments[-1] == record.cost.kimg
    rows = (Image.open(tmp_path / "strip.png").height - 2) // (2 * 32 + 2)
    assert len(record.moments) == rows and list(record.moments) == sorted(record.moments)
    assert record.paper_settings == VARIANTS.get(variant).paper_settings
    assert record.source == f"gan_bench.generators.{variant}"
    assert record.source_digest == sha256_of(ROOT / "generators" / f"{variant}.py")


def test_a_reference_row_keeps_statistics(tmp_path: Path) -> None:
    spec = ReferenceSpec(
        dataset="ring8", name="real", preset="smoke", n_fake=300, n_real=300, extractors=("raw",), metrics=("fd",)
    )
    run_reference(spec, tmp_path, CPU)
    found = read_record(tmp_path / SHOWN["statistics"], Statistics)
    assert found.n == 300 and len(found.points) == 300 and len(found.centres) == 8 and found.sigma == 0.01


def test_a_users_code_is_in_the_spec_and_its_settings_become_plain() -> None:
    class Mine(DCGAN):
        paper_settings = {"lr": 1e-4, "batch_size": [64, 128]}

    spec = cell_spec(code=Code(file="my_gan.py", member="Mine", files={"my_gan.py": CodeFile.of("")}))
    assert stated(Mine, spec) == {"paper_settings": {"lr": 1e-4, "batch_size": "[64, 128]"}}
