"""`own-classifier`: a small network that is trained on the classes of a dataset, where none is shipped for it.

It has the layers of `mnist-cnn` and sees images of 32x32. It is trained once on the train split, on the CPU, about a minute on
two cores, and kept in the cache by the digest of what it was trained on; where the cache cannot be written, each command trains
it. Another machine trains another one: numbers by it are comparable where the digests in the records agree. Its accuracy on the
test split is in the records.
"""

from __future__ import annotations

import hashlib
import logging
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor, nn

from gan_bench.core import cache
from gan_bench.core.files import cache_folder
from gan_bench.core.progress import bar
from gan_bench.core.seeds import derive, stream
from gan_bench.core.tensors import load_digested, save_digested
from gan_bench.device import fast_precision
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor, Unavailable, classifier_input
from gan_bench.features.mnist_cnn import MnistCnn
from gan_bench.features.training import Labelled, Passes, accuracy, fit, shift
from gan_bench.images.convert import are_points

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset, LabelledImages, Split

log = logging.getLogger(__name__)
FEWEST = 10  # training images of a class
MOST = 50_000  # training images in all
SHOWN = 50_000  # images in all passes, about
RECIPE = "1"  # raise it when anything below changes what is trained


class Learnt(NamedTuple):
    """What a training gave: weights by name, and the share of the test images that get their class."""

    weights: dict[str, Tensor]
    accuracy: float

    @property
    def digest(self) -> str:
        """SHA-256 of both as a safetensors file."""
        return hashlib.sha256(save(self.weights, {"accuracy": repr(self.accuracy)})).hexdigest()


@EXTRACTORS.register
class OwnClassifier(Extractor):
    """128 features, and logits of the dataset's classes."""

    name = "own-classifier"
    learnt: Learnt | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights that `learn` made, and of their accuracy."""
        assert self.learnt is not None
        return self.learnt.digest

    def check(self, dataset: Dataset) -> None:
        """Raises Unavailable where there are no classes, or too few images of one."""
        if are_points(dataset.image_shape):
            raise Unavailable(f"{dataset.name} holds points")
        if not dataset.in_runs:
            raise Unavailable(f"{dataset.name} has no test split that would tell how well it learnt")
        if dataset.n_classes < 2:
            raise Unavailable(f"{dataset.name} has no classes")

        counts = dataset.open("train").labels.bincount(minlength=dataset.n_classes)
        if counts.min() < FEWEST:
            name = dataset.class_names[int(counts.argmin())]
            raise Unavailable(f"each class needs {FEWEST} training images at least, and {name!r} has {int(counts.min())}")

    def learn(self, dataset: Dataset) -> None:
        """Train, where nothing is kept. Raises Unavailable as `check` does."""
        self.check(dataset)
        train = dataset.load("train")
        self.classifies, (self.channels, *_), self.n_classes = dataset.name, dataset.image_shape, dataset.n_classes
        key = hashlib.sha256(f"{train.digest} {train.labels.tolist()} {RECIPE}".encode()).hexdigest()[:32]
        file = cache_folder() / "classifiers" / f"{key}.safetensors"
        with cache.locked(file.with_suffix(".lock")):
            self.learnt = cache.read(file, _kept, "training again") or self._train(dataset, train, file)
        self.accuracy = self.learnt.accuracy

    def load(self, device: torch.device) -> None:
        """Make the network ready on `device`. Raises Unavailable where it did not learn a dataset yet."""
        if self.learnt is None:
            raise Unavailable("it is trained on the classes of a dataset, when a run or a score needs it")
        net = MnistCnn(self.channels, self.n_classes)
        net.load_state_dict(self.learnt.weights)
        self.net = net.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 128) and logits (B, n_classes) of uint8 images."""
        features, logits = self.net(classifier_input(batch, self.channels))
        return features, logits

    def _train(self, dataset: Dataset, train: Split, file: Path) -> Learnt:
        lesson = _labelled(train.subset(MOST, dataset.name, self.name), self.channels)
        net = trained(lesson, self.n_classes, f"{dataset.name}: {self.name}")

        found = accuracy(net, _labelled(dataset.load("test"), self.channels))
        state = {name: value.contiguous() for name, value in net.state_dict().items()}
        cache.keep(file, lambda path: save_digested(path, state, {"accuracy": repr(found)}))
        log.info("%s: %s gives %.1f %% of the test images their class.", dataset.name, self.name, 100 * found)
        return Learnt(state, found)


def trained(lesson: Labelled, n_classes: int, title: str) -> nn.Module:
    """A network that was trained on images (N, C, 32, 32) and their labels, N at least 16; `title` names the progress bar."""
    n, generator = len(lesson.images), stream(0, "own-classifier", "passes")
    with torch.random.fork_rng(devices=[]):  # weights and dropout draw from the global stream
        torch.manual_seed(derive(0, "own-classifier"))
        net = MnistCnn(lesson.images.shape[1], n_classes).to(memory_format=torch.channels_last)
        optimiser = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
        optimiser.param_groups[0]["base_lr"] = 0.05

        epochs, batch = min(30, max(4, SHOWN // n)), min(128, max(16, n // 40))
        passes = Passes(epochs, batch, 0.0, _schedule, _augment, fast_precision("cpu"))
        with bar(title, total=epochs, unit="passes") as advance:
            fit(net, optimiser, passes, lesson, generator, lambda epoch, loss: advance(1))
    return net


def _schedule(progress: float) -> float:
    """Up over the first fifth of the training, then down to nearly 0."""
    return min(progress / 0.2, (1 - progress) / 0.8) + 1e-3


def _augment(images: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
    return shift(images, 2, generator, "replicate")


def _labelled(split: LabelledImages, channels: int) -> Labelled:
    return Labelled(torch.cat([classifier_input(batch, channels) for batch in split.images.split(1000)]), split.labels)


def _kept(file: Path) -> Learnt:
    """Raises as `load_digested` does."""
    weights, metadata = load_digested(file)
    return Learnt(weights, float(metadata["accuracy"]))
