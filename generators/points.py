"""Networks for points of the plane: those of PacGAN's synthetic experiments (Lin et al. 2018, arXiv 1712.04086, section 4.1).

G: four layers of 400 units with batch norm and ReLU. D: three maxout layers of 200 units with 5 pieces. Weights N(0, .02);
latents of 2 normal numbers; Adam 1e-4 (.8, .999), batch 100. These sizes hold from width 64 on and shrink in proportion below.
"""

from __future__ import annotations

from torch import nn

from gan_bench.core.errors import UserError
from gan_bench.generators import blocks
from gan_bench.generators.settings import Settings

SETTINGS = {"z_dim": 2, "batch_size": 100, "lr": 1e-4, "beta1": 0.8}
MOMENTUM = 0.05  # of batch norm's running statistics, as in the authors' code


def networks(settings: Settings, image_shape: tuple[int, int, int], packed: int = 1) -> dict[str, nn.Module]:
    """G: z (B, z_dim) -> (B, C, 1, 1). D: (B, packed * C, 1, 1) -> logits (B, 1). Raises UserError at a batch of one."""
    if settings.batch_size < 2:
        raise UserError(f"batch_size must be 2 or more for points, not {settings.batch_size}: batch norm takes means over it.")
    coordinates = image_shape[0]
    shrink = min(1.0, settings.width / 64)
    hidden, units = int(400 * shrink), int(200 * shrink)

    layers: list[nn.Module] = []
    for n_in in (settings.z_dim, hidden, hidden, hidden):
        layers += [nn.Linear(n_in, hidden, bias=False), nn.BatchNorm1d(hidden, momentum=MOMENTUM), nn.ReLU(inplace=True)]
    generator = nn.Sequential(*layers, nn.Linear(hidden, coordinates), nn.Unflatten(1, (coordinates, 1, 1)))
    discriminator = nn.Sequential(
        nn.Flatten(), blocks.Maxout(packed * coordinates, units), blocks.Maxout(units, units), blocks.Maxout(units, units),
        nn.Linear(units, 1),
    )  # fmt: skip
    return {"generator": blocks.init_normal(generator), "discriminator": blocks.init_normal(discriminator)}
