"""`shapes-factors`: reads the factors of `shapes` from an image by matched filters: shape, hue, size, place. No weights.

The background is grey, so an image less its grey is a shape's coverage times its ink's colour. For each hue and shape, all
radii and places are tried for the coverage that explains most of the colour. The class's logit is the log-likelihood that
it gains over a plain background, with Gaussian noise. Images that `shapes` would draw are read without error.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor
from gan_bench.images import convert
from gan_bench.images.procedural import INKS, RADII, SHAPES, SIDE, coverage

STEPS = 7  # radii that are tried
WINDOW = 19  # pixels: the largest shape and its soft edge
NOISE = 0.1  # standard deviation, of pixel values from 0 to 1


@EXTRACTORS.register
class ShapesFactors(Extractor):
    name = "shapes-factors"
    classifies = "shapes"
    digest = f"matched-filters-{STEPS}-radii-noise-{NOISE}"

    def load(self, device: torch.device) -> None:
        """Draw the filters, one for each shape and radius."""
        radii = np.linspace(*RADII, STEPS)
        shape, radius = (grid.ravel() for grid in np.meshgrid(np.arange(len(SHAPES)), radii, indexing="ij"))
        centre = np.full(len(shape), WINDOW / 2)
        templates = torch.from_numpy(coverage(shape, centre, centre, radius, WINDOW)).float()

        colours = torch.from_numpy(INKS - INKS.mean(1, keepdims=True)).float()
        self.templates, self.colours = templates[:, None].to(device), colours.to(device)
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 19) in [0, 1]: 16 class probabilities, then radius, row and column. Logits (B, 16), shape * 4 + hue.

        Radius, row and column are those of the most likely class, as shares of their ranges.
        """
        gains = self._gains(self._colour(batch))
        best, at = gains.max(dim=2)
        where = at.gather(1, best.argmax(1, keepdim=True)).squeeze(1)

        step, place = where.div(SIDE * SIDE, rounding_mode="floor"), where % (SIDE * SIDE)
        row, column = place.div(SIDE, rounding_mode="floor"), place % SIDE
        factors = torch.stack([step / (STEPS - 1), row / (SIDE - 1), column / (SIDE - 1)], dim=1)
        return torch.cat([best.softmax(1), factors], dim=1), best

    def _colour(self, batch: Tensor) -> Tensor:
        """(B, 3, SIDE, SIDE) the images less their grey, so that the background is 0."""
        x = (convert.to_float(convert.to_channels(batch, 3)) + 1) / 2
        if x.shape[2:] != (SIDE, SIDE):
            x = F.interpolate(x, size=(SIDE, SIDE), mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
        return x - x.mean(1, keepdim=True)

    def _gains(self, x: Tensor) -> Tensor:
        """(B, shape * hue, radius * place) the log-likelihood of each over that of a plain background.

        Axes in the comments: B images, h hues, s shapes, r radii.
        """
        n, n_hues = len(x), len(self.colours)
        shown = torch.einsum("bcyx,hc->bhyx", x, self.colours).flatten(0, 1)[:, None]  # (B h, 1, H, W)
        found = F.conv2d(shown, self.templates, padding=WINDOW // 2)  # (B h, s r, H, W)
        found = found.unflatten(0, (n, n_hues)).flatten(3)  # (B, h, s r, H W)

        energy = self.colours.square().sum(1)[:, None] * self.templates.square().sum((1, 2, 3))  # (h, s r)
        gains = (found - energy[:, :, None] / 2) / NOISE**2
        return gains.unflatten(2, (len(SHAPES), STEPS)).transpose(1, 2).flatten(1, 2).flatten(2)  # (B, s h, r H W)
