"""The settings that variants share. Each variant extends one of these classes with its own fields and defaults."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the author of a variant may set.

    width       base channel count; the preset gives it, so that one variant serves a laptop and a GPU
    batch_size  images of one batch
    z_dim       numbers of one latent
    ema         decay for each update of the running average of G's weights that samples come from (Yazici et al. 2018,
                arXiv 1806.04498); 0: samples come from G itself
    decay       the last share of the budget, over which all learning rates fall linearly to 0, as many papers do over
                their last iterations; 0: they never fall
    """

    width: int
    batch_size: int = 64
    z_dim: int = 100
    ema: float = 0.0
    decay: float = 0.0


@dataclass(frozen=True)
class AdamSettings(Settings):
    """For a variant whose networks are trained by Adam.

    lr            the generator's learning rate
    d_lr_ratio    the discriminator's learning rate, divided by the generator's (Heusel et al. 2017, arXiv 1706.08500)
    beta1, beta2  Adam's decay rates of the means of gradients and of squared gradients
    """

    lr: float = 2e-4
    d_lr_ratio: float = 1.0
    beta1: float = 0.5
    beta2: float = 0.999
