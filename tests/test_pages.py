"""The folder of pages: what is in it, what it links to, and what becomes of odd records and files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

from gan_bench import leaderboard
from gan_bench.core.errors import UserError
from gan_bench.leaderboard.pages.theme import THEME
from gan_bench.records import CellRecord, Result, Statistics, TableRules, write_record
from gan_bench.run_folder import RunFolder, read_runs
from tests.boards import build, cell, judge, metric, page, png, reference, seeds
from tests.browser import HOSTILE, build_site

ROOT = Path(__file__).parents[1]
VENDORED = ROOT / "leaderboard/vendor/datatables"
TRACK = "cifar10_quick_0.3"


class Links(HTMLParser):
    """The ids, links and sources of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [found["id"] or ""] if "id" in found else []
        self.links += [found[name] or "" for name in ("href", "src") if name in found]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_site(tmp_path_factory.mktemp("site"))


# The folder


def test_every_link_leads_to_a_file_or_a_place_that_is_there(site: Path) -> None:
    read = {file: Links(file) for file in site.rglob("*.html")}
    assert len(read) > 15
    for file, found in read.items():
        for link in found.links:
            url = urlparse(link)
            if url.scheme in ("https", "data") or "compare.html#" in link:  # its script reads what follows
                continue
            target = (file.parent / unquote(url.path)).resolve() if url.path else file
            assert target.is_file() and target.is_relative_to(site), (file, link)
            if url.fragment and target in read:
                assert unquote(url.fragment) in read[target].ids, (file, link)


def test_no_id_is_there_twice_on_a_page(site: Path) -> None:
    for file in site.rglob("*.html"):
        ids = Links(file).ids
        assert len(ids) == len(set(ids)), [one for one in ids if ids.count(one) > 1][:3]


def test_nothing_is_fetched_from_anywhere(site: Path) -> None:
    for file in site.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"""(src=|url\(|@import|<link[^>]*href=)["']?(https?:)?//""", text), file


def test_names_never_become_markup_or_paths(site: Path) -> None:
    text = "\n".join(file.read_text(encoding="utf-8") for file in site.rglob("*.html"))
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    names = [path.name for path in site.rglob("*")]
    assert all(re.fullmatch(r"[\w.+-]+", name) and len(name) < 100 for name in names)
    assert len(list((site / "mnist_quick_0.3/entries").iterdir())) == len(HOSTILE)


def test_a_name_that_ends_a_script_stays_inside_it(tmp_path: Path) -> None:
    name = "</script><b>bold"
    build(tmp_path, *seeds(name, 1.0, 2.0), *seeds("dcgan", 3.0, 4.0))
    text = page(tmp_path, "*/compare.html")
    [data] = re.findall(r'<script type="application/json" id="entries">(.*?)</script>', text, re.DOTALL)
    assert sorted(entry["label"] for entry in json.loads(data)["entries"]) == sorted([name, "dcgan"])


def test_the_vendored_library_is_the_one_that_is_named() -> None:
    from hashlib import sha256

    said = json.loads((VENDORED / "vendored.json").read_text())
    assert said["licence"] == "MIT" and "MIT License" in (VENDORED / "LICENSE.txt").read_text()
    for name, digest in said["sha256"].items():
        assert sha256((VENDORED / name).read_bytes()).hexdigest() == digest
    assert f"DataTables {said['version']}" in (VENDORED / "dataTables.min.js").read_text()[:100]


def test_every_text_of_the_theme_can_be_read_on_every_ground() -> None:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for theme in (0, 1):
        for text in ("--ink", "--soft", "--accent"):
            for ground in ("--page", "--card", "--stripe", "--hover"):
                one, other = sorted((light(THEME[text][theme]), light(THEME[ground][theme])))
                assert (other + 0.05) / (one + 0.05) >= 4.5, (text, ground, theme)


# Built again


def files_of(folder: Path) -> dict[Path, tuple[int, bytes]]:
    """Each file with the time of its last change and its bytes."""
    return {file: (file.stat().st_mtime_ns, file.read_bytes()) for file in folder.rglob("*") if file.is_file()}


def test_a_second_build_writes_nothing_and_what_is_gone_goes(tmp_path: Path) -> None:
    kept = seeds("dcgan", 1.0, 2.0, pictures=tmp_path / "pictures")
    build(tmp_path, *kept, *seeds("wgan", 3.0, 4.0, pictures=tmp_path / "more"))
    out = tmp_path / "out"
    (out / "notes.txt").write_text("mine")
    before = files_of(out)
    build(tmp_path, *kept, *seeds("wgan", 3.0, 4.0, pictures=tmp_path / "again"))
    assert files_of(out) == before

    (out / "index.html").write_text("somebody's own")
    (out / f"{TRACK}/entries/wgan.html").unlink()
    build(tmp_path, *kept, *seeds("wgan", 3.0, 4.0, pictures=tmp_path / "again"))
    assert {file: data for file, (_, data) in files_of(out).items()} == {file: data for file, (_, data) in before.items()}

    build(tmp_path, *kept)
    left = {file.name for file in out.rglob("*") if file.is_file()}
    assert "dcgan.html" in left and "wgan.html" not in left and "compare.html" not in left
    assert (out / "notes.txt").read_text() == "mine"


def test_a_list_of_files_that_somebody_edited_removes_nothing_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    build(tmp_path, cell("dcgan", metric(1.0)))
    listed = {"../precious": "a digest", str(tmp_path / "precious"): None}
    for text in (json.dumps({"made_of": "that", "files": listed}), '{"made_of": 3, "files": []}', "no JSON", "[]"):
        (tmp_path / "out/.pages.json").write_text(text)
        build(tmp_path, cell("dcgan", metric(1.0)))
        assert (tmp_path / "precious").read_text() == "mine"


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/assets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="leads out of"):
        build(tmp_path, cell("dcgan", metric(1.0)))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_rebuild_imports_neither_torch_nor_pandas_nor_matplotlib(tmp_path: Path) -> None:
    record = cell("dcgan", metric(10.0)).record
    write_record(tmp_path / "run/cells/cifar10/dcgan/seed-0/record.json", record)
    code = (
        "import sys, pathlib\n"
        "from gan_bench.leaderboard import build\n"
        "from gan_bench.run_folder import read_runs\n"
        "runs = read_runs([pathlib.Path(sys.argv[1])])\n"
        "build(runs.results, pathlib.Path(sys.argv[2]), runs.rules, runs.problems, runs.suites)\n"
        "print(sorted({'torch', 'pandas', 'matplotlib'} & sys.modules.keys()))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "run"), str(tmp_path / "out")]
    said = [subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True).stdout for _ in range(2)]
    assert said == ["['matplotlib']\n", "[]\n"]  # the first time it draws


# Odd records


ODD: dict[str, Callable[[], list[Result]]] = {
    "nothing": list,
    "one entry": lambda: [cell("dcgan", metric(1.0))],
    "references only": lambda: [reference("real", metric(1.0)), reference("noise", metric(9.0))],
    "failed cells only": lambda: [cell("dcgan", status="failed", reason="out of memory")],
    "no metrics": lambda: [cell("dcgan"), cell("wgan")],
    "no values": lambda: [cell("dcgan", metric(None, unavailable="too few")), reference("real", metric(None))],
    "detectors only": lambda: [judge("dct", {("seen", "dcgan"): 0.9})],
    "failed detectors": lambda: [cell("dcgan", metric(1.0)), judge("dct", {}, status="failed", reason="out of memory")],
    "other rules": lambda: [cell("dcgan", metric(1.0)), cell("dcgan", metric(2.0), benchmark_version="99")],
    "other machines": lambda: [cell("dcgan", metric(fd), run=run, samples_digest=run) for run, fd in (("a", 1.0), ("b", 2.0))],
    "other settings": lambda: [cell("dcgan", metric(1.0), run=run, settings={"width": len(run)}) for run in ("a", "bb")],
}
SAID = {
    "nothing": "There are no records to show yet",
    "references only": "Nothing was trained here",
    "failed cells only": "No training ended well here",
    "detectors only": "only detectors",
    "failed detectors": "out of memory",
    "one entry": "is alone: there is no other entry",
    "other machines": "two different results",
    "other settings": "dcgan stands for 2 entries",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_records_give_pages_that_say_so(tmp_path: Path, name: str) -> None:
    build(tmp_path, *ODD[name]())
    assert SAID.get(name, "gan-bench leaderboard") in page(tmp_path)


def test_an_unreadable_record_is_named_and_hides_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"
    write_record(run / "cells/cifar10/dcgan/seed-0/record.json", cell("dcgan", metric(10.0)).record)
    for name, text in (("half", '{"kind": "cell", "spec"'), ("future", '{"schema_version": 99, "kind": "dream"}')):
        (run / f"cells/cifar10/{name}/seed-0").mkdir(parents=True)
        (run / f"cells/cifar10/{name}/seed-0/record.json").write_text(text)
    found = read_runs([run])
    build(tmp_path, *found.results, problems=found.problems)
    front = page(tmp_path, "index.html")
    assert "What is missing here" in front and "half/seed-0/record.json" in front and "future/seed-0/record.json" in front
    assert "dcgan" in page(tmp_path, f"{TRACK}/index.html")


def test_a_picture_that_is_missing_or_damaged_is_left_out(tmp_path: Path) -> None:
    good, bad, gone = (cell(name, metric(1.0), pictures=tmp_path / "pictures") for name in ("good", "bad", "gone"))
    bad.files["samples"].write_bytes(b"no picture")
    gone.files["samples"].unlink()
    build(tmp_path, good, bad, gone)
    shown = re.findall(r'alt="samples of (\w+)"', page(tmp_path, f"{TRACK}/index.html"))
    assert shown == ["good"]
    front = page(tmp_path, "index.html")
    assert "is damaged or no PNG picture, so it is not shown; the same <code>gan-bench run</code> command makes" in front
    assert "cannot be read" in front


def test_a_picture_that_is_a_link_to_another_file_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png("secret"))
    folder = tmp_path / "run/cells/cifar10/dcgan/seed-0"
    write_record(folder / "record.json", cell("dcgan", metric(10.0)).record)
    (folder / "samples.png").symlink_to(secret)
    found = read_runs([tmp_path / "run"])
    build(tmp_path, *found.results, problems=found.problems)
    copied = [file for file in (tmp_path / "out").rglob("*") if file.is_file() and file.read_bytes() == secret.read_bytes()]
    assert copied == [] and "not followed" in page(tmp_path, "index.html")


def test_a_run_that_is_not_finished_says_what_goes_on(tmp_path: Path, cli: Callable[..., Any]) -> None:
    run = tmp_path / "run"
    options = ("--suite", "shapes", "--budget", "smoke,1steps", "--variants", "dcgan,vanilla", "--detectors", "none")
    planned = cli("run", *options, "--out", run, "--dry-run", "--json")
    run.mkdir()
    (run / "plan.json").write_text(planned.stdout)
    ended = cli("leaderboard", run)
    assert ended.code == 0 and "goes on" in (run / "leaderboard/index.html").read_text()
    assert RunFolder(run).is_one


# An entry


def entry_with(tmp_path: Path, statistics: Statistics | None = None, **more: Any) -> str:
    """The page of dcgan, beside another entry and the reals."""
    made = cell("dcgan", metric(10.0), pictures=tmp_path / "pictures", **more)
    real = reference("real", metric(1.0), pictures=tmp_path / "pictures")
    if statistics is not None:
        even = statistics.model_copy(update={"classes": (("cat", 0.5), ("dog", 0.5))})
        for found, shares in ((made, statistics), (real, even)):
            found.files["statistics"] = found.files["samples"].with_suffix(".json")
            write_record(found.files["statistics"], shares)
    build(tmp_path, made, cell("wgan", metric(12.0)), real)
    return page(tmp_path, f"{TRACK}/entries/dcgan.html")


def test_settings_that_differ_from_the_paper_are_told(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"lr": 4e-4, "beta1": 0.5, "ema": 0.99}
    text = entry_with(tmp_path, settings=settings, paper_settings={"lr": 2e-4, "beta1": 0.5})
    assert "1 of the 2 that the paper states are others here" in text
    rows = re.findall(r'<th scope="row" class="name" data-order="(\w+)">.*?</tr>', text, re.DOTALL)
    assert {"lr", "beta1", "ema"} <= set(rows) and text.count("differs from the paper") == 1


def test_classes_that_are_dropped_are_named_on_the_page_of_the_track(tmp_path: Path) -> None:
    entry_with(tmp_path, Statistics(n=100, classes=(("cat", 0.96), ("dog", 0.04)), classifier="resnet"))
    text = page(tmp_path, f"{TRACK}/index.html")
    assert "dcgan drops dog." in text and "wgan drops" not in text
    assert re.search(r'style="--heat:0.92">0.08</td>', text)  # .04 of .5
    assert "Read it with doubt" not in text


def test_counts_of_classes_that_mislead_on_a_dataset_are_doubted(tmp_path: Path) -> None:
    """Where the suite says that the same count puts damaged images beside real ones."""
    counts = Statistics(n=100, classes=(("cat", 0.96), ("dog", 0.04)), classifier="resnet")
    made, real = cell("dcgan", metric(9.0, "classes_covered", "resnet")), reference("real", metric(1.0))
    for one in (made, real):
        one.files["statistics"] = tmp_path / f"{one.record.spec_hash}.json"
        write_record(one.files["statistics"], counts)
    build(tmp_path, made, real, rules={"cifar10": TableRules("fd_", not_telling=("classes_covered",))})
    for name in ("index", "entries/dcgan"):
        assert "Read it with doubt" in page(tmp_path, f"{TRACK}/{name}.html")


def test_statistics_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    made = cell("dcgan", metric(10.0), pictures=tmp_path / "pictures")
    made.files["statistics"] = tmp_path / "statistics.json"
    made.files["statistics"].write_text("[]")
    build(tmp_path, made)
    assert "statistics.json is not a Statistics" in page(tmp_path, "index.html")


def test_every_seed_has_its_numbers_and_its_record(tmp_path: Path) -> None:
    results = seeds("dcgan", 10.0, 14.0)
    for seed, one in enumerate(results):
        one.files["record"] = tmp_path / f"{seed}.json"
        write_record(one.files["record"], one.record)
    build(tmp_path, *results)
    text = page(tmp_path, f"{TRACK}/entries/dcgan.html")
    [numbers] = re.findall(r'aria-label="All numbers of dcgan">(.*?)</table>', text, re.DOTALL)
    assert re.findall(r"<td data-order=\"[\d.]+\">([\d.]+)", numbers) == ["12.0", "10", "14"]
    for path in re.findall(r'href="\.\./\.\./([^"]+-record.json)"', text):
        CellRecord.model_validate_json((tmp_path / "out" / path).read_text())
    assert text.count("-record.json") == 2 and "--first-seed 0 --seeds 2" in text


def test_the_code_of_a_variant_is_there_only_if_it_is_the_code_that_was_trained(tmp_path: Path) -> None:
    from hashlib import sha256

    file = ROOT / "generators/dcgan.py"
    same = {"source": "gan_bench.generators.dcgan", "source_digest": sha256(file.read_bytes()).hexdigest()}
    assert "code.py.txt" in entry_with(tmp_path / "same", **same)
    assert (tmp_path / f"same/out/{TRACK}/files/entries/dcgan/code.py.txt").read_bytes() == file.read_bytes()
    other = entry_with(tmp_path / "other", **{**same, "source_digest": "0" * 64})
    assert "code.py.txt" not in other and "another version" in other
    elsewhere = entry_with(tmp_path / "elsewhere", source="os.path", source_digest="0" * 64)
    assert "code.py.txt" not in elsewhere


def test_samples_show_the_real_images_first(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    build(
        tmp_path,
        cell("dcgan", metric(10.0), pictures=pictures),
        reference("noise", metric(90.0), pictures=pictures),
        reference("real", metric(1.0), pictures=pictures),
    )
    text = page(tmp_path, f"{TRACK}/index.html")
    assert re.findall(r'alt="samples of (\w+)"', text) == ["real", "dcgan", "noise"]


def test_a_training_shows_the_files_beside_its_record(tmp_path: Path) -> None:
    curves = {"g_loss": "Losses"}
    made = cell("dcgan", metric(10.0), pictures=tmp_path / "pictures", rows=("images", "samples"), curves=curves)
    made.files["history"] = tmp_path / "anything.csv"
    made.files["history"].write_text("step,kimg,g_loss\n1,0.1,3\n2,0.2,2\n")
    build(tmp_path, made)
    text = page(tmp_path, f"{TRACK}/entries/dcgan.html")
    assert "How did the training go?" in text and "Rows from the top: images, samples." in text
    for what in ("samples", "strip", "rows"):
        assert (tmp_path / f"out/{TRACK}/files/entries/dcgan/{what}.png").read_bytes() == made.files[what].read_bytes()
    leaderboard.build([made._replace(files={})], tmp_path / "without")
    assert "How did the training go?" not in (tmp_path / f"without/{TRACK}/entries/dcgan.html").read_text()


def test_pages_are_written_again_when_anything_they_are_made_of_changed(tmp_path: Path) -> None:
    """A picture, a rule, a problem and a verification are not in the records."""
    made = cell("dcgan", metric(10.0), pictures=tmp_path / "pictures")
    build(tmp_path, made)
    before = page(tmp_path)
    made.files["samples"].write_bytes(png("another picture"))
    build(tmp_path, made)
    kept = tmp_path / f"out/{TRACK}/files/entries/dcgan/samples.png"
    assert kept.read_bytes() == png("another picture") and page(tmp_path) == before
    build(tmp_path, made, problems=["a record is damaged."])
    assert "a record is damaged." in page(tmp_path)
    build(tmp_path, made, rules={"cifar10": TableRules("fd_", not_telling=("fd_",))})
    assert "not telling" in page(tmp_path, f"{TRACK}/*.html") and "a record is damaged." not in page(tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UserError, match=r"cannot be written \(Not a directory\); once that is repaired, the same"):
        build(tmp_path, cell("dcgan", metric(1.0)))


def test_the_course_of_points_is_a_picture_and_no_film(tmp_path: Path) -> None:
    """Its panels stand side by side, so that no row of it is a moment."""
    points = Statistics(n=2, points=((0.0, 1.0), (1.0, 0.0)), centres=((0.0, 0.0),), sigma=0.1)
    text = entry_with(tmp_path, points, moments=(0.0, 4.0, 8.0))
    assert "player" not in text and "to its end: after 0, 4, 8 kimg." in text
    assert 'data-moments="0 4 8"' in entry_with(tmp_path / "images", moments=(0.0, 4.0, 8.0))
