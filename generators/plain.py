"""A user's GAN as a plain class, without anything of gan-bench: two networks and two losses.

    class MyGAN:
        def generator(self, image_shape, z_dim): ...      # -> nn.Module: z (B, z_dim) -> images (B, C, H, W) in [-1, 1]
        def discriminator(self, image_shape): ...         # -> nn.Module: images -> logits, (B,) or (B, ...)
        def d_loss(self, real_logits, fake_logits): ...   # -> a scalar
        def g_loss(self, fake_logits): ...                # -> a scalar

Each number, text or truth value that the class states is a setting, such as `lr = 1e-4`, `batch_size = 64` or one of its own:
`--set` changes it, and methods read it as `self.lr`. `name`, `title`, `paper` and `boundary` are as in `base.Variant` and
`adversarial.Discriminating`. All else is as in DCGAN: one Adam for each network, one update of D and one of G in a step, and
the settings of the budget that the class does not state. D sees reals and fakes in two passes, and all tensors are contiguous,
so that code from elsewhere works as it did there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, make_dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from gan_bench.core.own import Fault, located, place_of
from gan_bench.generators import points
from gan_bench.generators.adversarial import AdversarialVariant
from gan_bench.generators.dcgan import DCGAN
from gan_bench.generators.settings import AdamSettings, Settings

PARTS = ("generator", "discriminator", "d_loss", "g_loss")
LABELS = ("name", "title", "paper", "boundary")  # what a class may state that is no setting


class PlainVariant(AdversarialVariant):
    """A user's class with PARTS, in the form of a variant. `wrapped` makes the subclass for it.

    theirs  the class
    stated  the settings that it states
    place   where it begins, such as "my_gan.py:8"
    """

    short_budget = DCGAN.short_budget
    for_points = points.SETTINGS

    theirs: ClassVar[type[Any]]
    stated: ClassVar[dict[str, Any]]
    place: ClassVar[str]

    def __init__(
        self, image_shape: tuple[int, int, int], n_classes: int, settings: Settings, *, seed: int, device: torch.device
    ) -> None:
        self._user = self.theirs()
        for name in self.stated:
            setattr(self._user, name, getattr(settings, name))
        super().__init__(image_shape, n_classes, settings, seed=seed, device=device)

        for module in self._modules.values():
            module.to(memory_format=torch.contiguous_format)

    def build(self) -> dict[str, nn.Module]:
        """Their two networks. Raises Fault where a method returns something else."""
        return {
            "generator": self._network("generator", self.image_shape, self.settings.z_dim),
            "discriminator": self._network("discriminator", self.image_shape),
        }

    def d_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Theirs. Raises Fault where it is no scalar."""
        return self._loss("d_loss", real_logits, fake_logits)

    def g_loss(self, fake_logits: Tensor) -> Tensor:
        """Theirs. Raises Fault where it is no scalar."""
        return self._loss("g_loss", fake_logits)

    def d_input(self, images: Tensor, labels: Tensor) -> Tensor:
        """Images (B, C, H, W), contiguous: `view` is common in people's networks."""
        return images.contiguous()

    def critic_input(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W), contiguous."""
        return images.contiguous()

    def judged(self, real: Tensor, fake: Tensor) -> Sequence[Tensor]:
        """D's logits of two batches (B, C, H, W), in two passes: their batch norm must not mix reals and fakes.

        Raises Fault where they are not one row for each image.
        """
        place = self.at("discriminator")
        with located(place):  # layers of torch may fail without a line of theirs
            found = [self.discriminator(real), self.discriminator(fake)]

        for logits in found:
            if not isinstance(logits, Tensor) or logits.shape[:1] != real.shape[:1]:
                what = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
                raise Fault(f"of {len(real)} images the discriminator makes {what}, not one row of logits for each", place)
        return found

    @classmethod
    def default_settings(cls, width: int, short: bool = False, points: bool = False) -> dict[str, Any]:
        """DCGAN's at the preset, but what the class states is as it states it, at every budget."""
        return super().default_settings(width, short, points) | cls.stated

    @classmethod
    def at(cls, part: str) -> str:
        """Where one of PARTS begins, such as "my_gan.py:12"."""
        return place_of(getattr(cls.theirs, part), cls.place)

    def _network(self, part: str, *arguments: Any) -> nn.Module:
        made = getattr(self._user, part)(*arguments)
        if not isinstance(made, nn.Module):
            raise Fault(f"{part} returns a {type(made).__name__}, not an nn.Module", self.at(part))
        return made

    def _loss(self, part: str, *logits: Tensor) -> Tensor:
        loss = getattr(self._user, part)(*logits)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            what = f"a tensor of shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else f"a {type(loss).__name__}"
            raise Fault(f"{part} returns {what}, not a tensor with one number, such as a mean", self.at(part))
        return loss.reshape(())


def wrapped(theirs: type[Any], place: str) -> type[PlainVariant]:
    """The variant for a class with PARTS, which begins at `place`. Raises Fault at a setting of a wrong type."""
    stated = {name: _checked(name, value, place) for name, value in _stated(theirs).items()}
    fields = [(name, type(value), value) for name, value in stated.items()]
    labels = {"name": theirs.__name__.lower(), "title": theirs.__name__, "paper": "none"}
    attributes = {
        **labels, **{name: getattr(theirs, name) for name in LABELS if hasattr(theirs, name)},
        "settings_type": make_dataclass(f"{theirs.__name__}Settings", fields, bases=(AdamSettings,), frozen=True),
        "theirs": theirs, "place": place, "stated": stated, "__module__": theirs.__module__,
    }  # fmt: skip
    return type(theirs.__name__, (PlainVariant,), attributes)


def _stated(theirs: type[Any]) -> dict[str, Any]:
    """The settings that a class states, its bases included."""
    values = {name: getattr(theirs, name) for name in dir(theirs) if not name.startswith("_") and name not in LABELS}
    return {name: value for name, value in values.items() if isinstance(value, bool | int | float | str)}


def _checked(name: str, value: Any, place: str) -> Any:
    """A setting as it is kept: one that `AdamSettings` has too is of the same type."""
    like = asdict(AdamSettings(width=0)).get(name, value)
    if type(value) is type(like):
        return value
    if isinstance(like, float) and type(value) is int:
        return float(value)
    wanted = "a number" if isinstance(like, float) else "a whole number"
    raise Fault(f"{name} = {value!r} must be {wanted}", place)
