"""What a variant is: its networks, its losses, its optimisers. The training loop knows none of them by name."""

from __future__ import annotations

import abc
import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_bench.device import fast_precision
from gan_bench.images import are_points
from gan_bench.records import FROM_LATENTS
from gan_bench.seeds import stream
from generators import blocks


@dataclass(frozen=True)
class Settings:
    """What a variant's author may set. Each variant extends this with its own fields and defaults.

    width  base channel count; the preset's, so that one variant serves a laptop and a GPU
    ema    samples come from a running average of G's weights with this decay an update (Yazici et al. 2018,
           arXiv 1806.04498); 0: from G itself
    decay  the last share of the budget, over which all learning rates fall linearly to 0, as many papers do over their
           last iterations; 0: they never fall
    """

    width: int
    batch_size: int = 64
    z_dim: int = 100
    ema: float = 0.0
    decay: float = 0.0


@dataclass(frozen=True)
class AdamSettings(Settings):
    """For a variant whose networks are trained by one Adam each.

    d_lr_ratio  the discriminator's learning rate over the generator's (Heusel et al. 2017, arXiv 1706.08500)
    """

    lr: float = 2e-4
    d_lr_ratio: float = 1.0
    beta1: float = 0.5
    beta2: float = 0.999


class Variant(abc.ABC):
    """A GAN recipe for images of one shape, on one device. Built from a seed, it is always the same.

    A subclass sets `name`, `title`, `paper` and `settings_type`, and writes `build`, `train_step` and, if it must, the rest.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    task: ClassVar[str] = FROM_LATENTS  # one of gan_bench.tasks
    conditional: ClassVar[bool] = False  # whether `generate` heeds the labels
    settings_type: ClassVar[type[Settings]] = Settings

    short_budget: ClassVar[dict[str, Any]] = {}  # what differs from the paper when a budget allows few updates; say why
    for_points: ClassVar[dict[str, Any] | None] = None  # what differs where points are drawn; None: it draws images alone

    generator: nn.Module
    sampler: nn.Module  # what images are drawn from: the generator, or the running average of its weights

    def __init__(
        self, image_shape: tuple[int, int, int], n_classes: int, settings: Settings, *, seed: int, device: torch.device
    ) -> None:
        self.image_shape, self.n_classes, self.settings, self.device = image_shape, n_classes, settings, device
        with torch.random.fork_rng(devices=[]):  # layers draw their first weights from the global stream; leave it as it was
            torch.manual_seed(stream(seed, "weights").initial_seed())
            modules = self.build()
        if settings.ema:
            modules["averaged"] = copy.deepcopy(modules["generator"]).requires_grad_(False)
        for name, module in modules.items():
            setattr(self, name, module.to(device).to(memory_format=torch.channels_last))
        self._modules = {name: getattr(self, name) for name in modules}
        self.sampler = self._modules["averaged" if settings.ema else "generator"]
        self._n_averaged = 0
        self.optimisers = self.build_optimisers()
        for group in self._parameter_groups():
            group["initial_lr"] = group["lr"]

    def _parameter_groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers.values() for group in optimiser.param_groups]

    @property
    def draws_points(self) -> bool:
        return are_points(self.image_shape)

    @property
    def precision(self) -> torch.dtype:
        """That of matrix products and convolutions. bfloat16's 8 bits cannot tell points as close as a mode is narrow."""
        return torch.float32 if self.draws_points else fast_precision(self.device.type)

    def autocast(self) -> AbstractContextManager:
        """The context in which networks run during training."""
        reduced = self.precision != torch.float32
        return torch.autocast(self.device.type, dtype=self.precision) if reduced else nullcontext()

    @abc.abstractmethod
    def build(self) -> dict[str, nn.Module]:
        """The networks by attribute name; one of them is `generator`."""

    @abc.abstractmethod
    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """The optimisers by name, over the networks on their device."""

    def n_batches(self, step: int) -> int:
        """How many real batches training step `step` takes."""
        return 1

    def phase(self, step: int) -> str:
        """Names the kind of training step `step`. Steps of one phase and one number of batches cost the same."""
        return ""

    @abc.abstractmethod
    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Training step `step`, from 0, on `n_batches` real batches.

        reals   each (B, C, H, W) float in [-1, 1], channels_last, on the device
        labels  each (B,) int64
        rng     the step's own random stream, on the device
        returns scalars for the history, detached and still on the device
        """

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Networks as they are outside training: batch norm uses its running statistics."""
        for module in self._modules.values():
            module.eval()
        try:
            yield
        finally:
            for module in self._modules.values():
                module.train()

    def draw_z(self, n: int, rng: torch.Generator) -> Tensor:
        """Latents (n, z_dim), standard normal, on the generator's device."""
        return torch.randn(n, self.settings.z_dim, generator=rng, device=rng.device)

    def generate(self, z: Tensor, labels: Tensor) -> Tensor:
        """Latents (B, z_dim) and labels (B,) -> images (B, C, H, W) in [-1, 1]. An unconditional variant ignores labels."""
        return self.sampler(self.g_input(z, labels))

    def transform(self, sources: Tensor) -> Tensor:
        """Of a task that starts from images: sources (B, C, h, w) -> images (B, C, H, W), both in [-1, 1]."""
        return self.sampler(sources)

    def way_back(self, images: Tensor) -> Tensor | None:
        """Of a translator that was trained both ways: images (B, C, H, W) -> the domain of its sources, both in [-1, 1]."""
        return None

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """Of a variant that encodes: images (B, C, H, W) in [-1, 1] -> what it decodes them to."""
        return None

    def g_input(self, z: Tensor, labels: Tensor) -> Tensor:
        """What the generator is given for latents (B, z_dim) and labels (B,)."""
        return z

    @torch.no_grad()
    def average(self) -> None:
        """Take G's weights into their running average, if there is one; to be called after each update of G.

        The decay starts low, so that an average over few updates is not one of the first weights: until it reaches `ema`,
        the last quarter of the updates makes most of the average, as in the polynomial-decay averaging of Shamir and Zhang
        (2013, arXiv 1212.1824).
        """
        if self.sampler is self.generator:
            return
        self._n_averaged += 1
        decay = min(self.settings.ema, self._n_averaged / (4 + self._n_averaged))
        torch._foreach_lerp_(list(self.sampler.parameters()), list(self.generator.parameters()), 1 - decay)
        for mine, latest in zip(self.sampler.buffers(), self.generator.buffers(), strict=True):
            mine.copy_(latest)

    def compile(self, **options: Any) -> None:
        """Have torch.compile make the networks' kernels, with these options of it; a variant leaves out what it cannot bear."""
        for module in self._modules.values():
            module.compile(**options)

    def anneal(self, share: float) -> None:
        """Set the learning rates for a step at which this share of the budget is spent."""
        if self.settings.decay:
            for group in self._parameter_groups():
                group["lr"] = group["initial_lr"] * min(1.0, max(0.0, 1 - share) / self.settings.decay)

    def gradient_norms(self) -> dict[str, Tensor]:
        """The norm of the last gradients of each optimiser's parameters, by the optimiser's name."""
        norms = {}
        for name, optimiser in self.optimisers.items():
            gradients = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
            if gradients:
                norms[f"{name.removesuffix('optimiser')}gradient"] = nn.utils.get_total_norm(gradients)
        return norms

    def state(self) -> dict[str, Any]:
        """All that training changes, as a dict of tensors and plain values."""
        parts = {**self._modules, **self.optimisers}
        return {"n_averaged": self._n_averaged} | {name: part.state_dict() for name, part in parts.items()}

    def load_state(self, state: dict[str, Any]) -> None:
        self._n_averaged = state["n_averaged"]
        for name, part in {**self._modules, **self.optimisers}.items():
            part.load_state_dict(state[name])

    def parameter_counts(self) -> tuple[int, int]:
        """(of the generator, of everything else that is trained)."""
        counts = {name: sum(p.numel() for p in module.parameters()) for name, module in self._modules.items()}
        generator = counts.pop("generator")
        counts.pop("averaged", None)
        return generator, sum(counts.values())

    @classmethod
    def default_settings(cls, width: int, short: bool = False, points: bool = False) -> dict[str, Any]:
        """This variant's settings at a preset's width, as plain data.

        short   those for a budget of few updates
        points  those for drawing points, whatever the budget; only of a variant that has `for_points`
        """
        changes = cls.for_points if points else cls.short_budget if short else {}
        assert changes is not None
        return asdict(replace(cls.settings_type(width=width), **changes))


def accuracies(real_logits: Tensor, fake_logits: Tensor, boundary: float) -> dict[str, Tensor]:
    """The shares of reals and of fakes that a discriminator tells, of logits that say "real" above the boundary."""
    return {
        "real_accuracy": (real_logits.detach() > boundary).float().mean(),
        "fake_accuracy": (fake_logits.detach() <= boundary).float().mean(),
    }


class Discriminating(Variant):
    """A variant with one discriminator, and the step that trains it. A subclass writes `d_loss`."""

    discriminator: nn.Module
    boundary: ClassVar[float | None] = 0.0  # logits above it say "real"; None where the critic is no classifier

    @abc.abstractmethod
    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor: ...

    def d_penalty(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor | None:
        """What is added to the discriminator's loss; None: nothing."""
        return None

    def update_d(self, real: Tensor, fake: Tensor, rng: torch.Generator) -> dict[str, Tensor]:
        """One step of the discriminator on two inputs of its own, as `d_input` makes them."""
        optimiser = self.optimisers["d_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        with self.autocast():
            real_logits, fake_logits = (logits.float() for logits in blocks.together(self.discriminator, real, fake))
        d_loss = self.d_loss(real_logits, fake_logits)
        penalty = self.d_penalty(real, fake, rng)
        (d_loss if penalty is None else d_loss + penalty).backward()
        optimiser.step()
        logs = {
            "d_loss": d_loss.detach(),
            "real_logits": real_logits.detach().mean(),
            "fake_logits": fake_logits.detach().mean(),
        }
        if self.boundary is not None:
            logs |= accuracies(real_logits, fake_logits, self.boundary)
        return logs if penalty is None else logs | {"d_penalty": penalty.detach()}


class AdversarialVariant(Discriminating):
    """A generator that starts from latents, against a discriminator: D on real and fake, then G through a frozen D.

    A subclass writes the two losses, and its optimisers where they are not one Adam each. One batch of fakes serves the
    last D update and the G update.
    """

    def build_optimisers(self) -> dict[str, torch.optim.Optimizer]:
        s = self.settings
        assert isinstance(s, AdamSettings)
        return {
            "g_optimiser": blocks.adam(self.generator.parameters(), s.lr, (s.beta1, s.beta2)),
            "d_optimiser": blocks.adam(self.discriminator.parameters(), s.lr * s.d_lr_ratio, (s.beta1, s.beta2)),
        }

    @abc.abstractmethod
    def g_loss(self, fake_logits: Tensor) -> Tensor: ...

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        """What the discriminator is given for images (B, C, H, W) and labels (B,)."""
        return images

    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        for real, asked in zip(reals[:-1], labels[:-1], strict=True):
            with torch.no_grad(), self.autocast():
                fake = self.generator(self.g_input(self.draw_z(len(real), rng), asked))
            self.update_d(self.d_input(real, asked), self.d_input(fake, asked), rng)
        real, asked = reals[-1], labels[-1]
        with self.autocast():
            fake = self.d_input(self.generator(self.g_input(self.draw_z(len(real), rng), asked)), asked)
        losses = self.update_d(self.d_input(real, asked), fake.detach(), rng)
        return losses | self.update_g(fake)

    def update_g(self, fake: Tensor) -> dict[str, Tensor]:
        """One step of the generator through the discriminator's view of its own images."""
        optimiser = self.optimisers["g_optimiser"]
        optimiser.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)  # its gradients are not wanted here, and cost a third of the pass
        with self.autocast():
            fake_logits = self.discriminator(fake)
        g_loss = self.g_loss(fake_logits.float())
        g_loss.backward()
        self.discriminator.requires_grad_(True)
        optimiser.step()
        self.average()
        return {"g_loss": g_loss.detach()}
