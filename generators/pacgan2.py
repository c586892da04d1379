"""PacGAN2: "PacGAN: The power of two samples in generative adversarial networks" (Lin et al. 2018), arXiv 1712.04086.

Paper: D judges packs of two samples, both real or both fake, stacked as channels. So it sees when a generator repeats itself.
Networks, losses and optimiser are those of the GAN it is compared with: DCGAN's for images, an MLP's for points. A batch has
as many packs as the other GAN's has samples. D and G are updated at the same time.
Here: D first, as for all variants.

Short budgets: batch 16, lr 4e-4, and samples from a running average of G, as for dcgan (`benchmarks/results/tuning.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gan_bench.generators import VARIANTS, blocks, points
from gan_bench.generators.adversarial import AdversarialVariant
from gan_bench.generators.settings import AdamSettings

PACKED = 2


def pack(batches: Sequence[Tensor]) -> Tensor:
    """Batches (B, C, H, W) -> packs (B, len(batches) * C, H, W)."""
    return torch.cat(list(batches), dim=1).contiguous(memory_format=torch.channels_last)


@VARIANTS.register
class PacGAN2(AdversarialVariant):
    """DCGAN whose discriminator sees two samples at a time."""

    name = "pacgan2"
    title = "PacGAN2"
    paper = "Lin et al. 2018"
    settings_type = AdamSettings
    short_budget = {"batch_size": 16, "lr": 4e-4, "ema": 0.99}
    for_points = points.SETTINGS

    d_loss = staticmethod(blocks.nonsaturating_d_loss)
    g_loss = staticmethod(blocks.nonsaturating_g_loss)

    def build(self) -> dict[str, nn.Module]:
        """G: z (B, z_dim) -> (B, C, H, W). D: packs (B, 2 * C, H, W) -> logits (B, 1)."""
        s = self.settings
        if self.draws_points:
            return points.networks(s, self.image_shape, packed=PACKED)
        return blocks.dcgan_networks(s.z_dim, self.image_shape, s.width, d_channels=PACKED * self.image_shape[0])

    def critic_input(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) -> packs of an image with itself."""
        return pack([images] * PACKED)

    def n_batches(self, step: int) -> int:
        """One for each sample of a pack."""
        return PACKED

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """One update of D on B real and B fake packs, then one of G on the same fakes. G makes one batch for each real one."""
        with self.autocast():
            fake = pack([self.generator(self.draw_z(len(real), rng)) for real in reals])
        losses = self.update_d(pack(reals), fake.detach(), rng)
        return losses | self.update_g(fake)
