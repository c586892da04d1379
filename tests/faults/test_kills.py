"""Runs that are killed or told to stop, at any moment: the same command goes on and ends as if undisturbed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.faults.scene import COMMAND, Running, assert_settled, values

MOMENTS = [pytest.param(k, marks=pytest.mark.whole) for k in range(50)]
FEW = [pytest.param(k, marks=pytest.mark.whole) for k in range(8)]
LONG = [argument.replace("smoke,24steps", "2tflop") for argument in COMMAND]
GOES_ON = "the same command goes on from the last checkpoint"


@pytest.fixture(scope="session")
def duration(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds of a whole run in a process that has everything imported."""
    started = time.monotonic()
    code, stderr = Running(tmp_path_factory.mktemp("timed") / "run").ended()
    assert code == 0, stderr
    return time.monotonic() - started


def moment(k: int, n: int, duration: float) -> float:
    """One of n moments, which divide a run evenly, and a little at random."""
    return duration * (k + random.Random(k).random()) / n


def assert_goes_on(out: Path, expected: object, jobs: int = 1) -> None:
    """The same command ends well and as if undisturbed. What is there before it can be read."""
    for file in out.rglob("*.json"):
        json.loads(file.read_text())
    code, stderr = Running(out, jobs).ended()
    assert code == 0 and "Traceback" not in stderr, stderr
    assert values(out) == expected
    assert_settled(out)


@pytest.mark.parametrize("k", MOMENTS)
def test_a_killed_run_goes_on(tmp_path: Path, expected: object, duration: float, k: int) -> None:
    running = Running(tmp_path / "run")
    time.sleep(moment(k, len(MOMENTS), duration))
    if running.process.is_alive():
        running.send(signal.SIGKILL)
        assert running.ended()[0] in (-signal.SIGKILL, 0)  # it may have ended just now
    assert_goes_on(running.out, expected)


def test_a_run_killed_again_and_again_goes_on(tmp_path: Path, expected: object) -> None:
    """As soon as each kind of file has appeared."""
    cell = "cells/shapes/dcgan/seed-0"
    killed = 0
    for pattern in (
        f"{cell}/checkpoint-*.pt",
        f"{cell}/generator.safetensors",
        f"{cell}/record.json",
        "detectors/*/*/*/scores*",
    ):
        running = Running(tmp_path / "run")
        running.wait_for(pattern)
        if running.process.is_alive():
            running.send(signal.SIGKILL)
            killed += running.ended()[0] == -signal.SIGKILL
    assert killed >= 3  # one may pass too fast to be caught
    assert_goes_on(tmp_path / "run", expected)


@pytest.mark.whole
@pytest.mark.parametrize("k", FEW)
@pytest.mark.parametrize(("jobs", "undisturbed_values"), [(1, "expected"), (2, "expected_of_two")], ids=["1", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_stopped_run_says_so_and_goes_on(
    tmp_path: Path, request: pytest.FixtureRequest, duration: float,
    number: int, code: int, jobs: int, undisturbed_values: str, k: int,
) -> None:  # fmt: skip
    expected = request.getfixturevalue(undisturbed_values)
    running = Running(tmp_path / "run", jobs)
    running.wait_for("run.log")  # before it, the command is not yet listening
    time.sleep(moment(k, len(FEW), duration))
    if running.process.is_alive():
        running.send(number)
    ended, stderr = running.ended()
    assert ended in (code, 0) and "Traceback" not in stderr and "leaked" not in stderr, stderr
    assert ended == 0 or GOES_ON in stderr.replace("\n", " ")
    assert_goes_on(running.out, expected, jobs)


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.whole)])
def test_a_stopped_training_leaves_a_checkpoint(tmp_path: Path, number: int) -> None:
    """Two at a time. The first checkpoint would be due after 20 seconds."""
    process = start(tmp_path / "run")
    wait_for_training(process, tmp_path / "run")
    process.send_signal(number)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number and GOES_ON in stderr.replace("\n", " ")
    assert "Traceback" not in stderr and "leaked" not in stderr, stderr
    assert len(list(tmp_path.rglob("checkpoint-*.pt"))) == 2


def test_a_killed_worker_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    process = start(tmp_path / "run")
    workers = wait_for_training(process, tmp_path / "run")
    os.kill(workers[0], signal.SIGKILL)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 2 and "a worker process was killed from outside" in stderr.replace("\n", " ")
    assert "Traceback" not in stderr and not any(map(is_alive, workers))


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    process = start(tmp_path / "run")
    workers = wait_for_training(process, tmp_path / "run")
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while any(map(is_alive, workers)):
        assert time.monotonic() < deadline, "a worker outlived its parent"
        time.sleep(0.05)


def start(out: Path) -> subprocess.Popen:
    """A run of two long trainings at a time, as a shell starts it."""
    command = [sys.executable, "-m", "gan_bench", *LONG, "--jobs", "2", "--log", "tensorboard", "--out", str(out)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background jobs inherit it ignored
    )  # fmt: skip


def wait_for_training(process: subprocess.Popen, out: Path) -> list[int]:
    """Wait until two workers train, each of which opens its log first; returns them."""
    deadline = time.monotonic() + 120
    while len(list(out.glob("tensorboard/*/*/*/events*"))) < 2:
        assert process.poll() is None and time.monotonic() < deadline, "no two workers train"
        time.sleep(0.05)
    return workers_of(process)


def workers_of(process: subprocess.Popen) -> list[int]:
    """The worker processes of a run."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def is_alive(pid: int) -> bool:
    """Whether a process goes on; one that ended may still be listed."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
