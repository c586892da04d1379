"""gan-bench: train GANs under fixed budgets, score them, detect them, rank them.

`import gan_bench` is cheap on purpose: torch is imported by the modules that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gan_bench.api import Array, Scores

__version__ = "0.1.0"

# Results with different values of this never share a table. Raise it when a rule, a metric, a dataset or an extractor changes.
BENCHMARK_VERSION = "0.1"


def score(
    images: Array,
    dataset: str,
    *,
    labels: Array | None = None,
    value_range: tuple[float, float] | None = None,
    budget: str = "quick",
    extractors: list[str] | None = None,
    metrics: list[str] | None = None,
    device: str = "auto",
) -> Scores:
    """Score images against a dataset's training split: {"fd_lite0@64_5k": 144.0, ...}; `.to_frame()` tells all.

    images       tensor or array (N, C, H, W) or (N, H, W, C), uint8, or float with `value_range`; of a dataset of points (N, 2)
    dataset      its name, or folder:PATH for anybody's images
    labels       the classes (N,) that the images were asked to be of, if they were
    value_range  what is black and what is white in float images, such as (-1, 1)
    budget       the preset whose number of reals to compare with
    extractors, metrics  by name; by default those of the dataset's suite

    The reals' side is computed once a process, so that a training loop may call this often. Raises UserError, a ValueError,
    on images or names that are none.
    """
    from gan_bench import api

    return api.score(
        images, dataset, labels=labels, value_range=value_range, budget=budget,
        extractors=extractors, metrics=metrics, device=device,
    )  # fmt: skip
