"""Where a command cannot write: one sentence that says where, why and what to do, and nothing half-written is left."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gan_bench.core.errors import CannotWrite
from gan_bench.core.folders import added, replaced
from gan_bench.records import Plan, write_record
from gan_bench.run_folder import RECORD
from tests.boards import cell, metric
from tests.conftest import Ended

Cli = Callable[..., Ended]
FAULTS = {
    "full": (errno.ENOSPC, "the disk is full: {} cannot be written; free some space, and the same command goes on."),
    "read-only": (errno.EROFS, "{} cannot be written: its folder is read-only; once it is not, the same command goes on."),
    "failing": (errno.EIO, "{} cannot be written (Input/output error); once that is repaired, the same command goes on."),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with three seeds of one variant."""
    records = [cell("dcgan", metric(10.0 + seed), seed=seed, samples_digest=str(seed)).record for seed in range(3)]
    for record in records:
        write_record(tmp_path / f"run/cells/cifar10/dcgan/seed-{record.spec.seed}" / RECORD, record)
    plan = {"cells": [record.spec for record in records], "references": (), "judges": (), "device": "cpu"}
    write_record(tmp_path / "run/plan.json", Plan.model_validate(plan))
    return tmp_path / "run"


@pytest.fixture
def baseline(run: Path, cli: Cli) -> Path:
    path = run.parent / "baseline.json"
    assert cli("baseline", run, "--out", path).code == 0
    return path


def refuse_all(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From now on every write fails in the middle: a part of it is on the disk."""

    def failing(self: Path, data: bytes) -> int:
        with open(self, "wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(number, "a fault")

    monkeypatch.setattr(Path, "write_bytes", failing)


def said(ended: Ended) -> str:
    assert ended.code == 2, ended.stderr
    return " ".join(ended.stderr.strip().splitlines()[-1].split())


def files_in(folder: Path) -> set[Path]:
    return {file for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_disk_that_takes_nothing_is_one_sentence(
    run: Path, cli: Cli, baseline: Path, tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, sentence = FAULTS[fault]
    out, before = tmp_path / "out", files_in(tmp_path)
    refuse_all(monkeypatch, number)
    commands = {
        out / "b.json": ("baseline", run, "--out", out / "b.json"),
        out / "j.xml": ("check", run, "--baseline", baseline, "--junit", out / "j.xml"),
        out / "g.json": ("check", run, "--baseline", baseline, "--benchmark-json", out / "g.json"),
        out / "h.json": ("check", run, "--baseline", baseline, "--history", out / "h.json"),
        baseline: ("check", run, "--baseline", baseline, "--update-baseline"),
    }
    for file, command in commands.items():
        expected = sentence.format(file).replace("Input/output error", "a fault")
        assert said(cli(*command)) == f"gan-bench: {expected}", command
    assert "out/pages" in said(cli("leaderboard", run, "--out", out / "pages"))
    assert files_in(tmp_path) == before


def test_a_place_that_is_no_folder_or_a_folder_is_one_sentence(run: Path, cli: Cli, baseline: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    below, folder = tmp_path / "file" / "below", tmp_path / "folder"
    for command in (
        ("leaderboard", run, "--out", tmp_path / "file"), ("leaderboard", run, "--out", below),
        ("baseline", run, "--out", folder), ("baseline", run, "--out", below),
        ("check", run, "--baseline", baseline, "--junit", folder), ("check", run, "--baseline", baseline, "--history", folder),
        ("check", run, "--baseline", folder),
    ):  # fmt: skip
        sentence = said(cli(*command))
        assert sentence.startswith("gan-bench: ") and len(sentence) < 260 and str(command[-1]) in sentence, sentence
    assert (tmp_path / "file").read_text() == "mine" and list(folder.iterdir()) == []
    assert cli("baseline", run, "--out", tmp_path / "new/folder/b.json").code == 0


@pytest.mark.parametrize("text", ["", "[" * 10**6, "[1]", '[{"values": [{}]}]', '{"a": 1}', "\0", '[{"values": 3}]'])
def test_a_history_that_is_none_is_refused_and_kept(run: Path, cli: Cli, baseline: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "h.json").write_text(text)
    ended = cli("check", run, "--baseline", baseline, "--history", tmp_path / "h.json")
    assert said(ended).endswith("h.json is no history of checks (it holds something else); give another file.")
    assert (tmp_path / "h.json").read_text() == text


@pytest.mark.parametrize(
    "text", ["", "[" * 10**6, "[]", "null", '{"kind": "baseline"}', "\0", '{"created": ' + "9" * 5000 + "}"]
)
def test_a_baseline_that_is_none_is_one_sentence(run: Path, cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text)
    assert said(cli("check", run, "--baseline", tmp_path / "b.json")).startswith(
        f"gan-bench: the baseline {tmp_path}/b.json is "
    )


def test_a_summary_that_cannot_be_written_is_one_sentence(
    run: Path, cli: Cli, baseline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert f"{tmp_path} cannot be written (Is a directory)" in said(cli("check", run, "--baseline", baseline, "--github"))


def full(file: Path, mode: str, encoding: str) -> Any:
    """A file of a full disk: it is made, and takes nothing."""
    file.touch()
    return open("/dev/full", "w", encoding=encoding)


def test_a_template_on_a_full_disk_leaves_nothing(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gan_bench.cli.new.written", lambda *_: "x" * 10**6)
    monkeypatch.setattr("gan_bench.cli.new.open", full, raising=False)
    assert said(cli("new", "variant", "mine")).startswith("gan-bench: the disk is full: mine.py cannot be written")
    assert list(tmp_path.iterdir()) == []


def test_images_that_do_not_fit_on_the_disk_are_not_left_by_halves(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/old.png").write_bytes(b"mine")
    for folder in (tmp_path / "new", tmp_path / "mine"):
        with pytest.raises(CannotWrite, match=f"the disk is full: {folder} cannot be written"), added(folder) as aside:
            aside.mkdir(parents=True)
            (aside / "0.png").write_bytes(b"whole")
            raise OSError(errno.ENOSPC, "No space left on device")
    assert files_in(tmp_path) == {tmp_path / "mine/old.png"} and not (tmp_path / "new").exists()
    with added(tmp_path / "mine") as aside:
        (aside / "cat").mkdir(parents=True)
        (aside / "cat/0.png").write_bytes(b"whole")
    assert files_in(tmp_path) == {tmp_path / "mine/old.png", tmp_path / "mine/cat/0.png"}


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, older = tmp_path / "entry", tmp_path / "older"
    for folder in (target, older):
        folder.mkdir()
        (folder / "old").write_text(folder.name)
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, to: _refused() if self.name.endswith(".new") else rename(self, to))
    with pytest.raises(CannotWrite, match="entry cannot be written"), replaced(target, [older]) as aside:
        aside.mkdir()
    assert files_in(tmp_path) == {target / "old", older / "old"}

    monkeypatch.undo()
    with replaced(target, [older]) as aside:
        aside.mkdir()
        (aside / "new").write_text("new")
    assert files_in(tmp_path) == {target / "new"} and list(tmp_path.iterdir()) == [target]


def _refused() -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_what_verify_found_is_printed_where_it_cannot_be_kept(
    run: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refuse_all(monkeypatch, errno.EROFS)
    found = json.loads(cli("verify", run, "--json").stdout)
    assert found["findings"] and "What was found is printed only" in caplog.text and not (run / "verification.json").exists()
