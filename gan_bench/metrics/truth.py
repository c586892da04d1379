"""How close a translated or upscaled image comes to the image it was made from: L1, PSNR, SSIM (Wang et al. 2004).

Computed on all channels of the whole 8-bit image, border included, mean over images: no luma channel, no cropping, so the
numbers are not those of papers that report the Y channel. SSIM by torchmetrics: 11x11 Gaussian window, sigma 1.5. A perfect
image has an infinite PSNR; its squared error is taken as that of rounding, 1/12, which is 58.9 dB.
"""

from __future__ import annotations

import torch
from torchmetrics.functional.image import structural_similarity_index_measure as _ssim

from gan_bench.metrics import METRICS
from gan_bench.metrics.base import PixelMetric, Pixels, Sampled

LARGEST, ROUNDING, CHUNK = 255.0, 1 / 12, 500


@METRICS.register
class Truth(PixelMetric):
    name = "truth"
    title = "Distance to the truth"
    paper = "Wang et al. 2004"
    outputs = {"l1": False, "psnr": True, "ssim": True}
    ranges = {"l1": "0 to 255", "psnr": "0 or more", "ssim": "-1 to 1"}
    minimum = 1
    needs = "truth"

    def compute(self, fake: Pixels, real: Pixels) -> dict[str, float]:
        """l1, 0 to 255 levels; psnr, in dB, 0 to 58.9; ssim, -1 to 1. Each fake is compared with the real in its place."""
        made, wanted = fake.images.float(), real.images.float()
        difference = made - wanted
        psnr = 10 * torch.log10(LARGEST**2 / difference.square().mean(dim=(1, 2, 3)).clamp(min=ROUNDING))

        pairs = zip(made.split(CHUNK), wanted.split(CHUNK), strict=True)
        ssim = torch.cat([torch.as_tensor(_ssim(f, r, data_range=LARGEST, reduction="none")) for f, r in pairs])

        return {
            "l1": Sampled.mean(difference.abs().mean(dim=(1, 2, 3)), least=0, most=LARGEST),
            "psnr": Sampled.mean(psnr, least=0),
            "ssim": Sampled.mean(ssim, least=-1, most=1),
        }
