"""CycleGAN: "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (Zhu et al. 2017),
arXiv 1703.10593.

Paper: two generators with instance norm and residual blocks; two 70x70 PatchGAN discriminators; least-squares loss, halved for
D, which sees a pool of the last 50 fakes; cycle loss (weight 10), identity loss (weight 5, authors' code). Adam 2e-4 (.5,
.999), batch 1, 200 epochs, the rate falling over the last 100.
Here: two downsamplings, three residual blocks, 34x34 patches, batch 4. No pair is ever seen.

Short budgets: half the width, one block, lr 4e-4, smaller cycle and identity weights, which hold colours back, and a network
that predicts what to add to its input, so it need not learn to copy (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.adversarial import accuracies
from gan_bench.generators.base import D_ACCURACY, LOSSES, Variant
from gan_bench.generators.settings import AdamSettings, Blocks, Weight, Width, check_divisor
from gan_bench.images import tasks

NEARLY = 0.98  # atanh(1) is infinite


@dataclass(frozen=True)
class CycleGANSettings(AdamSettings):
    """Those of the paper for smaller images.

    cycle_weight     factor of the cycle loss
    identity_weight  factor of the identity loss
    pool             fakes that each discriminator's pool keeps
    n_blocks         residual blocks of a generator
    residual         whether a generator predicts what to add to its input
    width_divisor    all networks have width // width_divisor channels
    """

    batch_size: int = 4
    cycle_weight: Weight = 10.0
    identity_weight: Weight = 5.0
    pool: Annotated[int, Field(ge=1, le=1000)] = 50
    n_blocks: Blocks = 3
    residual: bool = False
    width_divisor: Width = 1
    decay: float = 0.5

    def __post_init__(self) -> None:
        """Raises ValueError where no channel is left, and where a pool does not hold a batch."""
        check_divisor("width_divisor", self.width_divisor, self.width)
        if self.pool < self.batch_size:
            raise ValueError(f"pool must be at least the batch_size, {self.batch_size}, not {self.pool}")


@VARIANTS.register
class CycleGAN(Variant):
    """Two generators, one for each direction, and a discriminator for each domain."""

    name = "cyclegan"
    title = "CycleGAN"
    paper = "Zhu et al. 2017"
    task = "translate"
    settings_type = CycleGANSettings
    settings: CycleGANSettings
    paper_settings = {
        "batch_size": 1, "lr": 2e-4, "beta1": 0.5, "beta2": 0.999, "cycle_weight": 10.0, "identity_weight": 5.0, "pool": 50,
        "n_blocks": "6 or 9", "decay": 0.5,
    }  # fmt: skip
    short_budget = {
        "lr": 4e-4, "cycle_weight": 5.0, "identity_weight": 1.0, "decay": 0.0,
        "residual": True, "width_divisor": 2, "n_blocks": 1, "ema": 0.99,
    }  # fmt: skip
    critic = "d_target"
    inverse = "back"
    curves = {
        **Variant.curves, "g_loss": LOSSES, "cycle": LOSSES, "identity": LOSSES, "d_loss": LOSSES,
        "real_accuracy": D_ACCURACY, "fake_accuracy": D_ACCURACY,
    }  # fmt: skip

    back: nn.Module  # from the target domain to the source domain
    d_target: nn.Module
    d_source: nn.Module
    target_pool: Pool
    source_pool: Pool

    def build(self) -> dict[str, nn.Module]:
        """Generators: (B, C, H, W) -> the same shape. Discriminators: (B, C, H, W) -> a map of logits. Pools: buffers."""
        s = self.settings
        width, channels = s.width // s.width_divisor, self.image_shape[0]
        return {
            "generator": blocks.init_normal(Translator(channels, width, s.n_blocks, s.residual)),
            "back": blocks.init_normal(Translator(channels, width, s.n_blocks, s.residual)),
            "d_target": blocks.init_normal(patch_discriminator(channels, width)),
            "d_source": blocks.init_normal(patch_discriminator(channels, width)),
            "target_pool": Pool(s.pool, self.image_shape),
            "source_pool": Pool(s.pool, self.image_shape),
        }

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam for both generators, one for both discriminators."""
        s = self.settings
        generators = [*self.generator.parameters(), *self.back.parameters()]
        discriminators = [*self.d_target.parameters(), *self.d_source.parameters()]
        return {
            "g_optimiser": blocks.adam(generators, s.lr, (s.beta1, s.beta2)),
            "d_optimiser": blocks.adam(discriminators, s.lr * s.d_lr_ratio, (s.beta1, s.beta2)),
        }

    def n_batches(self, step: int) -> int:
        """One of targets, one that sources are made of."""
        return 2

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """One update of both generators, then one of both discriminators."""
        target, source = reals[0], tasks.SOURCES[self.task](reals[1]).contiguous(memory_format=torch.channels_last)
        fake_target, fake_source, losses = self.update_generators(source, target)
        return losses | self.update_discriminators(source, target, fake_source, fake_target, rng)

    def update_generators(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """One step of both generators on sources and targets, each (B, C, H, W).

        The loss is the least-squares one of both directions, plus the weighted L1 losses of the cycle and of the identity.
        Returns fake targets and fake sources, detached, and scalars for the history.
        """
        s, optimiser = self.settings, self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with blocks.frozen(self.d_target, self.d_source):
            with self.autocast():
                # instance norm keeps samples apart, so what one network does to both domains is one pass
                fake_target, same_target = blocks.together(self.generator, source, target)
                fake_source, same_source = blocks.together(self.back, target, source)
                cycled_source, cycled_target = self.back(fake_target), self.generator(fake_source)
                logits = self.d_target(fake_target), self.d_source(fake_source)

            on_target, on_source = ((score.float() - 1).square().mean() for score in logits)
            adversarial = on_target + on_source
            cycle = F.l1_loss(cycled_source.float(), source) + F.l1_loss(cycled_target.float(), target)
            identity = F.l1_loss(same_target.float(), target) + F.l1_loss(same_source.float(), source)
            loss = adversarial + s.cycle_weight * cycle + s.identity_weight * identity
            loss.backward()

        optimiser.step()
        self.average()
        losses = {"g_loss": adversarial.detach(), "cycle": cycle.detach(), "identity": identity.detach()}
        return fake_target.detach().float(), fake_source.detach().float(), losses

    def update_discriminators(
        self, source: Tensor, target: Tensor, fake_source: Tensor, fake_target: Tensor, rng: torch.Generator
    ) -> dict[str, Tensor]:
        """One step of both discriminators by least squares; all images are (B, C, H, W). Fakes go through the pools.

        Returns the sum of the two losses and the means of the two accuracies, for the history.
        """
        optimiser = self.optimisers["d_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        domains = (
            (self.d_target, target, fake_target, self.target_pool),
            (self.d_source, source, fake_source, self.source_pool),
        )

        losses, shares = [], []
        for net, real, fake, pool in domains:
            with self.autocast():
                real_logits, fake_logits = (x.float() for x in blocks.together(net, real, pool.exchange(fake, rng)))
            losses.append(blocks.least_squares_d_loss(real_logits, fake_logits))
            shares.append(accuracies(real_logits, fake_logits, boundary=0.5))

        d_loss = losses[0] + losses[1]
        d_loss.backward()
        optimiser.step()
        return {"d_loss": d_loss.detach()} | {name: (shares[0][name] + shares[1][name]) / 2 for name in shares[0]}


class Pool(nn.Module):
    """The last fakes. Half of the time a new one is shown at once; otherwise it replaces an old one, which is shown."""

    def __init__(self, size: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *image_shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))
        self.images: Tensor
        self.filled: Tensor

    def exchange(self, fakes: Tensor, rng: torch.Generator) -> Tensor:
        """Fakes (B, C, H, W) -> as many, new or old, to show. Until the pool is full, new ones are shown and kept."""
        size, shown = len(self.images), fakes.clone()
        n_kept = min(len(fakes), size - int(self.filled))
        self.images[int(self.filled) : int(self.filled) + n_kept] = fakes[:n_kept]
        self.filled += n_kept

        later = torch.arange(n_kept, len(fakes), device=fakes.device)
        old = torch.rand(len(later), generator=rng, device=fakes.device) < 0.5
        places = torch.randperm(size, generator=rng, device=fakes.device)[: len(later)]
        shown[later[old]] = self.images[places[old]]
        self.images[places[old]] = fakes[later[old]]
        return shown


def normed(layer: nn.Module, n: int) -> list[nn.Module]:
    """A layer with n output channels, instance norm and ReLU."""
    return [layer, nn.InstanceNorm2d(n, affine=True), nn.ReLU(inplace=True)]


class MirrorConv2d(nn.Conv2d):
    """A square convolution of an image that is mirrored beyond its edges, by `padding` pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, n, H, W)."""
        n = int(self.padding[0])
        beyond = mirrored(x, n) if x.is_cuda else F.pad(x, (n, n, n, n), mode="reflect")
        return F.conv2d(beyond, self.weight, self.bias)


def mirrored(x: Tensor, n: int) -> Tensor:
    """(B, C, H, W) -> (B, C, H + 2n, W + 2n), as `F.pad` mirrors it.

    On a GPU the gradients of `F.pad` are added in any order, so that no training would repeat. Those of slices are not.
    """
    for axis in (2, 3):
        before, after = x.narrow(axis, 1, n), x.narrow(axis, x.shape[axis] - 1 - n, n)
        x = torch.cat([before.flip(axis), x, after.flip(axis)], axis)
    return x


class TranslatorBlock(nn.Module):
    """(B, n, H, W) -> the same shape: two 3x3 convolutions beside the identity."""

    def __init__(self, n: int) -> None:
        super().__init__()
        first = normed(MirrorConv2d(n, n, 3, padding=1, bias=False), n)
        second = normed(MirrorConv2d(n, n, 3, padding=1, bias=False), n)[:-1]
        self.layers = nn.Sequential(*first, *second)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n, H, W) -> the same shape."""
        return x + self.layers(x)


class Translator(nn.Module):
    """(B, C, H, W) -> the same shape, in [-1, 1]: the network of Johnson et al. (2016, arXiv 1603.08155), as CycleGAN uses it.

    residual  whether the network predicts what to add to its input, before the tanh; so it starts near the identity
    """

    def __init__(self, channels: int, width: int, n_blocks: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(
            *normed(MirrorConv2d(channels, width, 7, padding=3, bias=False), width),
            *normed(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False), 2 * width),
            *normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False), 4 * width),
            *(TranslatorBlock(4 * width) for _ in range(n_blocks)),
            *normed(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False), 2 * width),
            *normed(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), width),
        )  # fmt: skip
        self.last = MirrorConv2d(width, channels, 7, padding=3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> the same shape and range."""
        y = self.last(self.layers(x))
        return (y + (NEARLY * x).atanh() if self.residual else y).tanh()


def patch_discriminator(channels: int, width: int) -> nn.Sequential:
    """(B, C, H, W) -> a map of logits, one for each patch of 34x34."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(width, 2 * width, 4, 2, 1, bias=False), nn.InstanceNorm2d(2 * width, affine=True),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(2 * width, 4 * width, 4, 1, 1, bias=False), nn.InstanceNorm2d(4 * width, affine=True),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(4 * width, 1, 4, 1, 1),
    )  # fmt: skip
