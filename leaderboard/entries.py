"""Results -> entries: each record with its track, its unique label and its recipe; one entry for each seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from gan_bench.core.changes import label_of
from gan_bench.core.digests import json_digest
from gan_bench.records import AnyRecord, AttackRecord, CellRecord, JudgeRecord, ReferenceRecord, Result


class Track(NamedTuple):
    """What must agree for two records to share a table."""

    dataset: str
    preset: str
    benchmark_version: str

    @property
    def heading(self) -> str:
        """The track in words, for headings."""
        return f"{self.dataset}, {self.preset}, benchmark {self.benchmark_version}"


@dataclass(frozen=True)
class Entry:
    """One record and where it belongs.

    run     the run folder that it came from
    files   the files beside the record, by what they show (see `records.Result`)
    kind    variant, reference, external, detector or attack
    recipe  hash of everything in the spec but the seed: only equal recipes are averaged
    label   the name with the settings that were changed, made unique where that stands for several recipes
    labels  what a record calls others of its own run -> their labels: of a detector cells by their keys, of attacks detectors
    shared_label  the label before it was made unique
    """

    record: AnyRecord
    run: Path
    files: dict[str, Path]
    track: Track
    kind: str
    name: str
    seed: int | None
    recipe: str
    label: str
    labels: dict[str, str] = field(default_factory=dict)
    shared_label: str = ""

    @property
    def status(self) -> str:
        """done, diverged or failed."""
        return "done" if isinstance(self.record, ReferenceRecord) else self.record.status

    @property
    def reason(self) -> str | None:
        """Why it is not done."""
        return None if isinstance(self.record, ReferenceRecord) else self.record.reason


KINDS = ("variant", "reference", "external", "detector", "attack")  # of entries of one name, the first keeps it
HASH_DIGITS = (4, 8, 64)  # of a recipe, where labels clash
Labels = dict[tuple[Path, Track, str], str]  # run folder, track, and key of a cell or name of a detector -> label


def entries_of(results: Sequence[Result]) -> list[Entry]:
    """The entries of all results, labelled and sorted. Trainings of one seed on two machines, which differ, both count."""
    generators = _labelled([_entry(r, {}) for r in results if isinstance(r.record, CellRecord | ReferenceRecord)])
    cells = {(e.run, e.track, e.record.spec.key): e.label for e in generators if isinstance(e.record, CellRecord)}

    judges = _labelled([_entry(r, cells) for r in results if isinstance(r.record, JudgeRecord)])
    detectors = {(e.run, e.track, e.name): e.label for e in judges}

    attacks = _labelled([_entry(r, detectors) for r in results if isinstance(r.record, AttackRecord)])
    return _one_per_training(generators + judges + attacks)


def problems(entries: Iterable[Entry]) -> str:
    """What went wrong with which seeds, in words; empty where all went well."""
    seeds: dict[str, list[str]] = {}
    for e in entries:
        if e.status != "done":
            seeds.setdefault(f"{e.status}: {e.reason or 'no reason recorded'}", []).append(str(e.seed))

    return "; ".join(f"{'seeds' if len(ks) > 1 else 'seed'} {', '.join(ks)} {text}" for text, ks in seeds.items())


def _entry(result: Result, labels: Labels) -> Entry:
    record = result.record
    track = Track(record.spec.dataset, record.spec.preset, record.spec.benchmark_version)
    spec = record.spec.model_dump(mode="json")
    seed = spec.pop("seed", None)
    if isinstance(record, ReferenceRecord) and record.seed is not None:  # one of several draws of somebody's generator
        seed, _ = record.seed, spec.pop("samples_digest")

    kind, name, label = _names(record)
    known = {key: labels.get((result.run, track, key), key) for key in _mentioned(record)}
    if isinstance(record, JudgeRecord):
        # A record knows its fakes by names that are unique only within its run, and by digests that change with the seed.
        spec["fakes"] = sorted(known[key] for key in record.spec.fakes)
    for tested in ("others", "models"):  # they change with the seed as well, and no number depends on another one of them
        spec.pop(tested, None)

    recipe = json_digest([kind, spec])
    return Entry(record, result.run, result.files, track, kind, name, seed, recipe, label, known)


def _mentioned(record: AnyRecord) -> set[str]:
    """What a record says of others: keys of cells, or names of detectors."""
    if isinstance(record, JudgeRecord):
        tested = {d.variant for d in record.detections}
        return {*record.spec.fakes, *tested, *(key for d in record.detections for key in d.fitted_on)}
    if isinstance(record, AttackRecord):
        attacked = {name for a in record.attacks for name in (a.attacked, a.shown_to)}
        return {*record.spec.models, *attacked, *record.flags}
    return set()


def _names(record: AnyRecord) -> tuple[str, str, str]:
    """Kind, name, and a label that may not be unique yet."""
    if isinstance(record, CellRecord):
        return "variant", record.spec.variant, label_of(record.spec.variant, record.spec.changed)
    if isinstance(record, ReferenceRecord):
        return "external" if record.external else "reference", record.spec.name, record.spec.name
    if isinstance(record, AttackRecord):
        return "attack", "attacks", "attacks"
    return "detector", record.spec.detector, record.spec.detector


def _labelled(entries: list[Entry]) -> list[Entry]:
    """Each with a label that stands for its recipe alone, whatever names people chose.

    Of a name that a variant shares with rows of other kinds, it keeps the name, and they say what they are. What still clashes
    gets the start of its recipe's hash, and a longer one where somebody's name looks like that.
    """
    kinds = defaultdict(set)
    for e in entries:
        kinds[e.track, e.label].add(e.kind)
    told = [e if e.kind == min(kinds[e.track, e.label], key=KINDS.index) else _with_kind(e) for e in entries]

    labels = [e.label for e in told]
    for digits in HASH_DIGITS:
        recipes = defaultdict(set)
        for e, label in zip(told, labels, strict=True):
            recipes[e.track, label].add(e.recipe)
        labels = [
            label if len(recipes[e.track, label]) == 1 else f"{e.label} #{e.recipe[:digits]}"
            for e, label in zip(told, labels, strict=True)
        ]
    return [replace(e, label=label, shared_label=e.label) for e, label in zip(told, labels, strict=True)]


def _with_kind(entry: Entry) -> Entry:
    return replace(entry, label=f"{entry.label} ({entry.kind})")


def _one_per_training(entries: list[Entry]) -> list[Entry]:
    """Sorted. Equal results of one seed are one training, which counts once; results that differ come from two.

    A failed entry is left out where its seed has another. Of equal entries a finished one counts, else the last one.
    """
    of_seed: dict[tuple[Any, ...], list[Entry]] = defaultdict(list)
    for entry in entries:
        of_seed[entry.track, entry.kind, entry.label, -1 if entry.seed is None else entry.seed].append(entry)

    kept = []
    for seed in sorted(of_seed):
        found = _different(of_seed[seed])
        kept += [entry for entry in found if entry.status != "failed"] or found[-1:]
    return kept


def _different(entries: list[Entry]) -> list[Entry]:
    """Those of one seed whose results differ, in an order that does not depend on which was read first."""
    if len(entries) == 1:
        return entries

    same: dict[str, Entry] = {}
    for entry in entries:
        result = _result(entry.record)
        if result not in same or entry.status == "done" or same[result].status != "done":
            same[result] = entry
    return [same[result] for result in sorted(same)]


def _result(record: AnyRecord) -> str:
    """What tells two results of one seed apart. Of a training it is the samples; another scoring of them is the same training.

    A reference row of ours is made without training, so it has one result.
    """
    if isinstance(record, CellRecord) or (isinstance(record, ReferenceRecord) and record.external):
        return record.samples_digest or ""
    if isinstance(record, JudgeRecord):
        return json_digest([record.spec.fakes, [one.model_dump(mode="json") for one in record.detections]])
    if isinstance(record, AttackRecord):
        return json_digest([record.spec.models, [one.model_dump(mode="json") for one in record.attacks]])
    return ""
