"""`gan-bench demo`, with a budget of a few steps, and without a source of digits."""

from __future__ import annotations

from pathlib import Path

import pytest

from gan_bench.cli import demo
from gan_bench.core.errors import UserError
from gan_bench.datasets import DATASETS

pytestmark = pytest.mark.usefixtures("one_thread")


def test_without_digits_the_demo_draws_shapes_to_the_end(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(self: object) -> None:
        raise UserError("no source of mnist answers.")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "BUDGET", "smoke,3steps")
    monkeypatch.setattr(DATASETS.get("mnist"), "fetch", unreachable)
    ended = cli("demo")
    assert ended.code == 0 and "no source of mnist answers. So it draws shapes." in ended.stderr
    assert "cgan" in ended.stdout and "spectrum" in ended.stdout
    assert (tmp_path / "runs/demo-shapes/leaderboard/index.html").is_file()


def test_the_demo_asks_for_what_shows_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One conditional GAN for a minute, so that it ends within two on a laptop."""
    asked = demo._request(demo.DIGITS)
    assert asked.suites == ["mnist"] and asked.variants == ["cgan"] and asked.preset.budget.seconds == 60
