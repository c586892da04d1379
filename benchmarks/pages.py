"""How long do the pages take, and how large are they?  python benchmarks/pages.py [--records 500] [--keep DIR] [RUN...]

Builds the pages of the run folders, or of a made-up run with so many records, twice, each time as a new process; then opens the
largest page in Chromium, where there is one, and times sorting and filtering there.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from gan_bench.budget import Budget
from gan_bench.records import (
    CONTROLS,
    LEAVE_ONE_OUT,
    MATRIX,
    ROBUST,
    SEEN,
    TIERS,
    CellRecord,
    CellSpec,
    Cost,
    Detection,
    Environment,
    ExtractorInfo,
    Interval,
    JudgeRecord,
    JudgeSpec,
    MetricValue,
    ReferenceRecord,
    ReferenceSpec,
    Statistics,
    spec_hash,
    write_record,
)
from gan_bench.run_folder import RunFolder

DATASETS = ("cifar10", "mnist")
VARIANTS = ("dcgan", "cgan", "wgan", "wgan-gp", "vanilla", "lsgan", "sngan", "vae", "pacgan2", "cyclegan", "srgan", "srresnet")
RATES = (5e-5, 1e-4, 2e-4, 4e-4, 8e-4, 1e-3)
SEEDS, N_DETECTORS = 3, 10
JUDGED = 6  # variants that each detector is tested on, as in `make bench`
CORRUPTIONS = ("jpeg", "blur", "noise", "rescale", "crop", "contrast")
MEASURED = {  # metric -> whether higher is better; in two extractors each
    "fd": False, "kid": False, "is": True, "precision": True, "recall": True, "density": True, "coverage": True,
    "classes_covered": True, "class_kl": False, "smallest_class_share": True,
}  # fmt: skip
HERE = Environment(
    device="cpu", device_name="made up", instructions="AVX512", kernels="none", precision="float32", threads=1, cpus=2,
    platform="none", python="3.11", packages={"gan-bench": "0.1.0", "torch": "2.14.1"}, git_commit=None,
)  # fmt: skip
SORT_AND_FILTER = """async () => {
  const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
  const timed = async act => { const start = performance.now(); act(); await drawn(); return performance.now() - start; };
  const field = document.querySelector(".tools input[type=search]");
  const type = text => { field.value = text; field.dispatchEvent(new Event("input")); };
  const sorts = [], filters = [];
  for (const button of document.querySelectorAll("table.data thead button.sort")) sorts.push(await timed(() => button.click()));
  for (const text of ["g", "ga", "gan", "dcgan", ""]) filters.push(await timed(() => type(text)));
  const rows = document.querySelectorAll("table.data tbody tr").length;
  return {rows, sort_ms: Math.max(...sorts), filter_ms: Math.max(...filters)};
}"""


def make_run(folder: Path, n_records: int) -> int:
    """A run folder with about this many made-up records, with pictures; returns how many there are."""
    made = 0
    for path, record in records(random.Random(0)):
        if made == n_records:
            break
        place = folder / path
        write_record(place / "record.json", record)
        if not isinstance(record, JudgeRecord):
            write_beside(place, record, made)
        made += 1
    assert RunFolder(folder).has_records
    return made


def records(rng: random.Random) -> Iterator[tuple[Path, CellRecord | ReferenceRecord | JudgeRecord]]:
    """Records and their folders below the run folder, one dataset after the other."""
    for dataset in DATASETS:
        yield from references(dataset, rng)
        for rate in RATES:
            for variant in VARIANTS:
                for seed in range(SEEDS):
                    yield (
                        Path("cells") / dataset / f"{variant}@{rate}" / f"seed-{seed}",
                        cell(dataset, variant, rate, seed, rng),
                    )
        for k in range(N_DETECTORS):
            for seed in range(SEEDS):
                yield Path("detectors") / dataset / f"detector-{k}" / f"seed-{seed}", judge(dataset, k, seed, rng)


def metrics(level: float, rng: random.Random) -> tuple[MetricValue, ...]:
    """Numbers of a generator of this quality, 0 or more; lower is better."""
    found = []
    for extractor in ("lite0@64", "classifier"):
        for name, higher in MEASURED.items():
            value = (1 / (1 + level) if higher else 10 * level) * rng.uniform(0.9, 1.1)
            interval = Interval(low=0.9 * value, high=1.1 * value, method="95 % interval over samples")
            found.append(MetricValue(
                name=f"{name}_{extractor}_5k", metric=name, extractor=extractor, value=value, higher_is_better=higher,
                n_fake=5000, n_real=10_000, split="train", interval=interval,
            ))  # fmt: skip
    return tuple(found)


def cell(dataset: str, variant: str, rate: float, seed: int, rng: random.Random) -> CellRecord:
    """A finished training."""
    spec = CellSpec(
        dataset=dataset, preset="quick", n_fake=5000, n_real=10_000, extractors=("classifier", "lite0"), metrics=("fd", "kid"),
        variant=variant, seed=seed, budget=Budget(tflop=6.0), settings={"lr": rate, "z_dim": 100}, changed={"lr": rate},
    )  # fmt: skip
    level = (1 + VARIANTS.index(variant)) * (1 + RATES.index(rate)) / 10
    cost = Cost(
        steps=2000, kimg=32.0, tflop=6.0, train_seconds=90 * rng.uniform(0.9, 1.1), images_per_second=350.0, sample_seconds=4.0,
        score_seconds=20.0, peak_memory_mb=900.0,
    )  # fmt: skip
    return CellRecord(
        environment=HERE, spec=spec, spec_hash=spec_hash(spec), status="done", dataset_digest="d",
        samples_digest=f"{variant} {rate} {seed}",
        extractors={"lite0@64": ExtractorInfo(digest="e")}, metrics=metrics(level, rng), cost=cost, title=variant.upper(),
        paper="Nobody 2026", generator_parameters=1_200_000, paper_settings={"lr": 2e-4},
        curves={"g_loss": "Losses", "d_loss": "Losses", "g_gradient": "Gradient norm", "d_gradient": "Gradient norm"},
        moments=tuple(float(4 * k) for k in range(9)),
    )  # fmt: skip


def references(dataset: str, rng: random.Random) -> Iterator[tuple[Path, ReferenceRecord]]:
    """The rows to compare with."""
    for name, level in (("real", 0.01), ("noise", 9.0)):
        spec = ReferenceSpec(dataset=dataset, preset="quick", n_fake=5000, n_real=10_000, extractors=(), metrics=(), name=name)
        yield (
            Path("references") / dataset / name,
            ReferenceRecord(
                environment=HERE,
                spec=spec,
                spec_hash=spec_hash(spec),
                dataset_digest="d",
                samples_digest=name,
                metrics=metrics(level, rng),
            ),
        )


def judge(dataset: str, k: int, seed: int, rng: random.Random) -> JudgeRecord:
    """A detector that was tested on the variants with the first rate."""
    keys = [f"{variant}@{RATES[0]}" for variant in VARIANTS[:JUDGED]]
    spec = JudgeSpec(
        dataset=dataset, detector=f"detector-{k}", seed=seed, preset="quick", n_judge=4000, n_shown=30_000,
        fakes=dict.fromkeys(keys, f"digest {seed}"),
    )  # fmt: skip
    found = []
    for tier in TIERS:
        for variant in (*keys, "all"):
            found += [detection(protocol, variant, tier, rng) for protocol in (SEEN, LEAVE_ONE_OUT)]
            found += [detection(MATRIX, variant, tier, rng, fitted_on=(key,)) for key in keys]
        found += [detection(control, "real", tier, rng) for control in CONTROLS]
    for corruption in CORRUPTIONS:
        found += [detection(ROBUST, "all", TIERS[0], rng, corruption=corruption, severity=n) for n in range(1, 6)]
    return JudgeRecord(
        environment=HERE,
        spec=spec,
        spec_hash=spec_hash(spec),
        status="done",
        detections=tuple(found),
        method="made up",
        seconds=9.0,
    )


def detection(protocol: str, variant: str, tier: str, rng: random.Random, **more: object) -> Detection:
    """One detection, of nothing."""
    auroc = rng.uniform(0.5, 1)
    merits = dict.fromkeys(
        ("ap", "real_accuracy", "fake_accuracy", "threshold", "real_accuracy_at_threshold", "fake_accuracy_at_threshold"), 0.7
    ) | dict.fromkeys(("oracle_accuracy", "eer", "ece", "brier", "nll"), 0.3)
    known = {
        "protocol": protocol, "variant": variant, "tier": tier, "auroc": auroc, "validate_auroc": auroc,
        "n_real": 900, "n_fake": 900,
        "auroc_interval": Interval(low=auroc - 0.01, high=min(1.0, auroc + 0.01), method="bootstrap over images"),
    }  # fmt: skip
    return Detection.model_validate({**merits, **known, **more})


def write_beside(folder: Path, record: CellRecord | ReferenceRecord, k: int) -> None:
    """Pictures, a course of training and statistics."""
    rng = np.random.default_rng(k)
    names = {"samples": (528, 528), "strip": (794, 596), "neighbours": (266, 794), "walk": (530, 596)}
    for name, (height, width) in names.items():
        if name == "samples" or isinstance(record, CellRecord):
            small = rng.integers(0, 256, (height // 22, width // 22, 3), dtype=np.uint8)
            Image.fromarray(small).resize((width, height), Image.Resampling.NEAREST).save(folder / f"{name}.png")
    if isinstance(record, CellRecord):
        steps = np.arange(1, 121)
        table = np.column_stack([steps, steps / 4, *(rng.normal(1, 0.2, (len(record.curves), 120)) + 20 / steps)])
        header = ",".join(["step", "kimg", *record.curves])
        np.savetxt(folder / "history.csv", table, fmt="%.8g", delimiter=",", header=header, comments="")
    levels, shares = rng.dirichlet(np.ones(256)), rng.dirichlet(np.ones(10))
    write_record(folder / "statistics.json", Statistics(
        levels=tuple(levels.tolist()), spectrum=tuple(np.linspace(5, 1, 17).tolist()), classifier="classifier",
        classes=tuple((f"class {i}", float(share)) for i, share in enumerate(shares)), n=5000,
    ))  # fmt: skip


def build(runs: list[Path], out: Path) -> float:
    """Seconds that the command takes in a new process."""
    started = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "gan_bench", "leaderboard", *map(str, runs), "--out", str(out)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - started


def largest_table(out: Path) -> Path:
    """The largest page that holds a table of generators."""
    return max(out.glob("*/index.html"), key=lambda file: file.stat().st_size)


def in_browser(page: Path) -> dict[str, float] | None:
    """The longest sort and filter in milliseconds, until the next frame is drawn; None: there is no browser."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        tab.goto(page.as_uri())
        found: dict[str, float] = tab.evaluate(SORT_AND_FILTER)
        browser.close()
    return found


def main() -> None:
    """Print what was measured as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="*", type=Path)
    parser.add_argument("--records", type=int, default=500)
    parser.add_argument("--keep", type=Path, help="where to keep the pages")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        runs, out = options.runs, options.keep or Path(scratch) / "pages"
        n = None
        if not runs:
            runs = [Path(scratch) / "run"]
            n = make_run(runs[0], options.records)
        first, again = build(runs, out), build(runs, out)

        sizes = {str(file.relative_to(out)): file.stat().st_size for file in out.rglob("*.html")}
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
        whole = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
        print(json.dumps({
            "records": n, "first_seconds": round(first, 2), "again_seconds": round(again, 2), "pages": len(sizes),
            "largest_kB": {name: round(size / 1000) for name, size in largest}, "whole_MB": round(whole / 1e6, 1),
            "browser": in_browser(largest_table(out)),
        }, indent=2))  # fmt: skip


if __name__ == "__main__":
    main()
