"""Train the shipped classifiers from their datasets:  python benchmarks/train_classifiers.py cifar10-resnet

The weights belong to the benchmark's definition: scores made with other weights are not comparable. So this script shows
where they came from; it is not run before a benchmark. Writes NAME.safetensors (float16) and NAME.md (the card).
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import SplitName
from gan_bench.features.base import WEIGHTS
from gan_bench.features.cifar10_resnet import Cifar10ResNet
from gan_bench.features.mnist_cnn import MnistCnn
from gan_bench.features.training import Labelled, Passes, accuracy, fit, shift
from gan_bench.images.convert import to_float

SEED = 0
CARD = """# {name}

| | |
|---|---|
| task | {data}, 10 classes, official train split only |
| test accuracy | {measured:.2%} on the official 10,000 test images, one view, no test-time augmentation |
| parameters | {parameters:,} (stored as float16, computed in float32) |
| training | `python benchmarks/train_classifiers.py {name}`: {epochs} epochs, seed {seed}, bfloat16 on a CPU, torch {version} |
| SHA-256 | `{digest}` |
| licence | Apache-2.0, as the rest of gan-bench |

These weights are part of the benchmark's definition: a change of them is a new `benchmark_version`.
They are the weights after the last epoch, not those of the best epoch: the test split chose nothing.
"""


def cutout(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Set one random square of each image (N, C, H, W) to 0 (DeVries and Taylor 2017); `side` in pixels."""
    n, _, height, width = images.shape
    top = torch.randint(0, height - side + 1, (n, 1, 1, 1), generator=generator)
    left = torch.randint(0, width - side + 1, (n, 1, 1, 1), generator=generator)
    y, x = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    inside = (y >= top) & (y < top + side) & (x >= left) & (x < left + side)
    return images.masked_fill(inside, 0.0)


def rotate(images: Tensor, degrees: float, generator: torch.Generator) -> Tensor:
    """Turn each image (N, C, H, W) by up to `degrees` and scale it by up to a tenth, both at random."""
    n = len(images)
    angle = (torch.rand(n, generator=generator) * 2 - 1) * math.radians(degrees)
    scale = 1 + (torch.rand(n, generator=generator) * 2 - 1) * 0.1
    cos, sin, zero = scale * angle.cos(), scale * angle.sin(), torch.zeros(n)
    theta = torch.stack([torch.stack([cos, -sin, zero], 1), torch.stack([sin, cos, zero], 1)], 1)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def load(name: str, split: SplitName) -> Labelled:
    """One split of a dataset. Raises UserError when its bytes cannot be had."""
    data = DATASETS.create(name).load(split)
    return Labelled(to_float(data.images), data.labels)


def printed(net: nn.Module, test: Labelled, epochs: int) -> Callable[[int, float], None]:
    """A function that prints the loss and the test accuracy after a pass."""
    start = time.monotonic()

    def report(epoch: int, loss: float) -> None:
        done = f"epoch {epoch}/{epochs} loss {loss:.4f}"
        print(f"{done} test {accuracy(net, test):.4f} {time.monotonic() - start:.0f} s", flush=True)

    return report


def cifar10_network(images: Tensor) -> Cifar10ResNet:
    """The network at its start: whitening fixed by the images (N, 3, 32, 32), convolutions near the identity."""
    net = Cifar10ResNet()
    net.init_whitening(images)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.requires_grad_(False)  # the convolution before it already scales
        elif isinstance(module, nn.Conv2d) and module.kernel_size == (3, 3):
            nn.init.dirac_(module.weight.data[: module.in_channels])
    return net.to(memory_format=torch.channels_last)


def cifar10_optimiser(net: nn.Module) -> torch.optim.SGD:
    """SGD whose learning rate is 64 times as large for the biases of batch norms (Jordan 2024)."""
    norm_biases = [p for n, p in net.named_parameters() if "norm" in n and p.requires_grad]
    others = [p for n, p in net.named_parameters() if "norm" not in n and p.requires_grad]
    rate, decay_a_step = 1.5, 0.002  # Jordan 2024, restated for a mean loss over a batch of 1000
    groups = [
        {"params": others, "base_lr": rate, "weight_decay": decay_a_step / rate},
        {"params": norm_biases, "base_lr": rate * 64, "weight_decay": decay_a_step / (rate * 64)},
    ]
    return torch.optim.SGD(groups, lr=rate, momentum=0.85, nesterov=True)


def train_cifar10_resnet(epochs: int) -> tuple[nn.Module, Labelled]:
    """The trained network, and the test split."""
    generator = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    train = load("cifar10", "train")
    net = cifar10_network(train.images[:5000])
    optimiser = cifar10_optimiser(net)
    first_flip = torch.rand(len(train.images), generator=generator) < 0.5

    def schedule(progress: float) -> float:
        return 0.2 + 0.8 * progress / 0.23 if progress < 0.23 else max(1e-3, (1 - progress) / 0.77)

    def augment(images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        flip = first_flip ^ bool(epoch % 2)  # alternating flip: two epochs in a row show both sides of each image
        images = torch.where(flip.view(-1, 1, 1, 1), images.flip(3), images)
        return cutout(shift(images, 2, generator, "reflect"), 8, generator)

    test = load("cifar10", "test")
    fit(net, optimiser, Passes(epochs, 1000, 0.2, schedule, augment), train, generator, printed(net, test, epochs))
    return net, test


def train_mnist_cnn(epochs: int) -> tuple[nn.Module, Labelled]:
    """The trained network, and the test split."""
    generator = torch.Generator().manual_seed(SEED)
    torch.manual_seed(SEED)
    train = load("mnist", "train")
    net = MnistCnn().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    optimiser.param_groups[0]["base_lr"] = 0.1

    def schedule(progress: float) -> float:
        return min(progress / 0.2, (1 - progress) / 0.8) + 1e-3

    def augment(images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        return shift(rotate(images, 10, generator), 2, generator, "replicate")

    test = load("mnist", "test")
    fit(net, optimiser, Passes(epochs, 250, 0.0, schedule, augment), train, generator, printed(net, test, epochs))
    return net, test


class Recipe(NamedTuple):
    """How a classifier comes about, and what its card says of the data."""

    train: Callable[[int], tuple[nn.Module, Labelled]]
    network: type[nn.Module]
    epochs: int
    data: str


RECIPES = {
    "cifar10-resnet": Recipe(train_cifar10_resnet, Cifar10ResNet, 18, "CIFAR-10 (Krizhevsky 2009)"),
    "mnist-cnn": Recipe(train_mnist_cnn, MnistCnn, 8, "MNIST (LeCun et al. 1998)"),
}


def save(net: nn.Module, file: Path) -> None:
    """Write the weights, rounded to float16."""
    save_file({k: v.half().contiguous() if v.is_floating_point() else v for k, v in net.state_dict().items()}, file)


def read(network: type[nn.Module], file: Path) -> nn.Module:
    """The network with the weights of a file, in float32."""
    net = network()
    net.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in load_file(file).items()})
    return net


def main() -> None:
    """Train one classifier; write its weights and its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="folder for both files; by default the package's own weights")
    parser.add_argument("--epochs", type=int)
    args = parser.parse_args()
    recipe = RECIPES[args.name]
    epochs = args.epochs or recipe.epochs

    net, test = recipe.train(epochs)
    file = args.out / f"{args.name}.safetensors"
    save(net, file)

    shipped = read(recipe.network, file)  # what is measured and described is the file, after its rounding to float16
    measured = accuracy(shipped, test)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    parameters, version = sum(p.numel() for p in shipped.parameters()), torch.__version__.split("+")[0]
    card = CARD.format(
        name=args.name, data=recipe.data, measured=measured, parameters=parameters,
        epochs=epochs, seed=SEED, version=version, digest=digest,
    )  # fmt: skip
    (args.out / f"{args.name}.md").write_text(card)
    print(f"{file.name}: test accuracy {measured:.2%}, {file.stat().st_size / 1e6:.2f} MB, sha256 {digest}", file=sys.stderr)


if __name__ == "__main__":
    main()
