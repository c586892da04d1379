"""gan-bench: train GANs under fixed budgets, score them, detect them, rank them.

`import gan_bench` is cheap on purpose: torch is imported by the modules that use it.
"""

__version__ = "0.1.0"

# Results with different values of this never share a table. Raise it when a rule, a metric, a dataset or an extractor changes.
BENCHMARK_VERSION = "0.1"
