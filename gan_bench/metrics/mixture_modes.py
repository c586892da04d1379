"""Modes of a known mixture of Gaussians, as PacGAN counts them (Lin et al. 2018, arXiv 1712.04086, section 4.1).

A sample is of high quality when it lies within three standard deviations of the nearest centre (Mahalanobis distance, here the
Euclidean over sigma), and a mode is covered by one such sample. Reverse KL: of the high-quality samples' histogram over the
modes to the uniform one, 0 when every mode is as frequent. Of draws of the mixture itself 98.9 % are of high quality in the
plane: 1 - exp(-9 / 2).
"""

from __future__ import annotations

import torch

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled

REACH = 3.0  # standard deviations


@METRICS.register
class MixtureModes(Metric):
    name = "mixture"
    title = "Modes of the mixture"
    paper = "Lin et al. 2018"
    outputs = {"modes_covered": True, "high_quality": True, "reverse_kl": False}
    minimum = 100
    needs = "mixture"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """The features are the coordinates."""
        assert real.mixture is not None
        centres = torch.tensor(real.mixture.centres, dtype=torch.float64)
        distance, mode = torch.cdist(fake.features.double(), centres).min(dim=1)
        good = distance < REACH * real.mixture.sigma
        counts = torch.bincount(mode[good], minlength=len(centres)).double()
        excess = len(centres) * counts / counts.sum()  # of each mode's share, over an equal one
        return {
            "modes_covered": int((counts > 0).sum()),
            "high_quality": Sampled.mean(good),
            "reverse_kl": Sampled.mean(excess.log()[mode[good]]),  # not a number without a good sample
        }
