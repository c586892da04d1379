"""PacGAN2: "PacGAN: The power of two samples in generative adversarial networks" (Lin et al. 2018), arXiv 1712.04086.

Paper: D judges two samples of one kind at a time, stacked as channels, and sees what no single sample shows, that a generator
repeats itself. Its networks, losses and optimiser are those of the GAN it is compared with: DCGAN's for images (PacDCGAN2), an
MLP's for points. Every batch holds as many packs as the other's holds samples, so a step shows twice as many reals, and G
learns from twice as many fakes. The authors update D and G from the same networks at once; here, as everywhere, D first.

Short budgets: as for dcgan.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from generators import VARIANTS, base, blocks, points

PACKED = 2


def pack(batches: Sequence[Tensor]) -> Tensor:
    """Batches (B, C, H, W) -> packs (B, len(batches) * C, H, W)."""
    return torch.cat(list(batches), dim=1).contiguous(memory_format=torch.channels_last)


@VARIANTS.register
class PacGAN2(base.AdversarialVariant):
    name = "pacgan2"
    title = "PacGAN2"
    paper = "Lin et al. 2018"
    settings_type = base.AdamSettings
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}
    for_points = points.SETTINGS

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        s, (channels, height, width) = self.settings, self.image_shape
        if self.draws_points:
            return points.networks(s, self.image_shape, packed=PACKED)
        generator = blocks.dcgan_generator(s.z_dim, self.image_shape, s.width)
        discriminator = blocks.dcgan_discriminator((PACKED * channels, height, width), s.width, batch_norm=True)
        return {"generator": blocks.init_normal(generator), "discriminator": blocks.init_normal(discriminator)}

    def n_batches(self, step: int) -> int:
        return PACKED

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        with self.autocast():
            fake = pack([self.generator(self.draw_z(len(real), rng)) for real in reals])
        losses = self.update_d(pack(reals), fake.detach(), rng)
        return losses | self.update_g(fake)
