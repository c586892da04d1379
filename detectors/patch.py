"""A logit for every small patch of an image; the image's logit is their mean, and the patches are its heat map.

Chai et al. 2020, "What Makes Fake Images Detectable? Understanding Properties that Generalize": a network that sees only small
patches finds traces that generalise, and shows where they are.
Cavia et al. 2024, "Real-Time Deepfake Detection in the Real-World" (LaDeDa): patches of 9x9 pixels are enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.core.charts import STYLE, new_figure, save_figure
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import in_batches
from gan_bench.detectors.network import SCORED, NetworkDetector
from gan_bench.images.convert import to_channels, to_float

LAYERS = ((16, 1), (32, 2), (48, 1), (48, 1))  # channels and stride of each 3x3 convolution
N_SHOWN = 6  # images of each maker in the picture
WITHIN = 0.98  # the share of the patches' logits that the range of colours holds


@DETECTORS.register
class Patch(NetworkDetector):
    """Four convolutions: a logit of the map sees 13x13 pixels, and there is one for each 2x2 pixels."""

    name = "patch"
    method = "small network with a logit for each patch of 13x13 pixels; their mean"
    costly = True
    differentiable = True

    def build(self, channels: int, side: int) -> nn.Module:
        """(B, channels, H, W) in [-1, 1] -> a map of logits (B, 1, H / 2, W / 2), rounded up."""
        layers: list[nn.Module] = []
        n = channels
        for width, stride in LAYERS:
            layers += [nn.Conv2d(n, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            n = width
        return nn.Sequential(*layers, nn.Conv2d(n, 1, 1))

    def heat_map(self, images: Tensor) -> Tensor:
        """uint8 images (N, C, H, W) -> (N, H, W): the logit of the patch around each pixel.

        The mean over an image is its logit where the sides are even, and near it otherwise: there, the last row and column of
        the map stand for one pixel instead of two.
        """
        self.net.eval()

        def enlarged(batch: Tensor) -> Tensor:
            logits = self.output(to_float(batch.to(self.device))) / self.temperature
            return F.interpolate(logits, size=batch.shape[-2:], mode="bilinear", align_corners=False)[:, 0]

        return in_batches(images, SCORED, enlarged)

    def explain(self, real: Tensor, fakes: Mapping[str, Tensor], path: Path) -> str:
        """Two rows for the reals and for each cell: six images (fewer where there are fewer), and their heat maps below."""
        makers = {"real": real[:N_SHOWN], **{key: images[:N_SHOWN] for key, images in fakes.items()}}
        heat = {maker: self.heat_map(images) for maker, images in makers.items()}
        limit = float(torch.cat([maps.flatten() for maps in heat.values()]).abs().quantile(WITHIN))

        with matplotlib.rc_context(STYLE):
            figure = new_figure(6.2, 1.9 * len(makers))
            grid = figure.subplots(2 * len(makers), N_SHOWN, squeeze=False)
            for row, (maker, images) in enumerate(makers.items()):
                above, below = grid[2 * row], grid[2 * row + 1]
                above[0].set_title(maker, loc="left", fontsize=10)
                for column, (image, hot) in enumerate(zip(to_channels(images, 3), heat[maker], strict=True)):
                    above[column].imshow(image.permute(1, 2, 0).numpy())
                    shown = below[column].imshow(hot.numpy(), cmap="RdBu_r", vmin=-limit, vmax=limit)
            for axes in grid.flat:
                axes.axis("off")
            figure.colorbar(shown, ax=list(grid.flat), label="logit of the patch", shrink=0.4, aspect=30)
            save_figure(figure, path)
        return "Six images of each maker, and below each the logit of every patch: red speaks for fake, blue for real."
