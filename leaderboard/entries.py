"""Results -> entries: each record with its track, its unique label and its recipe; one entry for each seed."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from gan_bench.records import AnyRecord, CellRecord, JudgeRecord, ReferenceRecord, Result


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
    kind    variant, reference, external or detector
    recipe  hash of everything in the spec but the seed: only equal recipes are averaged
    fakes   of a detector: variant -> label of that variant in the detector's own run
    label   the name, made unique where one name stands for several recipes
    """

    record: AnyRecord
    run: Path
    files: dict[str, Path]
    track: Track
    kind: str
    name: str
    seed: int | None
    recipe: str
    fakes: dict[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def status(self) -> str:
        """done, diverged or failed."""
        return "done" if isinstance(self.record, ReferenceRecord) else self.record.status

    @property
    def reason(self) -> str | None:
        """Why it is not done."""
        return None if isinstance(self.record, ReferenceRecord) else self.record.reason


Labels = dict[tuple[Path, Track, str], str]  # run folder, track and variant -> label


def entries_of(results: Sequence[Result]) -> list[Entry]:
    """The entries of all results, labelled and sorted; a seed that was computed twice counts once."""
    generators = _labelled([_entry(r, {}) for r in results if not isinstance(r.record, JudgeRecord)])
    labels = {(e.run, e.track, e.name): e.label for e in generators if e.kind == "variant"}

    judges = _labelled([_entry(r, labels) for r in results if isinstance(r.record, JudgeRecord)])
    return _one_per_seed(generators + judges)


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

    kind, name = _kind_and_name(record)
    fakes: dict[str, str] = {}
    if isinstance(record, JudgeRecord):
        # A record knows its fakes by names that are unique only within its run, and by digests that change with the seed.
        tested = {*record.spec.fakes, *(d.variant for d in record.detections)}
        fakes = {variant: labels.get((result.run, track, variant), variant) for variant in tested}
        spec["fakes"] = sorted(fakes[variant] for variant in record.spec.fakes)

    recipe = hashlib.sha256(json.dumps([kind, spec], sort_keys=True).encode()).hexdigest()
    return Entry(record, result.run, result.files, track, kind, name, seed, recipe, fakes)


def _kind_and_name(record: AnyRecord) -> tuple[str, str]:
    if isinstance(record, CellRecord):
        return "variant", record.spec.variant
    if isinstance(record, ReferenceRecord):
        return "external" if record.external else "reference", record.spec.name
    return "detector", record.spec.detector


def _labelled(entries: list[Entry]) -> list[Entry]:
    recipes = defaultdict(set)
    for e in entries:
        recipes[e.track, e.name].add(e.recipe)

    labelled = []
    for e in entries:
        unique = len(recipes[e.track, e.name]) == 1
        labelled.append(replace(e, label=e.name if unique else f"{e.name} #{e.recipe[:4]}"))
    return labelled


def _one_per_seed(entries: list[Entry]) -> list[Entry]:
    """Sorted; of entries with the same seed the last one, but never a failed one in place of a finished one."""
    kept: dict[tuple[Any, ...], Entry] = {}
    for entry in entries:
        key = (entry.track, entry.kind, entry.label, -1 if entry.seed is None else entry.seed)
        if key not in kept or entry.status == "done" or kept[key].status != "done":
            kept[key] = entry
    return [kept[key] for key in sorted(kept)]
