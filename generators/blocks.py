"""Network parts, losses and optimisers that more than one variant uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_bench.errors import UserError
from gan_bench.registry import nearest


def dcgan_generator(z_dim: int, image_shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """z (B, z_dim) -> (B, C, H, W) in [-1, 1]: the all-convolutional generator of Radford et al. 2015, for sides 4 * 2^n.

    The last upsampling sees `width` channels, each earlier one twice as many.
    """
    channels, side, _ = image_shape
    n_up = side.bit_length() - 3
    if side != 4 << n_up:
        raise ValueError(f"a side of {side} is not 4 times a power of two")
    n = width << (n_up - 1)
    layers: list[nn.Module] = [
        nn.Unflatten(1, (z_dim, 1, 1)),
        nn.ConvTranspose2d(z_dim, n, 4, bias=False),  # (B, n, 4, 4)
        nn.BatchNorm2d(n),
        nn.ReLU(inplace=True),
    ]
    for _ in range(n_up - 1):
        layers += [nn.ConvTranspose2d(n, n // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(n // 2), nn.ReLU(inplace=True)]
        n //= 2
    return nn.Sequential(*layers, nn.ConvTranspose2d(n, channels, 4, 2, 1), nn.Tanh())


def dcgan_discriminator(
    image_shape: tuple[int, int, int], width: int, *, batch_norm: bool, n_outputs: int = 1, minibatch: str = "none"
) -> nn.Sequential:
    """(B, C, H, W) in [-1, 1] -> logits (B, n_outputs): strided convolutions to 4x4, batch norm after all but the first.

    minibatch  what the last layer also sees of the rest of the batch: one of MINIBATCH
    Raises UserError on an unknown one.
    """
    channels, side, _ = image_shape
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    side, n = side // 2, width
    while side > 4:
        layers.append(nn.Conv2d(n, 2 * n, 4, 2, 1, bias=not batch_norm))
        layers += [BatchNorm2d(2 * n)] if batch_norm else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        side, n = side // 2, 2 * n
    if minibatch not in MINIBATCH:
        raise UserError(nearest(minibatch, MINIBATCH, "minibatch layer"))
    across = MINIBATCH[minibatch](n)
    return nn.Sequential(*layers, across, nn.Conv2d(across.n_out, n_outputs, 4), nn.Flatten())


def dcgan_networks(z_dim: int, image_shape: tuple[int, int, int], width: int) -> dict[str, nn.Module]:
    """DCGAN's generator and discriminator from DCGAN's start, for the variants that change its losses alone."""
    return {
        "generator": init_normal(dcgan_generator(z_dim, image_shape, width)),
        "discriminator": init_normal(dcgan_discriminator(image_shape, width, batch_norm=True)),
    }


class Mixing(nn.Module):
    """A layer in which a sample depends on the others of its batch. Shown several batches at once, it keeps them apart."""

    n_batches: int = 1

    def apart(self, layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """`layer` of each of the batches that x (n_batches * B, ...) is made of."""
        return layer(x) if self.n_batches == 1 else torch.cat([layer(part) for part in x.chunk(self.n_batches)])


class BatchNorm2d(nn.BatchNorm2d, Mixing):
    """Batch norm for a network that `together` shows reals and fakes."""

    def forward(self, x: Tensor) -> Tensor:
        return self.apart(super().forward, x) if self.training else super().forward(x)


def together(net: nn.Module, *batches: Tensor) -> list[Tensor]:
    """What `net` makes of each of several batches of one size, in one pass: less work than one pass each."""
    mixing = [module for module in net.modules() if isinstance(module, Mixing)]
    for module in mixing:
        module.n_batches = len(batches)
    outputs = net(torch.cat(batches)).chunk(len(batches))
    for module in mixing:
        module.n_batches = 1
    return list(outputs)


class NoMinibatch(nn.Module):
    """(B, n, H, W) as it is: every sample for itself."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n_out: int = n

    def forward(self, x: Tensor) -> Tensor:
        return x


class MinibatchStd(Mixing):
    """(B, n, H, W) -> (B, n + 1, H, W): one more plane, the mean over features of the standard deviation over the batch."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n_out: int = n + 1

    def forward(self, x: Tensor) -> Tensor:
        return self.apart(self.with_deviation, x)

    def with_deviation(self, x: Tensor) -> Tensor:
        deviation = (x.float().var(0, unbiased=False) + 1e-8).sqrt().mean()
        return torch.cat([x, deviation.to(x.dtype).expand(len(x), 1, *x.shape[2:])], dim=1)


class MinibatchDiscrimination(Mixing):
    """(B, n, H, W) -> (B, n + kernels, H, W): a plane a kernel, how close each sample is to the others of its batch.

    The pooled features go through a (n, kernels, dims) tensor; closeness is exp(-L1 distance), summed over the others.
    """

    def __init__(self, n: int, kernels: int = 50, dims: int = 5) -> None:
        super().__init__()
        self.n_out: int = n + kernels
        self.kernels = kernels
        self.project = nn.Linear(n, kernels * dims, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.apart(self.with_closeness, x)

    def with_closeness(self, x: Tensor) -> Tensor:
        m = self.project(x.mean(dim=(2, 3))).float().unflatten(1, (self.kernels, -1))  # (B, kernels, dims)
        closeness = (-(m[:, None] - m[None]).abs().sum(3)).exp().sum(1) - 1  # less the sample itself
        return torch.cat([x, closeness.to(x.dtype)[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)


MinibatchLayer = NoMinibatch | MinibatchStd | MinibatchDiscrimination
MINIBATCH: dict[str, type[MinibatchLayer]] = {
    "none": NoMinibatch,
    "std": MinibatchStd,
    "discrimination": MinibatchDiscrimination,
}


class SRBlock(nn.Module):
    """conv, norm, PReLU, conv, norm beside the identity (Ledig et al. 2017)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n), nn.PReLU(),
            nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class SRResNet(nn.Module):
    """(B, C, H, W) in [-1, 1] -> (B, C, 4 H, 4 W) in [-1, 1]: SRResNet (Ledig et al. 2017), with 3x3 kernels at both ends."""

    def __init__(self, channels: int, n: int, n_blocks: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, n, 3, padding=1), nn.PReLU())
        self.body = nn.Sequential(
            *(SRBlock(n) for _ in range(n_blocks)), nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
        )
        self.up = nn.Sequential(
            nn.Conv2d(n, 4 * n, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(n, 4 * n, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(),
            nn.Conv2d(n, channels, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.up(x + self.body(x))


def init_normal(net: nn.Module, std: float = 0.02) -> nn.Module:
    """DCGAN's start: weights N(0, std), norm scales N(1, std), biases 0."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(module.weight, 0.0, std)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, std)
        bias = getattr(module, "bias", None)
        if isinstance(bias, Tensor):
            nn.init.zeros_(bias)
    return net


def init_he(net: nn.Module) -> nn.Module:
    """He et al. 2015 for leaky slopes: without normalisation between layers, signals keep their size through the net."""
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, a=0.2)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


class Maxout(nn.Module):
    """Linear maps in `pieces` groups, the largest of each group kept (Goodfellow et al. 2013)."""

    def __init__(self, n_in: int, n_out: int, pieces: int = 5) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(n_in, n_out * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).unflatten(1, (self.pieces, -1)).amax(dim=1)  # pieces first: whole rows are compared


def nonsaturating_d_loss(real_logits: Tensor, fake_logits: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log sigmoid(real) - log(1 - sigmoid(fake)) (Goodfellow et al. 2014); the target of reals is 1 - smoothing."""
    return F.softplus(-real_logits).mean() + smoothing * real_logits.mean() + F.softplus(fake_logits).mean()


def nonsaturating_g_loss(fake_logits: Tensor) -> Tensor:
    """-log sigmoid(fake): strong gradients where the generator is still bad (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake_logits).mean()


def adam(parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam in its fused form, where the device has it."""
    parameters = list(parameters)
    options: dict[str, Any] = {"fused": True} if parameters[0].device.type in ("cpu", "cuda") else {}
    return torch.optim.Adam(parameters, lr=lr, betas=betas, **options)
