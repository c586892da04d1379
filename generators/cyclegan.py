"""CycleGAN: "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks" (Zhu et al. 2017),
arXiv 1703.10593.

Paper: two generators with instance norm and residual blocks, two 70x70 PatchGAN discriminators, least-squares loss, cycle
loss of weight 10, the discriminators' loss halved and shown a pool of the last 50 fakes; the authors' code adds an identity
loss of weight 5. Adam 2e-4 (.5, .999), batch 1, weights N(0, .02), 200 epochs with the rate falling over the last 100.
Here: sized for 32x32: two downsamplings, three residual blocks, a PatchGAN that sees 34x34; batch 4; the rate falls over
the second half of the budget.
The source batch is never the target batch, so no pair is ever seen.

Short budgets: half the preset's width and one residual block, so that few TFLOP are thousands of updates, lr 4e-4, a network
that says what to add to its input (residual), without which the budget goes into learning to copy, and half the weight for
the cycle and a fifth for the identity, which hold colours back. At 6 TFLOP translated CIFAR-10 lies at an FD
cifar10-resnet_2k of 39 and lite0@64_2k of 661 (52 and 964 as given); with the input shown to the last layer instead, at 92 and
753 (weights 3 and .5) or 82 and 764 (10 and 2). Of MNIST it keeps .91 of the labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench import tasks
from generators import VARIANTS, base, blocks


@dataclass(frozen=True)
class Settings(base.AdamSettings):
    batch_size: int = 4
    cycle_weight: float = 10.0
    identity_weight: float = 5.0
    pool: int = 50
    n_blocks: int = 3
    residual: bool = False
    width_divisor: int = 1
    decay: float = 0.5


@VARIANTS.register
class CycleGAN(base.Variant):
    name = "cyclegan"
    title = "CycleGAN"
    paper = "Zhu et al. 2017"
    task = "translate"
    settings_type = Settings
    settings: Settings
    short_budget = {
        "lr": 4e-4, "cycle_weight": 5.0, "identity_weight": 1.0, "decay": 0.0,
        "residual": True, "width_divisor": 2, "n_blocks": 1, "ema": 0.99,
    }  # fmt: skip

    back: nn.Module  # from the target domain to the source domain
    d_target: nn.Module
    d_source: nn.Module
    target_pool: Pool
    source_pool: Pool

    def build(self) -> dict[str, nn.Module]:
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
        s = self.settings
        generators = [*self.generator.parameters(), *self.back.parameters()]
        discriminators = [*self.d_target.parameters(), *self.d_source.parameters()]
        return {
            "g_optimiser": blocks.adam(generators, s.lr, (s.beta1, s.beta2)),
            "d_optimiser": blocks.adam(discriminators, s.lr * s.d_lr_ratio, (s.beta1, s.beta2)),
        }

    def n_batches(self, step: int) -> int:
        return 2

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        target, source = reals[0], tasks.SOURCES[self.task](reals[1]).contiguous(memory_format=torch.channels_last)
        fake_target, fake_source, losses = self.update_generators(source, target)
        return losses | self.update_discriminators(source, target, fake_source, fake_target, rng)

    def way_back(self, images: Tensor) -> Tensor:
        return self.back(images)

    def update_generators(self, source: Tensor, target: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        s, optimiser = self.settings, self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        for net in (self.d_target, self.d_source):
            net.requires_grad_(False)
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
        for net in (self.d_target, self.d_source):
            net.requires_grad_(True)
        optimiser.step()
        self.average()
        losses = {"g_loss": adversarial.detach(), "cycle": cycle.detach(), "identity": identity.detach()}
        return fake_target.detach().float(), fake_source.detach().float(), losses

    def update_discriminators(
        self, source: Tensor, target: Tensor, fake_source: Tensor, fake_target: Tensor, rng: torch.Generator
    ) -> dict[str, Tensor]:
        optimiser = self.optimisers["d_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        losses, told = [], []
        for net, real, fake, pool in (
            (self.d_target, target, fake_target, self.target_pool),
            (self.d_source, source, fake_source, self.source_pool),
        ):
            with self.autocast():
                real_logits, fake_logits = (x.float() for x in blocks.together(net, real, pool.exchange(fake, rng)))
            losses.append(((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2)
            told.append(base.accuracies(real_logits, fake_logits, boundary=0.5))
        d_loss = losses[0] + losses[1]
        d_loss.backward()
        optimiser.step()
        return {"d_loss": d_loss.detach()} | {name: (told[0][name] + told[1][name]) / 2 for name in told[0]}


class Pool(nn.Module):
    """The last fakes: each new one is shown at once or, half the time, put in the place of an old one that is shown instead."""

    def __init__(self, size: int, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(size, *image_shape))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))
        self.images: Tensor
        self.filled: Tensor

    def exchange(self, fakes: Tensor, rng: torch.Generator) -> Tensor:
        """(B, C, H, W) -> as many, new or old. Until the pool is full, all are new and kept."""
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
    return [layer, nn.InstanceNorm2d(n, affine=True), nn.ReLU(inplace=True)]


class Residual(nn.Module):
    """Two 3x3 convolutions beside the identity."""

    def __init__(self, n: int) -> None:
        super().__init__()
        first = normed(nn.Conv2d(n, n, 3, padding=1, padding_mode="reflect", bias=False), n)
        second = normed(nn.Conv2d(n, n, 3, padding=1, padding_mode="reflect", bias=False), n)[:-1]
        self.layers = nn.Sequential(*first, *second)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


NEARLY = 0.98  # atanh(1) is infinite


class Translator(nn.Module):
    """(B, C, H, W) -> the same shape, in [-1, 1]: Johnson et al.'s network, as CycleGAN uses it.

    residual  the network says what to add to its input, before the tanh; it starts as the identity
    """

    def __init__(self, channels: int, width: int, n_blocks: int, residual: bool) -> None:
        super().__init__()
        self.residual = residual
        self.layers = nn.Sequential(
            *normed(nn.Conv2d(channels, width, 7, padding=3, padding_mode="reflect", bias=False), width),
            *normed(nn.Conv2d(width, 2 * width, 3, 2, 1, bias=False), 2 * width),
            *normed(nn.Conv2d(2 * width, 4 * width, 3, 2, 1, bias=False), 4 * width),
            *(Residual(4 * width) for _ in range(n_blocks)),
            *normed(nn.ConvTranspose2d(4 * width, 2 * width, 4, 2, 1, bias=False), 2 * width),
            *normed(nn.ConvTranspose2d(2 * width, width, 4, 2, 1, bias=False), width),
        )  # fmt: skip
        self.last = nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect")

    def forward(self, x: Tensor) -> Tensor:
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
