"""A plain limit on a metric, such as "fd_mnist-cnn > 8"."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gan_bench.core.errors import UserError
from gan_bench.gate.entries import bare
from gan_bench.records import MetricValue

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
}  # fmt: skip


class Limit(NamedTuple):
    """What fails: a column, with or without its count, a sign of SIGNS and a number."""

    column: str
    sign: str
    bound: float

    def broken_by(self, metrics: Sequence[MetricValue]) -> str | None:
        """A sentence where the metric is beyond the limit, else None. Raises UserError where it has no value."""
        found = [m for m in metrics if self.column in (m.name, bare(m))]
        if not found:
            raise UserError(f"--fail-if: there is no metric {self.column!r}; there are {', '.join(bare(m) for m in metrics)}.")
        [metric] = found
        if metric.value is None:
            raise UserError(f"--fail-if: {self.column} has no value: {metric.unavailable}.")
        if SIGNS[self.sign](metric.value, self.bound):
            return f"{metric.name} is {metric.value:.4g}, and {self.sign} {self.bound:g} fails"
        return None


def parse_limit(text: str) -> Limit:
    """ "fd_mnist-cnn > 8" -> a limit. Raises UserError for what is none."""
    match = re.fullmatch(r"\s*([^\s<>=]+)\s*(>=|<=|>|<)\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*", text)
    if match is None:
        raise UserError(f"--fail-if {text!r} is no limit; give one such as 'fd_mnist-cnn > 8'.")
    return Limit(match[1], match[2], float(match[3]))
