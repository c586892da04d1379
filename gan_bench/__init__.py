"""gan-bench: train GANs under fixed budgets, score them, detect them, rank them.

`import gan_bench` is cheap on purpose: what needs torch is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_bench.api import Scorer, Scores, score
    from gan_bench.gate.api import check

__version__ = "0.1.0"
__all__ = ["Scorer", "Scores", "__version__", "check", "score"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "check":
        from gan_bench.gate.api import check

        return check
    from gan_bench import api

    return getattr(api, name)
