"""`gan-bench detect`."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from gan_bench.cli import completion
from gan_bench.cli.options import LARGEST_SEED, Device, Json, range_in
from gan_bench.cli.output import Row, log_to_stderr, print_json, print_table, say, stdout
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr
from gan_bench.core.registry import suggest
from gan_bench.records import TIERS

if TYPE_CHECKING:
    from gan_bench.detect import Judge, JudgedImage, Judgement

COLUMNS = ("path", "label", "probability", "logit", "verdict", "note")  # of the CSV
SHOWN_CUES = 3  # of each detector


def detect(
    path: Annotated[
        Path,
        typer.Argument(
            help="A folder of images, an image (PNG, JPEG, WebP), an array (.npz, .npy, .pt), or a CSV with a column path "
            "and, if you know it, a column label (real or 0, fake or 1)."
        ),
    ],
    run: Annotated[Path, typer.Option(help="The run folder whose detectors judge.")],
    detector: Annotated[
        str | None,
        typer.Option(
            help="Which of them.", show_default="the best on the run's validation images", autocompletion=completion.detector
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="The detectors of this dataset.", show_default="the only one of the run", autocompletion=completion.dataset
        ),
    ] = None,
    tier: Annotated[
        str,
        typer.Option(
            help="How you think the images reached you: clean, as their maker stored them; web, re-encoded once, as nearly all "
            "images out there were; hard, re-encoded strongly or several times.",
            autocompletion=completion.tiers,
        ),
    ] = "web",
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="The detectors of this seed.", show_default="the first")
    ] = None,
    value_range: Annotated[
        str | None, typer.Option(help="What is black and what is white in an array of floats: --value-range=-1,1.")
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Say what speaks for fake, and draw heat maps of the first 64 images into this folder.")
    ] = None,
    device: Device = "auto",
    as_json: Json = False,
    as_csv: Annotated[
        bool,
        typer.Option(
            "--csv", help="Print CSV instead of a table. Texts that a spreadsheet would take for formulas are quoted."
        ),
    ] = False,
) -> None:
    """Tell whether images are real or fake, by the detectors of a run.

    A verdict is `unsure`, and a note says why, where it changes when the image is re-encoded, and where the image is unlike
    those that the detector knows: of another size, in grey instead of colour, transparent.

    Exit 1 where an image had to be refused: damaged, animated, 16 bits a channel, too small or too large.
    """
    log_to_stderr()
    if tier not in TIERS:
        raise UserError(suggest(tier, TIERS, "tier"))
    if as_json and as_csv:
        raise UserError("--json and --csv exclude each other; give one of them.")

    with stderr.status("starting"):
        from gan_bench.detect import REFUSED, DetectRequest
        from gan_bench.detect import detect as judge_images
        from gan_bench.device import pick

    request = DetectRequest(path, run, dataset, detector, tier, seed, range_in(value_range), explain)
    judgement = judge_images(request, pick(device))
    if as_json:
        print_json(_as_json(judgement, explain))
    else:
        _tell(_head(judgement))
        if as_csv:
            _write_csv(judgement)
        else:
            _show(judgement)
        if explain is not None:
            _tell(_explanation(judgement, explain))
    if any(one.verdict == REFUSED for one in judgement.images):
        raise typer.Exit(1)


def _tell(sentences: Iterator[str]) -> None:
    for sentence in sentences:
        say(sentence)


def _head(judgement: Judgement) -> Iterator[str]:
    about = _about(judgement.judge)
    yield f"detector   {about['name']} of {about['dataset']}, seed {about['seed']}, tier {about['tier']}"
    yield f"threshold  probability {about['threshold']:.3f}: {about['threshold_from']}"
    yield f"fitted on  fakes of {', '.join(about['fitted_on'])}; fakes of other generators may pass as real"
    tested = about["tested"]
    yield (
        f"tested on  {tested['n_real']:,} reals, {1 - tested['real_accuracy']:.1%} called fake, and "
        f"{tested['n_fake']:,} fakes of these generators, {tested['fake_accuracy']:.1%} found"
    )
    counts = ", ".join(f"{n:,} {verdict}" for verdict, n in _counts(judgement).items() if n)
    noted = any(one.notes for one in judgement.images)
    yield f"verdicts   {counts}{'; for what has a note, these rates are not known to hold' * noted}"


def _about(judge: Judge) -> dict[str, Any]:
    """The detector, as plain data."""
    from scipy.special import expit

    spec, seen, card = judge.kept.record.spec, judge.kept.seen, judge.card
    return {
        "name": spec.detector, "method": judge.kept.record.method, "dataset": spec.dataset, "seed": spec.seed,
        "tier": card.tier, "threshold": float(expit(judge.threshold)), "threshold_logit": judge.threshold,
        "threshold_from": f"at most 5 % of {judge.n_validate:,} validation reals of {spec.dataset} lie above it",
        "fitted_on": list(card.fitted_on), "image_shape": list(card.image_shape), "validate_auroc": seen.validate_auroc,
        "tested": {
            "n_real": seen.n_real, "n_fake": seen.n_fake, "auroc": seen.auroc,
            "real_accuracy": seen.real_accuracy_at_threshold, "fake_accuracy": seen.fake_accuracy_at_threshold,
            "unsure": seen.unsure,
        },
    }  # fmt: skip


def _counts(judgement: Judgement) -> dict[str, int]:
    from gan_bench.detect import VERDICTS

    found = Counter(one.verdict for one in judgement.images)
    return {verdict: found[verdict] for verdict in VERDICTS}


def _as_json(judgement: Judgement, explain: Path | None) -> Row:
    found: dict[str, Any] = {
        "detector": _about(judgement.judge),
        "counts": _counts(judgement),
        "images": [_image(one) | {"note": list(one.notes)} for one in judgement.images],
        "metrics": judgement.metrics,
    }
    if explain is not None:
        for image, one in zip(found["images"], judgement.images, strict=True):
            image["heat_map"] = one.heat_map or None
        cues = {name: [cue.model_dump() for cue in cues] for name, cues in judgement.judge.cues.items()}
        found["explained"] = {"heat_maps_by": judgement.seer, "cues": cues}
    return found


def _image(one: JudgedImage) -> dict[str, object]:
    label = None if one.label is None else ("real", "fake")[one.label]
    values = (one.name, label, one.probability, one.logit, one.verdict, "; ".join(one.notes))
    return dict(zip(COLUMNS, values, strict=True))


def _write_csv(judgement: Judgement) -> None:
    """For programs and spreadsheets: a path that these would take for a formula begins with "./", and is still that path."""
    from gan_bench.leaderboard.spreadsheet import harmless

    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in judgement.images:
        path = one.name if harmless(one.name) == one.name else f"./{one.name}"
        writer.writerow({**_image(one), "path": harmless(path), "note": harmless("; ".join(one.notes))})
    print_table(_metric_rows(judgement.metrics or {}), target=stderr)


def _show(judgement: Judgement) -> None:
    """The verdict stands first, since the first column never folds, and paths may be long."""
    rows = [
        {"verdict": one.verdict, "fake": "" if one.probability is None else f"{one.probability:.3f}",
         "image": escape(one.name), "note": escape("; ".join(one.notes))}
        for one in judgement.images
    ]  # fmt: skip
    print_table(rows)
    if judgement.metrics is not None:
        stdout.print()
        print_table(_metric_rows(judgement.metrics))


def _metric_rows(metrics: dict[str, float | int]) -> list[Row]:
    return [{"metric": k, "value": v if isinstance(v, int) else f"{v:.4f}"} for k, v in metrics.items()]


def _explanation(judgement: Judgement, folder: Path) -> Iterator[str]:
    for name, cues in judgement.judge.cues.items():
        told = ", ".join(f"{cue.feature} ({cue.weight:+.2f})" for cue in cues[:SHOWN_CUES])
        yield f"weighs most in {name}, where + speaks for fake: {told}"
    if judgement.seer is None:
        yield "no heat maps: this run has no detector that sees patches; `gan-bench run --detectors patch` adds one."
    else:
        n = sum(bool(one.heat_map) for one in judgement.images)
        yield f"{n} heat maps by {judgement.seer}, orange where it sees a fake, blue where a real image: {folder}"
