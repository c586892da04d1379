"""What a variant is: its networks, its losses, its optimisers. The training loop knows none of them by name."""

from __future__ import annotations

import abc
import copy
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_bench.core.seeds import stream
from gan_bench.device import fast_precision, full_float32
from gan_bench.generators.settings import Settings
from gan_bench.images.convert import are_points
from gan_bench.records import FROM_LATENTS, PANELS

LOSSES, D_OUTPUT, D_ACCURACY = PANELS[:3]  # the panels of the training chart that a column may belong to


class Variant(abc.ABC):
    """A GAN recipe for images of one shape, on one device. The same seed always builds the same variant.

    A subclass states the class attributes below and writes `build`, `build_optimisers` and `train_step`. It overrides the
    other methods where it differs.

    name            what the command line calls it
    title           what the leaderboard calls it
    paper           authors and year
    task            what the generator starts from: one of gan_bench.records.TASKS
    conditional     whether `generate` follows the labels
    settings_type   the class of its settings
    paper_settings  the paper's own values of settings, where it has and states them; a text where a number would not tell
    short_budget    settings that differ from the paper's when a budget allows few updates; the module says why
    for_points      settings that differ where points are drawn; None: it draws only images
    averaged        the networks of whose weights `ema` keeps a running average
    critic          the name of the network that learns to tell its images from real ones; None: it has none
    inverse         the name of the network that leads from its images back to their sources; None: it was not trained both ways
    curves          each name that `train_step` may return -> the panel of the training chart that shows it
    sampler         the network that images are drawn from: the generator, or the running average of its weights
    """

    name: ClassVar[str]
    title: ClassVar[str]
    paper: ClassVar[str]
    task: ClassVar[str] = FROM_LATENTS
    conditional: ClassVar[bool] = False
    settings_type: ClassVar[type[Settings]] = Settings
    paper_settings: ClassVar[dict[str, Any]] = {}
    short_budget: ClassVar[dict[str, Any]] = {}
    for_points: ClassVar[dict[str, Any] | None] = None
    averaged: ClassVar[tuple[str, ...]] = ("generator",)
    critic: ClassVar[str | None] = None
    inverse: ClassVar[str | None] = None
    curves: ClassVar[dict[str, str]] = {}

    generator: nn.Module
    sampler: nn.Module

    def __init__(
        self, image_shape: tuple[int, int, int], n_classes: int, settings: Settings, *, seed: int, device: torch.device
    ) -> None:
        self.image_shape, self.n_classes, self.settings, self.device = image_shape, n_classes, settings, device
        with torch.random.fork_rng(devices=[]):  # layers draw their first weights from the global stream; leave it as it was
            torch.manual_seed(stream(seed, "weights").initial_seed())
            modules = self.build()

        if settings.ema:
            for name in self.averaged:
                modules[f"averaged_{name}"] = copy.deepcopy(modules[name]).requires_grad_(False)
        for name, module in modules.items():
            setattr(self, name, module.to(device).to(memory_format=torch.channels_last))
        self._modules = {name: getattr(self, name) for name in modules}
        self.sampler = self.shown("generator")
        self._n_averaged = 0

        self.optimisers = self.build_optimisers()
        for group in self._parameter_groups():
            group["initial_lr"] = group["lr"]

    def _parameter_groups(self) -> list[dict[str, Any]]:
        return [group for optimiser in self.optimisers.values() for group in optimiser.param_groups]

    def shown(self, name: str) -> nn.Module:
        """A network as its results are shown: the running average of its weights, or, without one, the network itself."""
        return self._modules.get(f"averaged_{name}", self._modules[name])

    @property
    def draws_points(self) -> bool:
        """Whether it draws points, images of one pixel, instead of images."""
        return are_points(self.image_shape)

    @property
    def precision(self) -> torch.dtype:
        """The type of matrix products and convolutions. Points need float32: bfloat16's 8 bits are coarser than a mode."""
        return torch.float32 if self.draws_points else fast_precision(self.device.type)

    @property
    def trained_against(self) -> tuple[str, ...]:
        """The names of the extractors that are part of its loss: metrics in their features flatter it."""
        return ()

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
        """The number of real batches that training step `step` takes."""
        return 1

    def phase(self, step: int) -> str:
        """The kind of training step `step`. Steps of one phase and one number of batches cost the same."""
        return ""

    @abc.abstractmethod
    def train_step(
        self, step: int, reals: Sequence[Tensor], labels: Sequence[Tensor], rng: torch.Generator
    ) -> dict[str, Tensor]:
        """Training step `step`, from 0, on `n_batches` real batches.

        reals   each (B, C, H, W) float in [-1, 1], channels_last, on the device
        labels  each (B,) int64
        rng     the step's own random stream, on the device
        returns scalars for the history by the names in `curves`, detached and still on the device
        """

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """The context in which networks are as they are outside training: batch norm uses its running statistics.

        They compute in full float32, and add in a fixed order.
        """
        for module in self._modules.values():
            module.eval()
        try:
            with full_float32():
                yield
        finally:
            for module in self._modules.values():
                module.train()

    def draw_z(self, n: int, rng: torch.Generator) -> Tensor:
        """Latents (n, z_dim), standard normal, on the device of `rng`."""
        return torch.randn(n, self.settings.z_dim, generator=rng, device=rng.device)

    def generate(self, z: Tensor, labels: Tensor) -> Tensor:
        """Latents (B, z_dim) and labels (B,) -> images (B, C, H, W) in [-1, 1]. An unconditional variant ignores labels."""
        return self.sampler(self.g_input(z, labels))

    def transform(self, sources: Tensor) -> Tensor:
        """For a task that starts from images: sources (B, C, h, w) -> images (B, C, H, W), both in [-1, 1]."""
        return self.sampler(sources)

    def way_back(self, images: Tensor) -> Tensor | None:
        """Images (B, C, H, W) -> the domain of their sources, both in [-1, 1], by `inverse`. None: there is none."""
        return None if self.inverse is None else self.shown(self.inverse)(images)

    def reconstruct(self, images: Tensor) -> Tensor | None:
        """Images (B, C, H, W) in [-1, 1] -> the same, encoded and decoded. None: it does not encode."""
        return None

    def realness(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) in [-1, 1] -> (B,): the critic's output, higher for real; its mean over a map of patches.

        Only for a variant that has a critic.
        """
        assert self.critic is not None
        return self.shown(self.critic)(self.critic_input(images)).reshape(len(images), -1).mean(1)

    def critic_input(self, images: Tensor) -> Tensor:
        """What the critic is given for single images (B, C, H, W) of unknown class."""
        return images

    def g_input(self, z: Tensor, labels: Tensor) -> Tensor:
        """What the generator is given for latents (B, z_dim) and labels (B,)."""
        return z

    @torch.no_grad()
    def average(self) -> None:
        """Add the weights of `averaged` to their running averages, if there are any. Call it after each update of G.

        The decay starts low, so that the first weights do not fill an average over few updates. Until it reaches `ema`, the
        last quarter of the updates makes most of the average, as in the polynomial-decay averaging of Shamir and Zhang (2013,
        arXiv 1212.1824).
        """
        if self.sampler is self.generator:
            return
        self._n_averaged += 1
        decay = min(self.settings.ema, self._n_averaged / (4 + self._n_averaged))
        for name in self.averaged:
            average, latest = self.shown(name), self._modules[name]
            torch._foreach_lerp_(list(average.parameters()), list(latest.parameters()), 1 - decay)
            for mine, theirs in zip(average.buffers(), latest.buffers(), strict=True):
                mine.copy_(theirs)

    def compile(self, **options: Any) -> None:
        """Compile the networks by torch.compile with its options; a variant leaves out what torch.compile cannot handle."""
        for module in self._modules.values():
            module.compile(**options)

    def anneal(self, share: float) -> None:
        """Set the learning rates for a step at which this share of the budget, 0 to 1, is spent."""
        if self.settings.decay:
            for group in self._parameter_groups():
                group["lr"] = group["initial_lr"] * min(1.0, max(0.0, 1 - share) / self.settings.decay)

    def gradient_norms(self) -> dict[str, Tensor]:
        """The norm of the last gradients of each optimiser's parameters, by name, such as "d_gradient"."""
        norms = {}
        for name, optimiser in self.optimisers.items():
            gradients = [p.grad for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
            if gradients:
                norms[f"{name.removesuffix('optimiser')}gradient"] = nn.utils.get_total_norm(gradients)
        return norms

    def state(self) -> dict[str, Any]:
        """Everything that training changes, as a dictionary of tensors and plain values."""
        parts = {**self._modules, **self.optimisers}
        return {"n_averaged": self._n_averaged} | {name: part.state_dict() for name, part in parts.items()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Set everything that training changes to what `state` gave."""
        self._n_averaged = state["n_averaged"]
        for name, part in {**self._modules, **self.optimisers}.items():
            part.load_state_dict(state[name])

    def parameter_counts(self) -> tuple[int, int]:
        """The numbers of weights (of the generator, of everything else that is trained)."""
        counts = {name: sum(p.numel() for p in module.parameters()) for name, module in self._modules.items()}
        trained = {name: n for name, n in counts.items() if not name.startswith("averaged_")}
        generator = trained.pop("generator")
        return generator, sum(trained.values())

    @classmethod
    def default_settings(cls, width: int, short: bool = False, points: bool = False) -> dict[str, Any]:
        """This variant's settings at a preset's width, as plain data.

        short   those for a budget of few updates
        points  those for drawing points, for any budget; only for a variant that has `for_points`
        """
        changes: dict[str, Any] | None = {}
        if points:
            changes = cls.for_points
        elif short:
            changes = cls.short_budget
        assert changes is not None
        return asdict(replace(cls.settings_type(width=width), **changes))
