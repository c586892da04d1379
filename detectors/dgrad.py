"""Outputs and gradients of discriminators with logistic regression.

Tan et al. 2023, "Learning on Gradients: Generalized Artifacts Representation for GAN-Generated Images Detection" (LGrad),
look at the gradient of a pre-trained discriminator with respect to the image: it shows what the discriminator looks at, and
little of what the image is of. Theirs is one large network and a ResNet after it. Here they are the discriminators of the
tested generators themselves, and a few statistics of each gradient. What a discriminator itself says comes with the gradient
at no cost, so it is a feature too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Critic
from gan_bench.detectors.logistic import Head, LogisticDetector
from gan_bench.detectors.pixels import channel_names
from gan_bench.detectors.spectrum import spectral_means, spectral_names
from gan_bench.device import inference_batch
from gan_bench.images.convert import to_float

TINY = 1e-8  # a gradient of which nothing is left still has a finite logarithm
LOUDNESS = 10.0  # the deviation to which gradients are scaled: the floor of the spectrum is about a thousandth of its power


@DETECTORS.register
class Dgrad(LogisticDetector):
    """What each discriminator says; spectrum, size and kurtosis of its gradient; and how it lies to the image.

    critics  those that `prepare` looks through, by the cell's key; the features of one follow those of another
    used     the keys of those that the last fit was allowed
    """

    name = "dgrad"
    method = "logistic regression on outputs and input gradients of the tested GANs' own discriminators"
    needs_critics = True

    critics: Mapping[str, Critic] = {}
    allowed: frozenset[str] | None = None
    used: tuple[str, ...] = ()

    def use_critics(self, critics: Mapping[str, Critic]) -> None:
        """They are in evaluation mode, and on the device of this detector."""
        self.critics = dict(critics)

    def allow(self, keys: Iterable[str]) -> None:
        """The next fits, and what they score, do not depend on the critics of other keys."""
        self.allowed = frozenset(keys)

    @property
    def at_once(self) -> int:
        """As many as networks are given elsewhere."""
        return inference_batch(self.device)

    def features(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) of whole levels 0..255 -> float32 (N, K * D), D features for each of K critics."""
        shown = to_float(images.to(torch.uint8))
        parts = [gradient_features(shown, *answer(critic, shown)) for critic in self.critics.values()]
        return torch.cat([shown.new_zeros(len(shown), 0), *parts], dim=1)

    def feature_names(self, n: int) -> list[str]:
        """In the order of `features`, of the critics that are used."""
        names = list(gradient_names(self.image_shape))
        return [f"{name} for the discriminator of {key}" for key in self.used for name in names]

    def fit(
        self, real: Tensor, fake: Tensor, validate_real: Tensor, validate_fake: Tensor, checkpoint: Path | None = None
    ) -> None:
        """As the other logistic regressions, on the features of the allowed critics alone.

        Where none of the critics is allowed, it can learn nothing: every logit is 0. Raises UserError where there is none.
        """
        if not self.critics:
            raise UserError(
                "no cell of this run keeps a discriminator, so dgrad has no gradients to look at; add a GAN to the run."
            )

        self.used = tuple(key for key in self.critics if self.allowed is None or key in self.allowed)
        if self.used:
            chosen = self._chosen
            super().fit(chosen(real), chosen(fake), chosen(validate_real), chosen(validate_fake))
        else:
            self.head = Head.blank()

    def score(self, prepared: Tensor) -> np.ndarray:
        """float32 (N, K * D) -> float64 logits (N,)."""
        return super().score(self._chosen(prepared))

    def state(self) -> dict[str, Tensor]:
        """The head on the critics that are used, and their keys, a line for each, as UTF-8."""
        return {**super().state(), "critics": torch.tensor(list("\n".join(self.used).encode()), dtype=torch.uint8)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Call `use_critics` before. Raises ValueError as the other logistic regressions, and where a critic is absent."""
        keys = state.get("critics")
        if keys is None or keys.dtype != torch.uint8 or keys.ndim != 1:
            raise ValueError("it does not name the discriminators that dgrad looked through.")

        self.used = tuple(bytes(keys.tolist()).decode().splitlines())
        absent = [key for key in self.used if key not in self.critics]
        if absent:
            raise ValueError(f"it looks through the discriminator of {', '.join(absent)}, which is not there.")
        super().load_state({name: part for name, part in state.items() if name != "critics"})

    def _chosen(self, prepared: Tensor) -> Tensor:
        """The features (N, K * D) of those critics that are used."""
        places = {key: i for i, key in enumerate(self.critics)}
        return prepared.unflatten(1, (len(places), -1))[:, [places[key] for key in self.used]].flatten(1)


def answer(critic: Critic, images: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) in [-1, 1] -> the critic's outputs (N,), and their gradients with respect to the images."""
    with torch.enable_grad():
        images = images.detach().requires_grad_()
        outputs = critic(images)
        gradients = torch.autograd.grad(outputs.sum(), images)[0]
    return outputs.detach(), gradients


def gradient_features(images: Tensor, outputs: Tensor, gradients: Tensor) -> Tensor:
    """float (N, C, H, W), (N,), (N, C, H, W) -> (N, D): spectra of the gradients, which are scaled to one size for it; their
    log size and log kurtosis by channel; their product with the image and with its contrast; and the outputs."""
    scaled = gradients / (_size(gradients, 1, 2, 3) + TINY)
    by_channel = (scaled.square().mean((2, 3)) + TINY).square()
    kurtosis = (scaled.pow(4).mean((2, 3)) + TINY) / by_channel

    contrast = images - images.mean((2, 3), keepdim=True)
    contrast = contrast / (_size(contrast, 1, 2, 3) + 1e-3)
    products = [(scaled * image).mean((1, 2, 3)) for image in (images, contrast)]
    sizes = (_size(gradients, 2, 3) + TINY).flatten(1)

    spectra = spectral_means(LOUDNESS * scaled).flatten(1)
    return torch.cat([spectra, sizes.log(), kurtosis.log(), torch.stack([*products, outputs], dim=1)], dim=1)


def gradient_names(image_shape: tuple[int, ...]) -> Iterator[str]:
    """What each of the `gradient_features` is."""
    yield from (f"{name} of the gradient" for name in spectral_names(image_shape))
    for what in ("size", "kurtosis"):
        yield from (f"{what} of the gradient in {channel}" for channel in channel_names(image_shape[0]))
    yield from ("gradient times image", "gradient times contrast", "output")


def _size(images: Tensor, *axes: int) -> Tensor:
    """The root mean square over these axes, which are kept."""
    return images.square().mean(axes, keepdim=True).sqrt()
