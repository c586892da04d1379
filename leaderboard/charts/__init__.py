"""The charts of the pages: what they show, as plain data, and the SVG that is drawn of it and kept between builds.

Importing this package loads no matplotlib: `ChartStore` does, when it has to draw.
"""

from __future__ import annotations

from gan_bench.leaderboard.charts.base import Chart, Charts, LegendItem, looks
from gan_bench.leaderboard.charts.store import ChartStore

__all__ = ["Chart", "ChartStore", "Charts", "LegendItem", "looks"]
