"""What a terminal shows while a run goes on and at its end, recorded from a pty; and what is told where there is none."""

from __future__ import annotations

import fcntl
import io
import logging
import os
import pty
import queue
import re
import select
import shlex
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import NamedTuple

import pyte
import pytest
from rich.console import Console

from gan_bench.cli.board import fitting, next_commands
from gan_bench.cli.output import Once
from gan_bench.core import progress, screen
from gan_bench.core.pace import Overall, Pace, Stage, clock
from gan_bench.core.screen import Line, Now, shortened
from gan_bench.leaderboard.entries import entries_of
from gan_bench.leaderboard.frames import detector_frame, generator_frame
from gan_bench.leaderboard.short import failures, short_notes, short_tables
from gan_bench.leaderboard.standings import Standings, all_standings
from gan_bench.records import Result
from tests.boards import cell, interval, judge, metric, reference, seeds

HEIGHT = 40
RUN = ("-m", "gan_bench", "run", "--suite", "shapes", "--budget", "smoke,1000steps", "--variants", "dcgan,lsgan", "--jobs", "2",
       "--extractors", "shapes-factors,inception", "--metrics", "fd,kid,pr", "--detectors", "none", "--device", "cpu",
       "--out", "run")  # fmt: skip
# Two workers that train nothing, so that a wide terminal costs a second.
PRETENDED = """
import multiprocessing, time
from gan_bench.core import progress
from gan_bench.core.pace import Stage

LOSSES = {"d_loss": 0.693, "real_accuracy": 0.51, "fake_accuracy": 0.49, "g_loss": 0.734, "gradient_penalty": 0.123}

def train(name, queue):
    progress.send_to(queue)
    with progress.part("training", name), progress.TrainingBar(f"{name}: training") as bar:
        for step in range(1, 9):
            time.sleep(0.2)
            bar.update(step / 8, 12.3 * step, 950, LOSSES)

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    names = ["stacked-mnist dcgan (lr=0.0005, minibatch=std) seed 0", "stacked-mnist pacgan2 seed 1"]
    with progress.overall({"training": Stage(2, 2)}), progress.relay(queue):
        workers = [context.Process(target=train, args=(name, queue)) for name in names]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
"""
TRAINING = re.compile(r"^(?P<title>(?!\d of)\S.*?) +[━╸╺]+ +(?P<percent>\d+)% +(?P<left>[\d:-]+) left training")


class Recording(NamedTuple):
    """screens: what stood on the terminal whenever the program paused; text: all lines that are left at the end."""

    screens: list[list[str]]
    text: list[str]
    code: int


def record(columns: int, folder: Path, *arguments: str) -> Recording:
    """Run Python with these arguments in a terminal of this width."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, columns, 0, 0))
    ignored = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    env = {k: v for k, v in os.environ.items() if k not in ignored} | {"TERM": "xterm-256color", "OMP_NUM_THREADS": "2"}
    process = subprocess.Popen([sys.executable, *arguments], cwd=folder, env=env, stdout=child, stderr=child, stdin=child)
    os.close(child)

    terminal, screens = pyte.HistoryScreen(columns, HEIGHT, history=1000), []
    stream = pyte.ByteStream(terminal)
    while True:
        if not select.select([parent], [], [], 0.05)[0] and terminal.dirty:  # a pause: the latest picture is whole
            screens.append([line.rstrip() for line in terminal.display])
            terminal.dirty.clear()
        try:
            written = os.read(parent, 65536) if select.select([parent], [], [], 0.2)[0] else b""
        except OSError:  # the program has ended
            break
        stream.feed(written)

    os.close(parent)
    above = ["".join(line[x].data for x in range(columns)) for line in terminal.history.top]
    return Recording(screens, [line.rstrip() for line in (*above, *terminal.display)], process.wait())


def assert_trainings_are_whole(recording: Recording, *titles: str) -> None:
    """Bar, percentage and time left of each training on every screen that has it, and all of them on one."""
    together = 0
    for shown in recording.screens:
        rows = [line for line in shown if " training" in line and not re.match(r"\d of \d cells", line)]
        rows = [line for line in rows if "%" in line or "━" in line]
        found = [TRAINING.match(row) for row in rows]
        assert all(found), rows
        together += {match["title"] for match in found if match and match["left"][0].isdigit()} == set(titles)
    assert together, "no screen shows all trainings with the time that they still take"


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> tuple[Path, Recording]:
    """The folder in which a run of two cells at a time was started in 80 columns, and its recording."""
    folder = tmp_path_factory.mktemp("terminal")
    return folder, record(80, folder, *RUN)


def test_two_trainings_at_a_time_keep_their_bars_in_80_columns(real):
    _, recording = real
    assert recording.code == 0
    assert_trainings_are_whole(recording, "shapes dcgan seed 0", "shapes lsgan seed 0")


def test_the_line_of_the_run_tells_cells_share_time_and_stage(real):
    lines = [line for shown in real[1].screens for line in shown if re.match(r"\d of 2 cells", line)]
    assert all(re.match(r"\d of 2 cells? +[━╸╺]+ +\d+% +[\d:-]+ left \w", line) for line in lines)
    stages = {stage for line in lines for stage in re.findall(r"left (.*)", line)[0].replace(",", ";").split("; ")}
    assert {"starting", "training", "references", "page"} <= stages


def test_no_notice_is_repeated(real):
    text = " ".join(" ".join(real[1].text).split())
    assert text.count("Kernel distance needs at least 1,000 images") == 1
    assert text.count("extractor 'inception' is not available") == 1


def test_the_final_table_fits_80_columns(real):
    text = real[1].text
    (start,) = (i for i, line in enumerate(text) if line == "shapes, smoke,1000steps, from latents")
    rows = {line.split()[0]: line for line in text[start + 1 : start + 5] if "[" in line}
    for entry in ("dcgan", "lsgan"):
        assert re.fullmatch(rf"{entry} +[\d.]+ +\[[\d.]+, [\d.]+\] +[\d.]+ +[\d.]+ +[\d.]+", rows[entry])
    assert any(
        line.startswith("Entry") and line.endswith("Seconds") for line in text
    ) and "has the best FD shapes-factors" in " ".join(text)
    assert "| Entry" not in " ".join(text)  # Markdown is for files and pipes


def test_the_next_commands_work_as_they_are_printed(real, cli, monkeypatch):
    folder, recording = real
    monkeypatch.chdir(folder)
    joined = "\n".join(recording.text)
    commands = [" ".join(found.split()) for found in re.findall(r"^  (gan-bench (?:.|\n(?! |$))*)", joined, re.MULTILINE)]
    words = {command.split()[1]: shlex.split(command)[1:] for command in commands}
    assert set(words) == {"sample", "score", "verify"}  # no detector was asked for
    assert Path(words["score"][1]).is_file()
    assert cli(*words["sample"]).code == 0 and Path(words["sample"][-1]).is_file()


@pytest.mark.parametrize("columns", [80, 120, 160])
def test_long_titles_and_many_losses_leave_the_bars_alone(tmp_path, columns):
    (tmp_path / "pretended.py").write_text(PRETENDED)
    recording = record(columns, tmp_path, "pretended.py")
    assert recording.code == 0 and not "".join(recording.text)  # bars leave nothing behind
    titles = {match["title"] for shown in recording.screens for line in shown if (match := TRAINING.match(line))}
    assert len(titles) == 2 and any(title.endswith("seed 1") for title in titles)
    assert_trainings_are_whole(recording, *titles)
    speeds = [line for shown in recording.screens for line in shown if "kimg" in line]
    assert speeds and (columns == 80 or all("d_loss" in line for line in speeds))


def test_without_a_terminal_a_message_tells_what_runs(caplog, monkeypatch):
    monkeypatch.setattr(screen, "MESSAGE_SECONDS", 0.0)
    monkeypatch.setattr(screen, "POLL_SECONDS", 0.01)
    worker: queue.Queue[Now] = queue.Queue()
    with (
        caplog.at_level(logging.INFO, "gan_bench"),
        progress.overall({"training": Stage(2), "judging": Stage(3)}),
        progress.relay(worker),
    ):
        worker.put(Now(1, Line("mnist dcgan seed 0", "training 1.2 kimg", 0.25), "training"))
        wait_for(caplog, "mnist dcgan seed 0: training 1.2 kimg, 25%, -:-- left")
        worker.put(Now(1, None, "training", ended=True))
        worker.put(Now(1, Line("mnist patch", "web", 0.5), "judging"))
        wait_for(caplog, "1 of 2 cells, judging, 0 of 3")


def wait_for(caplog: pytest.LogCaptureFixture, text: str) -> None:
    deadline = time.monotonic() + 5
    while text not in caplog.text:
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.01)


def test_messages_are_half_a_minute_apart_whatever_bar_is_open(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(screen.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(screen, "_told_at", now[0])
    told = []
    for second in range(1, 91):
        now[0] = 1000.0 + second
        told += [second] if screen.due() else []
    assert told == [30, 60, 90]


def test_bars_inside_one_another_make_one_line(monkeypatch):
    sent: list[Now] = []
    monkeypatch.setattr(progress, "_tell", sent.append)
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0.0)
    with progress.part("judging", "mnist patch"), progress.bar("mnist patch: web", total=4) as outer:
        outer(1)
        with progress.spinner("mnist patch: seen"), progress.bar("fits patch", total=10, unit="steps") as inner:
            inner(5)
            assert sent[-1].line == Line("mnist patch", "web  seen  fits patch 5 of 10 steps", (1 + 0.5) / 4)
        assert sent[-1].line == Line("mnist patch", "web", (1 + 0.5) / 4)  # it does not fall back
        outer(1)
        assert sent[-1].line == Line("mnist patch", "web", 0.5) and sent[-1].stage == "judging"
    assert sent[-1].ended and sent[-1].line is None


def test_the_time_left_is_measured_from_where_a_training_goes_on():
    pace = Pace()
    pace.move(0.0, now=0)
    pace.move(0.5, now=100)  # from a checkpoint
    assert pace.left(100) is None
    pace.move(0.6, now=110)  # 10 s for a tenth
    assert pace.left(110) == pytest.approx(40) and pace.left(125) == pytest.approx(25)
    pace.move(0.1, now=130)  # another bar
    assert pace.left(130) is None


def test_the_time_left_of_a_run_follows_the_parts_that_ended():
    run = Overall({"training": Stage(4, at_once=2), "page": Stage(1)})
    assert run.left(0) is None
    for worker in (1, 2):
        run.move(worker, "training", 0.5, now=0)
        run.end(worker, now=10)
    assert run.left(10) == pytest.approx(10 + 0.1 * 10)  # two cells at a time, and a page of the weight 0.1
    for worker in (1, 2):
        run.move(worker, "training", 0.0, now=10)
    assert run.left(15) == pytest.approx(5 + 0.1 * 10) and run.share(15) == pytest.approx((2 + 2 * 0.5) / 4.1)


def test_parts_that_were_there_already_tell_nothing_of_the_time():
    run = Overall({"training": Stage(3)})
    run.move(1, "training", None, now=0)
    run.end(1, now=0.01)
    assert run.done["training"] == 1 and run.left(1) is None
    run.move(1, "training", 0.5, now=1)
    assert run.left(11) == pytest.approx(10 + 20)  # half of it took 10 s


def test_the_first_instants_of_a_run_give_no_guess():
    """A first row that has just begun may be slow for reasons of its own: once it promised five hours for twenty minutes."""
    run = Overall({"references": Stage(2), "training": Stage(12)})
    run.move(1, "references", 0.5, now=30)
    assert run.left(60) is None
    run.move(2, "training", 0.3, now=30)
    assert run.left(60) is not None


def test_clocks_and_titles_have_a_width():
    seconds = {0: "0:00", 59.6: "1:00", 3599: "59:59", 3600: "1:00:00", 35_999: "9:59:59", 36_000: "10 h", 360_000: "4 days"}
    assert {s: clock(s) for s in seconds} == seconds
    first, second = (shortened(f"stacked-mnist dcgan (lr=0.001) seed {k}", 20) for k in (0, 1))
    assert len(first) == 20 and first != second and shortened("short", 20) == "short" and len(shortened("long", 1)) == 1


def test_a_warning_is_shown_once_and_other_messages_always():
    once, shown = Once(), []
    for level, text in [(logging.WARNING, "a"), (logging.INFO, "b"), (logging.WARNING, "a"), (logging.INFO, "b")]:
        shown += [text] * once.filter(logging.LogRecord("gan_bench", level, "", 0, text, (), None))
    assert shown == ["a", "b", "b"]


def standings(*results: Result) -> Standings:
    entries = entries_of(results)
    (found,) = all_standings(generator_frame(entries), detector_frame(entries), entries, {})
    return found


def verdicts(*results: Result) -> list[str]:
    return [short.verdict for short in short_tables(standings(*results)) if short.verdict]


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([*seeds("dcgan", 100, 102, 98), *seeds("cgan", 50, 52, 48)], "cgan wins for certain: in FD lite0@64 it is better"),
        ([*seeds("dcgan", 100, 90, 80), *seeds("cgan", 95, 85, 78)], "No certain winner: cgan or dcgan is first"),
        ([*seeds("dcgan", 100), *seeds("cgan", 50)], "cgan has the best FD lite0@64, but nobody knows whether it wins"),
        ([*seeds("dcgan", 100, 101)], "dcgan is alone"),
        ([cell("dcgan", status="failed", reason="no room")], "Nothing can be ranked: no entry has a number"),
        (
            [*seeds("srgan", 1, 2, trained_against=("lite0",)), *seeds("esrgan", 3, 4, trained_against=("lite0",))],
            "the training of each entry aimed at this number",
        ),
    ],
)
def test_the_verdict_claims_no_more_than_the_ranks(results, sentence):
    (verdict,) = verdicts(*results)
    assert sentence in verdict


def test_a_task_has_its_own_winner():
    latents, translated = verdicts(
        *seeds("dcgan", 100, 102, 98), *seeds("cgan", 50, 52, 48),
        *seeds("cyclegan", 10, 11, 12, task="translate"), *seeds("unit", 20, 21, 22, task="translate"),
    )  # fmt: skip
    assert latents.startswith("cgan wins for certain") and translated.startswith("cyclegan wins for certain")


def drawn(s: Standings, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for table in fitting([short.table for short in short_tables(s)], width):
        console.print(table)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


MIXED = (
    *(cell(name, metric(value + k, interval=interval(value - 9, value + 9)),
           metric(0.7, "precision", higher_is_better=True), metric(0.6, "recall", higher_is_better=True), seed=k)
      for name, value in (("dcgan", 1587), ("cgan", 1076)) for k in range(3)),
    cell("wgan", status="diverged", reason="a loss exploded", cost=None),
    reference("real", metric(7.01)), reference("my own samples", metric(200.0), external=True),
    judge("spectrum", {("leave-one-out", "dcgan"): 0.99, ("leave-one-out", "cgan"): 0.987654}),
)  # fmt: skip


@pytest.mark.parametrize("width", [44, 80, 120])
def test_short_tables_fit_and_lose_their_last_columns_first(width):
    lines = drawn(standings(*MIXED), width)
    assert max(map(len, lines)) <= width
    (row,) = (line for line in lines if "dcgan" in line)
    whole = ["2", "dcgan", "1588", "[1586,", "1590]", "0.700", "0.600", "0.990", "8"]
    assert row.split() == whole[: {44: 5, 80: 8, 120: 9}[width]]
    assert any("diverged" in line for line in lines) and "my own samples" in " ".join(" ".join(lines).split())


def test_the_notes_say_by_what_and_in_which_direction():
    notes = short_notes(standings(*MIXED))
    assert notes[0] == "FD lite0@64: 5k fakes against 10k reals, lower is better, beside it its 95 % interval."
    assert notes[1] == "Precision and recall: by lite0@64, higher is better." and "images as drawn" in notes[2]


def test_what_failed_is_named_with_its_reason():
    broken = judge("npr", {("leave-one-out", "dcgan"): 0.9}, status="failed", reason="MemoryError: no room")
    assert failures(standings(*MIXED, broken)) == [
        "cifar10 wgan: seed 0 diverged: a loss exploded", "cifar10 detector npr: seed 0 failed: MemoryError: no room"
    ]  # fmt: skip


def test_commands_quote_the_paths_of_the_run():
    class Board:
        standings = [standings(*MIXED)]

    commands = [command for _, command in next_commands(Board(), Path("my runs/quick"))]  # type: ignore[arg-type]
    assert commands[0] == "gan-bench sample 'my runs/quick/cells/cifar10/cgan/seed-0' -n 64 --out cgan.png"
    assert (
        commands[2].endswith("--run 'my runs/quick' --dataset cifar10") and commands[-1] == "gan-bench verify 'my runs/quick'"
    )
