"""What Python callers use: scores of images from within any program, such as a training loop."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from torch import Tensor

from gan_bench.budget import parse_preset
from gan_bench.core.remarks import once_each, to_log
from gan_bench.device import pick
from gan_bench.external import check_scored
from gan_bench.images.arrays import Range, checked_labels, joined
from gan_bench.images.fit import fit_array, tell_oddities
from gan_bench.records import MetricValue, ScoreSpec
from gan_bench.scorer import scorer_for
from gan_bench.settings import measured_by

log = logging.getLogger(__name__)
Array = Tensor | np.ndarray
Images = Array | Sequence[Array]
NOT_IN_NAMES = re.compile(r"[^\w./-]")  # characters that MLflow refuses or TensorBoard changes in the name of a number


class Scores(Mapping[str, float]):
    """Values by name, such as scores["fd_lite0@64_5k"]; only those that could be computed."""

    def __init__(self, records: list[MetricValue]) -> None:
        self.records = tuple(records)
        self._values = {m.name: m.value for m in records if m.value is not None}

    def __getitem__(self, name: str) -> float:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Scores({', '.join(f'{name}={value:.4g}' for name, value in self._values.items())})"

    def to_dict(self, prefix: str = "", counts: bool = True) -> dict[str, float]:
        """Plain numbers for TensorBoard, W&B or MLflow: {"eval/fd_lite0-64_5k": 144.0}. All of these accept the names, where
        "@" is "-".

        counts  whether names have the number of images, without which two numbers of one name may not be comparable
        """
        named = {m: m.name if counts else m.bare_name for m in self.records}
        return {NOT_IN_NAMES.sub("-", prefix + name): m.value for m, name in named.items() if m.value is not None}

    def to_frame(self) -> pd.DataFrame:
        """One row for each number, also for those that could not be computed: value, interval, counts, and the reason."""
        rows = []
        for record in self.records:
            low, high = (record.interval.low, record.interval.high) if record.interval else (None, None)
            rows.append({**record.model_dump(exclude={"interval"}), "low": low, "high": high})
        return pd.DataFrame(rows).set_index("name")


class Scorer:
    """Scores images against a dataset's training split, as often as a training loop likes: the reals' side is computed once.

        scorer = gan_bench.Scorer("cifar10", metrics=["fd", "pr"], value_range=(-1, 1))
        for step in ...:
            run.log(scorer(fakes).to_dict(prefix="eval/"), step=step)

    What looks odd about images, such as another range of values, is logged: each kind of remark once.
    """

    def __init__(
        self,
        dataset: str,
        *,
        metrics: Sequence[str] | None = None,
        extractors: Sequence[str] | None = None,
        value_range: Range | None = None,
        budget: str = "quick",
        device: str = "auto",
        strict: bool = False,
    ) -> None:
        """What to compare with, and by what.

        dataset      its name, or folder:PATH for a folder of images
        extractors, metrics  by name, or "all" among them; by default those of the dataset's suite
        value_range  what is black and what is white in float images, such as (-1, 1)
        budget       the preset whose number of reals to compare with
        device       where features are computed
        strict       whether an extractor without weights is an error

        Raises UserError, a ValueError, at unknown names and where the dataset cannot be had.
        """
        preset = parse_preset(budget)
        by_extractors, by_metrics = measured_by(dataset, extractors, metrics)
        spec = ScoreSpec(
            dataset=dataset, preset=preset.name, n_fake=preset.n_fake, n_real=preset.n_real,
            extractors=by_extractors, metrics=by_metrics,
        )  # fmt: skip
        self.value_range = value_range
        self._scorer = scorer_for(spec, pick(device), strict)
        self._tell = once_each(to_log(log))

    def __call__(self, images: Images, labels: Array | Sequence[int] | None = None) -> Scores:
        """The same as `score`."""
        return self.score(images, labels)

    def score(self, images: Images, labels: Array | Sequence[int] | None = None) -> Scores:
        """{"fd_lite0@64_5k": 144.0, ...}; `.to_dict()` is for loggers, `.to_frame()` tells all.

        images  tensor or array (N, C, H, W) or (N, H, W, C), uint8, or float with `value_range`; of a dataset of points (N, 2);
                or a list of these, or of single images. A tensor stays on its device
        labels  the classes (N,) that the images were asked to be of, if they were

        Raises UserError, a ValueError, at images that cannot be scored.
        """
        target = self._scorer.dataset
        fitted = fit_array(joined(images), target, self.value_range, self._tell_of_images)
        asked = None if labels is None else checked_labels(labels, len(fitted), target.n_classes)

        tell_oddities(fitted, self._scorer.real.images, self._tell_of_images)
        found = self._scorer.score(fitted, "images", asked, tell=self._tell)
        check_scored(found, len(fitted), self._scorer, labels is not None)
        return Scores(found)

    def _tell_of_images(self, level: int, sentence: str) -> None:
        self._tell(level, f"images: {sentence}")


def score(
    images: Images,
    dataset: str,
    *,
    labels: Array | Sequence[int] | None = None,
    value_range: Range | None = None,
    budget: str = "quick",
    extractors: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    device: str = "auto",
) -> Scores:
    """Score images once; the arguments are those of `Scorer` and of its `score`. Raises UserError as they do.

    The reals' side is kept for the next call with the same dataset, metrics and extractors.
    """
    scorer = Scorer(
        dataset, metrics=metrics, extractors=extractors, value_range=value_range, budget=budget, device=device
    )  # fmt: skip
    return scorer.score(images, labels)
