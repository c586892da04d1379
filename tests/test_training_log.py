"""`gan-bench run --log tensorboard`: what the log holds, also of a training that was resumed, and that it changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gan_bench.cell import run_cell
from gan_bench.core import training_log
from gan_bench.core.errors import UserError
from gan_bench.core.training_log import TrainingLog, check_log
from gan_bench.datasets import DATASETS
from gan_bench.images.pictures import samples_picture
from gan_bench.run_folder import RunFolder
from tests.conftest import CPU
from tests.factories import cell_spec


def seen(folder: Path) -> Any:
    """A log as TensorBoard shows it, which hides what a resumed training has overtaken."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = accumulator.EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    return found.Reload()


def losses(folder: Path) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in seen(folder).Scalars("training/d_loss")]


def history(n: int, loss: float) -> list[dict[str, float]]:
    return [{"step": 20 * (i + 1), "d_loss": loss} for i in range(n)]


def blank(samples: Tensor) -> np.ndarray:
    return np.zeros((4, 4, 3), np.uint8)


def test_a_resumed_training_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    """Killed at step 60, it continues from a checkpoint at step 40; then another training begins in its place."""
    pytest.importorskip("tensorboard")
    strip = [torch.zeros(1)]
    killed = TrainingLog(tmp_path / "log", blank)
    for n in range(4):
        killed.update(20 * n, history(n, 1.0), strip)
    killed.close()
    assert losses(tmp_path / "log") == [(20, 1.0), (40, 1.0), (60, 1.0)]

    resumed = TrainingLog(tmp_path / "log", blank)
    for n in range(2, 5):
        resumed.update(20 * n, history(2, 1.0) + [{"step": 20 * (i + 1), "d_loss": 2.0} for i in range(2, n)], strip)
    resumed.close()
    assert losses(tmp_path / "log") == [(20, 1.0), (40, 1.0), (60, 2.0), (80, 2.0)]
    assert [event.step for event in seen(tmp_path / "log").Images("samples")] == [0]

    again = TrainingLog(tmp_path / "log", blank)
    again.update(0, [], strip)
    again.update(20, history(1, 3.0), strip)
    again.close()
    assert losses(tmp_path / "log") == [(20, 3.0)]


def test_a_logged_cell_is_the_same_cell(tmp_path: Path) -> None:
    """Its losses are those of its history, and a picture shows the start and each eighth."""
    pytest.importorskip("tensorboard")
    spec, run = cell_spec(), RunFolder(tmp_path / "run")
    plain = run_cell(spec, tmp_path / "plain", CPU)
    logged = run_cell(spec, run.cell(spec), CPU, log_folder=run.training_log(spec))
    assert logged.samples_digest == plain.samples_digest and logged.weights == plain.weights

    log = run.training_log(spec)
    assert log == tmp_path / "run" / "tensorboard" / "shapes" / "dcgan" / "seed-0"
    assert logged.cost is not None and losses(log)[-1][0] == logged.cost.steps
    assert seen(log).Images("samples")[0].step == 0 and not (tmp_path / "plain" / "tensorboard").exists()


def test_points_have_pictures_too() -> None:
    points = DATASETS.create("ring8").load("test").images[:50]
    picture = samples_picture(points, DATASETS.create("ring8").mixture)
    assert picture.ndim == 3 and picture.shape[2] == 3 and picture.std() > 0


def test_a_log_that_cannot_be_written_is_said_before_training(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="unknown log 'tensorbord'; did you mean 'tensorboard'"):
        check_log("tensorbord")
    monkeypatch.setattr(training_log, "find_spec", lambda _: None)
    with pytest.raises(
        UserError, match=r"needs the package tensorboard; install it with: pip install 'gan-bench\[tensorboard\]'"
    ):
        check_log("tensorboard")
