"""Whatever happens to a file of a run folder: commands go on with the rest, and name it. Links out of it are not followed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gan_bench import leaderboard
from gan_bench.core.digests import sha256_of
from gan_bench.records import AnyRecord, CellRecord, Plan, Statistics, read_record, write_record
from gan_bench.run_folder import RECORD, RunFolder, read_runs
from tests.boards import attack, attacks, cell, detection, judge, metric, png, reference
from tests.conftest import Ended

Cli = Callable[..., Ended]
CELL, ROW, JUDGE = "cells/shapes/dcgan/seed-0", "references/shapes/real", "detectors/shapes/dct/seed-0"
LEVELS = Statistics(n=4, levels=(1 / 256,) * 256, spectrum=(1.0, 2.0), classes=(("cat", 0.5), ("dog", 0.5)), classifier="c")


def of_shapes(record: AnyRecord) -> AnyRecord:
    return record.model_copy(update={"spec": record.spec.model_copy(update={"dataset": "shapes"})})


def put(folder: Path, record: AnyRecord, *pictures: str) -> None:
    """A record with pictures and statistics beside it."""
    write_record(folder / RECORD, record)
    for name in pictures:
        (folder / name).write_bytes(png(f"{folder} {name}"))
    if not isinstance(record, type(attacks().record)):
        write_record(folder / "statistics.json", LEVELS)


def made_up(folder: Path) -> Path:
    """A small run with every kind of file that the pages are made of."""
    run, specs = RunFolder(folder), []
    for variant in ("dcgan", "wgan"):
        found = cell(
            variant, metric(10.0), dataset="shapes", curves={"g_loss": "Losses"}, moments=(0.0, 4.0), samples_digest="d"
        )
        specs.append(found.record.spec)
        place = run.cell_of("shapes", variant, 0)
        put(place, found.record, "samples.png", "strip.png")
        (place / "history.csv").write_text("step,kimg,g_loss\n1,0.1,3\n2,0.2,2\n")
    put(folder / ROW, of_shapes(reference("real", metric(1.0)).record), "samples.png")

    all_seen = detection("seen", "all", 0.9, tier="web")
    judged = judge("dct", {("leave-one-out", "dcgan"): 0.8}, all_seen, explained="What it sees.", models={"web": "d"})
    put(folder / JUDGE, of_shapes(judged.record), "explained.png")
    (folder / JUDGE / "scores.parquet").write_bytes(b"PAR1")
    (folder / JUDGE / "model-web.safetensors").write_bytes(b"a model")
    put(folder / "attacks/shapes/seed-0", of_shapes(attacks(attack("evasion", "dct", "dct", 1, 0.5)).record))
    write_record(run.plan, Plan.model_validate({"cells": specs, "references": (), "judges": (), "device": "cpu"}))
    run.verification.write_text("{}")
    return folder


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def folded(file: Path) -> None:
    file.unlink()
    (file / "inside").mkdir(parents=True)


def linked(target: str) -> Callable[[Path], None]:
    def damage(file: Path) -> None:
        file.unlink()
        file.symlink_to(target)

    return damage


def piped(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def swollen(file: Path) -> None:
    with open(file, "r+b") as opened:
        opened.truncate(100 * 2**20)  # a file with a hole: it takes no room


DAMAGES: dict[str, Callable[[Path], None]] = {
    "emptied": lambda file: file.write_bytes(b"") and None, "halved": halved, "swollen": swollen,
    "other bytes": lambda file: file.write_bytes(bytes(range(256))) and None,
    "a bomb": lambda file: file.write_text("[" * 10**6) and None, "a folder": folded, "a pipe": piped,
    "a link to nowhere": linked("nowhere"), "a link to itself": linked("record.json"), "a link out": linked("/etc/hostname"),
}  # fmt: skip
BESIDE = (
    f"{CELL}/statistics.json", f"{CELL}/history.csv", f"{CELL}/samples.png", f"{CELL}/strip.png", f"{JUDGE}/explained.png",
    f"{ROW}/{RECORD}", "attacks/shapes/seed-0/record.json", "plan.json", "verification.json",
)  # fmt: skip
RECORDS = (f"{CELL}/{RECORD}", f"{JUDGE}/{RECORD}")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made-up run with its page, whose charts need not be drawn again."""
    run = made_up(tmp_path_factory.mktemp("whole") / "run")
    found = read_runs([run])
    leaderboard.build(found.results, run / "leaderboard", found.rules, found.problems, found.suites)
    return run


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Iterator[Path]:
    yield shutil.copytree(whole, tmp_path / "run")


def one_sentence(ended: Ended) -> bool:
    """Whether a command that was refused says why in one line."""
    return ended.code == 2 and ended.stderr.strip().splitlines()[-1].startswith("gan-bench: ")


# Damage


@pytest.mark.parametrize("files", [BESIDE, RECORDS], ids=["beside", "records"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_named_on_the_page_and_in_the_log_and_hides_nothing(
    run: Path, cli: Cli, damage: str, files: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    for file in files:
        DAMAGES[damage](run / file)
    assert cli("leaderboard", run).code == 0
    page, log = (run / "leaderboard/index.html").read_text(), caplog.text
    front = page[page.index("What is missing here") :]
    if damage == "a link out":  # these share one sentence
        assert f"and {len(files) - 1} more are links" in front and "more are links" in log
    else:
        assert [file for file in files if file not in front or file not in log] == []

    assert "wgan" in (run / "leaderboard/shapes_quick_0.3/index.html").read_text()
    assert cli("compare", run, run).code == cli("baseline", run, "--out", run / "b.json").code == 0


@pytest.mark.parametrize("damage", ["halved", "a folder", "a pipe", "a link to nowhere"])
def test_what_is_damaged_differs_for_verify_and_is_refused_by_detect(run: Path, cli: Cli, tmp_path: Path, damage: str) -> None:
    (tmp_path / "one.png").write_bytes(png("one"))
    for file in (f"{JUDGE}/scores.parquet", f"{JUDGE}/model-web.safetensors", f"{CELL}/{RECORD}"):
        DAMAGES[damage](run / file)
    ended = cli("verify", run, "--json")
    found = {(one["file"], one["what"]) for one in json.loads(ended.stdout)["findings"]}
    names = ["model-web.safetensors", "scores.parquet"]
    told = [", ".join(names)] if damage == "a pipe" else names
    expected = {(f"{CELL}/{RECORD}", "the record"), *((f"{JUDGE}/{RECORD}", what) for what in told)}
    assert ended.code == 1 and expected <= found
    assert one_sentence(cli("detect", tmp_path / "one.png", "--run", run))


def test_a_page_that_is_shown_again_tells_again_what_it_cannot_show(
    run: Path, cli: Cli, caplog: pytest.LogCaptureFixture
) -> None:
    (run / CELL / "history.csv").write_bytes(b"")
    for _ in range(2):
        caplog.clear()
        assert cli("leaderboard", run).code == 0
        assert "history.csv is damaged (it is empty), so it is not shown; the same `gan-bench run` command" in caplog.text


@pytest.mark.parametrize(
    "edit",
    [{"levels": (0.5,)}, {"levels": (1e308,) * 256}, {"spectrum": (1e308,)}, {"classes": (("cat", -1.0),)},
     {"points": ((1.0,),)}, {"centres": ((0.0, 0.0),)}, {"spectrum": (float("nan"),)}],
)  # fmt: skip
def test_statistics_that_cannot_be_are_named(run: Path, cli: Cli, edit: dict[str, object]) -> None:
    write_record(run / CELL / "statistics.json", LEVELS.model_copy(update=edit))
    assert cli("leaderboard", run).code == 0
    assert f"{CELL}/statistics.json is not a Statistics" in (run / "leaderboard/index.html").read_text()


def test_a_file_that_is_gone_or_another_than_the_record_says_is_named_and_not_shown(run: Path, cli: Cli) -> None:
    folder = run / CELL
    names = ("history.csv", "samples.png", "strip.png")
    record = read_record(folder / RECORD, CellRecord)
    write_record(folder / RECORD, record.model_copy(update={"files": {name: sha256_of(folder / name) for name in names}}))
    assert read_runs([run]).problems[1:] == []  # verification.json is damaged in this run

    (folder / "history.csv").write_text("step,kimg,g_loss\n1,0.1,3\n2,0.2,1\n")  # another last digit
    (folder / "samples.png").write_bytes(png("another"))
    (folder / "strip.png").unlink()
    problems, anew = read_runs([run]).problems[1:], "the same `gan-bench run` command makes it anew."
    assert problems == [
        f"{folder / 'history.csv'} is not as it was written, so it is not shown; {anew}",
        f"{folder / 'samples.png'} is not as it was written, so it is not shown; {anew}",
        f"{folder / 'strip.png'} is not there; {anew}",
    ]


def test_statistics_of_other_images_are_not_compared(run: Path, cli: Cli) -> None:
    write_record(run / CELL / "statistics.json", LEVELS.model_copy(update={"spectrum": (1.0, 2.0, 3.0)}))
    assert cli("leaderboard", run).code == 0


# The page's own files


@pytest.mark.parametrize("damage", ["emptied", "other bytes", "a bomb", "a folder", "a pipe", "a link to itself"])
def test_the_pages_own_files_are_made_anew(run: Path, cli: Cli, damage: str) -> None:
    assert cli("leaderboard", run).code == 0
    pages = run / "leaderboard"
    files = ["index.html", "leaderboard.csv", "picture.png", "assets/board.js"]
    files += [f"charts/{next((pages / 'charts').glob('*.svg')).name}", "shapes_quick_0.3/entries/dcgan.html"]
    before = {file: (pages / file).read_bytes() for file in files}
    for file in [".pages.json", *files]:
        DAMAGES[damage](pages / file)
    assert cli("leaderboard", run).code == 0
    assert json.loads((pages / ".pages.json").read_text())["files"].keys() >= {"index.html", "picture.png"}
    for file, content in before.items():
        if not file.startswith("charts/"):  # a folder there costs time at the next build, and nothing else
            assert (pages / file).read_bytes() == content, file


def test_a_file_in_the_place_of_a_folder_of_pages_is_set_aside(run: Path, cli: Cli) -> None:
    shutil.rmtree(run / "leaderboard/assets")
    (run / "leaderboard/assets").write_text("mine")
    assert cli("leaderboard", run).code == 0
    assert (run / "leaderboard/assets/board.js").is_file() and (run / "leaderboard/assets.damaged").read_text() == "mine"


# Links


@pytest.mark.parametrize("place", ["", "cells", "cells/shapes", "cells/shapes/dcgan", CELL, f"{CELL}/{RECORD}"])
def test_no_command_follows_a_link_out_of_a_run(run: Path, cli: Cli, tmp_path: Path, place: str) -> None:
    """But the run folder itself may be one: "" stands for it."""
    (run / CELL / RECORD).write_text((run / CELL / RECORD).read_text().replace('"title": ""', '"title": "Secret title"'))
    (run / CELL / "generator.safetensors").write_bytes(b"weights")
    (run / place).rename(tmp_path / "outside")
    (run / place).symlink_to(tmp_path / "outside")

    assert cli("leaderboard", run).code == 0
    shown = "Secret title" in (run / "leaderboard/leaderboard.json").read_text() + "".join(
        file.read_text() for file in (run / "leaderboard").rglob("*.html")
    )
    verified, sampled = cli("verify", run), cli("sample", run / CELL)
    assert shown == (place == "") and ("not followed" in verified.stdout) == (place != "")
    assert sampled.code == 2 and ("and not followed" in sampled.stderr) == (place != "")


@pytest.mark.parametrize("name", ["model-web.safetensors", RECORD])
def test_a_detector_is_not_read_through_a_link(run: Path, cli: Cli, tmp_path: Path, name: str) -> None:
    (run / JUDGE / name).rename(tmp_path / name)
    (run / JUDGE / name).symlink_to(tmp_path / name)
    (tmp_path / "one.png").write_bytes(png("one"))
    ended = cli("detect", tmp_path / "one.png", "--run", run)
    assert one_sentence(ended) and ("not followed" in ended.stderr or "keeps no detectors" in ended.stderr)
