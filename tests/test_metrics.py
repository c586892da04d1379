"""Metrics against closed forms, against torch-fidelity, and in orientation."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import numpy as np
import prdc
import pytest
import torch
import torch_fidelity
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric

from gan_bench.datasets import DATASETS
from gan_bench.extraction import extract
from gan_bench.features import EXTRACTORS
from gan_bench.images.mixture import Mixture
from gan_bench.metrics import METRICS, bins, data_copying, inception_score, kid, neighbours
from gan_bench.metrics.base import Extracted, Metric, PixelMetric, Pixels, Sampled, TooFew
from gan_bench.metrics.fd import Gaussian, frechet_distance
from gan_bench.metrics.fd import gaussian as gaussian_of
from gan_bench.metrics.measured import interval_of
from tests.conftest import CPU

PIXELS = ("truth", "cycle", "lesson")  # metrics of the images themselves, tested apart
NAMES = [name for name in METRICS.names() if METRICS.get(name).needs not in (*PIXELS, "mixture")]
RING = Mixture(((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (5.0, 5.0)), sigma=0.1)


def gaussian(n: int, dim: int, seed: int, mean: float = 0.0, scale: float = 1.0, classes: int = 10) -> Extracted:
    rng = torch.Generator().manual_seed(seed)
    features = torch.randn(n, dim, generator=rng) * scale + mean
    logits = torch.randn(n, classes, generator=rng) * 4
    return Extracted(features, logits, logits.argmax(1))


def one_class(labels: list[int], n_classes: int = 10) -> Extracted:
    """Logits that name each label with certainty."""
    logits = torch.nn.functional.one_hot(torch.tensor(labels), n_classes).float() * 100
    return Extracted(torch.zeros(len(labels), 2), logits)


def value(name: str, fake: Extracted | Pixels, real: Extracted | Pixels) -> dict[str, float]:
    if METRICS.get(name).needs == "held-out" and real.held_out is None:
        real = replace(real, held_out=gaussian(1000, real.features.shape[1], 99))
    return METRICS.create(name)(fake, real)


def test_fd_of_known_gaussians():
    """Exact moments in, no sampling error: |m|^2 + sum (s_f - s_r)^2 for diagonal covariances."""
    d = 5
    sd_f, sd_r = torch.arange(1.0, d + 1).double(), torch.full((d,), 2.0).double()
    shift = torch.full((d,), 0.5).double()
    found = frechet_distance(Gaussian(shift, torch.diag(sd_f**2)), Gaussian(torch.zeros(d).double(), torch.diag(sd_r**2)))
    assert found == pytest.approx(float(d * 0.25 + (sd_f - sd_r).square().sum()), rel=1e-12)


def test_fd_of_rotated_gaussians():
    """2-D, covariance diag(4, 1) against its turn by 45 degrees: tr(S1 S2)^(1/2) from eigenvalues of S1 S2 by hand."""
    a = torch.diag(torch.tensor([4.0, 1.0])).double()
    r = torch.tensor([[1.0, -1.0], [1.0, 1.0]]).double() / math.sqrt(2)
    b = r @ a @ r.T
    root_trace = math.sqrt(float((a @ b).trace()) + 2 * math.sqrt(float(torch.linalg.det(a @ b))))  # 2x2: tr sqrt(M)
    zero = torch.zeros(2).double()
    assert frechet_distance(Gaussian(zero, a), Gaussian(zero, b)) == pytest.approx(10 - 2 * root_trace, rel=1e-12)


def test_fd_of_shifted_samples():
    """4,000 samples in 16 dimensions: the shift's 16 * .25 = 4, plus a bias of about dim * (dim + 1) / (4 n) * 2 = .03 and
    noise of sd 2 * sqrt(4) * sqrt(2 / 4000) = .09; four of these allow .4."""
    found = value("fd", gaussian(4000, 16, 0, mean=0.5), gaussian(4000, 16, 1))["fd"]
    assert found == pytest.approx(4.0, abs=0.4)


def test_fd_agrees_with_torch_fidelity():
    fake, real = gaussian(500, 64, 0, mean=0.1), gaussian(600, 64, 1, scale=1.3)
    theirs = fid_statistics_to_metric(
        fid_features_to_statistics(fake.features.double()), fid_features_to_statistics(real.features.double()), False
    )
    assert value("fd", fake, real)["fd"] == pytest.approx(theirs["frechet_inception_distance"], rel=1e-9)


def test_the_error_of_fd_is_the_spread_over_samples():
    """200 sets of 1,000 fakes from one generator: the deviation of their distances is known to 1 / sqrt(400) = 5 %, the mean of
    the errors far better; 20 % is four such. Skewed fakes, whose fourth moments no Gaussian formula knows."""
    rng = torch.Generator().manual_seed(0)
    real = gaussian(5000, 6, 1)
    scales = torch.tensor([1.0, 0.5, 0.3, 0.3, 0.3, 0.3])
    sets = [Extracted(torch.randn(1000, 6, generator=rng).exp() * scales) for _ in range(200)]
    found = [value("fd", fakes, real)["fd"] for fakes in sets]
    assert np.mean([fd.error for fd in found]) == pytest.approx(np.std(found, ddof=1), rel=0.2)
    assert found[0] == pytest.approx(frechet_distance(gaussian_of(sets[0]), gaussian_of(real)), rel=1e-9)


def test_a_mean_over_fakes_has_the_error_of_a_mean():
    """Precision of 60 good of 100: sqrt(.6 * .4 / 99) with the sample's deviation."""
    sampled = Sampled.mean(torch.tensor([1.0] * 60 + [0.0] * 40))
    assert sampled == 0.6 and sampled.error == pytest.approx(math.sqrt(0.24 / 99))
    assert interval_of(sampled).high == pytest.approx(0.6 + 1.96 * math.sqrt(0.24 / 99)) and interval_of(Sampled(6)) is None
    assert interval_of(Sampled.mean(torch.tensor([1.0]))) is None and interval_of(Sampled.mean(torch.zeros(9))) is None


@pytest.fixture(scope="module")
def samples() -> tuple[list[Extracted], Extracted]:
    """200 sets of 500 fakes from one generator, and 1,000 reals: skewed features, classes that the fakes favour unequally."""
    rng = torch.Generator().manual_seed(1)
    centres = torch.randn(4, 6, generator=rng)

    def draw(n: int, favour: list[float], shift: float) -> Extracted:
        labels = torch.multinomial(torch.tensor(favour), n, replacement=True, generator=rng)
        x = centres[labels] + torch.randn(n, 6, generator=rng)
        return Extracted(x.relu() + shift, -torch.cdist(x, centres).square(), labels)

    return [draw(500, [0.1, 0.2, 0.3, 0.4], 0.2) for _ in range(200)], draw(1000, [0.25] * 4, 0.0)


@pytest.mark.parametrize("name", ["kid", "is", "modes", "mode-count", "condition", "dc", "pr", "authenticity", "vendi", "bins"])
def test_errors_are_the_spread_over_samples(name, samples, monkeypatch):
    """The deviation of 200 numbers is known to 5 %, the mean of their errors better: 20 % is four such. The jackknife of a
    share of points in a union of balls may be too large by more, and must not be too small."""
    monkeypatch.setattr(METRICS.get(name), "minimum", 2)
    monkeypatch.setattr(kid, "SUBSETS", 20)
    monkeypatch.setattr(kid, "SUBSET_SIZE", 200)
    monkeypatch.setattr(bins, "BINS", 20)
    sets, real = samples
    found = [value(name, fakes, replace(real)) for fakes in sets]
    checked = [output for output, number in found[0].items() if isinstance(number, Sampled) and not math.isnan(number.error)]
    assert checked
    for output in checked:
        numbers = [of_set[output] for of_set in found]
        ratio = np.mean([number.error for number in numbers]) / np.std(numbers, ddof=1)
        assert 0.8 < ratio < (1.8 if output in ("recall", "coverage") else 1.2), f"{output}: {ratio:.2f}"


def test_fd_survives_fewer_samples_than_dimensions():
    """34 of 64 eigenvalues are 0, known to about 1e-14, so each root to 1e-7 times the root of the others: 1e-4 is ample."""
    fake, real = gaussian(20, 64, 0), gaussian(30, 64, 1)
    assert math.isfinite(value("fd", fake, real)["fd"]) and value("fd", real, real)["fd"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("size", [6, 30])
def test_kernel_sums_over_subsets_whether_all_pairs_are_met_or_those_of_the_subsets(size):
    """Of 40 x 50 pairs, 20 subsets of 6 hold 720, so each is met alone; 20 subsets of 30 hold 18,000, so they share."""
    x, y, rng = gaussian(40, 8, 0).features, gaussian(50, 8, 1).features, torch.Generator().manual_seed(0)
    rows, columns = (torch.stack([torch.randperm(n, generator=rng)[:size] for _ in range(20)]) for n in (40, 50))
    pairs = [(x[r].double(), y[c].double()) for r, c in zip(rows, columns, strict=True)]
    wanted = torch.stack([((a @ b.T) / 8 + 1).pow(3).sum(1) for a, b in pairs])
    torch.testing.assert_close(kid.sums(x, y, rows, columns), wanted, rtol=1e-5, atol=1e-5)


def test_kid_of_equal_distributions_is_zero_within_its_spread():
    """Unbiased: the mean over subsets lies near 0; a shift of .5 raises it above 1e-2."""
    real = gaussian(2000, 8, 1)
    same, shifted = (value("kid", gaussian(2000, 8, 0, mean=m), real)["kid"] for m in (0.0, 0.5))
    assert abs(same) < 0.01 < shifted


def test_inception_score_runs_from_one_to_the_number_of_classes():
    """Ten equal, certain classes score 10; each split of 1,000 sees them up to a KL of (10 - 1) / (2 * 1000) = .0045."""
    certain = one_class([i % 10 for i in range(10_000)])
    assert value("is", certain, certain)["is"] == pytest.approx(10, rel=0.01)
    collapsed = one_class([3] * 1000)
    assert value("is", collapsed, certain)["is"] == pytest.approx(1.0)


def test_the_inception_score_is_torch_fidelitys():
    """And a class that no image can have costs nothing, where theirs is not a number."""
    images = gaussian(1003, 2, 0)
    theirs = isc_features_to_metric(images.logits, splits=10, shuffle=True, rng_seed=2020)["inception_score_mean"]
    assert value("is", images, images)["is"] == pytest.approx(theirs, rel=1e-12)

    impossible = torch.full((1003, 1), -1000.0)
    more = Extracted(images.features, torch.cat([images.logits, impossible], dim=1))
    assert value("is", more, more)["is"] == pytest.approx(theirs, rel=1e-12)
    assert math.isnan(isc_features_to_metric(more.logits, splits=10, shuffle=True, rng_seed=2020)["inception_score_mean"])


def test_a_collapsed_generator_has_precision_without_recall():
    """All fakes at one real point: inside the reals, covering almost none of them. Swapped arguments would swap the two."""
    real = gaussian(500, 8, 1)
    point = Extracted(real.features[:1].repeat(400, 1) + 1e-3 * torch.randn(400, 8, generator=torch.Generator().manual_seed(0)))
    found = value("pr", point, real)
    assert found["precision"] > 0.95 and found["recall"] < 0.05


def test_a_scattered_generator_has_recall_without_precision():
    found = value("pr", gaussian(500, 8, 0, scale=4.0), gaussian(500, 8, 1))
    assert found["precision"] < 0.2 and found["recall"] > 0.8


def test_precision_and_recall_by_the_definition():
    """A slow double loop over points, against the metric."""
    fake, real = gaussian(40, 3, 0, mean=0.8).features.numpy(), gaussian(50, 3, 1).features.numpy()

    def inside(points: np.ndarray, others: np.ndarray, k: int = 3) -> float:
        radii = [np.sort(np.linalg.norm(others - o, axis=1))[k] for o in others]  # [0] is the point itself
        return float(np.mean([any(np.linalg.norm(p - o) <= r for o, r in zip(others, radii, strict=True)) for p in points]))

    found = value("pr", Extracted(torch.from_numpy(fake)), Extracted(torch.from_numpy(real)))
    assert found["precision"] == pytest.approx(inside(fake, real)) and found["recall"] == pytest.approx(inside(real, fake))


def test_neighbour_metrics_agree_with_prdc():
    """prdc leaves the rim out (<), which no fake of a continuous distribution lies on."""
    fake, real = gaussian(700, 20, 0, mean=0.2), gaussian(900, 20, 1)
    for k, names in ((3, ("precision", "recall")), (5, ("density", "coverage"))):
        theirs = prdc.compute_prdc(real.features.double().numpy(), fake.features.double().numpy(), nearest_k=k)
        ours = value("pr" if k == 3 else "dc", fake, real)
        assert {name: ours[name] for name in names} == pytest.approx({name: theirs[name] for name in names}, abs=1e-12)


def test_coverage_of_equal_distributions_is_known():
    """1 - 2^-5 = .969 of 3,000 balls, sd .004 were they independent; density is 1 on average."""
    found = value("dc", gaussian(3000, 30, 0), gaussian(3000, 30, 1))
    assert found["coverage"] == pytest.approx(1 - 2**-5, abs=0.02) and found["density"] == pytest.approx(1, abs=0.05)


def test_vendi_counts_kinds_of_images():
    """4 orthogonal directions of 25 images each are 4 kinds, whether there are more images than dimensions or fewer."""
    for dim in (4, 300):
        kinds = torch.eye(dim)[:4].repeat(25, 1) * torch.arange(1, 101)[:, None]
        assert value("vendi", Extracted(kinds), Extracted(kinds))["vendi"] == pytest.approx(4, rel=1e-9)
    orthogonal, alike = torch.eye(50), torch.ones(50, 3)
    assert value("vendi", Extracted(orthogonal), Extracted(orthogonal))["vendi"] == pytest.approx(50, rel=1e-9)
    assert value("vendi", Extracted(alike), Extracted(alike))["vendi"] == pytest.approx(1, rel=1e-9)


def test_copies_are_not_authentic():
    """Copies and near copies of reals give 0; as many fresh samples of the same distribution as reals about half."""
    real = gaussian(2000, 10, 1)
    near = Extracted(real.features + 1e-3 * torch.randn(real.features.shape, generator=torch.Generator().manual_seed(0)))
    fresh = value("authenticity", gaussian(2000, 10, 2), real)["auth_pct"]
    assert value("authenticity", real, real)["auth_pct"] == 0 and value("authenticity", near, real)["auth_pct"] < 1
    assert 40 < fresh < 75


def test_bins_differ_as_often_as_the_level_says():
    """Of equal distributions 5 of 100 bins, sd 2; a generator of half the clusters fills none of the others."""
    rng = np.random.default_rng(0)
    reals, same = rng.multinomial(20_000, np.full(100, 0.01)), rng.multinomial(20_000, np.full(100, 0.01))
    assert bins.differing(same, reals).sum() <= 13
    half = np.where(np.arange(100) < 50, 2, 0) * 200
    assert bins.differing(half, np.full(100, 200)).all()
    centres = 50 * torch.randn(100, 8, generator=torch.Generator().manual_seed(1))
    real, few = (Extracted(centres[torch.arange(4000) % n] + gaussian(4000, 8, n).features) for n in (100, 50))
    found = value("bins", few, real)
    assert found["ndb"] > 0.5 and 0.2 < found["jsd"] < 0.4  # half the mass of half the bins: 1.5 - .75 log2(3) = .311 bits


def test_fd_infinity_removes_the_bias_of_few_fakes():
    """Exact reals, so that the bias is the fakes' alone: tr S of the mean and of the roots, about d (d + 5) / (4 n) = .22."""
    dim = 40
    real = Extracted(gaussian(2000, dim, 1).features)
    real._known[(gaussian_of,)] = Gaussian(torch.zeros(dim).double(), torch.eye(dim).double())
    fake = gaussian(2000, dim, 0)
    plain, infinite = value("fd", fake, real)["fd"], value("fd-infinity", fake, real)["fd_infinity"]
    assert plain > 0.15 and abs(infinite) < plain / 3


def test_class_modes_of_known_histograms():
    real = one_class([i % 10 for i in range(1000)])
    even = value("modes", real, real)
    assert even == {"classes_covered": 10, "class_kl": pytest.approx(0, abs=1e-12), "smallest_class_share": pytest.approx(0.1)}
    half = value("modes", one_class([i % 5 for i in range(1000)]), real)
    assert half["classes_covered"] == 5 and half["class_kl"] == pytest.approx(math.log(2)) and half["smallest_class_share"] == 0


def test_a_stray_sample_covers_no_class():
    """9 of 1,000 in class 1 is under a tenth of its real share; 11 are over it."""
    real = one_class([i % 10 for i in range(1000)])
    assert value("modes", one_class([0] * 991 + [1] * 9), real)["classes_covered"] == 1
    assert value("modes", one_class([0] * 989 + [1] * 11), real)["classes_covered"] == 2


def test_label_agreement_counts_the_asked_class():
    asked = torch.arange(1000) % 10
    made = one_class([int(k) if i < 700 else int(k + 1) % 10 for i, k in enumerate(asked)])
    noise = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0))
    fake = Extracted(noise, made.logits, asked)
    assert value("condition", fake, fake)["label_agreement"] == pytest.approx(0.7)


def test_intra_class_fd_sees_classes_swapped_where_fd_does_not():
    """Two classes at 0 and at 3 in two dimensions: asked for the wrong one, each class is off by |3, 3|^2 = 18."""
    labels = torch.arange(1000) % 2
    features = torch.randn(1000, 2, generator=torch.Generator().manual_seed(0)) + 3.0 * labels[:, None]
    logits = torch.nn.functional.one_hot(labels, 2).float()
    right, swapped = Extracted(features, logits, labels), Extracted(features, logits, 1 - labels)
    assert value("condition", right, right)["intra_fd"] == pytest.approx(0, abs=1e-6)
    assert value("condition", swapped, right)["intra_fd"] == pytest.approx(18, rel=0.1)  # means of 500, sd .06 a coordinate
    assert value("fd", swapped, right)["fd"] == pytest.approx(0, abs=1e-6)


def test_a_class_with_too_few_images_is_said():
    few = gaussian(1000, 4, 0)
    lopsided = Extracted(few.features, few.logits, torch.zeros(1000, dtype=torch.int64))
    with pytest.raises(TooFew, match="at least 10 images of each class a side and got 0"):
        value("condition", lopsided, few)


def test_copies_are_told_from_unseen_images_and_from_bad_ones():
    """C_T is a mean of z-scores: copies at distance 0 win every comparison, another sample of the reals' distribution wins half
    (sd 1 at most, 4 allowed), fakes far out lose nearly all."""
    train, unseen = gaussian(2000, 6, 0), gaussian(1000, 6, 1)
    real = replace(train, held_out=unseen)
    copies = Extracted(train.features[:1000] + 0.01 * gaussian(1000, 6, 2).features)
    assert value("data-copying", copies, real)["c_t"] < -10
    assert abs(value("data-copying", gaussian(1000, 6, 3), real)["c_t"]) < 4
    assert value("data-copying", gaussian(1000, 6, 4, scale=3.0), real)["c_t"] > 10


def test_the_z_score_of_two_samples_by_hand():
    """{1, 3} over {2, 2, 0}: wins 1 + 3, no ties: U = 4 of 6, mean 3, variance 2 * 3 * 6 / 12 = 3."""
    found = data_copying.z_score(torch.tensor([1.0, 3.0]), torch.tensor([2.0, 2.0, 0.0]))
    assert found == pytest.approx(1 / math.sqrt(3))


def test_cells_without_enough_fakes_are_left_out():
    """Three far clusters of reals; fakes copy one and put too few elsewhere to be judged there."""
    centres = torch.tensor([[0.0, 0.0], [50.0, 0.0], [0.0, 50.0]])
    spread = [gaussian(900, 2, seed).features + centres.repeat(300, 1) for seed in (0, 1)]
    real = Extracted(spread[0], held_out=Extracted(spread[1]))
    copying = spread[0][::3].repeat(2, 1)[:500] + 1e-3
    few = centres[1] + 30 * torch.ones(10, 2)
    alone, beside = (value("data-copying", Extracted(x), real)["c_t"] for x in (copying, torch.cat([copying, few])))
    assert alone == beside < -10


def test_modes_are_counted_from_the_first_sample_and_among_confident_ones():
    """Three of ten classes in shares .5, .3, .2, the last with a probability of 1 / (1 + 9 e^-2) = .45."""
    logits = one_class([0] * 50 + [1] * 30 + [2] * 20).logits.clone()
    logits[-20:] *= 2 / 100
    found = value("mode-count", Extracted(torch.zeros(100, 2), logits), one_class([0] * 100))
    assert found["modes"] == 3 and found["confident_modes"] == 2
    entropy = -sum(p * math.log(p) for p in (0.5, 0.3, 0.2))
    assert found["mode_kl"] == pytest.approx(math.log(10) - entropy) and found["mode_kl_floor"] == pytest.approx(9 / 200)


def test_modes_are_told_apart_where_their_probabilities_round_to_one_number():
    """All samples are of the second mode of two, by one unit of the last place: KL log 2."""
    logits = torch.tensor([0.1, 0.1]).nextafter(torch.tensor([0.1, 1.0])).repeat(100, 1)
    assert value("mode-count", Extracted(logits, logits), Extracted(logits, logits))["mode_kl"] == pytest.approx(math.log(2))


def test_the_floor_of_stacked_mnist_is_what_a_perfect_model_shows():
    """26,000 uniform draws of 1000 modes: twice n times their KL is chi-square of 999, so sd sqrt(2 * 999) / 52,000 = .0009."""
    drawn = torch.randint(1000, (26_000,), generator=torch.Generator().manual_seed(0))
    perfect = one_class(drawn.tolist(), 1000)
    found = value("mode-count", perfect, perfect)
    assert found["mode_kl_floor"] == pytest.approx(0.0192, abs=1e-4)
    assert found["mode_kl"] == pytest.approx(found["mode_kl_floor"], abs=4 * 0.0009)


def at(points: list[tuple[float, float]], times: int = 100) -> Extracted:
    return Extracted(torch.tensor(points).repeat(times, 1))


def test_modes_of_a_mixture_by_hand():
    """Of five kinds of points two lie within .3 of the first centre, one of the second, one just without the third's reach and
    one far from all: two modes, 3 / 5 good, and a histogram of 2 : 1 over 4 modes."""
    real = Extracted(torch.zeros(200, 2), mixture=RING)
    found = value("mixture", at([(0.0, 0.0), (0.2, 0.2), (1.29, 0.0), (0.31, 1.0), (9.0, 9.0)]), real)
    assert found["modes_covered"] == 2 and found["high_quality"] == pytest.approx(0.6)
    entropy = -(2 / 3 * math.log(2 / 3) + 1 / 3 * math.log(1 / 3))
    assert found["reverse_kl"] == pytest.approx(math.log(4) - entropy)
    assert math.isnan(value("mixture", at([(9.0, 9.0)]), real)["reverse_kl"])


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_draws_of_a_mixture_have_all_its_modes(name):
    """1 - exp(-9 / 2) of good points: sd .0007 over 20,000 draws. Reverse KL of a fair histogram: (K - 1) / (2 n) expected."""
    dataset = DATASETS.create(name)
    points = Extracted(dataset.load("test").images.flatten(1))
    found = value("mixture", points, Extracted(points.features, mixture=dataset.mixture))
    modes = len(dataset.mixture.centres)
    assert found["modes_covered"] == modes == len(dataset.class_names)
    assert found["high_quality"] == pytest.approx(1 - math.exp(-4.5), abs=0.003)
    assert found["reverse_kl"] < 3 * (modes - 1) / (2 * len(points))


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_declares_what_it_yields(name):
    fake, real = gaussian(1100, 6, 0, mean=0.3), gaussian(1200, 6, 1)
    found = value(name, fake, real)
    assert set(found) == set(METRICS.get(name).outputs) and all(math.isfinite(v) for v in found.values())
    assert METRICS.get(name).paper and METRICS.get(name).title


RANGE = re.compile(r"any number|(?P<least>-?\d+) (?:or more|to (?:(?P<most>\d+)|the number of \w+))")


@pytest.mark.parametrize("name", NAMES)
def test_the_range_in_words_is_the_range_of_the_numbers(name):
    fake, real = gaussian(1100, 6, 0, mean=0.3), gaussian(1200, 6, 1)
    for output, number in value(name, fake, real).items():
        told = RANGE.fullmatch(METRICS.get(name).ranges[output])
        assert told is not None, output
        if isinstance(number, Sampled):
            assert number.least == (None if told["least"] is None else int(told["least"])), output
            assert told["most"] is None or number.most == int(told["most"]), output
            assert (number.most is None) == (" to " not in told[0]), output


@pytest.mark.parametrize("name", METRICS.names())
def test_what_a_metric_needs_is_what_its_class_is_given(name):
    kind = METRICS.get(name)
    assert issubclass(kind, PixelMetric if kind.needs in PIXELS else Metric)


def test_the_numbers_in_declarations_are_those_of_the_constants():
    """They are literals, so that they can be read without importing torch."""
    minimum = {name: METRICS.get(name).minimum for name in METRICS.names()}
    assert minimum["bins"] == 10 * bins.BINS and minimum["kid"] == kid.SUBSET_SIZE
    assert minimum["pr"] == neighbours.NEAR + 1 and minimum["dc"] == neighbours.WIDE + 1
    assert minimum["is"] == 10 * inception_score.SPLITS
    assert METRICS.get("is").title == f"Inception score over {inception_score.SPLITS} splits"


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_prefers_the_better_images(name):
    """Directions as declared: a shifted, one-class generator loses to a second sample of the reals on every number it has a
    side in (precision aside, which a collapsed one may win: see above)."""
    real = gaussian(1500, 6, 1)
    good = gaussian(1500, 6, 2)
    bad_logits = torch.zeros(1500, 10)
    bad_logits[:, 3] = 9
    bad = Extracted(gaussian(1500, 6, 3, mean=3.0, scale=0.3).features, bad_logits, torch.arange(1500) % 10)
    better, worse = value(name, good, real), value(name, bad, real)
    for output, up in METRICS.get(name).outputs.items():
        if output in ("auth_pct", "c_t", "mode_kl_floor"):
            continue  # what lies far from all reals is no copy of any; a floor knows no side
        assert (better[output] > worse[output]) if up else (better[output] < worse[output]), output


@pytest.mark.parametrize("name", NAMES)
def test_order_of_samples_changes_nothing(name):
    """Beyond float noise; for those that draw seeded subsets, beyond the spread that those have (a tenth is ample)."""
    fake, real = gaussian(1500, 6, 0, mean=0.3), gaussian(1500, 6, 1)
    order = torch.randperm(1500, generator=torch.Generator().manual_seed(0))
    shuffled = Extracted(fake.features[order], fake.logits[order], fake.labels[order])
    rel = {"kid": 0.1, "is": 0.1, "fd-infinity": 0.1}.get(name, 1e-6)
    assert value(name, shuffled, real) == pytest.approx(value(name, fake, real), rel=rel)


@pytest.mark.parametrize("name", NAMES)
def test_too_few_images_are_said(name):
    kind = METRICS.get(name)
    n = kind.minimum - 1
    with pytest.raises(TooFew, match=f"{kind.title} needs at least {kind.minimum:,} images a side and got {n:,}"):
        value(name, gaussian(n, 4, 0), gaussian(5000, 4, 1))


def test_right_labels_teach_and_wrong_ones_do_not():
    """Stripes of 4 directions: shown with their classes they teach as reals do; with shuffled ones, nothing (chance is 1/4)."""
    rng = torch.Generator().manual_seed(0)
    labels = torch.arange(1200) % 4
    y, x = torch.meshgrid(torch.arange(16), torch.arange(16), indexing="ij")
    stripes = torch.stack([x % 4 < 2, y % 4 < 2, (x + y) % 4 < 2, (x - y) % 4 < 2]).float()[labels][:, None]
    images = (stripes * 100 + 100 * torch.rand(1200, 1, 16, 16, generator=rng)).byte()
    lessons = [Pixels(images[part::3], labels=labels[part::3]) for part in range(3)]
    before = torch.get_rng_state()
    real = replace(lessons[1], held_out=lessons[2])
    right, again = value("cas", lessons[0], real), value("cas", lessons[0], real)
    shuffled = replace(lessons[0], labels=labels[::3][torch.randperm(400, generator=rng)])
    wrong = value("cas", shuffled, real)
    assert right == again and torch.equal(before, torch.get_rng_state())
    assert right["cas"] > 0.95 and right["cas_share"] == pytest.approx(1, abs=0.05) and wrong["cas"] < 0.5


def test_distance_to_the_truth_of_known_errors():
    """An error of 16 everywhere: PSNR 20 log10(255 / 16). No error: the PSNR of rounding, and SSIM 1."""
    truth = torch.randint(16, 240, (3, 3, 32, 32), generator=torch.Generator().manual_seed(0)).byte()
    same, off = (value("truth", Pixels(truth + error), Pixels(truth)) for error in (0, 16))
    assert same == pytest.approx({"l1": 0, "psnr": 20 * math.log10(255) + 10 * math.log10(12), "ssim": 1})
    assert off["l1"] == pytest.approx(16) and off["psnr"] == pytest.approx(20 * math.log10(255 / 16)) and off["ssim"] < 1


def test_the_cycle_error_of_known_errors():
    sources = torch.randint(16, 240, (3, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    for error in (0, 16, -7):
        assert value("cycle", Pixels((sources + error).byte()), Pixels(sources.byte())) == {"cycle_l1": abs(error)}


def test_psnr_and_ssim_agree_with_scikit_image():
    """SSIM with the settings of Wang et al.; scikit-image leaves a border out, so only the middle compares: within .03."""
    rng = torch.Generator().manual_seed(1)
    smooth = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8, generator=rng), scale_factor=4, mode="bilinear") * 255
    noisy = (smooth + 20 * torch.randn(smooth.shape, generator=rng)).clamp(0, 255)
    truth, fake = smooth.round().byte(), noisy.round().byte()
    ours = value("truth", Pixels(fake), Pixels(truth))
    pairs = [(a.permute(1, 2, 0).float().numpy(), b.permute(1, 2, 0).float().numpy()) for a, b in zip(truth, fake, strict=True)]
    psnr = [peak_signal_noise_ratio(a, b, data_range=255) for a, b in pairs]
    ssim = [
        structural_similarity(
            a, b, data_range=255, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        for a, b in pairs
    ]
    assert ours["psnr"] == pytest.approx(np.mean(psnr), rel=1e-5) and ours["ssim"] == pytest.approx(np.mean(ssim), abs=0.03)


class Listed(torch.utils.data.Dataset):
    """Images one by one, as torch-fidelity wants them."""

    def __init__(self, images: torch.Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.images[i]


def test_calculate_metrics_of_torch_fidelity_gives_the_same_numbers(fetched):
    """The same images through torch-fidelity from front to back, with our extractor registered there."""
    extractor = EXTRACTORS.create("mnist-cnn")
    extractor.load(CPU)

    class Ours(torch_fidelity.FeatureExtractorBase):
        def __init__(self, name, features_list, **_):
            super().__init__(name, features_list)

        @staticmethod
        def get_provided_features_list():
            return ("features", "logits")

        @staticmethod
        def get_default_feature_layer_for_metric(metric):
            return "logits" if metric == "isc" else "features"

        def forward(self, x):
            found = dict(zip(("features", "logits"), extractor(x), strict=True))
            return tuple(found[name] for name in self.features_list)

    torch_fidelity.register_feature_extractor("ours", Ours)
    split = fetched["mnist"].load("test")
    fake, real = split.images[:1200].flip(3), split.images[1200:2600]
    theirs = torch_fidelity.calculate_metrics(
        input1=Listed(fake), input2=Listed(real), cuda=False, feature_extractor="ours", fid=True, kid=True, prc=True, isc=True,
        cache=False, save_cpu_ram=True, verbose=False, batch_size=100,
    )  # fmt: skip
    pair = extract(extractor, fake, "fake"), extract(extractor, real, "real")
    ours = {k: v for name in ("fd", "kid", "pr", "is") for k, v in value(name, *pair).items()}
    keys = {"fd": "frechet_inception_distance", "kid": "kernel_inception_distance_mean", "is": "inception_score_mean"}
    for name, number in ours.items():
        assert number == pytest.approx(theirs[keys.get(name, name)], rel=1e-4, abs=1e-7), name
