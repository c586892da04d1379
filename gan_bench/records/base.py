"""What every record is made of: the strict model, the versions, and words that several records share."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from gan_bench.core.digests import json_digest

# Results with different values of this never share a table. Raise it when a rule, a metric, a dataset or an extractor changes.
BENCHMARK_VERSION = "0.3"
SCHEMA_VERSION = 5  # of the files: raise it when a record gets a field, or loses one
FROM_LATENTS = "generate"  # the task of a generator that is given no image
TASKS = (FROM_LATENTS, "translate", "upscale")  # what a generator starts from; `images.tasks` makes it
DEVICES = ("auto", "cpu", "cuda", "mps")  # kinds of devices that a user may name
PANELS = ("Losses", "D's mean output", "D's accuracy", "Gradient norm", "Images/s")  # of the chart of a training


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)  # JSON has no NaN: what is written can be read


class Written(Model):
    """What lies in a file of its own.

    content_digest  SHA-256 of the canonical JSON of all other fields; `write_record` sets it. None: in files of schema 1, and
                    where a file was edited since
    """

    schema_version: int = SCHEMA_VERSION
    content_digest: str | None = None


def short_count(n: int) -> str:
    """5000 -> "5k", 256 -> "256": as the names of metrics have it."""
    return f"{n // 1000}k" if n >= 1000 and n % 1000 == 0 else str(n)


def spec_hash(spec: Model) -> str:
    """SHA-256 of the spec's canonical JSON."""
    return json_digest(spec.model_dump(mode="json"))


class Interval(Model):
    low: float
    high: float
    method: str
