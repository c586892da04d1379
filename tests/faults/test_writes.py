"""Disks that are full, fail or are read-only, at every file that a run writes: one sentence, and the same command goes on."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Ended
from tests.faults.scene import arguments, assert_settled, values

SAID = {errno.ENOSPC: "the disk is full: ", errno.EIO: "(Input/output error)", errno.EROFS: "is read-only"}
SOME = ("plan.json", "checkpoint-", "generator.safetensors", "record.json", "scores.parquet", "index.html")
Run = Callable[..., Ended]


class Disk:
    """Lets each file be written, but fails once at each: half of it was written then.

    number  the error
    names   only files whose names begin with one of these fail
    """

    def __init__(self, number: int, names: tuple[str, ...]) -> None:
        self.number, self.names = number, names
        self.failed: list[Path] = []
        self._replace = Path.replace

    def replace(self, written: Path, target: Path) -> Path:
        """In place of Path.replace, by which `atomic_path` puts a file in its place."""
        target = Path(target)
        if target in self.failed or not target.name.startswith(self.names):
            return self._replace(written, target)
        self.failed.append(target)
        os.truncate(written, written.stat().st_size // 2)
        raise OSError(self.number, os.strerror(self.number), str(written))


def assert_goes_on_after_each_failure(out: Path, cli: Run, expected: object, disk: Disk) -> int:
    """The command until it succeeds; returns how often it failed, with one sentence each time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", lambda written, target: disk.replace(written, target))
        while (ended := cli(*arguments(out))).code != 0:
            said = [line for line in ended.stderr.splitlines() if line.startswith("gan-bench: ")]
            assert ended.code == 2 and "Traceback" not in ended.stderr and len(disk.failed) < 500, ended.stderr
            assert len(said) == 1 and SAID[disk.number] in said[0] and said[0].endswith("the same command goes on."), said
            assert disk.failed[-1].name in said[0]
            for file in out.rglob("*.json"):
                json.loads(file.read_text())

    assert values(out) == expected
    assert_settled(out)
    return len(disk.failed)


def test_a_run_goes_on_when_the_full_disk_has_room_again(tmp_path: Path, cli: Run, expected: object) -> None:
    assert assert_goes_on_after_each_failure(tmp_path / "run", cli, expected, Disk(errno.ENOSPC, SOME)) > len(SOME)


@pytest.mark.whole
@pytest.mark.parametrize("number", list(SAID), ids=["full", "failing", "read-only"])
def test_a_run_goes_on_after_a_failure_at_each_file(tmp_path: Path, cli: Run, expected: object, number: int) -> None:
    assert assert_goes_on_after_each_failure(tmp_path / "run", cli, expected, Disk(number, ("",))) > 50


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 700 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_too_small_a_disk_is_told_before_the_training(small_disk: Path, cli: Run) -> None:
    ended = cli(*arguments(small_disk / "run"))
    assert ended.code == 2 and "MB free, and this run needs about" in ended.stderr
    assert not (small_disk / "run/cells").exists()


def test_a_disk_that_fills_up_ends_the_run_with_a_sentence(
    small_disk: Path, cli: Run, expected: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For real. The same command goes on when there is room."""
    monkeypatch.setattr("gan_bench.run.check_room", lambda *_: None)
    ended = cli(*arguments(small_disk / "run"))
    assert ended.code == 2 and "gan-bench: the disk is full: " in ended.stderr and "Traceback" not in ended.stderr
    subprocess.run(["mount", "-o", "remount,size=50m", small_disk], check=True)
    assert cli(*arguments(small_disk / "run")).code == 0
    assert values(small_disk / "run") == expected
