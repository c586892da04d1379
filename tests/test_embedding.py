"""gan-bench inside other people's folders, which have files of the same names as our top-level folders."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

TRAP = 'raise RuntimeError("the user\'s own file was imported")\n'
SCRIPT = """
import numpy as np
import gan_bench

images = np.random.default_rng(0).integers(0, 256, (300, 32, 32, 3), np.uint8)
scores = gan_bench.score(images, "shapes", budget="smoke", extractors=["raw"], metrics=["fd"], device="cpu")
print(gan_bench.__file__, sorted(scores))
"""
RUN = ("run", "--suite", "shapes", "--budget", "smoke", "--extractors", "raw", "--metrics", "fd", "--variants", "dcgan,vanilla",
       "--detectors", "spectrum", "--device", "cpu", "--jobs", "2", "--out", "run")  # fmt: skip


@pytest.fixture
def user_folder(tmp_path: Path) -> Path:
    """A researcher's repository."""
    folder = tmp_path / "research"
    folder.mkdir()
    for name in ("generators.py", "leaderboard.py"):
        (folder / name).write_text(TRAP)
    (folder / "detectors").mkdir()
    (folder / "detectors/__init__.py").write_text(TRAP)
    (folder / "script.py").write_text(SCRIPT)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def empty_environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that holds the wheel, and nothing of this source tree.

    The dependencies are those of this environment: a .pth file names their folder, in which no other .pth file counts, so an
    editable installation there does not.
    """
    folder = tmp_path_factory.mktemp("empty")
    venv.create(folder, with_pip=False)
    python = folder / "bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    run(Path(sys.executable), "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    return python


@pytest.fixture(params=["editable", "wheel"])
def python(request: pytest.FixtureRequest) -> Path:
    return Path(sys.executable) if request.param == "editable" else request.getfixturevalue("empty_environment")


def build(source: Path, out: Path, kind: str) -> Path:
    """A wheel or an sdist of a source tree, by the build tools of this environment, so that nothing is downloaded."""
    hook = f"import setuptools.build_meta as b; print(b.build_{kind}({str(out)!r}))"
    done = subprocess.run([sys.executable, "-c", hook], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


def run(python: Path, *arguments: str, cwd: Path = ROOT, **variables: str) -> subprocess.CompletedProcess[str]:
    """Without PYTHONPATH, unless it is given."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, *arguments], cwd=cwd, env=clean | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def test_the_distribution_has_one_import_name(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"gan_bench"}
    for file in (
        "generators/dcgan.py", "detectors/spectrum.py", "leaderboard/templates/front.html.j2", "leaderboard/assets/style.css",
        "leaderboard/vendor/datatables/dataTables.min.js", "suites/mnist.toml", "features/weights/mnist-cnn.safetensors",
        "cli/templates/variant.py.txt", "py.typed",
    ):  # fmt: skip
        assert f"gan_bench/{file}" in names


def test_a_script_of_the_user_scores(python: Path, user_folder: Path):
    file, names = run(python, "script.py", cwd=user_folder).stdout.split(maxsplit=1)
    assert names.strip() == "['fd_raw_300']"
    assert Path(file).is_relative_to(ROOT) == (python == Path(sys.executable))


@pytest.mark.parametrize("module", ["gan_bench", "gan_bench.cli"])
def test_the_command_line_is_a_module(python: Path, user_folder: Path, module: str):
    assert "dcgan" in run(python, "-m", module, "list", "variants", cwd=user_folder).stdout


def test_the_console_script_ignores_what_lies_beside_it(python: Path, user_folder: Path):
    script = python.parent / "gan-bench"
    assert "spectrum" in run(script, "list", "detectors", cwd=user_folder, PYTHONPATH=".").stdout


def test_worker_processes_ignore_what_lies_beside_them(python: Path, user_folder: Path):
    run(python.parent / "gan-bench", *RUN, cwd=user_folder, PYTHONPATH=".")
    cells = user_folder / "run/cells/shapes"
    assert {folder.name for folder in cells.iterdir()} == {"dcgan", "vanilla"}
    assert (user_folder / "run/leaderboard/index.html").is_file()


def test_an_sdist_of_a_clean_clone_makes_the_same_wheel(wheel: Path, tmp_path: Path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    sdist = build(clone, tmp_path, "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (source,) = (tmp_path / "unpacked").iterdir()
    again = build(source, tmp_path, "wheel")
    modules = [{name for name in zipfile.ZipFile(file).namelist() if ".dist-info" not in name} for file in (wheel, again)]
    assert modules[0] == modules[1]
