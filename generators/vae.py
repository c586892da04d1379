"""VAE, to compare with: "Auto-Encoding Variational Bayes" (Kingma and Welling 2013), arXiv 1312.6114.

Paper: the loss is the negative evidence lower bound, -log p(x | z) + KL(q(z | x) || N(0, 1)), both summed over an image.
p(x | z) is Bernoulli for images that are nearly black and white, normal for others.
Here: Bernoulli for one channel. The normal has one variance, at its best value for the batch (Rybkin et al. 2021, arXiv
2006.13202), so no weight balances the two terms. DCGAN's generator decodes, its discriminator with other outputs encodes, Adam
1e-3. A sample is the decoder's mean.

Short budgets: batch 16, for more updates, and samples from a running average (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.generators import VARIANTS, blocks
from gan_bench.generators.base import LOSSES, Variant
from gan_bench.generators.settings import AdamSettings


@dataclass(frozen=True)
class VAESettings(AdamSettings):
    """Fewer latents than a GAN, and Adam's own default rates."""

    lr: float = 1e-3
    beta1: float = 0.9
    z_dim: int = 64


@VARIANTS.register
class VAE(Variant):
    """An encoder and a decoder, trained by the evidence lower bound. The decoder is the generator."""

    name = "vae"
    title = "VAE"
    paper = "Kingma and Welling 2013"
    settings_type = VAESettings
    settings: VAESettings
    paper_settings = {"batch_size": 100, "lr": "Adagrad, 0.01 to 0.1", "z_dim": "3 to 200"}
    short_budget = {"batch_size": 16, "ema": 0.99}
    averaged = ("generator", "encoder")
    curves = {**Variant.curves, "nll": LOSSES, "kl": LOSSES}

    generator: nn.Sequential
    encoder: nn.Module

    def build(self) -> dict[str, nn.Module]:
        """Decoder: z (B, z_dim) -> (B, C, H, W). Encoder: (B, C, H, W) -> (B, 2 * z_dim)."""
        s = self.settings
        return {
            "generator": blocks.init_normal(blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)),
            "encoder": blocks.init_normal(
                blocks.dcgan_discriminator(self.image_shape, s.width, batch_norm=True, n_outputs=2 * s.z_dim)
            ),
        }

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One Adam for both networks."""
        s = self.settings
        parameters = [*self.generator.parameters(), *self.encoder.parameters()]
        return {"optimiser": blocks.adam(parameters, s.lr, (s.beta1, s.beta2))}

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """One update of both networks by -log p(x | z) + KL(q(z | x) || N(0, 1)), with one z for each image."""
        (real,), optimiser = reals, self.optimisers["optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            mean, log_var = posterior(self.encoder, real)
            z = mean + (log_var / 2).exp() * self.draw_z(len(real), rng)
            raw = self.generator[:-1](z)  # before the tanh

        reconstruction = self.nll(real, raw.float())
        kl = standard_normal_kl(mean, log_var).mean()
        (reconstruction + kl).backward()
        optimiser.step()
        self.average()
        return {"nll": reconstruction.detach(), "kl": kl.detach()}

    def nll(self, real: Tensor, raw: Tensor) -> Tensor:
        """-log p(real | z) of one image, the mean over the batch, from the decoder's output before its tanh.

        Both are (B, C, H, W): Bernoulli for one channel, normal for more.
        """
        if real.shape[1] == 1:  # tanh(raw) in [-1, 1] is the probability sigmoid(2 raw) in [0, 1]
            return F.binary_cross_entropy_with_logits(2 * raw, (real + 1) / 2, reduction="sum") / len(real)
        return best_normal_nll((raw.tanh() - real).square().mean(), prod(self.image_shape))

    def reconstruct(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [-1, 1] -> the same shape and range: the decoder's mean at the mean of q(z | x)."""
        mean, _ = posterior(self.shown("encoder"), images)
        return self.sampler(mean)


def posterior(encoder: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, H, W) -> mean and log variance of q(z | x), each (B, z_dim)."""
    mean, log_var = encoder(images).float().chunk(2, dim=1)
    return mean, log_var.clamp(-10, 10)


def best_normal_nll(mse: Tensor, n_pixels: int) -> Tensor:
    """-log N(x; decoded, mse I) of one image with `n_pixels` values, at the variance that makes it least."""
    return n_pixels / 2 * (mse.log() + math.log(2 * math.pi) + 1)


def standard_normal_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, 1)) summed over latents: (B, z_dim) -> (B,)."""
    return (mean.square() + log_var.exp() - 1 - log_var).sum(1) / 2
