"""Class-mode coverage: which of the dataset's classes a generator makes, and how unevenly, by the dataset's own classifier.

A class counts as covered when its share among the fakes is at least a tenth of its share among the reals; a single stray
sample, which may be an error of the classifier, is not enough. KL is of the fakes' class histogram to the reals':
sum p_fake log(p_fake / p_real), 0 when equal; both sides are counted with the same classifier, so that its errors cancel.
It is the mean of log(p_fake / p_real) over the fakes, each at its class, and has the error of that mean (the delta method).
"""

from __future__ import annotations

import torch
from torch import Tensor

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled
from gan_bench.records import COVERED_SHARE


def class_shares(images: Extracted) -> Tensor:
    """(K,) float64: the share of the images that the classifier gives to each class."""
    assert images.logits is not None
    return torch.bincount(images.logits.argmax(1), minlength=images.logits.shape[1]).double() / len(images)


@METRICS.register
class ClassModes(Metric):
    name = "modes"
    title = "Class-mode coverage"
    paper = "the classifier-based count of Metz et al. 2017, with a threshold"
    outputs = {"classes_covered": True, "class_kl": False, "smallest_class_share": True}
    ranges = {"classes_covered": "0 to the number of classes", "class_kl": "0 or more", "smallest_class_share": "0 to 1"}
    minimum = 100
    needs = "classifier"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """classes_covered, 0 to K; class_kl, in nats, 0 or more; smallest_class_share, 0 to 1."""
        assert fake.logits is not None
        classes = fake.logits.argmax(1)
        p_fake, p_real = class_shares(fake), class_shares(real)
        return {
            "classes_covered": Sampled(int((p_fake >= COVERED_SHARE * p_real).sum()), least=0, most=len(p_real)),
            "class_kl": Sampled.mean((p_fake / p_real.clamp(min=1e-12)).log()[classes], least=0),
            "smallest_class_share": Sampled.share(classes == p_fake.argmin()),
        }
