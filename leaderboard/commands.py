"""The command line that makes a record again.

A record tells what was computed, and not the paths on the machine that did it. What it does not tell is a placeholder such as
<images>, and a comment above the command says what to put there.
"""

from __future__ import annotations

import csv
import io
import math
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from gan_bench.records import (
    BENCHMARK_VERSION,
    AnyRecord,
    AttackRecord,
    CellRecord,
    CellSpec,
    Code,
    JudgeRecord,
    ReferenceRecord,
    ScoreSpec,
    Setting,
)

Suites = Mapping[str, str]  # dataset -> the suite of gan-bench that has it
NO_SUITES: Suites = MappingProxyType({})
KEPT = re.compile(r"images:(.+)-(\d+)-[0-9a-f]{8}")  # what somebody's images are called: see datasets/folder_kept.py


def command_of(record: AnyRecord, suites: Suites = NO_SUITES, beside: Sequence[AnyRecord] = ()) -> str:
    """The command that makes a record again, quoted for a shell, below comments that begin with "#".

    suites  without those that somebody's own suite file has in the record's run: its path is not known
    beside  the other records of the run; what a detector judges is known by them alone
    """
    return entry_command([record], suites, beside)


def entry_command(records: Sequence[AnyRecord], suites: Suites = NO_SUITES, beside: Sequence[AnyRecord] = ()) -> str:
    """The same for all seeds of one entry: one command for each series of seeds without a gap."""
    commands = [_command(series, suites, beside) for series in _without_gaps(records)]
    notes = dict.fromkeys(note for command in commands for note in command.notes)
    return "\n".join([*(f"# {_one_line(note)}" for note in notes), *(shlex.join(command.words) for command in commands)])


@dataclass
class CommandLine:
    """The words of a command, and what a reader must know to run it."""

    words: list[str]
    notes: list[str] = field(default_factory=list)

    def add(self, option: str, value: object) -> None:
        """An option with its value."""
        self.words += [option, str(value)]

    def ask(self, option: str, placeholder: str, note: str) -> None:
        """An option whose value the record does not tell."""
        self.add(option, f"<{placeholder}>")
        self.notes.append(f"<{placeholder}>: {note}")


def _one_line(text: str) -> str:
    """Text that stays within its line: a comment that ends early would be a command of whoever chose a name in it."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _without_gaps(records: Sequence[AnyRecord]) -> list[list[AnyRecord]]:
    """Records by seed, cut where a seed is missing; of draws and of what has no seed all together."""
    if isinstance(records[0], ReferenceRecord):
        return [list(records)]

    series: list[list[AnyRecord]] = []
    for record in sorted(records, key=_seed):
        if not series or _seed(record) > _seed(series[-1][-1]) + 1:
            series.append([])
        series[-1].append(record)
    return series


def _seed(record: AnyRecord) -> int:
    return (record.seed or 0) if isinstance(record, ReferenceRecord) else record.spec.seed


def _command(records: Sequence[AnyRecord], suites: Suites, beside: Sequence[AnyRecord]) -> CommandLine:
    first = records[0]
    if isinstance(first, CellRecord):
        return _training(first, [_seed(record) for record in records], suites)
    if isinstance(first, JudgeRecord | AttackRecord):
        return _judging(records, suites, beside)
    return _scoring(first, records) if first.external else _reference(first, suites)


def _run(record: AnyRecord, suites: Suites) -> CommandLine:
    """`gan-bench run` with the suite and the budget."""
    command, dataset = CommandLine(["gan-bench", "run"]), record.spec.dataset
    kept = KEPT.fullmatch(dataset)
    if kept is not None:
        command.add("--suite", f"folder:<{kept[1]}>")
        command.add("--side", kept[2])
        command.notes.append(f"<{kept[1]}>: the folder or the array of the real images, which the record does not hold.")
    elif dataset in suites:
        command.add("--suite", suites[dataset])
        others = sorted(other for other, suite in suites.items() if suite == suites[dataset] and other != dataset)
        command.notes += [f"The suite {suites[dataset]} also trains on {', '.join(others)}."] if others else []
    else:
        command.ask("--suite", "suite", f"a suite that has {dataset}: a file of your own, or see gan-bench list suites")

    command.add("--budget", record.spec.preset)
    if record.spec.benchmark_version != BENCHMARK_VERSION:
        now = f"this gan-bench has the rules {BENCHMARK_VERSION}"
        command.notes.append(f"It was made by the rules {record.spec.benchmark_version}; {now}, and makes another result.")
    return command


def _training(record: CellRecord, seeds: Sequence[int], suites: Suites) -> CommandLine:
    command = _run(record, suites)
    _add_variants(command, [record.spec])
    _add_seeds(command, seeds)
    _add_measures(command, record.spec)
    command.add("--detectors", "none")
    _add_machine(command, record)
    command.words += ["--compile"] if record.compiled else []
    return command


def _reference(record: ReferenceRecord, suites: Suites) -> CommandLine:
    command = _run(record, suites)
    _add_measures(command, record.spec)
    command.add("--detectors", "none")
    _add_machine(command, record)
    command.notes.append("A run makes this row beside its trainings; --variants with one of the row's task spares the others.")
    return command


def _scoring(record: ReferenceRecord, records: Sequence[AnyRecord]) -> CommandLine:
    """Somebody's images: `gan-bench score`."""
    command, spec = CommandLine(["gan-bench", "score"]), record.spec
    if record.seed is None:
        command.words.append("<images>")
        command.notes.append(f"<images>: the folder or the array of the images ({record.note or 'the record does not tell'})")
    else:
        command.ask("--generator", "FILE:NAME", "the file and the function or module in it that drew the images")
        command.add("--seeds", max(map(_seed, records)) + 1)

    command.add("--dataset", spec.dataset)
    if KEPT.fullmatch(spec.dataset):
        reads = "gan-bench run --suite folder:PATH --dry-run reads a folder"
        command.notes.append(f"{spec.dataset} must be in the cache: {reads}.")
    command.add("--budget", spec.preset)
    command.add("--samples", spec.n_fake)
    _add_measures(command, spec)
    command.add("--name", spec.name)
    command.ask("--run", "run folder", "the folder whose leaderboard gets the entry; a new one will do")
    _add_machine(command, record)
    command.notes.append("Images as floats also need --value-range, such as --value-range=-1,1.")
    return command


def _judging(records: Sequence[AnyRecord], suites: Suites, beside: Sequence[AnyRecord]) -> CommandLine:
    """A detector, or attacks on detectors: the trainings whose fakes they saw come first."""
    command, judges = _run(records[0], suites), _judges_of(records, beside)
    fakes = dict.fromkeys(key for judge in judges for key in judge.spec.fakes)
    digests = {digest for judge in judges for digest in (*judge.spec.fakes.values(), *judge.spec.others.values())}
    known = [r for r in beside if isinstance(r, CellRecord) and r.samples_digest in digests and r.samples_digest]
    cells = {record.spec.key: record.spec for record in known}

    if fakes and fakes.keys() <= cells.keys():
        _add_variants(command, [cells[key] for key in fakes])
    else:
        names = ", ".join(fakes) or "not in the record"
        command.ask("--variants", "variants", f"those whose fakes were judged ({names}), with --set where settings are changed")

    _add_seeds(command, [*map(_seed, records), *(record.spec.seed for record in known)])
    if any(judge.spec.others for judge in judges) and len({record.spec.seed for record in known}) < 2:
        command.notes.append("Fakes of another seed were tested too: raise --seeds until they are among the trainings.")
    command.add("--detectors", ",".join(_detectors(records)))
    _add_machine(command, records[0])
    command.words += ["--attacks"] if isinstance(records[0], AttackRecord) else []
    return command


def _judges_of(records: Sequence[AnyRecord], beside: Iterable[AnyRecord]) -> list[JudgeRecord]:
    """The detectors themselves; of attacks those whose models were attacked."""
    attacked = {digest for r in records if isinstance(r, AttackRecord) for digest in r.spec.models.values()}
    found = [r for r in records if isinstance(r, JudgeRecord)]
    return found + [r for r in beside if isinstance(r, JudgeRecord) and attacked & set(r.models.values())]


def _detectors(records: Sequence[AnyRecord]) -> list[str]:
    """The detectors that a run needs: members before what combines them."""
    names: list[str] = []
    for record in records:
        if isinstance(record, JudgeRecord):
            names += [*record.spec.members, record.spec.detector]
        elif isinstance(record, AttackRecord):
            names += record.spec.models
    return list(dict.fromkeys(names))


def _add_variants(command: CommandLine, specs: Sequence[CellSpec]) -> None:
    """--variants, and --set where settings were changed."""
    command.add("--variants", ",".join(dict.fromkeys(map(_variant, specs))))
    for code in {spec.code.digest: spec.code for spec in specs if spec.code is not None}.values():
        command.notes.append(_code_note(code))

    changes = _changes(specs)
    for change in changes or ():
        command.add("--set", change)
    if changes is None:
        labels = ", ".join(spec.key for spec in specs)
        command.notes.append(f"No single command trains just {labels}: run one for each, with its --set, into one folder.")


def _variant(spec: CellSpec) -> str:
    return spec.variant if spec.code is None else f"{spec.code.file}:{spec.code.member}"


def _code_note(code: Code) -> str:
    """Where to get a user's own file."""
    known = code.files.get(code.file)
    digest = "" if known is None else f", SHA-256 {known.sha256}"
    return f"{code.file} is no part of gan-bench: its text is in the record, under spec.code.files{digest}."


def _changes(specs: Sequence[CellSpec]) -> list[str] | None:
    """The texts of --set that train exactly these of each variant; None: no texts do, since they give all combinations."""
    of_variant: dict[str, list[CellSpec]] = {}
    for spec in specs:
        of_variant.setdefault(spec.variant, []).append(spec)

    texts: list[str] = []
    for variant, own in of_variant.items():
        names = list(dict.fromkeys(name for spec in own for name in spec.changed))
        rows = [[(spec.settings | spec.changed).get(name, "") for name in names] for spec in own]
        values = [list(dict.fromkeys(column)) for column in zip(*rows, strict=True)]
        if math.prod(map(len, values)) != len(own):
            return None
        texts += [f"{variant}.{name}={','.join(map(_text, known))}" for name, known in zip(names, values, strict=True)]
    return texts


def _text(value: Setting) -> str:
    """A value as --set reads it: a text with a comma or a quote in it stands in double quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([value])
    return written.getvalue()


def _add_seeds(command: CommandLine, seeds: Sequence[int]) -> None:
    command.add("--first-seed", min(seeds))
    command.add("--seeds", max(seeds) - min(seeds) + 1)


def _add_measures(command: CommandLine, spec: ScoreSpec) -> None:
    """Always spelled out: a suite may change, and a run may have been asked for others."""
    command.add("--extractors", ",".join(spec.extractors))
    command.add("--metrics", ",".join(spec.metrics))


def _add_machine(command: CommandLine, record: AnyRecord) -> None:
    """Another kind of device gives other last digits, and with them another training."""
    command.add("--device", record.environment.device)
