"""Fits a network to real and fake images: balanced batches, weights and temperature chosen on the validation sets, resumable.

Images are not flipped or shifted: flips took the AUROC of `small-resnet` on CIFAR-10's `cyclegan` from .999 to .987, after the
same number of images. Traces of up-sampling layers lie on a grid, which a flip moves.
"""

from __future__ import annotations

import abc
import copy
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import update_bn

from gan_bench.core.checkpoint import load_checkpoint, save_checkpoint
from gan_bench.core.digests import json_digest
from gan_bench.core.progress import bar
from gan_bench.core.seeds import derive, stream
from gan_bench.core.stop import patient
from gan_bench.detectors.base import Detector, in_batches
from gan_bench.detectors.bootstrap import Logits
from gan_bench.detectors.evaluate import nll
from gan_bench.device import fast_precision, full_float32, repeatable
from gan_bench.images.convert import digest, to_float

Pair = tuple[Tensor, Tensor]  # uint8 images (N, C, H, W): the reals, and the fakes

CHECKPOINT_SECONDS = 20.0
VALIDATIONS = 12  # over a whole fit
PATIENCE = 5  # validations without a better one, after which a fit ends
WARM_UP = 0.05  # of the steps, in which the learning rate rises
SCORED = 100  # images at a time
NORMED = 300  # reals, and as many fakes, on which the statistics of batch norms are measured
TEMPERATURES = np.geomspace(0.5, 8, 65)  # bounded: where no validation image is wrong, the least loss lies at 0


class NetworkDetector(Detector):
    """A network from images in [-1, 1] to a logit, or to a map of logits whose mean is the logit. A subclass writes `build`.

    lr, weight_decay  of AdamW (Loshchilov and Hutter 2019); the rate rises shortly, then falls to zero as a cosine
    batch_size        half of a batch are reals, half fakes
    shown_share       the part of `n_shown` that a fit takes, where an image costs much more than in a small network
    temperature       what the network's logits are divided by (Guo et al. 2017)
    image_shape       (C, H, W) of the images that it was fitted on
    """

    costly = True
    random = True
    differentiable = True
    lr: ClassVar[float] = 2e-3
    weight_decay: ClassVar[float] = 1e-2
    batch_size: ClassVar[int] = 32
    shown_share: ClassVar[float] = 1.0

    net: nn.Module
    temperature: float
    image_shape: tuple[int, ...]

    @abc.abstractmethod
    def build(self, channels: int, side: int) -> nn.Module:
        """An untrained network for images (B, channels, H, W) in [-1, 1], whose larger side is `side` pixels.

        Its output is (B, 1), or a map (B, 1, h, w); positive for fake.
        """

    def prepare(self, images: Tensor) -> Tensor:
        """The uint8 images (N, C, H, W) themselves."""
        return images

    def fit(
        self, real: Tensor, fake: Tensor, validate_real: Tensor, validate_fake: Tensor, checkpoint: Path | None = None
    ) -> None:
        """uint8 images (N, C, H, W) of each set. The weights with the least validation loss at their best temperature are kept.

        `checkpoint` is written every 20 s and at the end. One of another fit is ignored.
        """
        self._start(tuple(real.shape[1:]))
        loop = FitLoop(self, (real, fake), (validate_real, validate_fake), checkpoint)
        loop.run()
        self.net.load_state_dict(loop.best_weights)
        self.temperature = loop.standing.temperature
        self.net.eval().requires_grad_(False)

    def score(self, prepared: Tensor) -> np.ndarray:
        """uint8 images (N, C, H, W) -> float64 logits (N,), computed in float32."""
        self.net.eval()
        with full_float32():
            return in_batches(prepared, SCORED, lambda batch: self.logits(batch.to(self.device).float())).double().numpy()

    def logits(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> logits (N,)."""
        return logit_of(self.output(images.mul(2 / 255).sub(1))) / self.temperature

    def output(self, images: Tensor) -> Tensor:
        """What the network makes of float images (N, C, H, W) in [-1, 1]: (N, 1) or (N, 1, h, w)."""
        return self.net(images.contiguous(memory_format=torch.channels_last))

    def state(self) -> dict[str, Tensor]:
        """The weights, the temperature and the shape of the images."""
        weights = {f"net.{name}": value for name, value in self.net.state_dict().items()}
        temperature = torch.tensor(self.temperature, dtype=torch.float64)
        return {**weights, "temperature": temperature, "image_shape": torch.tensor(self.image_shape)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Raises ValueError where tensors are absent, or have other names or shapes than those of this network."""
        own = {"temperature": (), "image_shape": (3,)}
        if any(name not in state or state[name].shape != shape for name, shape in own.items()):
            raise ValueError(f"it holds no temperature () or no image_shape (3,), which {self.name} needs.")

        self._start(tuple(state["image_shape"].tolist()))
        try:
            self.net.load_state_dict({name.removeprefix("net."): value for name, value in state.items() if name not in own})
        except RuntimeError as error:
            raise ValueError(f"it does not hold the weights of {self.name}: {error}") from error
        self.temperature = float(state["temperature"])
        self.net.eval().requires_grad_(False)

    def _start(self, image_shape: tuple[int, ...]) -> None:
        """An untrained network, and nothing left of an earlier fit."""
        self.image_shape, self.temperature = image_shape, 1.0
        with private_randomness():
            torch.manual_seed(derive(self.seed, "detector weights", self.name))
            net = self.build(image_shape[0], max(image_shape[1:]))
        self.net = net.to(self.device).to(memory_format=torch.channels_last)


@dataclass
class Standing:
    """Where a fit stands. Plain data, for a checkpoint.

    step         steps taken
    best         the least validation loss so far, at the temperature that is best for it
    temperature  that temperature
    since        validations since then
    """

    step: int = 0
    best: float = math.inf
    temperature: float = 1.0
    since: int = 0
    finished: bool = False


class FitLoop:
    """One fit of a network detector, from its start or from a checkpoint."""

    def __init__(self, detector: NetworkDetector, sets: Pair, validation: Pair, checkpoint: Path | None) -> None:
        self.detector, self.sets, self.validation, self.checkpoint = detector, sets, validation, checkpoint
        self.half = detector.batch_size // 2
        self.n_steps = max(1, int(detector.n_shown * detector.shown_share) // (2 * self.half))
        self.every = math.ceil(self.n_steps / VALIDATIONS)
        self.optimiser = torch.optim.AdamW(detector.net.parameters(), lr=detector.lr, weight_decay=detector.weight_decay)
        self.standing = Standing()
        self.best_weights = copy.deepcopy(detector.net.state_dict())
        self._orders: dict[tuple[str, int], Tensor] = {}
        self._fingerprint = json_digest([
            detector.name, detector.method, str(detector.net), detector.seed, detector.lr, detector.weight_decay,
            self.half, self.n_steps, [digest(images) for images in (*sets, *validation)],
        ])  # fmt: skip

    def run(self) -> None:
        """Take steps until the last one, or until the validation loss has not fallen for a while."""
        self._resume()
        saved_at, standing = time.monotonic(), self.standing
        with (
            private_randomness(),
            repeatable(),
            bar(f"fits {self.detector.name}", self.n_steps, "steps") as advance,
            patient() as has_to_stop,
        ):
            leaving = False
            advance(standing.step)
            while not (standing.finished or leaving):
                self.take_step()
                if standing.step % self.every == 0 or standing.step == self.n_steps:
                    self._validate()

                leaving = has_to_stop()
                if standing.finished or leaving or time.monotonic() - saved_at >= CHECKPOINT_SECONDS:
                    self._save()
                    saved_at = time.monotonic()
                advance(1)

    def take_step(self) -> None:
        """One step on as many reals as fakes."""
        detector, step = self.detector, self.standing.step
        self.optimiser.param_groups[0]["lr"] = detector.lr * rate(step / self.n_steps)
        torch.manual_seed(derive(detector.seed, "detector step", step))  # of layers such as dropout
        halves = [self._batch(kind, images) for kind, images in zip(Logits._fields, self.sets, strict=True)]
        images = to_float(torch.cat(halves).to(detector.device))
        labels = torch.arange(2.0, device=detector.device).repeat_interleave(self.half)

        detector.net.train()
        precision, kind = fast_precision(detector.device.type), detector.device.type
        with torch.autocast(kind, dtype=precision, enabled=precision != torch.float32):
            output = detector.output(images)
        loss = F.binary_cross_entropy_with_logits(logit_of(output), labels)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        self.standing.step += 1

    def _batch(self, kind: str, images: Tensor) -> Tensor:
        """The reals or fakes of this step: the next ones in a row of shuffled epochs. They depend on the step alone."""
        first, n = self.standing.step * self.half, len(images)
        epochs = range(first // n, (first + self.half - 1) // n + 1)
        order = torch.cat([self._order(kind, epoch, n) for epoch in epochs])
        start = first - epochs[0] * n
        return images[order[start : start + self.half]]

    def _order(self, kind: str, epoch: int, n: int) -> Tensor:
        if (kind, epoch) not in self._orders:
            order = torch.randperm(n, generator=stream(self.detector.seed, "detector batches", kind, epoch))
            recent = {key: kept for key, kept in self._orders.items() if key[1] >= epoch - 1}
            self._orders = {**recent, (kind, epoch): order}
        return self._orders[kind, epoch]

    def _measure_norms(self) -> None:
        """Give batch norms the statistics of the weights as they are (Wu and Johnson 2021, "Rethinking Batch in BatchNorm").

        The averages that they keep while weights change lag behind, most of all where most pixels are the same black. And they
        are of numbers that were rounded, where training computes in bfloat16.
        """
        n = min(NORMED, *map(len, self.sets))
        drawn = [images[self._order(kind, 0, len(images))[:n]] for kind, images in zip(Logits._fields, self.sets, strict=True)]
        mixed = torch.stack(drawn, dim=1).flatten(0, 1)  # a real, a fake, and so on
        with full_float32():
            update_bn((to_float(batch.to(self.detector.device)) for batch in mixed.split(SCORED)), self.detector.net)

    def _validate(self) -> None:
        standing = self.standing
        self._measure_norms()
        loss, temperature = least_loss(Logits(*map(self.detector.score, self.validation)))
        standing.since += 1
        if loss < standing.best:
            standing.best, standing.temperature, standing.since = loss, temperature, 0
            self.best_weights = copy.deepcopy(self.detector.net.state_dict())
        standing.finished = standing.step == self.n_steps or standing.since >= PATIENCE

    def _resume(self) -> None:
        saved = None if self.checkpoint is None else load_checkpoint(self.checkpoint)
        if saved is None or saved["fingerprint"] != self._fingerprint:
            return
        self.detector.net.load_state_dict(saved["weights"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.best_weights, self.standing = saved["best_weights"], Standing(**saved["standing"])

    def _save(self) -> None:
        if self.checkpoint is None:
            return
        content = {
            "fingerprint": self._fingerprint, "weights": self.detector.net.state_dict(), "best_weights": self.best_weights,
            "optimiser": self.optimiser.state_dict(), "standing": asdict(self.standing),
        }  # fmt: skip
        save_checkpoint(content, self.checkpoint)


def logit_of(output: Tensor) -> Tensor:
    """A network's output (N, 1) or (N, 1, h, w) -> float32 logits (N,): the mean of a map."""
    return output.float().flatten(1).mean(1)


@contextmanager
def private_randomness() -> Iterator[None]:
    """New layers, and such as dropout, draw from the global streams; give those back as they were."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):  # manual_seed changes every GPU's
        yield


def rate(share: float) -> float:
    """The learning rate at this share of the steps, 0 to 1, as a part of the highest: a short rise, then a cosine to zero."""
    return min(share / WARM_UP + 0.01, 1.0) * (1 + math.cos(math.pi * share)) / 2


def least_loss(logits: Logits) -> tuple[float, float]:
    """The least loss that logits have when they are divided by a temperature from 0.5 to 8, and that temperature."""
    return min((nll(Logits(logits.real / t, logits.fake / t)), float(t)) for t in TEMPERATURES)
