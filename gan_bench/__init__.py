"""gan-bench: train GANs under fixed budgets, score them, detect them, rank them.

`import gan_bench` is cheap on purpose: what needs torch is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gan_bench.api import Scores, score
    from gan_bench.gate.api import check

__version__ = "0.1.0"
__all__ = ["Scores", "__version__", "check", "score"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gan_bench import api
    from gan_bench.gate import api as gate

    return gate.check if name == "check" else getattr(api, name)
