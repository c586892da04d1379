"""How the classifiers behind extractors are trained: the shipped ones, and that of somebody's own classes. On the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Labelled(NamedTuple):
    """images (N, C, H, W) float32 in [-1, 1], and labels (N,) int64."""

    images: Tensor
    labels: Tensor


class Passes(NamedTuple):
    """How the images are gone through.

    epochs     passes over the images
    batch      images of a step
    smoothing  of the labels, 0 to 1
    schedule   share of the training that is done -> factor of each base learning rate
    augment    images (N, C, H, W), epoch, generator -> what they are in this epoch
    precision  of matrix products and convolutions
    """

    epochs: int
    batch: int
    smoothing: float
    schedule: Callable[[float], float]
    augment: Callable[[Tensor, int, torch.Generator], Tensor]
    precision: torch.dtype = torch.bfloat16


def shift(images: Tensor, reach: int, generator: torch.Generator, pad_mode: str) -> Tensor:
    """Move each image (N, C, H, W) by its own random offset of up to `reach` pixels."""
    n, _, height, width = images.shape
    padded = F.pad(images, (reach,) * 4, mode=pad_mode)
    dy, dx = torch.randint(0, 2 * reach + 1, (2, n), generator=generator)
    rows = dy[:, None] + torch.arange(height)  # (N, H)
    columns = dx[:, None] + torch.arange(width)  # (N, W)
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


@torch.inference_mode()
def accuracy(net: nn.Module, test: Labelled) -> float:
    """The share, 0 to 1, of images that the network gives their class."""
    net.eval()
    pairs = zip(test.images.split(500), test.labels.split(500), strict=True)
    hits = sum(int((net(x)[1].argmax(1) == y).sum()) for x, y in pairs)
    return hits / len(test.labels)


def fit(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    passes: Passes,
    train: Labelled,
    generator: torch.Generator,
    report: Callable[[int, float], None],
) -> None:
    """Train the network by shuffled passes. Each group of parameters has a `base_lr`.

    report  called after each pass, with its number from 1 and its mean loss
    """
    n = len(train.images)
    steps_each = n // passes.batch
    for epoch in range(passes.epochs):
        net.train()
        images, total = passes.augment(train.images, epoch, generator), 0.0
        batches = torch.randperm(n, generator=generator)[: steps_each * passes.batch].split(passes.batch)

        for i, index in enumerate(batches):
            rate = passes.schedule((epoch * steps_each + i) / (passes.epochs * steps_each))
            for group in optimiser.param_groups:
                group["lr"] = group["base_lr"] * rate
            total += step(net, optimiser, images[index], train.labels[index], passes) * len(index)

        report(epoch + 1, total / n)


def step(net: nn.Module, optimiser: torch.optim.Optimizer, images: Tensor, labels: Tensor, passes: Passes) -> float:
    """One step on a batch; returns the loss before it."""
    x = images.contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", passes.precision, enabled=passes.precision != torch.float32):
        logits = net(x)[1]
    loss = F.cross_entropy(logits.float(), labels, label_smoothing=passes.smoothing)

    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return float(loss.detach())
