"""Signs that a detector's gradients hide its weaknesses, so that an attack along them proves little.

After the checks of AutoAttack (Croce and Hein 2020, "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse
Parameter-free Attacks"), and the advice of Carlini et al. 2019, "On Evaluating Adversarial Robustness".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.seeds import derive
from gan_bench.detectors.base import Detector

PASSES = 5  # repeated looks at the same images
VARIES = 1e-4  # by how much a logit may differ between them
BEATS = 0.002  # the share of images that a black-box attack may take in addition
QUERIES = 300
FIRST_SHARE = 0.8  # of the image's area, that of the first square
HALVED_AT = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)  # shares of all queries, after which the area is halved


def scores(detector: Detector, images: Tensor) -> np.ndarray:
    """uint8 images (N, C, H, W) -> logits, float64 (N,), as a user of the detector gets them."""
    return detector.score(detector.prepare(images))


def logits_and_gradients(detector: Detector, images: Tensor) -> tuple[Tensor, Tensor]:
    """float images (N, C, H, W) in 0..255 -> float32 logits (N,), and for each image the gradient of its own, on the CPU.

    What is not finite in a gradient is replaced: NaN by 0, infinity by the largest number.
    """
    leaf = images.detach().to(detector.device).requires_grad_()
    logits = detector.logits(leaf)
    (gradients,) = torch.autograd.grad(logits.sum(), leaf)
    return logits.detach().float().cpu(), gradients.nan_to_num().cpu()


def reasons(
    detector: Detector, images: Tensor, changed: Mapping[int, Tensor], towards: np.ndarray, threshold: float, seed: int
) -> tuple[str, ...]:
    """Each check that fails, in plain words.

    images   uint8 (N, C, H, W)
    changed  eps -> the same images after an attack along the gradients, from the smallest eps to the largest
    towards  (N,), 1 or -1: where the logit of each image was to go
    """
    logits = [scores(detector, images), *(scores(detector, found) for found in changed.values())]
    withstood = ~np.any([crossed(found, towards, threshold) for found in logits], axis=0)
    gains = [float((towards * found).mean()) for found in logits]
    found = (
        varying(detector, images),
        probabilities(np.concatenate(logits)),
        without_gradient(detector, images),
        not_growing(dict(zip((0, *changed), gains, strict=True))),
        black_box(detector, images, withstood, towards, threshold, max(changed), seed),
    )
    return tuple(reason for reason in found if reason)


def crossed(logits: np.ndarray, towards: np.ndarray, threshold: float) -> np.ndarray:
    """Whether each image is on the side of the threshold where it was to go. A logit above the threshold means fake."""
    return (logits > threshold) == (towards > 0)


def varying(detector: Detector, images: Tensor) -> str:
    """Says so where the same images get other logits when they are looked at again."""
    difference = np.ptp([scores(detector, images) for _ in range(PASSES)], axis=0).max()
    return f"the logit of one image differs by up to {difference:.2g} between passes" if difference > VARIES else ""


def probabilities(logits: np.ndarray) -> str:
    """Says so where all logits, attacked or not, lie from 0 to 1: the gradients of a probability vanish near its ends."""
    within = bool(((logits >= 0) & (logits <= 1)).all())
    return "all logits lie from 0 to 1, as probabilities do" if within else ""


def without_gradient(detector: Detector, images: Tensor) -> str:
    """Says so where a gradient is zero at every pixel."""
    _, gradients = logits_and_gradients(detector, images.float())
    n = int((gradients.flatten(1) == 0).all(1).sum())
    return f"the gradient is zero for {n} of {len(images)} images ({100 * n / len(images):.0f} %)" if n else ""


def not_growing(gains: Mapping[int, float]) -> str:
    """Says so where a larger eps moves the logits no further. eps -> the mean logit, in the direction of the attack."""
    for (smaller, low), (larger, high) in itertools.pairwise(gains.items()):
        if not high > low:
            return f"an attack with eps {larger} moves the logits no further than one with eps {smaller}"
    return ""


def black_box(
    detector: Detector, images: Tensor, withstood: np.ndarray, towards: np.ndarray, threshold: float, eps: int, seed: int
) -> str:
    """Says so where a search without gradients takes images that withstood the attack along the gradients."""
    if not withstood.any():
        return ""
    found = square(detector, images[torch.from_numpy(withstood)], eps, towards[withstood], threshold, seed)
    n = int(crossed(scores(detector, found), towards[withstood], threshold).sum())
    taken = f"a search without gradients takes {n} of {len(images)} images that withstood the gradients at eps {eps}"
    return taken if n > BEATS * len(images) else ""


def square(
    detector: Detector, images: Tensor, eps: int, towards: np.ndarray, threshold: float, seed: int, queries: int = QUERIES
) -> Tensor:
    """Random search with squares (Andriushchenko et al. 2020, "Square Attack"), which sees logits alone.

    uint8 images (N, C, H, W) -> the same, changed by at most `eps` levels. A step sets one square of each image to +eps or -eps
    in each channel, and is kept where the logit moves `towards` the goal. It ends early when every image has crossed.
    """
    rng = np.random.default_rng(derive(seed, "square"))
    n, channels, height, width = images.shape

    def changed(sign: np.ndarray) -> Tensor:
        return (images + eps * torch.from_numpy(sign)).clamp(0, 255).to(torch.uint8)

    sign = np.broadcast_to(rng.choice([-1, 1], (n, channels, 1, width)), images.shape).copy()  # vertical stripes
    logits = scores(detector, changed(sign))
    for side in sides(height, width, queries):
        if crossed(logits, towards, threshold).all():
            break
        top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
        tried = sign.copy()
        tried[:, :, top : top + side, left : left + side] = rng.choice([-1, 1], (n, channels, 1, 1))
        after = scores(detector, changed(tried))
        kept = towards * (after - logits) > 0
        sign[kept], logits[kept] = tried[kept], after[kept]
    return changed(sign)


def sides(height: int, width: int, queries: int) -> Iterator[int]:
    """The side of each square in pixels: from large to one pixel, on the schedule of the paper."""
    for query in range(queries):
        share = FIRST_SHARE / 2 ** np.searchsorted(HALVED_AT, query / queries)
        yield int(np.clip(round((share * height * width) ** 0.5), 1, min(height, width)))
