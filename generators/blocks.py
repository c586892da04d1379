"""Network parts, losses and optimisers that more than one variant uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def dcgan_generator(z_dim: int, image_shape: tuple[int, int, int], width: int) -> nn.Sequential:
    """z (B, z_dim) -> (B, C, H, W) in [-1, 1]: the all-convolutional generator of Radford et al. 2015, for sides 4 * 2^n.

    The last upsampling is given `width` channels, each earlier one twice as many. Raises ValueError at another side.
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
    """
    channels, side, _ = image_shape
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    side, n = side // 2, width
    while side > 4:
        layers.append(nn.Conv2d(n, 2 * n, 4, 2, 1, bias=not batch_norm))
        layers += [BatchNorm2d(2 * n)] if batch_norm else []
        layers.append(nn.LeakyReLU(0.2, inplace=True))
        side, n = side // 2, 2 * n

    across = MINIBATCH[minibatch](n)
    return nn.Sequential(*layers, across, nn.Conv2d(across.n_out, n_outputs, 4), nn.Flatten())


def dcgan_networks(
    z_dim: int, image_shape: tuple[int, int, int], width: int, *, d_channels: int | None = None, minibatch: str = "none"
) -> dict[str, nn.Module]:
    """DCGAN's generator and discriminator, weights N(0, .02). Arguments as above.

    d_channels  channels of D's input; None: those of an image
    """
    channels, height, side = image_shape
    d_shape = (d_channels or channels, height, side)
    generator = dcgan_generator(z_dim, image_shape, width)
    discriminator = dcgan_discriminator(d_shape, width, batch_norm=True, minibatch=minibatch)
    return {"generator": init_normal(generator), "discriminator": init_normal(discriminator)}


class Mixing(nn.Module):
    """A layer in which a sample depends on the others of its batch. Given several batches at once, it keeps them apart."""

    n_batches: int = 1

    def apart(self, layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """`layer` applied to each of the batches that x (n_batches * B, ...) consists of, joined again."""
        return layer(x) if self.n_batches == 1 else torch.cat([layer(part) for part in x.chunk(self.n_batches)])


class BatchNorm2d(nn.BatchNorm2d, Mixing):
    """Batch norm for a network that is given reals and fakes by `together`."""

    def forward(self, x: Tensor) -> Tensor:
        """(n_batches * B, n, H, W) -> the same shape. In training, each batch has its own statistics."""
        return self.apart(super().forward, x) if self.training else super().forward(x)


def together(net: nn.Module, *batches: Tensor) -> list[Tensor]:
    """The outputs of `net` for several batches of one size, (B, ...) each, in one pass, which costs less than one for each."""
    mixing = [module for module in net.modules() if isinstance(module, Mixing)]
    for module in mixing:
        module.n_batches = len(batches)
    outputs = net(torch.cat(batches)).chunk(len(batches))
    for module in mixing:
        module.n_batches = 1
    return list(outputs)


@contextmanager
def frozen(*nets: nn.Module) -> Iterator[None]:
    """The context in which gradients flow through these networks but not into their weights; that saves a third of a pass."""
    for net in nets:
        net.requires_grad_(False)
    try:
        yield
    finally:
        for net in nets:
            net.requires_grad_(True)


class NoMinibatch(nn.Module):
    """(B, n, H, W) -> the same: each sample is judged alone."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n_out: int = n

    def forward(self, x: Tensor) -> Tensor:
        """(B, n, H, W) -> the same tensor."""
        return x


class MinibatchStd(Mixing):
    """(B, n, H, W) -> (B, n + 1, H, W): one more plane with the deviation of the batch (Karras et al. 2017)."""

    def __init__(self, n: int) -> None:
        super().__init__()
        self.n_out: int = n + 1

    def forward(self, x: Tensor) -> Tensor:
        """(n_batches * B, n, H, W) -> (n_batches * B, n + 1, H, W)."""
        return self.apart(self.with_deviation, x)

    def with_deviation(self, x: Tensor) -> Tensor:
        """(B, n, H, W) -> (B, n + 1, H, W): the added plane is the mean, over features, of the deviation over the batch."""
        deviation = (x.float().var(0, unbiased=False) + 1e-8).sqrt().mean()
        return torch.cat([x, deviation.to(x.dtype).expand(len(x), 1, *x.shape[2:])], dim=1)


class MinibatchDiscrimination(Mixing):
    """(B, n, H, W) -> (B, n + kernels, H, W): one more plane for each kernel (Salimans et al. 2016, arXiv 1606.03498).

    A plane says how close a sample is to the others of its batch. The pooled features go through a (n, kernels, dims) tensor;
    closeness is exp(-L1 distance), summed over the others.
    """

    def __init__(self, n: int, kernels: int = 50, dims: int = 5) -> None:
        super().__init__()
        self.n_out: int = n + kernels
        self.kernels = kernels
        self.project = nn.Linear(n, kernels * dims, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(n_batches * B, n, H, W) -> (n_batches * B, n + kernels, H, W)."""
        return self.apart(self.with_closeness, x)

    def with_closeness(self, x: Tensor) -> Tensor:
        """(B, n, H, W) -> (B, n + kernels, H, W), for one batch."""
        m = self.project(x.mean(dim=(2, 3))).float().unflatten(1, (self.kernels, -1))  # (B, kernels, dims)
        closeness = (-(m[:, None] - m[None]).abs().sum(3)).exp().sum(1) - 1  # without the sample itself
        return torch.cat([x, closeness.to(x.dtype)[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)


MinibatchLayer = NoMinibatch | MinibatchStd | MinibatchDiscrimination
MINIBATCH: dict[str, type[MinibatchLayer]] = {
    "none": NoMinibatch,
    "std": MinibatchStd,
    "discrimination": MinibatchDiscrimination,
}


def init_normal(net: nn.Module, std: float = 0.02) -> nn.Module:
    """Draw DCGAN's first weights: N(0, std), norm scales N(1, std), biases 0. Returns `net`."""
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
    """Draw first weights after He et al. (2015, arXiv 1502.01852) for slopes of .2, biases 0. Returns `net`.

    Signals keep their size through layers that no norm follows.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, a=0.2)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return net


class Dropout(nn.Module):
    """Sets each number to 0 with probability p in training, and divides the others by 1 - p.

    Every CPU draws the same mask from one seed. That of PyTorch's own layer depends on who made the CPU: on Intel's it comes
    from Intel's library, and a training is then another one.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same shape."""
        if not self.training:
            return x
        kept = torch.rand(x.shape, device=x.device) >= self.p
        return x * kept.to(x.dtype).div_(1 - self.p)


class Maxout(nn.Module):
    """(B, n_in) -> (B, n_out): for each output the largest of `pieces` linear maps (Goodfellow et al. 2013)."""

    def __init__(self, n_in: int, n_out: int, pieces: int = 5) -> None:
        super().__init__()
        self.linear, self.pieces = nn.Linear(n_in, n_out * pieces), pieces

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_in) -> (B, n_out)."""
        return self.linear(x).unflatten(1, (self.pieces, -1)).amax(dim=1)  # pieces first: whole rows are compared


def nonsaturating_d_loss(real_logits: Tensor, fake_logits: Tensor, smoothing: float = 0.0) -> Tensor:
    """-log sigmoid(real) - log(1 - sigmoid(fake)), the mean over (B, ...) (Goodfellow et al. 2014, arXiv 1406.2661).

    smoothing  the target of reals is 1 - smoothing
    """
    return F.softplus(-real_logits).mean() + smoothing * real_logits.mean() + F.softplus(fake_logits).mean()


def nonsaturating_g_loss(fake_logits: Tensor) -> Tensor:
    """-log sigmoid(fake), the mean: strong gradients where the generator is still bad (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake_logits).mean()


def least_squares_d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Half of the mean (real - 1)^2 + fake^2 (Mao et al. 2017, arXiv 1611.04076, equation 9)."""
    return ((real_logits - 1).square().mean() + fake_logits.square().mean()) / 2


def wasserstein_d_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """mean(fake) - mean(real) (Arjovsky et al. 2017, arXiv 1701.07875)."""
    return fake_logits.mean() - real_logits.mean()


def wasserstein_g_loss(fake_logits: Tensor) -> Tensor:
    """-mean(fake) (Arjovsky et al. 2017, arXiv 1701.07875)."""
    return -fake_logits.mean()


def adam(parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam over these weights, in its fused form where the device has one."""
    parameters = list(parameters)
    options: dict[str, Any] = {"fused": True} if parameters[0].device.type in ("cpu", "cuda") else {}
    return torch.optim.Adam(parameters, lr=lr, betas=betas, **options)
