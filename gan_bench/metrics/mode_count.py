"""Modes of Stacked MNIST (Metz et al. 2017, arXiv 1611.02163; VEEGAN, Srivastava et al. 2017), by the dataset's classifier.

A mode counts from its first sample on, as in those papers and PacGAN (Lin et al. 2018). `confident_modes` counts only samples
whose class has a probability of at least .99, as some later papers do. KL: of the samples' histogram to the uniform one. n
samples of a perfect model show a KL of about (K - 1) / (2 n): the floor, which is given beside it.
"""

from __future__ import annotations

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.metrics.modes import class_shares

CONFIDENT = 0.99


@METRICS.register
class ModeCount(Metric):
    name = "mode-count"
    title = "Modes counted"
    paper = "Metz et al. 2017"
    outputs = {"modes": True, "confident_modes": True, "mode_kl": False, "mode_kl_floor": False}
    ranges = {
        "modes": "0 to the number of classes", "confident_modes": "0 to the number of classes",
        "mode_kl": "0 or more", "mode_kl_floor": "0 or more",
    }  # fmt: skip
    minimum = 100
    needs = "classifier"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """modes, confident_modes: of K; mode_kl, mode_kl_floor: in nats, 0 or more. From the fakes' logits alone."""
        assert fake.logits is not None
        shares = class_shares(fake)
        n_modes = len(shares)
        mode = fake.logits.argmax(1)  # not of the probabilities, which may round to equal ones
        confident = fake.logits.softmax(1).amax(1) >= CONFIDENT

        return {
            "modes": Sampled(int((shares > 0).sum()), least=0, most=n_modes),
            "confident_modes": Sampled(len(mode[confident].unique()), least=0, most=n_modes),
            "mode_kl": Sampled.mean((n_modes * shares).log()[mode], least=0),
            "mode_kl_floor": (n_modes - 1) / (2 * len(fake)),
        }
