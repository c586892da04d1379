"""Train the shipped classifiers from their datasets:  python -m gan_bench.features.weights.train cifar10-resnet

The weights belong to the benchmark's definition (scores made with other weights are not comparable), so this script is
here to show where they came from, not to be run before a benchmark. Writes NAME.safetensors (float16) and NAME.md (the card).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import SplitName
from gan_bench.features.cifar10_resnet import Cifar10ResNet
from gan_bench.features.mnist_cnn import MnistCnn
from gan_bench.images import to_float

SEED = 0


def shift(images: Tensor, reach: int, generator: torch.Generator, pad_mode: str) -> Tensor:
    """Move each image by its own random offset of up to `reach` pixels."""
    n, _, height, width = images.shape
    padded = F.pad(images, (reach,) * 4, mode=pad_mode)
    dy, dx = torch.randint(0, 2 * reach + 1, (2, n), generator=generator)
    rows = dy[:, None] + torch.arange(height)  # (N, H)
    columns = dx[:, None] + torch.arange(width)  # (N, W)
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Blank one random square an image (DeVries & Taylor 2017)."""
    n, _, height, width = images.shape
    top = torch.randint(0, height - side + 1, (n, 1, 1, 1), generator=generator)
    left = torch.randint(0, width - side + 1, (n, 1, 1, 1), generator=generator)
    y, x = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    inside = (y >= top) & (y < top + side) & (x >= left) & (x < left + side)
    return images.masked_fill(inside, 0.0)


def rotate(images: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Turn and scale each image by its own small random amount."""
    n = len(images)
    angle = (torch.rand(n, generator=generator) * 2 - 1) * math.radians(degrees)
    scale = 1 + (torch.rand(n, generator=generator) * 2 - 1) * 0.1
    cos, sin, zero = scale * angle.cos(), scale * angle.sin(), torch.zeros(n)
    theta = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def load(name: str, split: SplitName) -> tuple[Tensor, Tensor]:
    data = DATASETS.create(name).load(split)
    return to_float(data.images), data.labels


@torch.inference_mode()
def accuracy(net: nn.Module, images: Tensor, labels: Tensor) -> float:
    net.eval()
    hits = sum(int((net(x)[1].argmax(1) == y).sum()) for x, y in zip(images.split(500), labels.split(500), strict=True))
    return hits / len(labels)


def fit(net, optimiser, schedule, augment, images, labels, *, epochs, batch, smoothing, generator, test) -> None:
    """SGD over `epochs` shuffled passes; `schedule(progress)` scales each group's base rate."""
    steps, step, start = epochs * (len(images) // batch), 0, time.monotonic()
    for epoch in range(epochs):
        net.train()
        total = 0.0
        epoch_images = augment(images, epoch, generator)
        for index in torch.randperm(len(images), generator=generator)[: steps // epochs * batch].split(batch):
            for group in optimiser.param_groups:
                group["lr"] = group["base_lr"] * schedule(step / steps)
            x = epoch_images[index].contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(x)[1]
            loss = F.cross_entropy(logits.float(), labels[index], label_smoothing=smoothing)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(index)
            step += 1
        print(
            f"epoch {epoch + 1}/{epochs} loss {total / len(images):.4f} "
            f"test {accuracy(net, *test):.4f} {time.monotonic() - start:.0f} s",
            flush=True,
        )


def train_cifar10_resnet(epochs: int) -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    images, labels = load("cifar10", "train")
    net = Cifar10ResNet()
    net.init_whitening(images[:5000])
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.requires_grad_(False)  # the convolution before it already scales
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            nn.init.dirac_(module.weight.data[: module.in_channels])  # start near the identity
    net = net.to(memory_format=torch.channels_last)
    norm_biases = [p for n, p in net.named_parameters() if "norm" in n and p.requires_grad]
    others = [p for n, p in net.named_parameters() if "norm" not in n and p.requires_grad]
    rate, decay_a_step = 1.5, 0.002  # Jordan 2024, restated for a mean loss over a batch of 1000
    groups = [
        {"params": others, "base_lr": rate, "weight_decay": decay_a_step / rate},
        {"params": norm_biases, "base_lr": rate * 64, "weight_decay": decay_a_step / (rate * 64)},
    ]
    optimiser = torch.optim.SGD(groups, lr=rate, momentum=0.85, nesterov=True)

    def schedule(progress: float) -> float:
        return 0.2 + 0.8 * progress / 0.23 if progress < 0.23 else max(1e-3, (1 - progress) / 0.77)

    first_flip = torch.rand(len(images), generator=generator) < 0.5

    def augment(images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        flip = first_flip ^ bool(epoch % 2)  # alternating flip: two epochs in a row show both sides of each image
        images = torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
        return cutout(shift(images, 2, generator, "reflect"), 8, generator)

    test = load("cifar10", "test")
    fit(net, optimiser, schedule, augment, images, labels,
        epochs=epochs, batch=1000, smoothing=0.2, generator=generator, test=test)  # fmt: skip
    return net, test


def train_mnist_cnn(epochs: int) -> tuple[nn.Module, tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    images, labels = load("mnist", "train")
    net = MnistCnn().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    optimiser.param_groups[0]["base_lr"] = 0.1

    def schedule(progress: float) -> float:
        return min(progress / 0.2, (1 - progress) / 0.8) + 1e-3

    def augment(images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        return shift(rotate(images, 10, generator), 2, generator, "replicate")

    test = load("mnist", "test")
    fit(net, optimiser, schedule, augment, images, labels,
        epochs=epochs, batch=250, smoothing=0.0, generator=generator, test=test)  # fmt: skip
    return net, test


RECIPES = {
    "cifar10-resnet": (train_cifar10_resnet, Cifar10ResNet, 18, "CIFAR-10 (Krizhevsky 2009)"),
    "mnist-cnn": (train_mnist_cnn, MnistCnn, 8, "MNIST (LeCun et al. 1998)"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--epochs", type=int)
    args = parser.parse_args()
    train, network, epochs, data = RECIPES[args.name]
    epochs = args.epochs or epochs
    net, test = train(epochs)
    file = args.out / f"{args.name}.safetensors"
    command = f"python -m gan_bench.features.weights.train {args.name}"
    version = torch.__version__.split("+")[0]
    save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in net.state_dict().items()}, file)

    shipped = network()  # what is measured and described is the file, after its rounding to float16
    shipped.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(file).items()})
    measured = accuracy(shipped, *test)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    card = f"""# {args.name}

| | |
|---|---|
| task | {data}, 10 classes, official train split only |
| test accuracy | {measured:.2%} on the official 10,000 test images, one view, no test-time augmentation |
| parameters | {sum(p.numel() for p in shipped.parameters()):,} (stored as float16, computed in float32) |
| training | `{command}`: {epochs} epochs, seed {SEED}, bfloat16 on a CPU, torch {version} |
| SHA-256 | `{digest}` |
| licence | Apache-2.0, as the rest of gan-bench |

A part of the benchmark's definition: never retrained silently, a change of these weights is a new `benchmark_version`.
The final epoch's weights, not the best epoch's: the test split chose nothing.
"""
    (args.out / f"{args.name}.md").write_text(card)
    print(f"{file.name}: test accuracy {measured:.2%}, {file.stat().st_size / 1e6:.2f} MB, sha256 {digest}", file=sys.stderr)


if __name__ == "__main__":
    main()
