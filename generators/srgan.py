"""SRGAN: "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network" (Ledig et al. 2017),
arXiv 1609.04802.

Paper: SRResNet as generator, first trained by the mean squared error of pixels; then by the squared distance of VGG19
features (scaled by .006) plus 1e-3 of the adversarial loss, against a VGG-style discriminator of eight convolutions with batch
norm; Adam 1e-4 (.9, .999), batch 16.
Here: 32x32 from 8x8; features of EfficientNet-Lite0's second stage instead of VGG19's (a download), at the images' own size,
with their error as a share of their mean square, so that the weight of the adversarial loss means the same for any network;
a discriminator of half as many layers. `content=vgg19` takes VGG19's where its weights are at hand. The pixel steps come out of
the same budget.
The metric `lite0` looks through the same network, at twice the size and to its end: judge srgan in the other extractor too.

Short budgets: lr 1e-3, 500 pixel steps, then the pixel loss kept beside the other two, a larger share for the adversarial loss,
and a discriminator of half the width, which took two thirds of the operations. 6 TFLOP of CIFAR-10 end at an FD
cifar10-resnet_2k of 139 and a PSNR of 21.1; with a whole discriminator and 1,000 pixel steps at 264 (5k); with weights of 1,
1 and .02 at 366 and 20.8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench import tasks
from gan_bench.errors import UserError
from gan_bench.pretrained import efficientnet_lite0
from gan_bench.registry import nearest
from generators import VARIANTS, base, blocks, srresnet


@dataclass(frozen=True)
class Settings(srresnet.Settings):
    """pixel_steps: of the first phase; width and d_width_divisor: the discriminator has width // d_width_divisor channels."""

    pixel_steps: int = 20_000
    content: str = "lite0"
    content_weight: float = 1.0
    pixel_weight: float = 0.0
    adversarial_weight: float = 0.01
    d_width_divisor: int = 1


@VARIANTS.register
class SRGAN(srresnet.SRResNet, base.Discriminating):
    name = "srgan"
    title = "SRGAN"
    settings_type = Settings
    settings: Settings
    short_budget = {
        "lr": 1e-3, "pixel_steps": 500, "content_weight": 0.3, "pixel_weight": 5.0, "adversarial_weight": 0.03, "ema": 0.99,
        "d_width_divisor": 2,
    }  # fmt: skip

    d_loss = staticmethod(blocks.nonsaturating_d_loss)

    def build(self) -> dict[str, nn.Module]:
        if self.settings.content not in CONTENT:
            raise UserError(nearest(self.settings.content, CONTENT, "content network"))
        self.content = CONTENT[self.settings.content]().to(self.device).to(memory_format=torch.channels_last)
        width = self.settings.width // self.settings.d_width_divisor
        return {**super().build(), "discriminator": blocks.init_he(vgg_discriminator(self.image_shape, width))}

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        s = self.settings
        return {
            **super().build_optimisers(),
            "d_optimiser": blocks.adam(self.discriminator.parameters(), s.lr * s.d_lr_ratio, (s.beta1, s.beta2)),
        }

    def phase(self, step: int) -> str:
        return "pixels" if step < self.settings.pixel_steps else "adversarial"

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        if self.phase(step) == "pixels":
            return super().train_step(step, reals, labels, rng)
        (large,) = reals
        with self.autocast():
            grown = self.generator(tasks.SOURCES[self.task](large))
        return self.update_d(large, grown.detach(), rng) | self.update_g(large, grown)

    def update_g(self, large: Tensor, grown: Tensor) -> dict[str, Tensor]:
        s, optimiser = self.settings, self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)
        with self.autocast():
            fake_logits = self.discriminator(grown)
            wanted, found = self.content(self.as_colour(large)), self.content(self.as_colour(grown))
        content_loss = F.mse_loss(found.float(), wanted.float()) / wanted.float().square().mean()
        g_loss = blocks.nonsaturating_g_loss(fake_logits.float())
        pixel_loss = F.mse_loss(grown.float(), large)
        (s.content_weight * content_loss + s.pixel_weight * pixel_loss + s.adversarial_weight * g_loss).backward()
        self.discriminator.requires_grad_(True)
        optimiser.step()
        self.average()
        return {"content_loss": content_loss.detach(), "g_loss": g_loss.detach(), "pixel_loss": pixel_loss.detach()}

    @staticmethod
    def as_colour(images: Tensor) -> Tensor:
        return images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)


def lite0_features() -> nn.Module:
    """EfficientNet-Lite0 up to its second stage: (B, 3, H, W) in [-1, 1] -> (B, 24, H / 4, W / 4)."""
    parts = dict(efficientnet_lite0().named_children())
    return nn.Sequential(parts["conv_stem"], parts["bn1"], *list(parts["blocks"].children())[:2])


def vgg19_features() -> nn.Module:
    """VGG19 up to the last convolution before its fifth pooling, as in the paper: (B, 3, H, W) -> (B, 512, H / 16, W / 16).

    Raises UserError where torchvision's weights are not at hand; they are not fetched.
    """
    file = Path(torch.hub.get_dir()) / "checkpoints" / VGG19_FILE
    if not file.is_file():
        raise UserError(
            f"srgan.content=vgg19 needs torchvision's VGG19 weights at {file}; get them from {VGG19_URL}, or use lite0."
        )
    layers = torchvision.models.vgg19(weights=None).features[:36]
    state = torch.load(file, weights_only=True)
    layers.load_state_dict({k.removeprefix("features."): v for k, v in state.items() if k.startswith("features.")})
    scale = nn.Conv2d(3, 3, 1, groups=3)  # from [-1, 1] to what VGG19 was trained on: ImageNet's mean 0 and deviation 1
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    scale.load_state_dict({"weight": (0.5 / std).view(3, 1, 1, 1), "bias": (0.5 - mean) / std})
    return nn.Sequential(scale, *layers).eval().requires_grad_(False)


CONTENT = {"lite0": lite0_features, "vgg19": vgg19_features}
VGG19_FILE = "vgg19-dcbb9e9d.pth"
VGG19_URL = f"https://download.pytorch.org/models/{VGG19_FILE}"


def vgg_discriminator(image_shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """(B, C, H, W) in [-1, 1] -> logits (B, 1): 3x3 convolutions, every second one strided, then two dense layers."""
    channels, side, _ = image_shape
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2, inplace=True)]
    n = width
    while side > 4:
        layers += [nn.Conv2d(n, n, 3, 2, 1, bias=False), blocks.BatchNorm2d(n), nn.LeakyReLU(0.2, inplace=True)]
        side //= 2
        if side > 4:
            layers += [
                nn.Conv2d(n, 2 * n, 3, padding=1, bias=False),
                blocks.BatchNorm2d(2 * n),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            n *= 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(n * side * side, 8 * width), nn.LeakyReLU(0.2, inplace=True), nn.Linear(8 * width, 1)
    )
