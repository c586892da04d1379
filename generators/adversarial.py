"""Variants with one discriminator: its training step, and the turns that G and D take."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn

from gan_bench.generators import blocks
from gan_bench.generators.base import D_ACCURACY, D_OUTPUT, LOSSES, Variant
from gan_bench.generators.settings import AdamSettings


def accuracies(real_logits: Tensor, fake_logits: Tensor, boundary: float) -> dict[str, Tensor]:
    """The shares of reals and of fakes that a discriminator gets right. Logits above `boundary` say "real"."""
    return {
        "real_accuracy": (real_logits.detach() > boundary).float().mean(),
        "fake_accuracy": (fake_logits.detach() <= boundary).float().mean(),
    }


class Discriminating(Variant):
    """A variant with one discriminator, and the step that trains it. A subclass writes `d_loss`."""

    curves: ClassVar[dict[str, str]] = {
        "d_loss": LOSSES, "d_penalty": LOSSES, "real_logits": D_OUTPUT, "fake_logits": D_OUTPUT,
        "real_accuracy": D_ACCURACY, "fake_accuracy": D_ACCURACY,
    }  # fmt: skip

    critic = "discriminator"
    discriminator: nn.Module
    boundary: ClassVar[float | None] = 0.0  # logits above it say "real"; None where the critic is no classifier

    @abc.abstractmethod
    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """The discriminator's loss, a scalar, from its logits of reals and of fakes, each (B, ...) float32."""

    def d_penalty(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor | None:
        """A scalar that is added to the discriminator's loss; None: nothing. Inputs as in `update_d`."""
        return None

    def judged(self, real: Tensor, fake: Tensor) -> Sequence[Tensor]:
        """D's logits of two batches (B, C, H, W): by default in one pass, which costs less than two."""
        return blocks.together(self.discriminator, real, fake)

    def update_d(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """One step of the discriminator on two batches (B, C, H, W) of its own inputs; returns scalars for the history."""
        optimiser = self.optimisers["d_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            real_logits, fake_logits = (logits.float() for logits in self.judged(real, fake))

        d_loss = self.d_loss(real_logits, fake_logits)
        penalty = self.d_penalty(real, fake, rng)
        (d_loss if penalty is None else d_loss + penalty).backward()
        optimiser.step()

        logs = {
            "d_loss": d_loss.detach(),
            "real_logits": real_logits.detach().mean(),
            "fake_logits": fake_logits.detach().mean(),
        }
        if self.boundary is not None:
            logs |= accuracies(real_logits, fake_logits, self.boundary)
        return logs if penalty is None else logs | {"d_penalty": penalty.detach()}


class AdversarialVariant(Discriminating):
    """A generator that starts from latents, against a discriminator: D on real and fake, then G through a frozen D.

    A subclass writes the networks and the two losses, and its optimisers where they are not one Adam each. One batch of
    fakes serves the last D update and the G update.
    """

    curves = {**Discriminating.curves, "g_loss": LOSSES}

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam for G at `lr`, one for D at `lr * d_lr_ratio`."""
        s = self.settings
        assert isinstance(s, AdamSettings)
        return {
            "g_optimiser": blocks.adam(self.generator.parameters(), s.lr, (s.beta1, s.beta2)),
            "d_optimiser": blocks.adam(self.discriminator.parameters(), s.lr * s.d_lr_ratio, (s.beta1, s.beta2)),
        }

    @abc.abstractmethod
    def g_loss(self, fake_logits: Tensor) -> Tensor:
        """The generator's loss, a scalar, from D's logits of its fakes, (B, ...) float32."""

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        """What the discriminator is given for images (B, C, H, W) and labels (B,): by default the images."""
        return images

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """An update of D for each real batch, then one of G. Fakes have the labels of the real batch."""
        for real, asked in zip(reals[:-1], labels[:-1], strict=True):
            with torch.no_grad(), self.autocast():
                fake = self.generator(self.g_input(self.draw_z(len(real), rng), asked))
            self.update_d(self.d_input(real, asked), self.d_input(fake, asked), rng)

        real, asked = reals[-1], labels[-1]
        with self.autocast():
            fake = self.d_input(self.generator(self.g_input(self.draw_z(len(real), rng), asked)), asked)
        losses = self.update_d(self.d_input(real, asked), fake.detach(), rng)
        return losses | self.update_g(fake)

    def update_g(self, fake: Tensor) -> dict[str, Tensor]:
        """One step of the generator, whose images are in `fake` as `d_input` gives them to the discriminator."""
        optimiser = self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with blocks.frozen(self.discriminator):
            with self.autocast():
                fake_logits = self.discriminator(fake)
            g_loss = self.g_loss(fake_logits.float())
            g_loss.backward()
        optimiser.step()
        self.average()
        return {"g_loss": g_loss.detach()}


class DCGANGeneratorVariant(AdversarialVariant):
    """DCGAN's generator against DCGAN's discriminator, or against another that a subclass builds.

    G gets its first weights before D is built. The order is part of what a seed means.
    """

    def build(self) -> dict[str, nn.Module]:
        """G: z (B, z_dim) -> (B, C, H, W). D: (B, C, H, W) -> logits (B, 1)."""
        s = self.settings
        generator = blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width))
        return {"generator": generator, "discriminator": self.build_discriminator()}

    def build_discriminator(self) -> nn.Module:
        """Images (B, C, H, W) in [-1, 1] -> logits (B, 1): by default DCGAN's discriminator, weights N(0, .02)."""
        return blocks.init_normal(blocks.dcgan_discriminator(self.image_shape, self.settings.width, batch_norm=True))
