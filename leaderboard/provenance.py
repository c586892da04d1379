"""Where the numbers of a track come from, as far as a reader must know it: results that differ, names that mean two things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from gan_bench.leaderboard.entries import Entry
from gan_bench.records import JudgeRecord


def provenance_notes(entries: Iterable[Entry]) -> list[str]:
    """A sentence for each seed of an entry with different results, and for each name that stands for several entries.

    entries  those of one track
    """
    seeds: dict[tuple[str, str, int | None], list[Entry]] = defaultdict(list)
    names: dict[tuple[bool, str], dict[str, list[Entry]]] = defaultdict(dict)
    for entry in entries:
        seeds[entry.kind, entry.label, entry.seed].append(entry)
        is_detector = isinstance(entry.record, JudgeRecord)  # it may be called like a generator
        names[is_detector, entry.shared_label].setdefault(entry.label, []).append(entry)

    return [
        *(_different_results(same) for same in seeds.values() if len(same) > 1),
        *(_several_entries(name, labels) for (_, name), labels in names.items() if len(labels) > 1),
    ]


def _different_results(entries: Sequence[Entry]) -> str:
    first, runs = entries[0], sorted(str(entry.run) for entry in entries)
    who = first.label if first.seed is None else f"{first.label} seed {first.seed}"
    n, both = ("two", "both count") if len(entries) == 2 else (str(len(entries)), "all count")
    return f"{who} has {n} different results, from {_listed(runs)}: {both} as seeds."


def _several_entries(name: str, labels: dict[str, list[Entry]]) -> str:
    where = [f"{label} from {_listed(sorted({str(e.run) for e in entries}))}" for label, entries in labels.items()]
    return f"{name} stands for {len(labels)} entries, which differ in more than their seed: {'; '.join(where)}."


def _listed(texts: Sequence[str]) -> str:
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
