"""`gan-bench baseline` and `gan-bench check`."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.budget import parse_preset
from gan_bench.cli import completion
from gan_bench.cli.options import MOST_IMAGES, MOST_SEEDS, Device, Json, range_in
from gan_bench.cli.output import Row, log_to_stderr, print_json, print_table, say, stdout
from gan_bench.core.errors import UserError

if TYPE_CHECKING:
    from gan_bench.external import Scoring
    from gan_bench.gate.baseline import Baseline
    from gan_bench.gate.check import Checked, Report
    from gan_bench.gate.entries import Subject
    from gan_bench.gate.rule import Limits

INCONCLUSIVE = 3  # exit code

PathOption = Annotated[
    Path | None, typer.Argument(help="A run folder, or samples: what `gan-bench score` reads.", show_default=False)
]
Generator = Annotated[
    str | None, typer.Option(help="Instead: FILE:FUNCTION, where FUNCTION(n, seed) returns n images, as in my_gan.py:load.")
]
DatasetOption = Annotated[
    str | None,
    typer.Option(
        help="What samples are compared with; of a run, only this dataset.",
        show_default="all of a run",
        autocompletion=completion.dataset,
    ),
]
Budget = Annotated[
    str,
    typer.Option(
        help="The preset whose numbers of fakes and reals samples are scored with.", autocompletion=completion.budgets
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        "-n", "--samples", min=2, max=MOST_IMAGES, help="How many images.", show_default="all; of a function the preset's"
    ),
]
Seeds = Annotated[int, typer.Option(min=1, max=MOST_SEEDS, help="How often a function is called, with seeds 0, 1, ...")]
ValueRange = Annotated[str | None, typer.Option(help="Black and white in an array of floats: --value-range=-1,1.")]
Metric = Annotated[
    str | None,
    typer.Option(help="The metric that decides, without its count, as in fd_lite0@64.", show_default="the suite's headline"),
]
Detect = Annotated[str, typer.Option(help="The change that a pass must have been able to find.")]


def baseline(
    out: Annotated[Path, typer.Option("-o", "--out", help="The file that is written.")],
    path: PathOption = None,
    generator: Generator = None,
    dataset: DatasetOption = None,
    metric: Metric = None,
    budget: Budget = "quick",
    samples: Samples = None,
    seeds: Seeds = 3,
    value_range: ValueRange = None,
    detect: Detect = "50%",
    device: Device = "auto",
) -> None:
    """Keep the numbers of a run or of samples, for `gan-bench check` to compare later ones with.

    Prints how many new seeds `check` will need to find a change of --detect with a power of 80 %, and the smallest change
    that --same-model finds so often.
    """
    log_to_stderr()
    from gan_bench.gate.baseline import make_baseline, write_baseline
    from gan_bench.gate.sources import entries_of

    limits = _limits("0%", detect)
    check_scoring(budget, value_range)
    scoring = partial(scoring_of, dataset, budget, samples, value_range, device)
    made = make_baseline(entries_of(path, generator, dataset, seeds, scoring), metric)
    write_baseline(made, out)
    _show_plan(made, limits)
    say(f"baseline: {out}")


def check_scoring(budget: str, value_range: str | None) -> None:
    """Raises UserError at a wrong text, also where no images are scored and nobody would read it."""
    parse_preset(budget)
    range_in(value_range)


def scoring_of(dataset: str | None, budget: str, samples: int | None, value_range: str | None, device: str) -> Scoring:
    """How images are scored. Raises UserError where no dataset is named."""
    from gan_bench.datasets import DATASETS
    from gan_bench.device import pick
    from gan_bench.external import Scoring

    if dataset is None:
        raise UserError("give --dataset: what the images are to be compared with.")
    DATASETS.check(dataset)
    return Scoring(dataset, parse_preset(budget), pick(device), samples, range_in(value_range))


def _limits(min_effect: str, detect: str) -> Limits:
    from gan_bench.gate.rule import Limits, share_in

    limits = Limits(share_in(min_effect, "--min-effect"), share_in(detect, "--detect"))
    if limits.detect == 0:
        raise UserError(f"--detect {detect} asks for a change of nothing, which no data can show; give a share such as 50%.")
    return limits


def _show_plan(made: Baseline, limits: Limits) -> None:
    """Each entry, and how much new data its check needs."""
    from gan_bench.gate.rule import POWER

    for entry in made.entries:
        stdout.print(entry.title, style="bold", markup=False, highlight=False)
        print_table([_planned(entry, made.primary[entry.title], limits)])
    told = [
        f"seeds needed: new seeds, to find a change of {limits.detect:.0%} in {POWER:.0%} of the cases",
        "--same-model: the smallest change that it finds so often",
    ]
    for line in told:
        say(line)


def _planned(entry: Subject, column: str, limits: Limits) -> Row:
    from gan_bench.gate.rule import FEWEST_SEEDS, seeds_needed, smallest_found
    from gan_bench.gate.samples import error_of

    values, mean = entry.listed(column), entry.mean(column)
    needed = seeds_needed(values, limits) if len(values) >= FEWEST_SEEDS else None
    errors = [error for number in entry.values(column).values() if (error := error_of(number)) is not None]
    found = f"{smallest_found(errors, mean):.1%}" if errors and mean else "unknown"
    return {
        "decides": column, "value": f"{mean:.4g}", "seeds": len(values), "seeds needed": needed or _unplanned(values),
        "--same-model": found,
    }  # fmt: skip


def _unplanned(values: list[float]) -> str:
    """Why no number of seeds is told."""
    from gan_bench.gate.rule import FEWEST_SEEDS, MOST_PLANNED

    if len(values) < FEWEST_SEEDS:
        return "(one seed is too few)"
    return "(all seeds are equal)" if len(set(values)) == 1 else f"more than {MOST_PLANNED}"


def check(
    against: Annotated[Path, typer.Option("--baseline", help="What `gan-bench baseline` wrote.")],
    path: PathOption = None,
    generator: Generator = None,
    dataset: DatasetOption = None,
    min_effect: Annotated[str, typer.Option(help="A smaller change, relative to the baseline, never fails.")] = "5%",
    detect: Detect = "50%",
    same_model: Annotated[
        bool, typer.Option("--same-model", help="The weights are those of the baseline: only the drawn samples differ.")
    ] = False,
    allow_inconclusive: Annotated[
        bool, typer.Option("--allow-inconclusive", help="Exit 0 where the data cannot tell, with a warning.")
    ] = False,
    update: Annotated[
        bool, typer.Option("--update-baseline", help="Write the new numbers as the baseline, and exit 1 all the same.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML, a case for each entry and metric.")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Append to the job summary of GitHub Actions, and print annotations.")
    ] = False,
    benchmark_json: Annotated[
        Path | None, typer.Option(help="Write what github-action-benchmark reads as customSmallerIsBetter.")
    ] = None,
    history: Annotated[Path | None, typer.Option(help="Append to this JSON file, and draw the trend beside it.")] = None,
    seeds: Seeds = 1,
    value_range: ValueRange = None,
    device: Device = "auto",
    as_json: Json = False,
) -> None:
    """Fail when sample quality has dropped: exit 1 regressed, 0 pass, 3 the data cannot tell, 2 not comparable.

    One metric of each entry decides; the others inform.
    """
    log_to_stderr()
    from gan_bench.device import pick
    from gan_bench.gate.baseline import make_baseline, read_baseline, write_baseline
    from gan_bench.gate.check import check as compare
    from gan_bench.gate.sources import entries_of, scoring_like

    limits, kept = _limits(min_effect, detect), read_baseline(against)
    scoring = partial(scoring_like, kept, dataset, pick(device), value_range=range_in(value_range))
    entries = entries_of(path, generator, dataset, seeds, scoring)
    report = compare(kept, entries, limits, same_model)
    if as_json:
        print_json(as_data(report))
    else:
        _show(report)
    _write_reports(report, junit, github, benchmark_json, history)
    if update:
        write_baseline(make_baseline(entries, before=kept), against)
        say(f"the baseline {against} was written anew; look at the difference before you keep it")
        raise typer.Exit(1)
    code = report.verdict.code
    raise typer.Exit(0 if code == INCONCLUSIVE and allow_inconclusive else code)


def _write_reports(report: Report, junit: Path | None, github: bool, benchmark: Path | None, history: Path | None) -> None:
    from gan_bench.core.files import write_text
    from gan_bench.gate import reports
    from gan_bench.gate.trend import draw_trend

    if junit is not None:
        write_text(junit, reports.junit(report))
    if benchmark is not None:
        write_text(benchmark, json.dumps(reports.smaller_is_better(report), indent=1) + "\n")
    if history is not None:
        draw_trend(reports.add_to_history(report, history), history.with_suffix(".png"))
    if github:
        reports.append_summary(report)
        for line in reports.workflow_commands(report):
            stdout.print(line, soft_wrap=True, markup=False, highlight=False)


def as_data(report: Report) -> Row:
    """A report as plain data."""
    return {
        "verdict": report.verdict.word,
        "checked": [_row(one) for one in report.checked],
        "notes": list(report.notes),
    }


def _row(one: Checked) -> Row:
    said = one.decision
    return {
        "entry": one.entry, "metric": one.column, "decides": one.decides, "verdict": said.verdict.word, "old": one.old,
        "new": one.new, "change": said.change, "least": said.least, "power": said.power, "test": said.test,
        "reason": said.reason,
    }  # fmt: skip


def _show(report: Report) -> None:
    """What decides, and what informs and has become worse, by entry; then why, what differs otherwise, and the verdict."""
    from gan_bench.gate.reports import sentence

    shown = [one for one in report.checked if one.decides or one.decision.verdict.word == "regressed"]
    for entry in dict.fromkeys(one.entry for one in shown):
        stdout.print(entry, style="bold", markup=False, highlight=False)
        print_table([_narrow(one) for one in shown if one.entry == entry])

    deciding = [one for one in report.checked if one.decides]
    tests = dict.fromkeys(one.decision.test for one in deciding)
    told = [*map(sentence, deciding), *report.notes, f"tested by: {'; '.join(tests)}"]
    if report.informing:
        told.append(f"{len(report.informing)} other metrics inform: {len(shown) - len(deciding)} of them worse")
    for line in (*told, f"verdict: {report.verdict.word}"):
        say(line)


def _narrow(one: Checked) -> Row:
    """Narrow enough for 80 columns."""
    said = one.decision
    return {
        "metric": one.column, "old": f"{one.old:.4g}", "new": "" if one.new is None else f"{one.new:.4g}",
        "worse by": "" if said.change is None else f"{said.change:.1%}",
        "at least": "" if said.least is None else f"{said.least:.1%}",
        "verdict": said.verdict.word if one.decides else "(worse)",
    }  # fmt: skip
