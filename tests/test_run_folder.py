"""Reading run folders: what is wrong becomes a sentence and hides nothing; links do not lead out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from gan_bench.core.errors import UserError
from gan_bench.gate.entries import of_run
from gan_bench.records import NEWER, SCHEMA_VERSION, CellRecord, Plan, TableRules, read_record, write_record
from gan_bench.run_folder import RECORD, RunFolder, read_runs
from gan_bench.suites import table_rules
from tests.boards import cell, metric

VARIANTS = ("cgan", "dcgan", "wgan")
GOES_ON = "the same `gan-bench run` command goes on."


def put(run: Path, variant: str) -> Path:
    """A finished cell in a run folder; returns its folder."""
    record = cell(variant, metric(10.0)).record
    assert isinstance(record, CellRecord)
    folder = RunFolder(run).cell(record.spec)
    write_record(folder / RECORD, record)
    (folder / "samples.png").write_bytes(b"a picture")
    return folder


def put_plan(run: Path, *variants: str, **fields: object) -> None:
    """The plan of a run of these variants."""
    run.mkdir(exist_ok=True)
    known = {"cells": tuple(cell(variant).record.spec for variant in variants), "references": (), "judges": (), "device": "cpu"}
    write_record(run / "plan.json", Plan.model_validate({**known, **fields}))


def edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def shown(run: Path) -> list[str]:
    return [result.record.spec.variant for result in read_runs([run]).results if isinstance(result.record, CellRecord)]


def test_a_finished_run_has_no_problems(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put_plan(tmp_path, *VARIANTS)
    folders = [put(tmp_path, variant) for variant in VARIANTS]
    runs = read_runs([tmp_path])
    assert runs.problems == [] and caplog.text == ""
    assert [result.files for result in runs.results] == [
        {"record": folder / RECORD, "samples": folder / "samples.png"} for folder in folders
    ]


@pytest.mark.parametrize(("done", "sentence"), [(1, "2 of 3 cells have no record"), (2, "1 of 3 cells has no record")])
def test_an_unfinished_run_says_how_much_is_missing(tmp_path: Path, done: int, sentence: str) -> None:
    put_plan(tmp_path, *VARIANTS)
    for variant in VARIANTS[:done]:
        put(tmp_path, variant)
    assert read_runs([tmp_path]).problems == [f"{tmp_path} is not finished: {sentence}; {GOES_ON}"]


def test_a_run_that_has_only_begun_is_no_error_but_where_records_are_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put_plan(tmp_path, *VARIANTS)
    sentence = f"{tmp_path} holds no records yet; {GOES_ON}"
    runs = read_runs([tmp_path])
    assert runs.results == [] and runs.problems == [sentence] and sentence in caplog.text
    with pytest.raises(UserError) as raised:
        of_run(tmp_path)
    assert str(raised.value) == sentence


def test_what_is_no_run_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    for folders, sentence in (
        ([], "no run folder given"),
        ([tmp_path], "holds no records; a run folder has cells/"),
        ([tmp_path / "absent"], "absent is not a folder"),
    ):
        with pytest.raises(UserError, match=sentence):
            read_runs(folders)


def test_a_broken_record_is_named_and_hides_nothing(tmp_path: Path) -> None:
    half, _ = put(tmp_path, "dcgan") / RECORD, put(tmp_path, "wgan")
    half.write_text(half.read_text()[:100])
    (problem,) = read_runs([tmp_path]).problems
    assert problem.startswith(f"{half} is not a CellRecord, since it is not JSON (")
    assert problem.endswith("; it is left out: the same `gan-bench run` command makes it anew.")
    assert shown(tmp_path) == ["wgan"]


def test_a_run_of_broken_records_alone_says_so_and_is_refused_where_records_are_needed(tmp_path: Path) -> None:
    (put(tmp_path, "dcgan") / RECORD).write_text("{}")
    runs = read_runs([tmp_path])
    assert runs.results == [] and "field environment: it is missing; it is left out" in runs.problems[0]
    with pytest.raises(UserError, match="field environment: it is missing"):
        of_run(tmp_path)


def test_a_record_of_a_future_schema_asks_for_an_update(tmp_path: Path) -> None:
    known, unknown = (put(tmp_path, variant) / RECORD for variant in ("dcgan", "wgan"))
    edit(known, schema_version=SCHEMA_VERSION + 1, mood="good", content_digest=None)
    edit(unknown, schema_version=SCHEMA_VERSION + 1, status="tired")
    first, second = read_runs([tmp_path]).problems
    assert "update gan-bench to see its fields mood, which this one does not know." in first and shown(tmp_path) == ["dcgan"]
    assert f"{NEWER}, with schema {SCHEMA_VERSION + 1}; it is left out: update gan-bench to read it." in second


def test_an_edited_record_is_shown_and_named(tmp_path: Path) -> None:
    file = put(tmp_path, "dcgan") / RECORD
    edit(file, title="Best")
    why = "its content_digest is not that of its content"
    tells = f"`gan-bench verify {tmp_path}` tells what of it still holds."
    assert read_runs([tmp_path]).problems == [f"{file} was edited since it was written: {why}; {tells}"]
    assert shown(tmp_path) == ["dcgan"]


def test_a_plan_that_cannot_be_read_is_named_and_hides_nothing(tmp_path: Path) -> None:
    put(tmp_path, "dcgan")
    (tmp_path / "plan.json").write_text("{}")
    (problem,) = read_runs([tmp_path]).problems
    assert "plan.json is not a Plan" in problem and "delete it and run the same command again" in problem
    assert shown(tmp_path) == ["dcgan"]


def test_links_out_of_the_run_folder_are_not_followed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    first, second = put(run, "dcgan"), put(run, "wgan")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (first / "strip.png").symlink_to(tmp_path / "secret.png")
    (first / "walk.png").symlink_to(Path("..", "..", "..", "..", "..", "secret.png"))
    (first / "rows.png").symlink_to(second / "samples.png")  # within the run
    (first / "classes.png").symlink_to(tmp_path / "absent.png")
    os.mkfifo(first / "neighbours.png")

    runs = read_runs([run])
    assert set(runs.results[0].files) == {"record", "samples", "rows"}
    assert runs.problems == [
        f"{run}: cells/cifar10/dcgan/seed-0/strip.png and 2 more are links to a place outside the run folder, and not "
        "followed; put a copy in place of the link.",
        f"{first / 'neighbours.png'} is no file that can be read, and not shown; remove it, and the same `gan-bench run` "
        "command makes it anew.",
    ]


def test_a_run_folder_may_itself_be_a_link_but_a_part_of_it_does_not_lead_out(tmp_path: Path) -> None:
    put(tmp_path / "far", "dcgan")
    (tmp_path / "near").symlink_to(tmp_path / "far")
    assert read_runs([tmp_path / "near"]).problems == []

    (tmp_path / "run").mkdir()
    (tmp_path / "run/cells").symlink_to(tmp_path / "far/cells")
    runs = read_runs([tmp_path / "run"])
    assert runs.results == [] and f"{tmp_path / 'run'}: cells is a link to a place outside" in runs.problems[0]


def test_the_rules_of_tables_are_those_of_the_plan_then_those_of_the_suites(tmp_path: Path) -> None:
    mine = TableRules("recall_raw")
    put_plan(tmp_path, "dcgan", rules={"shapes": mine, "mine": mine})
    rules = read_runs([tmp_path]).rules
    assert rules["shapes"] == rules["mine"] == mine and rules["mnist"] == table_rules()["mnist"]


def test_a_folder_given_twice_is_read_once(tmp_path: Path) -> None:
    put(tmp_path, "dcgan")
    assert len(read_runs([tmp_path, tmp_path]).results) == 1


def test_a_cell_of_schema_3_is_read(tmp_path: Path) -> None:
    file = put(tmp_path, "dcgan") / RECORD
    data = json.loads(file.read_text())
    for name in ("moments", "class_rows", "classed_by", "paper_settings", "source", "source_digest", "content_digest"):
        del data[name]
    file.write_text(json.dumps(data | {"schema_version": 3}))
    record = read_record(file, CellRecord)
    assert (record.moments, record.class_rows, record.source, record.schema_version) == ((), (), "", 3)
    assert read_runs([tmp_path]).problems == []
