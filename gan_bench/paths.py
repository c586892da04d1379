"""Where things are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Datasets and cached features: $GAN_BENCH_CACHE, else the user's cache folder of this system."""
    return Path(os.environ.get("GAN_BENCH_CACHE") or platformdirs.user_cache_dir("gan-bench"))
