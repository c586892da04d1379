"""Which metric orders what, in which features, on which dataset?  python benchmarks/ladder.py [--datasets mnist,cifar10]

A ladder of image sets whose order is known: real test images, the same images with known damage, and noise. A metric tells
on a dataset when it puts real images before each kind of damage that it can see, and each kind of damage before noise, by
more than their intervals. What does not tell belongs into `not_telling` of the suite: it is never bold there.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from gan_bench import suites
from gan_bench.budget import Preset, parse_preset
from gan_bench.core.files import write_text
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split
from gan_bench.device import environment, pick
from gan_bench.images import convert
from gan_bench.images.damage import blurred, mixed, noisy
from gan_bench.images.sets import in_memory
from gan_bench.metrics import METRICS
from gan_bench.records import MetricValue, ScoreSpec
from gan_bench.references import noise
from gan_bench.scorer import scorer_for

REAL, NOISE, FEWER = "real", "noise", "fewer classes"
PIXEL_SD, JITTER = 25.0, 3.0  # levels of 255; standard deviations of a mode
# Measured beside the metrics of the suite. Those that compare with a truth need none: what it orders is given.
ALSO = ("dc", "vendi", "bins", "authenticity", "data-copying", "fd-infinity", "cas")

# What a number cannot see by its definition: a tie with real images is no fault there. A wrong order always is.
EACH_ALONE = "it looks at each fake alone", (FEWER,)
ONE_IS_ENOUGH = "a few good fakes are enough for a class or mode to count", ("blurred", "noisy", "mixture")
CLASSES_ALONE = "it looks at the classes of the fakes alone, not at how good they are", ("blurred", "noisy", "mixture")
GOOD_ALONE = "it looks at the good fakes alone", ("noisy", "mixture")
OF_REALS = "it asks which reals are reached, and bad fakes beside good ones change nothing", ("mixture",)
NO_REALS = "it asks how different the fakes are, and knows no reals", ("blurred", "noisy", "mixture")
FACTORS = (
    "it looks for shapes that `shapes` would draw, through blur and noise: where, how large, of what colour",
    ("blurred", "noisy"),
)
BLIND = {  # output or extractor -> why, and what it does not see
    **dict.fromkeys(("precision", "density", "high_quality", "auth_pct"), EACH_ALONE),
    **dict.fromkeys(("classes_covered", "modes", "confident_modes", "modes_covered"), ONE_IS_ENOUGH),
    **dict.fromkeys(("class_kl", "smallest_class_share", "mode_kl"), CLASSES_ALONE),
    "reverse_kl": GOOD_ALONE,
    "recall": OF_REALS,
    "vendi": NO_REALS,
    "shapes-factors": FACTORS,
}


class Rung(NamedTuple):
    """Images at rest (N, C, H, W), and the class (N,) that each was asked to be of."""

    images: Tensor
    asked: Tensor


def half_of_classes(dataset: Dataset) -> Split:
    """The test images of every second class: on a ring or a grid, the mean and the spread stay nearly the same."""
    test = dataset.load("test")
    chosen = test.labels % 2 == 1
    return Split(test.images[chosen], test.labels[chosen])


def rungs(dataset: Dataset, n: int) -> dict[str, Rung]:
    """The ladder in sets of n images; without fewer classes where half of the classes have fewer than n test images."""
    real = dataset.load("test").subset(n, dataset.name, "reference", n)  # as the reference row chooses them
    bad, asked = in_memory(noise(dataset, n).images), real.labels
    found = {REAL: Rung(real.images, asked)}

    if dataset.mixture is None:
        found["blurred"] = Rung(blurred(real.images), asked)
        found["noisy"] = Rung(noisy(real.images, PIXEL_SD), asked)
    else:
        found["noisy"] = Rung(noisy(real.images, JITTER * dataset.mixture.sigma), asked)

    half = half_of_classes(dataset)
    if len(half.images) >= n:
        half = half.subset(n, dataset.name, FEWER)
        found[FEWER] = Rung(half.images, half.labels - torch.arange(n) % 2)  # asked for all classes, it makes half of them

    found["mixture"] = Rung(mixed(real.images, bad), asked)
    found[NOISE] = Rung(bad, asked)
    return found


def counts(dataset: Dataset, metrics: Iterable[str], most: int) -> dict[int, list[str]]:
    """size of the sets -> what is measured at it: as many images as all rungs have, or all where that is too few."""
    test, half = (min(most, len(split.images)) for split in (dataset.load("test"), half_of_classes(dataset)))
    found: dict[int, list[str]] = {}
    for name in metrics:
        found.setdefault(half if METRICS.get(name).minimum <= half else test, []).append(name)
    return found


Values = dict[tuple[str, str], dict[str, MetricValue]]  # (metric, extractor) -> rung -> number


def measure(spec: ScoreSpec, device: torch.device) -> Values:
    """All numbers of all rungs, in sets of the spec's n_fake."""
    scorer, found = scorer_for(spec, device), Values()
    for what, rung in rungs(scorer.dataset, spec.n_fake).items():
        print(f"{spec.dataset}: {what}, {spec.n_fake:,} images", flush=True)
        digest = convert.digest(rung.images)
        for value, _ in scorer.measure(rung.images, f"{spec.dataset} {what}", rung.asked, digest=digest):
            found.setdefault((value.metric, value.extractor.partition("@")[0]), {})[what] = value
    return found


def ends(value: MetricValue) -> tuple[float, float]:
    """The worse and the better end of a number's interval, turned so that higher is better; without one its value, twice."""
    assert value.value is not None
    sign = 1 if value.higher_is_better else -1
    low, high = (value.value, value.value) if value.interval is None else (value.interval.low, value.interval.high)
    return min(sign * low, sign * high), max(sign * low, sign * high)


def better(a: MetricValue, b: MetricValue) -> bool:
    """Whether a is better than b by more than their intervals."""
    return ends(a)[0] > ends(b)[1]


def alike(a: MetricValue, b: MetricValue) -> bool:
    """Whether neither is better."""
    return not better(a, b) and not better(b, a)


def at_worst(value: MetricValue) -> bool:
    """Whether no images can have a worse number."""
    return value.value == (value.least if value.higher_is_better else value.most)


def faults(ladder: Mapping[str, MetricValue]) -> list[str]:
    """What a number gets wrong, such as "noise before real"; nothing where it tells.

    ladder  rung -> number; those without a value are left out. Real images and noise have one.
    """
    known = {what: value for what, value in ladder.items() if value.value is not None}
    real, bad = known[REAL], known[NOISE]
    names = real.metric, real.extractor.partition("@")[0]
    unseen = {what for name in names if name in BLIND for what in BLIND[name][1]}
    damaged = {what: value for what, value in known.items() if what not in (REAL, NOISE)}
    good = {what: value for what, value in known.items() if what != NOISE}

    wrong = {
        "{} before real": [what for what, value in damaged.items() if better(value, real)],
        "{} like real": [what for what, value in damaged.items() if what not in unseen and alike(value, real)],
        "noise before {}": [what for what, value in good.items() if better(bad, value)],
        "noise like {}": [
            what for what, value in good.items() if alike(value, bad) and not (at_worst(value) and at_worst(bad))
        ],
    }  # fmt: skip
    return [text.format(", ".join(found)) for text, found in wrong.items() if found]


def verdicts(dataset: str, values: Values) -> list[dict[str, Any]]:
    """One row for each number: its start as suites name it, what it gets wrong, and its values by rung."""
    rows = []
    for (metric, extractor), ladder in values.items():
        real = ladder[REAL]
        if real.value is None or ladder[NOISE].value is None:
            continue  # an extractor without weights
        rows.append({
            "dataset": dataset, "start": f"{metric}_{extractor}", "higher_is_better": real.higher_is_better,
            "n_fake": real.n_fake, "n_real": real.n_real, "wrong": faults(ladder),
            "rungs": {what: number(value) for what, value in ladder.items() if value.value is not None},
        })  # fmt: skip
    return rows


def number(value: MetricValue) -> dict[str, float | None]:
    """A number and the ends of its interval, where it has one."""
    low, high = (None, None) if value.interval is None else (value.interval.low, value.interval.high)
    return {"value": value.value, "low": low, "high": high}


def not_telling(rows: Iterable[dict[str, Any]], datasets: Iterable[str]) -> list[str]:
    """The starts of the names of what gets something wrong on one of the datasets, sorted."""
    among = set(datasets)
    return sorted({row["start"] for row in rows if row["dataset"] in among and row["wrong"]})


def climb(dataset: str, suite: suites.Suite, metrics: Iterable[str], preset: Preset) -> list[dict[str, Any]]:
    """The verdicts of a dataset, printed. Points teach no classifier of images."""
    device, whole, rows = pick("auto"), DATASETS.create(dataset), []
    meant = [name for name in metrics if whole.mixture is None or METRICS.get(name).needs != "lesson"]
    for n, names in counts(whole, meant, suite.n_fake or preset.n_fake).items():
        spec = ScoreSpec(
            dataset=dataset, preset=preset.name, n_fake=n, n_real=preset.n_real,
            extractors=suite.extractors, metrics=tuple(names),
        )  # fmt: skip
        rows += verdicts(dataset, measure(spec, device))

    for row in rows:
        numbers = "  ".join(f"{what} {v['value']:.4g}" for what, v in row["rungs"].items())
        print(f"{dataset:13} {row['start']:38} {'; '.join(row['wrong']) or 'tells':60} {numbers}", flush=True)
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The verdicts in Markdown: numbers by datasets."""
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    lines = [f"| | {' | '.join(datasets)} |", "|---" * (len(datasets) + 1) + "|"]
    for start in sorted({row["start"] for row in rows}):
        cells = {row["dataset"]: cell(row) for row in rows if row["start"] == start}
        lines.append(f"| {start} | {' | '.join(cells.get(d, '') for d in datasets)} |")
    return "\n".join(lines)


def merged(rows: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a file with new ones in place of those of the same number and dataset, sorted by dataset as suites are."""
    order = [dataset for name in suites.names() for dataset in suites.load(name).datasets]
    found = {(row["dataset"], row["start"]): row for row in [*rows, *new]}
    return sorted(found.values(), key=lambda row: (order.index(row["dataset"]), row["start"]))


def cell(row: dict[str, Any]) -> str:
    """What the table says of one number on one dataset."""
    untried = "" if FEWER in row["rungs"] else f" ({FEWER}: no number)"
    return ("; ".join(row["wrong"]) or "tells") + untried


def page(rows: list[dict[str, Any]], preset: str) -> str:
    """The whole Markdown file."""
    sizes = ", ".join(
        f"{row['dataset']} {row['n_fake']:,} of {row['n_real']:,}"
        for row in {(row["dataset"], row["n_fake"]): row for row in rows}.values()
    )
    reasons: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for metric, why in BLIND.items():
        reasons.setdefault(why, []).append(metric)
    blind = "\n".join(f"- {', '.join(names)}: not {', '.join(what)}; {why}." for (why, what), names in reasons.items())
    return f"""# Which number orders what

Counts of `{preset}`. Fakes scored, and reals they are compared with: {sizes}.

The sets, best first: **real** test images; the same **blurred** (half the side and back), **noisy** (Gaussian noise of sd
{PIXEL_SD:g}; points: of {JITTER:g} sigma), of **fewer classes** (every second one; asked for all), a **mixture** (half of it
noise); and **noise**. A number *tells* when real images are better than each kind of damage, and each kind of damage is better
than noise, by more than the intervals; a number without an interval is taken as it is. "before": a wrong order. "like": no
difference. Two sets that both have the worst number there is are no fault. An empty cell: not measured there.

A tie with real images is no fault where a number cannot see that damage by its definition:

{blind}

{table(rows)}
"""


def main() -> None:
    """Climb the ladder of each dataset; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasets", help="of suites; by default all")
    parser.add_argument("--budget", default="quick", help="the preset whose counts are used")
    parser.add_argument("--metrics", help="by default those of the suite and those that no suite has")
    parser.add_argument("--out", type=Path, help="JSON of the numbers, the table beside it; other numbers in it stay")
    args = parser.parse_args()

    preset = parse_preset(args.budget)
    of_dataset = {dataset: suite for suite in map(suites.load, suites.names()) for dataset in suite.datasets}
    rows: list[dict[str, Any]] = json.loads(args.out.read_text())["rows"] if args.out and args.out.exists() else []
    for dataset in args.datasets.split(",") if args.datasets else of_dataset:
        suite = of_dataset[dataset]
        metrics = args.metrics.split(",") if args.metrics else dict.fromkeys((*suite.metrics, *ALSO))
        rows = merged(rows, climb(dataset, suite, metrics, preset))
        if args.out:
            found = {"device": environment(pick("auto")).device_name, "budget": preset.name, "rows": rows}
            write_text(args.out, json.dumps(found, indent=2) + "\n")
            write_text(args.out.with_suffix(".md"), page(rows, preset.name))


if __name__ == "__main__":
    main()
