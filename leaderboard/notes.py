"""The notes below a table: what a reader must know to read it, most important first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from gan_bench.core.differences import FEWEST_SEEDS, PAIRWISE
from gan_bench.leaderboard.cells import DASH, FLATTERED
from gan_bench.leaderboard.columns import Column, titles
from gan_bench.leaderboard.detector_tables import PROTOCOL_WORDS
from gan_bench.leaderboard.entries import problems
from gan_bench.leaderboard.estimates import SEED_INTERVAL, Estimate
from gan_bench.leaderboard.provenance import provenance_notes
from gan_bench.leaderboard.rows import Row, by_task, task_words
from gan_bench.leaderboard.standings import Standings
from gan_bench.records import FROM_LATENTS, LEAVE_ONE_OUT


def generator_notes(s: Standings) -> list[str]:
    """The notes of the generator table."""
    names = titles(s.columns)
    trained = [e for row in s.rows if row.kind == "variant" for e in row.quality.values()]
    others = [e for row in s.rows if row.kind != "variant" for e in row.quality.values()]
    return [
        *_ranking_notes(s, names),
        *_interval_notes(trained, others),
        *draw_notes(s),
        *_doubtful_column_notes(s, names),
        *_detectability_notes(s),
        *_unavailable_notes(s, names),
        *_provenance_notes(s),
        *_warning_notes(s),
    ]


def detector_notes(s: Standings) -> list[str]:
    """The notes of all tables of detectors."""
    measures = [estimate for d in s.detected for estimate in d.measures.values()]
    failed = [f"{e.label}, {problems([e])}" for e in (*s.judges, *s.attacks) if e.status != "done"]
    warnings = {f"Warning in the records: {warning}" for e in (*s.judges, *s.attacks) for warning in e.record.warnings}
    protocols = {d.protocol for d in s.detected}
    return [
        "AUROC: 1 separates all fakes from all reals; 0.5 is a coin toss.",
        *(f"{protocol}: {words}." for protocol, words in PROTOCOL_WORDS.items() if protocol in protocols),
        *_interval_notes(measures, []),
        *failed,
        *provenance_notes([*s.judges, *s.attacks]),
        *sorted(warnings),
    ]


def _detectability_notes(s: Standings) -> list[str]:
    if s.judges and not any(row.detector for row in s.rows):
        return [f"{DASH} Detectability: no detector was fitted without the variant that it was tested on ({LEAVE_ONE_OUT})."]
    return [
        f"Detectability is a lower bound: the AUROC of one detector that was fitted without this variant ({LEAVE_ONE_OUT}), "
        "chosen on the validation fold. Another detector may tell the fakes better. Lower: harder for this one."
    ]


def _ranking_notes(s: Standings, names: dict[Column, str]) -> list[str]:
    if s.headline is None:
        return ["Not ranked: no entry has a value to rank by."]

    notes = [*_absent_headline_notes(s), f"{_order(s, names)}; only trained variants are ranked."]
    variants = [row for row in s.rows if row.kind == "variant"]
    seeds = {e.seeds for row in variants for e in row.quality.values() if e.value is not None}
    if max(seeds, default=0) >= FEWEST_SEEDS:
        notes.append(f"Ranks: 1 + as many as are certainly better, to K - as many as are certainly worse, by {PAIRWISE}.")
        notes.append("Bold: this entry may be the best of its task in this column, by the same rule.")
    if 1 in seeds:
        notes.append("One seed: no rank, and never bold.")

    tasks = [task for task in by_task(variants) if task != FROM_LATENTS]
    if tasks:
        marked = f"Entries marked {' or '.join(tasks)} start from test images, which makes good scores easier to reach"
        notes.append(f"{marked}; the others start from latents.")

    broken = [row.label for row in variants if row.lacks_seeds(row.headline)]
    if broken:
        notes.append(f"Last, since a seed of theirs has no value: {', '.join(broken)}.")
    return notes


def _absent_headline_notes(s: Standings) -> list[str]:
    """Says which tasks are ordered by another headline than the one asked for."""
    asked, tasks = s.rules.headline, by_task(s.rows)
    found = {task: variants[0].headline for task, variants in tasks.items()}
    without = [task for task, headline in found.items() if headline and not headline.name.startswith(asked)]
    if not without:
        return []
    where = "" if len(without) == len(tasks) else f" for {', '.join(map(task_words, without))}"
    return [f"The suite ranks by {asked}, which this run has no values of{where}."]


def _order(s: Standings, names: dict[Column, str]) -> str:
    """By which column each task is ordered."""
    headlines: dict[str, Column] = {}
    for task, variants in by_task(s.rows).items():
        if variants[0].headline:
            headlines[task_words(task)] = variants[0].headline

    verb = "Ranked" if any(row.ranks for row in s.rows) else "Sorted"
    main = names[s.headline] if s.headline else DASH
    if len(headlines) < 2:
        return f"{verb} by {main}"
    if len(set(headlines.values())) == 1:
        return f"{verb} by {main} within each task: {', '.join(headlines)}"
    return f"{verb} within each task: {', '.join(f'{task} by {names[c]}' for task, c in headlines.items())}"


def _doubtful_column_notes(s: Standings, names: dict[Column, str]) -> list[str]:
    """Columns that are not telling, and numbers that an entry's loss flatters."""
    notes = []
    doubtful = [names[c] for c in s.columns if not s.telling(c)]
    if doubtful:
        notes.append(
            "Not telling: on this dataset these metrics put damaged or random images before real ones, or cannot tell them "
            f"apart: {', '.join(doubtful)}."
        )
    if any(row.trained_against(c) and row.of(c).value is not None for row in s.rows for c in s.columns):
        notes.append(
            f"{FLATTERED} the entry's loss uses the extractor of this column, which flatters it there: never bold, and not "
            "ranked by it."
        )
    return notes


def _interval_notes(trained: Iterable[Estimate], others: Iterable[Estimate]) -> list[str]:
    """How the intervals were computed. `trained`: numbers of trained variants; `others`: of reference and external rows."""
    valued = [e for e in trained if e.value is not None]
    methods = {e.method for e in [*valued, *others] if e.value is not None and e.method}

    notes = []
    if SEED_INTERVAL in methods:
        notes.append(f"Intervals of entries with two seeds or more: {SEED_INTERVAL}.")
    if any(e.seeds == 1 for e in valued):
        notes.append("One seed: no interval over seeds. Its interval comes from one training; another seed may differ by more.")

    own = sorted(methods - {SEED_INTERVAL})
    if own:
        notes.append(f"Intervals of a single seed or image set cover only the variation within it: {'; '.join(own)}.")
    return notes


def draw_notes(s: Standings) -> list[str]:
    """Which external entries have seeds that are no trainings."""
    drawn = [row.label for row in s.rows if row.kind == "external" and len(row.entries) > 1]
    if not drawn:
        return []
    return [
        f"{', '.join(drawn)}: the seeds are draws from one generator, not trainings, so its interval tells nothing of how "
        "another training would differ."
    ]


def _unavailable_notes(s: Standings, names: dict[Column, str]) -> list[str]:
    columns_of: dict[str, set[Column]] = {}
    for row in s.rows:
        for column, estimate in row.quality.items():
            for reason in estimate.unavailable:
                columns_of.setdefault(reason, set()).add(column)

    notes = []
    for reason, columns in sorted(columns_of.items()):
        shown = ", ".join(names[c] for c in s.columns if c in columns)
        notes.append(f"{DASH} {shown}: {reason}")
    return notes


def _warning_notes(s: Standings) -> list[str]:
    """Warnings of the records, except those that only repeat why a column is empty."""
    warnings: set[str] = set()
    reasons: set[str] = set()
    for row in s.rows:
        for entry in row.entries:
            warnings.update(entry.record.warnings)
        for estimate in row.quality.values():
            reasons.update(reason.split(": ")[-1] for reason in estimate.unavailable)

    return sorted(f"Warning in the records: {w}" for w in warnings if not any(reason in w for reason in reasons))


def _provenance_notes(s: Standings) -> list[str]:
    """Differences between records that make a table doubtful or hard to read."""
    records = [entry.record for row in s.rows for entry in row.entries]

    notes = []
    if len({digest for r in records if (digest := getattr(r, "dataset_digest", None))}) > 1:
        notes.append("Doubtful: the records disagree on the digest of the dataset.")

    digests, accuracies = set(), set()
    for record in records:
        for name, extractor in getattr(record, "extractors", {}).items():
            if extractor.digest:
                digests.add((name, extractor.digest))
            if extractor.accuracy is not None:
                accuracies.add((name, extractor.accuracy))
    n_digests = Counter(name for name, _ in digests)
    repeated = sorted(name for name, n in n_digests.items() if n > 1)
    notes += [f"Doubtful: the records disagree on the digest of the extractor {name}." for name in repeated]
    for name, share in sorted(accuracies):
        notes.append(f"{name} was trained on this dataset's classes, and gives {share:.1%} of the test images theirs.")

    if len({(r.environment.device, r.environment.device_name) for r in records}) > 1:
        notes.append("Times and images/s were measured on different devices, so they cannot be compared.")
    mixed = [row.label for row in s.rows if len(_machines(row)) > 1]
    if mixed:
        notes.append(
            f"{', '.join(mixed)}: seeds from different machines; a figure from another machine counts as another seed."
        )
    return notes + provenance_notes(entry for row in s.rows for entry in row.entries)


def _machines(row: Row) -> set[tuple[object, ...]]:
    """What may change the last digits, and with them a training, on each machine of its finished seeds."""
    found = [entry.record.environment for entry in row.entries if entry.status == "done"]
    return {(e.device_name, e.instructions, e.kernels, e.threads, e.packages.get("torch")) for e in found}
