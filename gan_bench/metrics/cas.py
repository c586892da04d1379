"""Classification accuracy score (Ravuri and Vinyals 2019, arXiv 1905.10887): what a classifier learns from fakes about reals.

A classifier is trained on fakes, with the classes they were asked to be of, and tested on real test images. Fakes that are
blurred, wrong or too alike cost accuracy, which no comparison of features shows. The paper trains a ResNet-50; here it is a
small network and a fixed recipe, so read `cas_share`: the accuracy over that of the same classifier trained on as many real
training images. A perfect generator has a share near 1.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from gan_bench.core.seeds import derive
from gan_bench.images import convert
from gan_bench.metrics import METRICS
from gan_bench.metrics.base import PixelMetric, Pixels, Sampled

PASSES, BATCH, RATE, WIDTH = 10, 128, 1e-2, 32


def classifier(channels: int, n_classes: int) -> nn.Sequential:
    """Images (B, C, H, W) in [-1, 1], H and W at least 8 -> logits (B, K). 0.1 M parameters."""
    layers: list[nn.Module] = []
    for n_in, n_out in ((channels, WIDTH), (WIDTH, 2 * WIDTH), (2 * WIDTH, 4 * WIDTH)):
        layers += [nn.Conv2d(n_in, n_out, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4 * WIDTH, n_classes))


def taught(lesson: Pixels, n_classes: int) -> nn.Sequential:
    """A classifier trained on images and their labels, in eval mode: AdamW with one cycle of its learning rate, seeded."""
    assert lesson.labels is not None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(0, "cas"))
        net = classifier(lesson.images.shape[1], n_classes).to(memory_format=torch.channels_last)
        optimiser = torch.optim.AdamW(net.parameters(), weight_decay=1e-2)
        steps = PASSES * (len(lesson) // BATCH or 1)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)

        for _ in range(PASSES):
            for chosen in torch.randperm(len(lesson)).split(BATCH)[: steps // PASSES]:
                batch = convert.to_float(lesson.images[chosen]).contiguous(memory_format=torch.channels_last)
                optimiser.zero_grad()
                F.cross_entropy(net(batch), lesson.labels[chosen]).backward()
                optimiser.step()
                schedule.step()

    return net.eval()


def accuracy(lesson: Pixels, exam: Pixels) -> float:
    """The share, 0 to 1, of the exam's images whose class a classifier trained on the lesson names."""
    assert exam.labels is not None
    net = taught(lesson, int(exam.labels.max()) + 1)
    with torch.inference_mode():
        answers = torch.cat([net(convert.to_float(batch)).argmax(1) for batch in exam.images.split(1000)])
    return float((answers == exam.labels).double().mean())


def accuracy_of_reals(real: Pixels) -> float:
    """`accuracy` of training on the reals, with their `held_out` as the exam."""
    assert real.held_out is not None
    return accuracy(real, real.held_out)


@METRICS.register
class ClassificationAccuracyScore(PixelMetric):
    name = "cas"
    title = "Classification accuracy score"
    paper = "Ravuri and Vinyals 2019"
    outputs = {"cas": True, "cas_share": True}
    ranges = {"cas": "0 to 1", "cas_share": "0 or more"}
    minimum = 100
    needs = "lesson"

    def compute(self, fake: Pixels, real: Pixels) -> dict[str, float]:
        """cas, 0 to 1: accuracy on `real.held_out` after training on the fakes. cas_share: over that of as many reals."""
        assert real.held_out is not None
        found = accuracy(fake, real.held_out)
        return {
            "cas": Sampled(found, least=0, most=1),
            "cas_share": Sampled(found / real.once(accuracy_of_reals), least=0),
        }
