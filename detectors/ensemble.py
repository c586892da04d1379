"""The mean logit of several detectors.

Teams that do well in detection challenges average detectors that look at different things.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gan_bench.detectors import DETECTORS
from gan_bench.detectors.base import Detector

LIMIT = 10.0  # the logit of 0.99995


@DETECTORS.register
class Ensemble(Detector):
    """Averages the logits of other detectors, which are fitted before."""

    name = "ensemble"
    method = "mean logit of the other detectors of this run"
    combines = True

    members: Sequence[Detector] = ()

    def use_members(self, members: Sequence[Detector]) -> None:
        """The fitted detectors that are averaged; at least one."""
        self.members = tuple(members)

    def prepare(self, images: Tensor) -> Tensor:
        """uint8 images (N, C, H, W) -> float64 (N, M), the logits of the M members."""
        logits = [torch.from_numpy(member.score(member.prepare(images))) for member in self.members]
        return torch.stack(logits, dim=1)

    def fit(
        self, real: Tensor, fake: Tensor, validate_real: Tensor, validate_fake: Tensor, checkpoint: Path | None = None
    ) -> None:
        """Nothing is fitted."""

    def score(self, prepared: Tensor) -> np.ndarray:
        """float64 (N, M) -> the mean logits (N,). Raises ValueError as `mean_logits`."""
        return mean_logits(prepared.numpy().T)

    def state(self) -> dict[str, Tensor]:
        """Nothing: the members keep their own."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Raises ValueError where there is anything in it."""
        if state:
            raise ValueError(f"it holds {', '.join(sorted(state))}, but an ensemble keeps nothing.")


def mean_logits(logits: np.ndarray) -> np.ndarray:
    """Logits (M, N) of M detectors -> (N,), the mean of each image's logits, each of which is first cut to -10 .. 10.

    A mean of logits multiplies the odds. A detector that is far too sure, as one fitted on few images often is, would
    overrule all others with a logit of 40. The cut leaves every logit that can be believed as it is.

    Raises ValueError where there is no detector, or one has a logit that is not finite: it would decide alone.
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 2 or len(logits) == 0:
        raise ValueError(f"the logits of an ensemble must be a table of detectors and images, but have shape {logits.shape}.")

    bad = np.flatnonzero(~np.isfinite(logits).all(1))
    if bad.size:
        raise ValueError(f"member {bad[0] + 1} of {len(logits)} has logits that are NaN or infinite.")
    return logits.clip(-LIMIT, LIMIT).mean(0)
