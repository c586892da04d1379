"""Modes of a known mixture of Gaussians, as PacGAN counts them (Lin et al. 2018, arXiv 1712.04086, section 4.1).

A sample is of high quality when it lies within three standard deviations of the nearest centre (Mahalanobis distance, here the
Euclidean over sigma). One such sample covers a mode. Reverse KL: of the high-quality samples' histogram over the modes to the
uniform one, 0 when all modes are equally frequent. In the plane, 98.9 % of the mixture's own draws are of high quality:
1 - exp(-9 / 2).
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
    ranges = {"modes_covered": "0 to the number of modes", "high_quality": "0 to 1", "reverse_kl": "0 or more"}
    minimum = 100
    needs = "mixture"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """modes_covered; high_quality, 0 to 1; reverse_kl, in nats, not a number without a good sample. Features: points."""
        assert real.mixture is not None
        centres = torch.tensor(real.mixture.centres, dtype=torch.float64)
        distance, mode = torch.cdist(fake.features.double(), centres).min(dim=1)
        good = distance < REACH * real.mixture.sigma

        counts = torch.bincount(mode[good], minlength=len(centres)).double()
        excess = len(centres) * counts / counts.sum()  # of each mode's share, over an equal one
        return {
            "modes_covered": Sampled(int((counts > 0).sum()), least=0, most=len(centres)),
            "high_quality": Sampled.share(good),
            "reverse_kl": Sampled.mean(excess.log()[mode[good]], least=0),  # not a number without a good sample
        }
