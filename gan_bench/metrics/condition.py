"""How well a class-conditional generator makes the class that was asked for, by the dataset's own classifier.

Label agreement: the share of fakes that the classifier gives the class asked for; the classifier's own accuracy on reals
is its ceiling. Intra-class FD (Miyato and Koyama 2018, arXiv 1802.05637): the mean over classes of the Frechet distance
between the fakes asked to be of a class and the reals of it, which a generator that ignores the class cannot make small.
"""

from __future__ import annotations

import numpy as np

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import Extracted, Metric, Sampled, TooFew
from gan_bench.metrics.fd import sampled_frechet_distance

FEWEST = 10  # images of a class on each side


def of_each_class(images: Extracted) -> list[Extracted]:
    """The features of each of the K classes, by label."""
    assert images.logits is not None and images.labels is not None
    return [Extracted(images.features[images.labels == k]) for k in range(images.logits.shape[1])]


@METRICS.register
class Condition(Metric):
    name = "condition"
    title = "Class condition"
    paper = "Miyato and Koyama 2018"
    outputs = {"label_agreement": True, "intra_fd": False}
    ranges = {"label_agreement": "0 to 1", "intra_fd": "0 or more"}
    minimum = 100
    needs = "condition"

    def compute(self, fake: Extracted, real: Extracted) -> dict[str, float]:
        """label_agreement, 0 to 1; intra_fd, 0 or more. Raises TooFew at a class with fewer than 10 images on a side."""
        assert fake.logits is not None and fake.labels is not None
        fakes, reals = of_each_class(fake), real.once(of_each_class)
        fewest = min(len(images) for images in (*fakes, *reals))
        if fewest < FEWEST:
            raise TooFew(f"{self.title} needs at least {FEWEST} images of each class a side and got {fewest}")

        agreement = Sampled.share(fake.logits.argmax(1) == fake.labels)
        distances = [sampled_frechet_distance(f, r) for f, r in zip(fakes, reals, strict=True)]
        error = np.linalg.norm([distance.error for distance in distances]) / len(distances)  # of independent classes
        return {"label_agreement": agreement, "intra_fd": Sampled(float(np.mean(distances)), float(error), least=0)}
