"""Bootstrap intervals of the AUROC, and what it is made of: two lists of logits, and counts of reals and fakes in their order.

A bootstrap sample draws as many images as there are, with replacement; reals and fakes apart. The logits are sorted once: a
sample only counts them again. The ends of an interval are quantiles of the samples' values (Efron 1979, percentile method).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gan_bench.core.seeds import derive
from gan_bench.records import Interval

AT_ONCE = 2**14  # counts that are made at a time: they fit into a core's cache. The draws do not depend on it


class Logits(NamedTuple):
    """What a detector says of reals (N,) and of fakes (M,): the log odds of fake if both are equally common."""

    real: np.ndarray
    fake: np.ndarray


def checked(scores: np.ndarray, kind: str) -> np.ndarray:
    """The scores as float64 (N,). Raises ValueError when there are none, or one is not a finite number."""
    scores = np.asarray(scores, np.float64)
    if scores.ndim != 1 or scores.size == 0:
        raise ValueError(f"the {kind} scores must be a non-empty list of numbers, but have shape {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError(f"{(~np.isfinite(scores)).sum()} of {scores.size} {kind} scores are NaN or infinite.")
    return scores


def checked_logits(logits: Logits) -> Logits:
    """Both lists as `checked` gives them."""
    return Logits(checked(logits.real, "real"), checked(logits.fake, "fake"))


def shared_places(logits: Logits) -> tuple[np.ndarray, np.ndarray, int]:
    """The places, from 0, of the reals (N,) and fakes (M,) among all distinct logits, and the number of places."""
    distinct, place = np.unique(np.concatenate(logits), return_inverse=True)
    return place[: len(logits.real)], place[len(logits.real) :], len(distinct)


def auroc_of_counts(reals: np.ndarray, fakes: np.ndarray) -> np.ndarray:
    """AUROCs (...) from the numbers of reals and of fakes at each place, integers (..., places), lowest logit first."""
    twice_below = 2 * np.cumsum(reals, -1) - reals  # reals below a fake, twice; ties count half. Integers, so it is exact
    pairs = reals.sum(-1) * fakes.sum(-1)
    return np.einsum("...i,...i->...", fakes, twice_below) / (2 * pairs)


def auroc_interval(logits: Logits, seed: int, draws: int = 1000, level: float = 0.95) -> Interval:
    """Interval of the AUROC. It covers the choice of the images, not that of the training.

    `level` is the share of draws in the interval. No interval ends nearer to 1 than `lowest_of_perfect`, nor nearer to 0 than
    one less that. For where reals and fakes lie fully apart, every sample has the same AUROC, and a width of zero would say
    that more images could change nothing. And a detector with an error must not look more certain than one without.
    """
    logits = checked_logits(logits)
    low, high = _percentiles(_drawn_aurocs([logits], seed, draws)[0], level)
    perfect = lowest_of_perfect(logits, level)
    method = f"{_method(draws, level)}, at 0 and 1 the rule of three"
    return Interval(low=min(low, perfect), high=max(high, 1 - perfect), method=method)


def lowest_of_perfect(logits: Logits, level: float) -> float:
    """Where the true AUROC is lower, so many images are fully apart with a probability below 1 - level, whatever the logits.

    Of k = min(N, M) pairs without a common image, all are won with a probability of at most AUROC^k. So it is
    (1 - level)^(1 / k); at a level of 0.95 about 1 - 3 / k, the rule of three (Hanley and Lippman-Hand 1983).
    """
    return (1 - level) ** (1 / min(len(logits.real), len(logits.fake)))


def paired_difference(first: Logits, second: Logits, seed: int, draws: int = 1000, level: float = 0.95) -> Interval:
    """Interval of auroc(first) - auroc(second), where two detectors scored the same images in the same order.

    Each sample has the same images for both, so what makes an image hard for both cancels. Raises ValueError when the counts
    differ. A width of zero: in these images the detectors differ by the same amount in every sample, for instance since both
    tell all apart. The true AUROCs may then still differ by about 3 / min(N, M), see `lowest_of_perfect`.
    """
    first, second = checked_logits(first), checked_logits(second)
    counts = [f"{len(logits.real)} reals and {len(logits.fake)} fakes" for logits in (first, second)]
    if counts[0] != counts[1]:
        raise ValueError(f"a difference in pairs needs the same images for both, but they scored {counts[0]}, and {counts[1]}.")

    of_first, of_second = _drawn_aurocs([first, second], seed, draws)
    low, high = _percentiles(of_first - of_second, level)
    return Interval(low=low, high=high, method=_method(draws, level))


def _drawn_aurocs(same_images: Sequence[Logits], seed: int, draws: int) -> np.ndarray:
    """The AUROCs (detectors, draws) of several detectors in bootstrap samples of the images that all of them scored."""
    n_real, n_fake = len(same_images[0].real), len(same_images[0].fake)
    real_rng, fake_rng = (np.random.default_rng(derive(seed, "bootstrap", kind)) for kind in ("real", "fake"))
    placed = [shared_places(logits) for logits in same_images]
    at_once = max(1, AT_ONCE // (n_real + n_fake))

    found = []
    for start in range(0, draws, at_once):
        n = min(at_once, draws - start)
        reals, fakes = real_rng.integers(n_real, size=(n, n_real)), fake_rng.integers(n_fake, size=(n, n_fake))
        found.append([
            auroc_of_counts(_counts(real_place[reals], places), _counts(fake_place[fakes], places))
            for real_place, fake_place, places in placed
        ])  # fmt: skip
    return np.concatenate(found, axis=1)


def _counts(drawn: np.ndarray, places: int) -> np.ndarray:
    """How often each place occurs in each row of (n, images) -> (n, places)."""
    n = len(drawn)
    apart = drawn + places * np.arange(n)[:, None]  # each row has places of its own, so that one call counts all
    return np.bincount(apart.ravel(), minlength=n * places).reshape(n, places)


def _percentiles(drawn: np.ndarray, level: float) -> tuple[float, float]:
    """The ends of the middle `level` of the drawn values (draws,)."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _method(draws: int, level: float) -> str:
    return f"stratified bootstrap over images, {draws} draws, {100 * level:g} %"
