"""Fails when a change makes the samples worse. `pytest --gan-bench-update` writes baseline.json anew."""

import pytest
from my_gan import broken, load

CHECK = {"dataset": "shapes", "baseline": "baseline.json", "same_model": True}


def test_samples_are_as_good_as_they_were(gan_bench) -> None:
    gan_bench.assert_sample_quality(load, **CHECK)


@pytest.mark.skipif("config.getoption('--gan-bench-update')", reason="this generator must not become the baseline")
def test_a_broken_generator_is_caught(gan_bench) -> None:
    with pytest.raises(pytest.fail.Exception, match="regressed"):
        gan_bench.assert_sample_quality(broken, **CHECK)
