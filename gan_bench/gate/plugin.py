"""The pytest plugin: the fixture `gan_bench`, and the option --gan-bench-update.

    def test_samples(gan_bench):
        gan_bench.assert_sample_quality(draw, dataset="cifar10", baseline="baselines/cifar10.json")

It is loaded with every pytest, so it imports nothing of gan-bench before a test uses the fixture.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from gan_bench.gate.check import Report

UPDATE = "--gan-bench-update"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the option that writes baselines."""
    group = parser.getgroup("gan-bench")
    group.addoption(UPDATE, action="store_true", help="Write the baselines of gan-bench anew; their tests fail all the same.")


@pytest.fixture(name="gan_bench")
def quality_gate(request: pytest.FixtureRequest) -> QualityGate:
    """Asserts that images are no worse than those of a baseline file."""
    return QualityGate(request.path.parent, bool(request.config.getoption(UPDATE)))


class QualityGate:
    """What the fixture gives. Files are relative to the folder of the test."""

    def __init__(self, folder: Path, update: bool) -> None:
        self.folder, self.update = folder, update

    def assert_sample_quality(
        self,
        images_or_generator: Any,
        *,
        dataset: str,
        baseline: str | Path,
        metric: str | None = None,
        budget: str = "quick",
        n: int | None = None,
        seeds: int = 1,
        allow_inconclusive: bool = False,
        **limits: Any,
    ) -> Report:
        """Fail where the images are worse than the baseline, or the data cannot tell.

        images_or_generator  images as `gan_bench.score` takes them, or a function (n, seed) -> images
        baseline             a file; --gan-bench-update writes it
        metric, budget       for a baseline that is written: the metric that decides, by default the headline of the dataset's
                             suite, and the preset whose number of reals to compare with
        n, seeds             for a function: how many images, and with how many seeds it is called
        allow_inconclusive   warn where the data cannot tell
        limits               min_effect, detect, same_model, value_range and device, as for `gan_bench.check`

        Raises UserError where the images cannot be compared with the baseline.
        """
        from gan_bench.gate.api import check
        from gan_bench.gate.rule import Verdict

        path = self.folder / baseline
        if self.update:
            _write(path, images_or_generator, dataset, limits, n=n, seeds=seeds, metric=metric, budget=budget)
        if not path.is_file():
            pytest.fail(f"there is no baseline {path}; `pytest {UPDATE}` writes it", pytrace=False)

        report = check(images_or_generator, path, dataset=dataset, n=n, seeds=seeds, **limits)
        if report.verdict is Verdict.INCONCLUSIVE and allow_inconclusive:
            warnings.warn(_told(report), stacklevel=2)
        elif report.verdict is not Verdict.PASS:
            pytest.fail(_told(report), pytrace=False)
        return report


def _told(report: Report) -> str:
    from gan_bench.gate.reports import sentence

    return "; ".join(sentence(one) for one in report.checked if one.decides)


def _write(path: Path, images: Any, dataset: str, limits: dict[str, Any], **how: Any) -> NoReturn:
    from gan_bench.gate.api import make_baseline_of
    from gan_bench.gate.baseline import write_baseline

    scored = {name: limits[name] for name in limits.keys() & {"value_range", "device"}}
    write_baseline(make_baseline_of(images, dataset, **how, **scored), path)
    pytest.fail(f"the baseline {path} was written anew; look at the difference before you keep it", pytrace=False)
