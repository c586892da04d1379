"""Standings -> what a reader sees: headers, rounded cells and notes, shared by the page and the Markdown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gan_bench.records import FROM_LATENTS
from leaderboard.aggregate import LEAVE_ONE_OUT, MEASURES, SEED_INTERVAL, Column, Detected, Entry, Estimate, Row, Standings
from leaderboard.rank import rank_range

DASH = "—"
WORDS = {"auth_pct": "AuthPct", "cas": "CAS", "fd_infinity": "FD∞"}
COST_HEADERS = {
    "kimg": "kimg",
    "tflop": "TFLOP",
    "train_seconds": "Training (s)",
    "images_per_second": "Images/s",
    "generator_parameters": "G parameters (M)",
}


@dataclass(frozen=True)
class Header:
    text: str
    hint: str = ""
    first: str = "up"  # the order of the first click: up or down
    numeric: bool = True


@dataclass(frozen=True)
class Cell:
    text: str
    small: str = ""  # the interval, or a few words
    value: float | None = None  # unrounded, to sort by
    hint: str = ""
    best: bool = False
    heat: float | None = None  # 0..1
    tag: str = ""  # a word beside an entry's name: failed, external, ...
    link: str = ""


@dataclass(frozen=True)
class Grid:
    headers: list[Header]
    rows: list[list[Cell]]
    kinds: list[str]  # a word a row, for its look


def rounded(value: float, like: float | None = None) -> str:
    """About three significant digits of `value`, or as many decimals as three digits of `like` have."""
    size = abs(value if like is None else like)
    if like is None and value == int(value) and size < 1e6:
        return str(int(value))
    if 0 < size < 1e-4 or size >= 1e6:
        return f"{value:.3g}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(size))) if size else 2}f}"


def interval(estimate: Estimate, decimals: int | None = None) -> str:
    """ "[low, high]", or nothing."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return ""
    ends = (estimate.low, estimate.high)
    shown = [rounded(end, like=estimate.value) if decimals is None else f"{end:.{decimals}f}" for end in ends]
    return f"[{shown[0]}, {shown[1]}]"


def count(n: int) -> str:
    return f"{n // 1000}k" if n >= 1000 and n % 1000 == 0 else str(n)


def metric_title(column: Column) -> str:
    """ "FID" for Inception's Frechet distance and for nothing else; every other number names its extractor."""
    if column.metric == "fd" and column.extractor == "inception":
        return "FID"
    words = column.metric.split("_")
    short = 4 if len(words) == 1 else 3  # abbreviations: fd, kid, psnr
    shown = " ".join(w.upper() if len(w) <= short else w for w in words)
    name = WORDS.get(column.metric, shown[:1].upper() + shown[1:])
    return f"{name} {column.extractor}".strip()


def titles(columns: Sequence[Column]) -> dict[Column, str]:
    """A readable header a column, all different: the split where it is not train, the real count where it must be told."""

    def title(c: Column, more: str = "") -> str:
        details = [count(c.n_fake) + more, *([c.split] if c.split not in ("", "train") else [])]
        return f"{metric_title(c)} ({', '.join(details)}) {'↑' if c.higher_is_better else '↓'}"

    plain = Counter(title(c) for c in columns)
    full = {c: title(c) if plain[title(c)] == 1 else title(c, f" vs {count(c.n_real)}") for c in columns}
    repeated = Counter(full.values())
    return {c: text if repeated[text] == 1 else f"{text} {c.name}" for c, text in full.items()}


def number_cell(estimate: Estimate, best: bool = False) -> Cell:
    if estimate.value is None:
        return Cell(DASH, hint="; ".join(estimate.unavailable))
    small = interval(estimate)
    text = rounded(estimate.value, like=estimate.value if small else None)
    return Cell(text, small, estimate.value, estimate.method or "", best)


def share_cell(estimate: Estimate, hint: str = "", heat: bool = False) -> Cell:
    value = estimate.value
    if value is None:
        return Cell(DASH, hint="; ".join(estimate.unavailable))
    warmth = min(1.0, max(0.0, 2 * value - 1)) if heat else None
    return Cell(f"{value:.3f}", interval(estimate, 3), value, hint or estimate.method or "", heat=warmth)


def seeds_text(row: Row) -> str:
    if row.kind != "variant":
        return DASH
    return str(row.n_done) if row.n_done == len(row.entries) else f"{row.n_done} of {len(row.entries)} seeds"


def problems(entries: Iterable[Entry]) -> str:
    """What went wrong with which seeds; empty when all went well."""
    seeds: dict[str, list[str]] = {}
    for e in entries:
        if e.status != "done":
            seeds.setdefault(f"{e.status}: {e.reason or 'no reason recorded'}", []).append(str(e.seed))
    return "; ".join(f"{'seeds' if len(ks) > 1 else 'seed'} {', '.join(ks)} {text}" for text, ks in seeds.items())


def is_point(row: Row, headline: Column | None) -> bool:
    """Ranked by its value alone, without an interval."""
    return row.ranks is not None and headline is not None and row.quality[headline].low is None


def generator_grid(s: Standings) -> Grid:
    """Rank, entry, metrics, detectability, costs, seeds, status."""
    names = titles(s.columns)
    best = {c: _best(s.rows, c) for c in s.columns}
    headers = [
        Header("Rank"),
        Header("Entry", numeric=False),
        *(_metric_header(c, names[c]) for c in s.columns),
        Header("Detectability ↓", f"AUROC of the best detector under {LEAVE_ONE_OUT}; .5 is a coin toss"),
        *(Header(text, "mean over finished seeds") for text in COST_HEADERS.values()),
        Header("Seeds"),
        Header("Status", numeric=False),
    ]
    rows = []
    for row in s.rows:
        quality = [number_cell(row.of(c), row.label in best[c]) for c in s.columns]
        detected = share_cell(row.detectability, f"by {row.detector}")
        costs = [_cost_cell(name, row.cost.get(name)) for name in COST_HEADERS]
        seeds = Cell(seeds_text(row), value=float(row.n_done))
        rows.append([_rank_cell(row, s.headline), _entry_cell(row), *quality, detected, *costs, seeds, _status_cell(row)])
    return Grid(headers, rows, [row.status for row in s.rows])


def _metric_header(c: Column, title: str) -> Header:
    hint = f"{c.name}: {c.n_fake} fakes against {c.n_real} reals, split {c.split}"
    return Header(title, hint, first="down" if c.higher_is_better else "up")


def _best(rows: Iterable[Row], column: Column) -> set[str]:
    """The variants that may be the first in this column."""
    found = [(r.label, e) for r in rows if r.kind == "variant" and (e := r.quality.get(column)) and e.value is not None]
    ranks = rank_range([(e.value, e.low, e.high) for _, e in found if e.value is not None], column.higher_is_better)
    best = {label for (label, _), (first, _) in zip(found, ranks, strict=True) if first == 1}
    return best if len(best) < len(found) else set()  # where it may be any of them, nothing stands out


def _rank_cell(row: Row, headline: Column | None) -> Cell:
    if row.ranks is None:
        return Cell(DASH)
    low, high = row.ranks
    text = str(low) if low == high else f"{low}-{high}"
    point = is_point(row, headline)
    return Cell(text + ("†" if point else ""), value=low + high / 1000, hint="point estimate" if point else "")


def _entry_cell(row: Row) -> Cell:
    title, paper = (getattr(row.entries[0].record, name, "") for name in ("title", "paper"))
    link = paper if re.match(r"https?://", paper) else ""
    tag = task_of(row) if row.status == "done" else row.status
    return Cell(row.label, title, hint=paper, tag=tag, link=link)


def task_of(row: Row) -> str:
    """What an entry makes of images; "" of one that starts from latents, and of one that nothing is known of."""
    task = getattr(row.entries[0].record, "task", FROM_LATENTS)
    return "" if task == FROM_LATENTS else task


def _cost_cell(name: str, estimate: Estimate | None) -> Cell:
    if estimate is None or estimate.value is None:
        return Cell(DASH)
    value = estimate.value / (1e6 if name == "generator_parameters" else 1)
    return Cell(rounded(value), value=value)


def _status_cell(row: Row) -> Cell:
    first, more = row.status, problems(row.entries)
    if row.kind != "variant":
        more = getattr(row.entries[0].record, "note", "")
    elif not row.n_done:
        return Cell(more)
    return Cell("; ".join(text for text in (first, more) if text))


def matrix_grid(s: Standings) -> Grid:
    """AUROC: a row a detector and protocol, a column a tested variant (in the order of the generator table)."""
    tested = {d.variant for d in s.detected}
    variants = [row.label for row in s.rows if row.label in tested]
    variants += sorted(tested - set(variants))
    by_row: dict[tuple[str, str], dict[str, Detected]] = {}
    for d in s.detected:
        by_row.setdefault((d.detector, d.protocol), {})[d.variant] = d
    headers = [Header("Detector", numeric=False), Header("Protocol", numeric=False), *(Header(v) for v in variants)]
    rows = [
        [Cell(detector, hint=next(iter(found.values())).method), Cell(protocol)]
        + [share_cell(found[v].measures["auroc"], heat=True) if v in found else Cell(DASH) for v in variants]
        for (detector, protocol), found in by_row.items()
    ]
    return Grid(headers, rows, [""] * len(rows))


def detection_grid(s: Standings) -> Grid:
    """Everything measured on each detection, one row each."""
    texts = ("Detector", "Protocol", "Variant")
    numbers = ("AUROC", "AP", "Accuracy on reals", "Accuracy on fakes", "Reals", "Fakes")
    headers = [Header(t, numeric=False) for t in texts] + [Header(t, first="down") for t in numbers]
    rows = [
        [Cell(text) for text in (d.detector, d.protocol, d.variant)]
        + [share_cell(d.measures[name]) for name in MEASURES]
        + [Cell(str(n), value=n) for n in (d.n_real, d.n_fake)]
        + [Cell(d.method)]
        for d in s.detected
    ]
    return Grid([*headers, Header("Method", numeric=False)], rows, [""] * len(rows))


def generator_notes(s: Standings) -> list[str]:
    """What a reader must know to read the generator table, most important first."""
    names = titles(s.columns)
    return [
        *_ranking_notes(s, names),
        *_interval_notes((row.quality.values(), row.kind) for row in s.rows),
        f"Detectability: AUROC of the best detector fitted without this variant ({LEAVE_ONE_OUT}). Lower: harder to detect.",
        *_unavailable_notes(s, names),
        *_provenance_notes(s),
        *_warning_notes(s),
    ]


def detector_notes(s: Standings) -> list[str]:
    failed = [f"{e.label}, {problems([e])}" for e in s.judges if e.status != "done"]
    intervals = _interval_notes((d.measures.values(), "variant") for d in s.detected)
    warnings = sorted({f"Warning in the records: {w}" for e in s.judges for w in e.record.warnings})
    return ["AUROC: 1 tells every fake from the reals, .5 is a coin toss.", *intervals, *failed, *warnings]


def _ranking_notes(s: Standings, names: dict[Column, str]) -> list[str]:
    if s.headline is None:
        return ["Not ranked: no entry has a value."]
    notes = [
        f"Ranked by {names[s.headline]}; only trained variants are ranked.",
        "Entries whose intervals overlap share ranks: 1-2 means that the data do not tell which is first.",
        "Bold: by the same rule, may be the best of its column.",
    ]
    if s.asked and not s.headline.name.startswith(s.asked):
        notes.insert(0, f"The headline metric {s.asked} has no values here.")
    tasks = sorted({task for row in s.rows if (task := task_of(row))})
    if tasks:
        notes.append(f"Entries marked {' or '.join(tasks)} start from test images, which says much; the others from latents.")
    if any(is_point(row, s.headline) for row in s.rows):
        notes.append("† point estimate: ranked by its value alone, because it has no interval.")
    return notes


def _interval_notes(groups: Iterable[tuple[Iterable[Estimate], str]]) -> list[str]:
    estimates = [(e, kind) for group, kind in groups for e in group if e.value is not None]
    methods = {e.method for e, _ in estimates if e.method}
    notes = [f"Intervals of entries with two seeds or more: {SEED_INTERVAL}."] if SEED_INTERVAL in methods else []
    if any(e.seeds == 1 and kind == "variant" for e, kind in estimates):
        notes.append("One seed: no interval over seeds. Intervals and ranks are of these trainings; others may differ by more.")
    own = sorted(methods - {SEED_INTERVAL})
    return notes + ([f"Intervals of a single seed or image set, within it: {'; '.join(own)}."] if own else [])


def _unavailable_notes(s: Standings, names: dict[Column, str]) -> list[str]:
    by_reason: dict[str, set[Column]] = {}
    for row in s.rows:
        for column, estimate in row.quality.items():
            for reason in estimate.unavailable:
                by_reason.setdefault(reason, set()).add(column)
    return [f"{DASH} {', '.join(names[c] for c in s.columns if c in cs)}: {reason}" for reason, cs in sorted(by_reason.items())]


def _warning_notes(s: Standings) -> list[str]:
    """Warnings of the records, but for those that only repeat why a column is empty."""
    warnings = {warning for row in s.rows for entry in row.entries for warning in entry.record.warnings}
    reasons = {reason.split(": ")[-1] for row in s.rows for e in row.quality.values() for reason in e.unavailable}
    return sorted(f"Warning in the records: {w}" for w in warnings if not any(reason in w for reason in reasons))


def _provenance_notes(s: Standings) -> list[str]:
    """Disagreements between records that make a table doubtful."""
    generators = [e.record for row in s.rows for e in row.entries]
    datasets = {d for r in generators if (d := getattr(r, "dataset_digest", None))}
    extractors = {(name, x.digest) for r in generators for name, x in getattr(r, "extractors", {}).items() if x.digest}
    repeated = sorted(name for name, n in Counter(name for name, _ in extractors).items() if n > 1)
    notes = ["Doubtful: the records disagree on the digest of the dataset."] if len(datasets) > 1 else []
    notes += [f"Doubtful: the records disagree on the digest of the extractor {name}." for name in repeated]
    if len({(r.environment.device, r.environment.device_name) for r in generators}) > 1:
        notes.append("Times and images/s come from different devices and do not compare.")
    if any("#" in row.label and row.label != row.entries[0].name for row in s.rows):
        notes.append("#: entries of one name with different settings; the records below tell which.")
    return notes


def markdown(all_standings: Iterable[Standings]) -> str:
    """The tables and their notes as GitHub-flavoured Markdown, aligned so that it also reads well in a terminal."""
    parts = ["# gan-bench leaderboard"]
    for s in all_standings:
        parts.append(f"## {_escape(heading(s))}")
        if s.rows:
            parts += ["### Generators", _pipe_table(generator_grid(s)), _bullets(generator_notes(s))]
        if s.judges:
            parts += ["### Detectors: AUROC", _pipe_table(matrix_grid(s)), _bullets(detector_notes(s))]
    return "\n\n".join(part for part in parts if part) + "\n"


def heading(s: Standings) -> str:
    return f"{s.track.dataset}, {s.track.preset}, benchmark {s.track.benchmark_version}"


def _escape(text: str) -> str:
    """One line of text with nothing in it that Markdown, or HTML inside Markdown, would act on."""
    return re.sub(r"[\\|`*<>&]|(?<=\])\(", r"\\\g<0>", " ".join(text.split()))


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_escape(line)}" for line in lines)


def _pipe_table(grid: Grid) -> str:
    if not grid.rows:
        return ""
    lines = [[_escape(header.text) for header in grid.headers]]
    lines += [[_cell_markdown(cell, header) for cell, header in zip(row, grid.headers, strict=True)] for row in grid.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(grid.headers))]
    rule = [("-" * (w - 1) + ":") if h.numeric else "-" * w for h, w in zip(grid.headers, widths, strict=True)]

    def joined(cells: list[str]) -> str:
        padded = (c.rjust(w) if h.numeric else c.ljust(w) for c, w, h in zip(cells, widths, grid.headers, strict=True))
        return f"| {' | '.join(padded)} |"

    return "\n".join([joined(lines[0]), joined(rule), *map(joined, lines[1:])])


def _cell_markdown(cell: Cell, header: Header) -> str:
    text = f"**{_escape(cell.text)}**" if cell.best else _escape(cell.text)
    more = cell.small if header.numeric else cell.tag and f"({cell.tag})"
    return f"{text} {_escape(more)}".strip()
