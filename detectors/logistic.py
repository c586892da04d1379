"""Logistic regression on fixed features, for detectors that do not learn features; and charts of what these features are."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits
from torch import Tensor

from gan_bench.core.charts import COLOURS, STYLE, new_figure, save_figure
from gan_bench.detectors.base import Detector, in_batches
from gan_bench.detectors.evaluate import auroc
from gan_bench.device import full_float32
from gan_bench.records import Cue

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # inverse regularisation, strongest first
CONSTANT = 1e-6  # a feature whose deviation is a smaller part of its size does not vary: float32 rounds to about 1e-7
BATCH = 256
PANEL = 2.3, 1.6  # width and height of a panel in inches


class Head(NamedTuple):
    """A logit from features (D,): what each is shifted by and divided by, then its weight, all float64 (D,); and a bias ()."""

    mean: Tensor
    scale: Tensor
    weight: Tensor
    bias: Tensor

    @classmethod
    def blank(cls) -> Head:
        """Of no features: all logits are 0."""
        nothing = torch.zeros(0, dtype=torch.float64)
        return cls(nothing, nothing, nothing, torch.zeros((), dtype=torch.float64))

    def logits(self, features: Tensor) -> Tensor:
        """Features (N, D) -> logits (N,), in their precision and on their device."""
        mean, scale, weight, bias = (part.to(features) for part in self)
        return (features - mean) / scale @ weight + bias


class LogisticDetector(Detector):
    """Standardises features of each image, and fits a logistic regression to them.

    The regularisation strength with the highest validation AUROC is used; among equal ones, the strongest.
    Nothing here is random, so `seed` changes nothing.

    image_shape  (C, H, W) of the images that were prepared last, or of those that a loaded state was fitted on
    """

    head: Head
    image_shape: tuple[int, ...]

    @abc.abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> float (N, D)."""

    @abc.abstractmethod
    def feature_names(self, n: int) -> list[str]:
        """What each of the n features is, in words that complete "the weight of"; for images of `image_shape`."""

    def prepare(self, images: Tensor) -> Tensor:
        """uint8 images (N, C, H, W) -> their features, float32 (N, D) on the CPU."""
        self.image_shape = tuple(images.shape[1:])
        with full_float32():
            return in_batches(images, self.at_once, lambda batch: self.features(batch.to(self.device).float()).float())

    @property
    def at_once(self) -> int:
        """How many images `features` is given at a time."""
        return BATCH

    def fit(
        self, real: Tensor, fake: Tensor, validate_real: Tensor, validate_fake: Tensor, checkpoint: Path | None = None
    ) -> None:
        """Features (N, D) of each set: one regression for each strength, of which the best on the validation sets is kept."""
        best = -1.0
        for head in heads(torch.cat([real, fake]).numpy(), np.repeat([0, 1], [len(real), len(fake)])):
            found = auroc(_score(head, validate_real), _score(head, validate_fake))
            if found > best:
                best, self.head = found, head

    def score(self, prepared: Tensor) -> np.ndarray:
        """Features (N, D) -> float64 logits (N,)."""
        return _score(self.head, prepared)

    def logits(self, images: Tensor) -> Tensor:
        """float images (N, C, H, W) in 0..255 -> logits (N,); gradients are those of `features`."""
        if not self.differentiable:
            return super().logits(images)
        return self.head.logits(self.features(images))

    def cues(self, n: int) -> tuple[Cue, ...]:
        """The n features with the largest weights, for features of deviation 1; the largest first."""
        names = self.feature_names(len(self.head.weight))
        order = self.head.weight.abs().argsort(descending=True, stable=True)[:n]
        return tuple(Cue(feature=names[i], weight=float(self.head.weight[i])) for i in order)

    def state(self) -> dict[str, Tensor]:
        """The head, float64, and the shape of the images, int64 (3,)."""
        return {**self.head._asdict(), "image_shape": torch.tensor(self.image_shape)}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Raises ValueError where tensors are absent, have other shapes, or fit another number of features."""
        names = (*Head._fields, "image_shape")
        if set(state) != set(names):
            raise ValueError(f"it holds {', '.join(sorted(state)) or 'nothing'}, but {self.name} needs {', '.join(names)}.")

        head = Head(*(state[name].double() for name in Head._fields))
        shapes = [tuple(part.shape) for part in head]
        n = head.weight.numel()
        if shapes != [(n,), (n,), (n,), ()] or state["image_shape"].shape != (3,):
            raise ValueError(f"its tensors have the shapes {', '.join(map(str, shapes))}, which make no head.")

        self.image_shape = tuple(state["image_shape"].tolist())
        if n != (expected := len(self.feature_names(n))):
            size = " x ".join(map(str, self.image_shape))
            raise ValueError(f"it holds {n} weights, but {self.name} has {expected} features of images of {size}.")
        self.head = head


def heads(features: np.ndarray, is_fake: np.ndarray) -> Iterator[Head]:
    """A head for each strength, fitted to features (N, D) and labels (N,), 0 or 1; both classes have the same weight.

    Each fit starts from the one before, whose weights are smaller.
    """
    mean = features.mean(0, dtype=np.float64)
    scale = features.std(0, dtype=np.float64)
    scale[scale <= CONSTANT * np.maximum(1, np.abs(mean))] = 1
    standard = ((features - mean.astype(np.float32)) / scale.astype(np.float32)).astype(np.float32)

    regression = LogisticRegression(class_weight="balanced", warm_start=True, max_iter=200, tol=1e-3)
    for strength in STRENGTHS:
        # The solver's products are small, so threads would mostly wait for each other. And with one thread the result
        # cannot depend on the number of cores.
        with threadpool_limits(1, user_api="blas"):
            regression.set_params(C=strength).fit(standard, is_fake)
        parts = mean, scale, regression.coef_[0], regression.intercept_[0]
        yield Head(*(torch.tensor(part, dtype=torch.float64) for part in parts))


def _score(head: Head, features: Tensor) -> np.ndarray:
    return head.logits(features.double()).numpy()


class Curves(NamedTuple):
    """What a panel compares: (X,) of the reals and of the fakes."""

    real: Tensor
    fake: Tensor


class Axis(NamedTuple):
    """What all panels have in common. `shares`: y is a share, shown in percent on a logarithmic axis."""

    x: Tensor
    x_label: str
    y_label: str
    shares: bool = False


def draw_curves(panels: Mapping[str, Curves], axis: Axis, path: Path, columns: int = 3) -> None:
    """A panel for each title, in rows: the curve of the reals and that of the fakes. Writes a PNG."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    with matplotlib.rc_context(STYLE):
        figure = new_figure(PANEL[0] * columns + 0.4, PANEL[1] * rows + 0.7)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
        for axes, (title, curves) in zip(grid, panels.items(), strict=False):
            axes.plot(axis.x, curves.real, color=COLOURS[0], linewidth=1.0, label="reals")
            axes.plot(axis.x, curves.fake, color=COLOURS[1], linewidth=1.0, label="fakes")
            axes.set_title(title, fontsize=9.5)
            axes.grid()
        if axis.shares:
            _show_shares(grid[0])
        for axes in grid[len(panels) :]:
            axes.set_axis_off()

        figure.supxlabel(axis.x_label, fontsize=9.5)
        figure.supylabel(axis.y_label, fontsize=9.5)
        figure.legend(*grid[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, frameon=False)
        save_figure(figure, path)


def _show_shares(axes: Axes) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.6g} %")  # powers of ten would need mathematical text
    axes.yaxis.set_minor_formatter(NullFormatter())
