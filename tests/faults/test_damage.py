"""Files of a finished run that were damaged: the same command names them, and makes them again as they were."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gan_bench import judge, train
from gan_bench.records import CellRecord, read_record
from tests.conftest import Ended
from tests.faults.scene import arguments, assert_settled, values

CELL, ROW, JUDGE = "cells/shapes/dcgan/seed-0", "references/shapes/noise", "detectors/shapes/spectrum/seed-0"
FILES = [
    "plan.json", "deliveries/shapes/seed-0.parquet",
    *(f"{CELL}/{name}" for name in ("record.json", "generator.safetensors", "discriminator.safetensors", "samples.npz",
                                    "statistics.json", "history.csv")),
    *(f"{CELL}/{name}" for name in ("samples.png", "strip.png", "neighbours.png", "walk.png")),
    *(f"{ROW}/{name}" for name in ("record.json", "samples.npz", "samples.png", "statistics.json")),
    *(f"{JUDGE}/{name}" for name in ("record.json", "scores.parquet", "model-clean.safetensors", "model-hard.safetensors",
                                     "explained.png")),
]  # fmt: skip
PAGES = [
    "index.html",
    ".pages.json",
    "leaderboard.csv",
    "leaderboard.json",
    "assets/board.js",
    "charts/*.svg",
    "**/entries/*.html",
]
Run = Callable[..., Ended]


def flip(file: Path) -> None:
    """One bit in its middle."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def truncate(file: Path) -> None:
    """Its second half is gone."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    """Nothing is in it."""
    file.write_bytes(b"")


DAMAGES = [flip, truncate, empty, Path.unlink]
damages = pytest.mark.parametrize("damage", DAMAGES, ids=["flipped", "truncated", "emptied", "deleted"])


@pytest.fixture
def run(undisturbed: Path, tmp_path: Path) -> Path:
    """A copy of a finished run."""
    return Path(shutil.copytree(undisturbed, tmp_path / "run"))


def assert_made_again(run: Path, cli: Run, expected: object, *damaged: str) -> None:
    """The same command ends well, names what was damaged, and leaves what an undisturbed run leaves."""
    ended = cli(*arguments(run))
    assert ended.code == 0 and "Traceback" not in ended.stderr, ended.stderr
    assert all(Path(name).name in ended.stderr for name in damaged), ended.stderr
    assert values(run) == expected
    assert_settled(run)


@pytest.mark.parametrize("damage", [flip, pytest.param(empty, marks=pytest.mark.whole), Path.unlink])
def test_damaged_files_of_several_parts_are_made_again(run: Path, cli: Run, expected: object, damage: Callable) -> None:
    several = ("plan.json", f"{CELL}/walk.png", f"{ROW}/samples.npz", f"{JUDGE}/scores.parquet")
    for name in several:
        damage(run / name)
    assert_made_again(run, cli, expected, *([] if damage is Path.unlink else several[:1]), *several[1:])


@pytest.mark.whole
@pytest.mark.parametrize("name", FILES)
@damages
def test_a_damaged_file_is_made_again(run: Path, cli: Run, expected: object, name: str, damage: Callable) -> None:
    damage(run / name)
    is_silent = damage is Path.unlink and name.endswith(("plan.json", "record.json", ".parquet"))  # as if it had never been
    assert_made_again(run, cli, expected, *([] if is_silent and "scores" not in name else [name]))


@pytest.mark.whole
@pytest.mark.parametrize("pattern", PAGES)
@damages
def test_a_damaged_page_is_made_again(run: Path, cli: Run, expected: object, pattern: str, damage: Callable) -> None:
    pages = run / "leaderboard"
    before = {file: file.read_bytes() for file in pages.rglob("*") if file.is_file()}
    del before[pages / ".pages.json"]  # it tells of the folders that the pages were made of, and this is a copy
    damage(next(pages.glob(pattern)))
    assert_made_again(run, cli, expected)
    assert {file: file.read_bytes() for file in before} == before


@damages
def test_a_damaged_checkpoint_is_set_aside(run: Path, cli: Run, expected: object, damage: Callable, tmp_path: Path) -> None:
    """The cell starts anew, unless nothing is damaged: then the checkpoint that lies there is used."""
    record = run / CELL / "record.json"
    record.unlink()
    file = interrupted(run, cli)
    damage(file)
    ended = cli(*arguments(run))
    assert ended.code == 0 and values(run) == expected
    if damage is not Path.unlink:
        assert f"{file.name}.damaged" in ended.stderr.replace("\n", "") and file.with_name(f"{file.name}.damaged").exists()


def interrupted(run: Path, cli: Run) -> Path:
    """Train the cell until it has a checkpoint; returns that."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(train, "_save", killed_after(train._save))
        with pytest.raises(Killed):
            cli(*arguments(run))
    (found,) = (run / CELL).glob("checkpoint-*.pt")
    return found


def test_a_checkpoint_of_another_cell_is_set_aside(run: Path, cli: Run, expected: object) -> None:
    (run / CELL / "record.json").unlink()
    file = interrupted(run, cli)
    file.write_bytes(b"whatever torch.save wrote before there were seals")
    ended = cli(*arguments(run))
    assert ended.code == 0 and "it does not begin with a digest" in ended.stderr.replace("\n", " ")
    assert values(run) == expected


def test_the_checkpoint_of_a_finished_cell_is_removed(run: Path, cli: Run, expected: object) -> None:
    """A run that is killed just after it wrote the record leaves one."""
    record = read_record(run / CELL / "record.json", CellRecord)
    (run / CELL / f"checkpoint-{record.spec_hash[:12]}.pt").write_bytes(b"of the whole training")
    assert_made_again(run, cli, expected)


@pytest.mark.whole
def test_judges_whose_manifest_is_damaged_all_look_again_also_after_a_kill(run: Path, cli: Run) -> None:
    """Only the second one is audited here, with images of its own. The kill comes when the first one is done."""
    two = [argument.replace("spectrum", "npr,spectrum") for argument in arguments(run)]
    assert cli(*two).code == 0
    expected = values(run)

    flip(run / "deliveries/shapes/seed-0.parquet")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(judge, "write_record", killed_after(judge.write_record))
        with pytest.raises(Killed):
            cli(*two)
    assert cli(*two).code == 0 and values(run) == expected


class Killed(BaseException):
    """Like a signal that nothing handles."""


def killed_after(function: Callable) -> Callable:
    """The function, then the end of the process."""

    def call(*arguments: object) -> None:
        function(*arguments)
        raise Killed

    return call


def test_the_plan_tells_what_is_done_and_what_must_be_repaired_or_trained(run: Path, cli: Run) -> None:
    def told() -> list[str]:
        return [line.split()[-1] for line in cli(*arguments(run), "--dry-run").stdout.splitlines()[1:3]]

    assert told() == ["done", "done"]
    (run / CELL / "samples.png").unlink()
    assert told() == ["repair", "done"]
    (run / CELL / "generator.safetensors").unlink()
    assert told() == ["s", "done"]  # about so many seconds
