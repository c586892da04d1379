"""A board for tests in a browser: every kind of page, with pictures, charts, and names that try to do harm."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gan_bench.leaderboard import build
from gan_bench.records import CLEAN, Result, Statistics, write_record
from tests.boards import attack, attacks, cell, detection, interval, judge, metric, reference

SCRIPT = "<script>alert(1)</script>"
LONG = "x" * 300
HOSTILE = (SCRIPT, "=1+1", "../../etc/passwd", "a \"quoted\" 'name' & more", "emoji \U0001f600\nnewline", LONG)
CURVES = {"d_loss": "Losses", "g_loss": "Losses", "d_gradient": "Gradient norm"}
VARIANTS = {"dcgan": 10.0, "cgan": 8.0, "wgan": 14.0}
TIER_AUROCS = {"clean": 0.98, "web": 0.83}


def png(path: Path, width: int, height: int, colour: str) -> Path:
    """A picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (width, height), colour).save(path)
    return path


def with_files(found: Result, folder: Path, k: int) -> Result:
    """A result with pictures, a course of training, statistics and its record beside it."""
    place = folder / str(k)
    files = {
        "samples": png(place / "samples.png", 66, 66, ("teal", "navy", "maroon")[k % 3]),
        "strip": png(place / "strip.png", 60, 90, "olive"), "walk": png(place / "walk.png", 60, 50, "purple"),
        "neighbours": png(place / "neighbours.png", 60, 40, "grey"), "history": place / "history.csv",
        "statistics": place / "statistics.json", "record": place / "record.json",
    }  # fmt: skip
    lines = ["kimg,d_loss,g_loss,d_gradient", *(f"{i},{1 + 1 / i},{2 - 1 / i},{i}" for i in range(1, 40))]
    files["history"].write_text("\n".join(lines) + "\n")
    classes = ((SCRIPT, 0.02 if k == 0 else 0.5), ("dog", 0.98 if k == 0 else 0.5))
    levels, spectrum = (1 / 256,) * 256, (4.0, 3.0, 2.0, 1.0)
    write_record(files["statistics"], Statistics(n=100, levels=levels, spectrum=spectrum, classes=classes, classifier="resnet"))
    write_record(files["record"], found.record)
    return found._replace(files=files)


def cells(dataset: str, names: dict[str, float], folder: Path) -> list[Result]:
    """Three seeds of each; the first name is detected well, and the others are not."""
    made = []
    for name, fd in names.items():
        for seed in range(3):
            numbers = [
                metric(fd + seed / 10, interval=interval(fd - 1, fd + 1)), metric(0.6, "precision", higher_is_better=True),
                metric(1 / fd, "recall", higher_is_better=True), metric(None, extractor="inception", unavailable="no weights"),
                metric(fd / 2, "kid"), metric(0.5, "coverage", higher_is_better=True),
            ]  # fmt: skip
            found = cell(
                name, *numbers, seed=seed, dataset=dataset, title=name.upper(), settings={"lr": 2e-4, "z_dim": 64},
                curves=CURVES, paper="https://arxiv.org/abs/1511.06434", moments=(0.0, 4.0, 8.0), paper_settings={"lr": 1e-4},
                samples_digest=f"{name}{seed}",
            )  # fmt: skip
            made.append(with_files(found, folder / dataset, len(made)))
    return made


def judges(names: dict[str, float], folder: Path) -> list[Result]:
    """Two detectors of cifar10, tested on all, damaged and attacked."""
    made = []
    for k, name in enumerate(("spectrum", SCRIPT)):
        found = []
        for tier, auroc in TIER_AUROCS.items():
            for variant in (*names, "all"):
                found.append(detection("seen", variant, auroc - k / 20, tier=tier))
                if variant != "all":
                    found.append(detection("leave-one-out", variant, auroc - k / 10, tier=tier))
                    found += [detection("matrix", other, auroc - k / 10, tier=tier, fitted_on=(variant,)) for other in names]
        found += [detection("robust", "all", 0.9 - n / 20, corruption="jpeg", severity=n) for n in range(1, 6)]
        found.append(detection("real-vs-real", "real", 0.5, tier=CLEAN, auroc_interval=interval(0.4, 0.6)))
        result = judge(name, {}, *found, explained="what it sees")
        made.append(result._replace(files={"explained": png(folder / f"explained-{k}.png", 80, 40, "white")}))
    return made


def build_site(folder: Path) -> Path:
    """The pages of a board with two tracks, one of them with hostile names; returns their folder."""
    pictures = folder / "pictures"
    hostile = {name: 10.0 + i for i, name in enumerate(HOSTILE)}
    real = with_files(reference("real", metric(1.0), metric(0.9, "precision", higher_is_better=True)), pictures / "real", 1)
    results = [
        *cells("cifar10", VARIANTS, pictures), real, reference("noise", metric(90.0)), *cells("mnist", hostile, pictures),
        cell("broken", status="failed", reason=SCRIPT), *judges(VARIANTS, pictures),
        attacks(attack("evasion", "spectrum", SCRIPT, 4, 0.3)),
    ]  # fmt: skip
    out = folder / "site"
    build(results, out, problems=[f"{SCRIPT} cannot be read."])
    return out
