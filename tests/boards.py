"""Made-up records and the boards that are built of them."""

from __future__ import annotations

import io
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from PIL import Image

from gan_bench import leaderboard
from gan_bench.budget import Budget
from gan_bench.leaderboard.board import Board
from gan_bench.leaderboard.cells import Table
from gan_bench.leaderboard.columns import Column
from gan_bench.leaderboard.entries import entries_of
from gan_bench.leaderboard.frames import detector_frame, generator_frame
from gan_bench.leaderboard.parts import detector_parts
from gan_bench.leaderboard.standings import Standings, all_standings
from gan_bench.leaderboard.tables import generator_table
from gan_bench.records import (
    AnyRecord,
    Attack,
    AttackRecord,
    AttackSpec,
    CellRecord,
    CellSpec,
    Cost,
    Detection,
    Environment,
    Interval,
    JudgeRecord,
    JudgeSpec,
    MetricValue,
    ReferenceRecord,
    ReferenceSpec,
    Result,
    spec_hash,
)

HERE = Environment.model_validate(
    {"device": "cpu", "device_name": "test", "precision": "fp32", "threads": 2, "cpus": 2, "platform": "test", "python": "3.11"}
    | {"instructions": "AVX2", "kernels": "of a test", "packages": {}, "git_commit": None}
)
COST = Cost.model_validate(dict.fromkeys(Cost.model_fields, 8))


def metric(value: float | None, metric: str = "fd", extractor: str = "lite0@64", **more: Any) -> MetricValue:
    known: dict[str, Any] = {"higher_is_better": False, "n_fake": 5000, "n_real": 10_000, "split": "train", **more}
    name = known.pop("name", f"{metric}_{extractor}_5k")
    return MetricValue(name=name, metric=metric, extractor=extractor, value=value, **known)


def column(metric: str, extractor: str, count: str = "5k") -> Column:
    return Column(f"{metric}_{extractor}_{count}", metric, extractor, 5000, 10_000, "train", False)


def seeds(variant: str, *values: float | None, **more: Any) -> list[Result]:
    """One cell for each value of the headline, with the seeds 0, 1, ...; `more` goes to the cells."""
    return [cell(variant, metric(value), seed=seed, **more) for seed, value in enumerate(values)]


def interval(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, method="bootstrap over samples")


def png(text: str) -> bytes:
    """A small picture, another one for another text."""
    kept = io.BytesIO()
    Image.new("RGB", (8, 8), f"#{sha256(text.encode()).hexdigest()[:6]}").save(kept, "PNG")
    return kept.getvalue()


def result(record: AnyRecord, run: str, pictures: Path | None, *names: str) -> Result:
    """A result of a run folder of this name; `pictures` gets a stand-in for each picture beside the record."""
    files: dict[str, Path] = {}
    if pictures is not None:
        pictures.mkdir(parents=True, exist_ok=True)
        for name in ("samples", *names):
            files[name] = pictures / f"{len(list(pictures.iterdir()))}-{name}.png"
            files[name].write_bytes(png(f"{name} of {record.spec_hash}"))
    return Result(Path(run), record, files)


def cell(variant: str, *metrics: MetricValue, run: str = "run", pictures: Path | None = None, **more: Any) -> Result:
    """One cell of cifar10/quick; `more` goes to the spec or, failing that, to the record."""
    where: dict[str, Any] = {k: more.pop(k) for k in list(more) if k in CellSpec.model_fields}
    spec = CellSpec.model_validate(
        {"dataset": "cifar10", "variant": variant, "seed": 0, "preset": "quick", "budget": Budget(tflop=8.0)}
        | {"n_fake": 5000, "n_real": 10_000, "extractors": ["lite0"], "metrics": ["fd"], "settings": {}, **where}
    )
    known: dict[str, Any] = {"status": "done", "cost": COST, "generator_parameters": 1_200_000, "environment": HERE, **more}
    record = CellRecord(spec=spec, spec_hash=spec_hash(spec), metrics=metrics, **known)
    return result(record, run, pictures, "strip", "rows")


def reference(name: str, *metrics: MetricValue, run: str = "run", pictures: Path | None = None, **more: Any) -> Result:
    """One reference row of cifar10/quick."""
    spec = ReferenceSpec(
        dataset="cifar10", name=name, preset="quick", n_fake=5000, n_real=10_000, extractors=("lite0",), metrics=("fd",)
    )
    record = ReferenceRecord(
        environment=HERE, spec=spec, spec_hash=spec_hash(spec), dataset_digest="d", samples_digest="s", metrics=metrics, **more
    )
    return result(record, run, pictures)


def detection(protocol: str, variant: str, auroc: float, **more: Any) -> Detection:
    """One detection. As the detector does on the tested fakes, so it does on the validation fold; `more` says otherwise."""
    known: dict[str, Any] = {
        "auroc_interval": None, "ap": 0.7, "real_accuracy": 0.61, "fake_accuracy": 0.62, "threshold": 1.5,
        "real_accuracy_at_threshold": 0.94, "fake_accuracy_at_threshold": 0.43, "oracle_accuracy": 0.64, "eer": 0.36,
        "ece": 0.11, "brier": 0.21, "nll": 1.61, "validate_auroc": auroc, "n_real": 30, "n_fake": 31,
    }  # fmt: skip
    return Detection(protocol=protocol, variant=variant, auroc=auroc, **{**known, **more})


def judge(
    detector: str, aurocs: dict[tuple[str, str], float], *others: Detection, seed: int = 0, run: str = "run", **more: Any
) -> Result:
    """One detector of cifar10/quick; `aurocs`: (protocol, variant) -> AUROC on clean images. `more` goes to the record."""
    detections = (*(detection(protocol, variant, auroc) for (protocol, variant), auroc in aurocs.items()), *others)
    fakes = {variant: f"digest {seed}" for _, variant in aurocs}
    spec = JudgeSpec(dataset="cifar10", detector=detector, seed=seed, preset="quick", n_judge=100, n_shown=100, fakes=fakes)
    known: dict[str, Any] = {"status": "done", "detections": detections, "method": "logistic on spectra", **more}
    record = JudgeRecord(environment=HERE, spec=spec, spec_hash=spec_hash(spec), **known)
    return result(record, run, None)


def attack(goal: str, attacked: str, shown_to: str, eps: int, auroc: float, success: float | None = 0.5) -> Attack:
    """What one attack did."""
    return Attack.model_validate(
        {"goal": goal, "attacked": attacked, "shown_to": shown_to, "eps": eps, "auroc": auroc, "success": success, "n": 50}
    )


def attacks(*attacks: Attack, seed: int = 0, run: str = "run", **more: Any) -> Result:
    """The attacks on the detectors of one seed of cifar10/quick; `more` goes to the record."""
    models = {name: f"digest {seed}" for a in attacks for name in (a.attacked, a.shown_to)}
    spec = AttackSpec(dataset="cifar10", seed=seed, preset="quick", n=50, models=models)
    known: dict[str, Any] = {"status": "done", "attacks": attacks, **more}
    return result(AttackRecord(environment=HERE, spec=spec, spec_hash=spec_hash(spec), **known), run, None)


def standings_of(*results: Result) -> Standings:
    """The standings of the only track of these results; nothing is drawn."""
    entries = entries_of(results)
    [only] = all_standings(generator_frame(entries), detector_frame(entries), entries, {})
    return only


def build(tmp_path: Path, *results: Result, **more: Any) -> Board:
    return leaderboard.build(results, tmp_path / "out", **more)


def rows(board: Board) -> dict[str, dict[str, Any]]:
    """The generator rows of a board of one track, by label."""
    [track] = board.to_dict()["tracks"]
    return {row["entry"]: row for row in track["generators"]}


def notes(board: Board) -> str:
    """All notes of a board, one a line."""
    return "\n".join(note for track in board.to_dict()["tracks"] for note in track["notes"])


def texts_of(table: Table) -> list[list[str]]:
    """The rows of a table as texts, the headers first; the best in stars, a tag in brackets."""
    rows = [[header.text for header in table.headers]]
    for row in table.rows:
        texts = []
        for cell, header in zip(row, table.headers, strict=True):
            more = cell.small if header.numeric else cell.tag and f"({cell.tag})"
            texts.append(f"{f'**{cell.text}**' if cell.best else cell.text} {more}".strip())
        rows.append(texts)
    return rows


def generators_of(board: Board) -> list[list[str]]:
    """The whole table of generators of a board of one track."""
    [s] = board.standings
    return texts_of(generator_table(s))


def table_of(board: Board, title: str) -> list[list[str]]:
    """The table of detectors with this title, on a board of one track."""
    [s] = board.standings
    [table] = [part.tables[title] for part in detector_parts(s) if title in part.tables]
    return texts_of(table)


def in_new_process(code: str, *arguments: str) -> None:
    """Run code in a Python of its own, which has imported nothing yet."""
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert ended.returncode == 0, ended.stderr


def page(tmp_path: Path, name: str = "**/*.html") -> str:
    """The text of all pages one after the other, or of those of this name."""
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((tmp_path / "out").glob(name)))
