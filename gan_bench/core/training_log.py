"""The course of a training as TensorBoard reads it: losses and pictures of samples, by torch.utils.tensorboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from gan_bench.core.errors import UserError
from gan_bench.core.registry import suggest

TENSORBOARD = "tensorboard"
LOGS = (TENSORBOARD,)
GROUP = "training"  # what the names of all curves begin with


def check_log(name: str) -> None:
    """Raises UserError at a kind of log that does not exist, or that needs a package that is not installed."""
    if name not in LOGS:
        raise UserError(suggest(name, LOGS, "log"))
    if find_spec(name) is None:
        raise UserError(
            "--log tensorboard needs the package tensorboard; install it with: pip install 'gan-bench[tensorboard]'"
        )


class TrainingLog:
    """The log of one training in a folder of its own: at each call it gets what the training has gained since the last one.

    A training that is resumed goes on in the same folder, and TensorBoard hides what was written after the checkpoint.

    draw  samples -> a picture, uint8 (H, W, 3)
    """

    def __init__(self, folder: Path, draw: Callable[[Any], Any]) -> None:
        self.folder, self.draw = folder, draw
        self._writer: Any = None
        self._n_rows = self._n_strip = 0

    def update(self, step: int, history: Sequence[Mapping[str, float]], strip: Sequence[Any]) -> None:
        """Write what is new at this step of the training.

        history  a row for each so many steps: "step", and numbers by name
        strip    samples, as they came up in its course
        """
        if self._writer is None:
            self._open(step, len(history), len(strip))

        for row in history[self._n_rows :]:
            for name, value in row.items():
                if name != "step":
                    self._writer.add_scalar(f"{GROUP}/{name}", value, int(row["step"]))
        for samples in strip[self._n_strip :]:
            self._writer.add_image("samples", self.draw(samples), step, dataformats="HWC")
        self._n_rows, self._n_strip = len(history), len(strip)
        self._writer.flush()

    def close(self) -> None:
        """Close the file. A training that was finished before has none."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, step: int, n_rows: int, n_strip: int) -> None:
        from torch.utils.tensorboard import SummaryWriter  # torch: only where a training is logged

        if step == 0:
            shutil.rmtree(self.folder, ignore_errors=True)  # of an earlier training
        else:
            self._n_rows, self._n_strip = n_rows, n_strip
        self._writer = SummaryWriter(self.folder, purge_step=step + 1 if step else None)
