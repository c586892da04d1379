"""Holds new entries against a baseline, and says of each whether it has become worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gan_bench.core.differences import LEVEL
from gan_bench.core.errors import UserError
from gan_bench.gate.baseline import Baseline
from gan_bench.gate.entries import Subject, matched
from gan_bench.gate.rule import Decision, Limits, Verdict, between_trainings, decide
from gan_bench.gate.samples import worse_samples


@dataclass(frozen=True)
class Checked:
    """One metric of one entry.

    decides   whether its verdict counts; the other metrics inform
    old, new  means over the trainings
    """

    entry: str
    column: str
    higher_is_better: bool
    decides: bool
    old: float
    new: float | None
    decision: Decision


@dataclass(frozen=True)
class Report:
    """What the gate found.

    notes  what differs between both sides without being refused, and what was not checked
    """

    checked: tuple[Checked, ...]
    notes: tuple[str, ...]

    @property
    def informing(self) -> list[Checked]:
        """Those that do not decide."""
        return [one for one in self.checked if not one.decides]

    @property
    def verdict(self) -> Verdict:
        """The worst of those that decide."""
        found = {one.decision.verdict for one in self.checked if one.decides}
        return next(v for v in (Verdict.REGRESSED, Verdict.INCONCLUSIVE, Verdict.PASS) if v in found)


def check(baseline: Baseline, new: Sequence[Subject], limits: Limits, same_model: bool = False) -> Report:
    """Compare every entry of a baseline with the new one that belongs to it.

    same_model  both sides have the same weights, so that only the drawn samples differ

    The level is divided by the number of entries that decide. Raises UserError where two sides are not comparable, or no
    new entry belongs to the baseline.
    """
    pairs = list(matched(baseline.entries, new))
    if not any(entry is not None for _, entry in pairs):
        known = ", ".join(entry.title for entry in baseline.entries)
        raise UserError(f"nothing here belongs to the baseline, which has {known}; found {', '.join(e.title for e in new)}.")

    checked: list[Checked] = []
    notes: list[str] = []
    n_tested = sum(entry is not None and bool(entry.trainings) for _, entry in pairs)
    limits = replace(limits, level=LEVEL / max(n_tested, 1))
    for old, found in pairs:
        primary = baseline.primary[old.title]
        if found is None or not found.trainings:
            checked.append(_absent(old, found, primary))
            continue
        check_comparable(old, found, primary)
        checked += _columns(old, found, primary, limits, same_model)
        notes += differing(old, found)
    taken = {id(entry) for _, entry in pairs}
    notes += [f"{entry.title}: not in the baseline, so not checked" for entry in new if id(entry) not in taken]
    return Report(tuple(checked), tuple(notes))


def _absent(old: Subject, new: Subject | None, primary: str) -> Checked:
    """An entry without a finished training: one that broke is a regression, one that was not trained is unknown."""
    broken = new is not None and bool(new.broken)
    verdict = Verdict.REGRESSED if broken else Verdict.INCONCLUSIVE
    reason = "; ".join(new.broken) if new is not None and broken else "it has no finished training here"
    decision = Decision(verdict, None, None, 0.0, "no training to test", reason)
    return Checked(old.title, primary, _higher(old, primary), True, old.mean(primary), None, decision)


def _columns(old: Subject, new: Subject, primary: str, limits: Limits, same_model: bool) -> Iterator[Checked]:
    """Each metric that both have, the primary one first."""
    for column in dict.fromkeys([primary, *old.metrics()]):
        if column == primary or not incomparable(old, new, column):
            decision = _decision(old, new, column, limits, same_model)
            yield Checked(
                old.title, column, _higher(old, column), column == primary, old.mean(column), new.mean(column), decision
            )


def _decision(old: Subject, new: Subject, column: str, limits: Limits, same_model: bool) -> Decision:
    if len(new.broken) > len(old.broken):
        return Decision(Verdict.REGRESSED, None, None, 0.0, "trainings that broke", "; ".join(new.broken))
    if _digests(old) == _digests(new):
        return Decision(Verdict.PASS, 0.0, 0.0, 1.0, "digests of the samples", "the samples are the same, byte for byte")

    if same_model:
        found = worse_samples(old, new, column)
    else:
        found = between_trainings(old.listed(column), new.listed(column), _higher(old, column))
    if isinstance(found, str):
        return Decision(Verdict.INCONCLUSIVE, None, None, 0.0, "none", found)

    worse, test = found
    scale = abs(old.mean(column))
    if scale == 0:
        reason = "the baseline's value is 0, so that no change can be relative to it"
        return Decision(Verdict.INCONCLUSIVE, None, None, 0.0, test, reason)
    return decide(worse, scale, limits, test)


def _higher(entry: Subject, column: str) -> bool:
    return entry.metrics()[column].higher_is_better


def _digests(entry: Subject) -> list[str | None]:
    return [training.samples_digest for training in entry.trainings]


def check_comparable(old: Subject, new: Subject, column: str) -> None:
    """Raises UserError where the column of both cannot be compared."""
    reason = incomparable(old, new, column)
    if reason:
        raise UserError(f"{old.title} cannot be compared with the baseline: {reason}.")


def incomparable(old: Subject, new: Subject, column: str) -> str:
    """Why a column of two entries cannot be compared; "": it can."""
    if old.dataset_digest != new.dataset_digest:
        return f"the images of {old.dataset} are others (digest {_short(old.dataset_digest)}, now {_short(new.dataset_digest)})"
    if old.budget and new.budget and old.task != new.task:
        return f"it starts from another thing ({old.task}, now {new.task})"

    before, after = (next(iter(entry.values(column).values()), None) for entry in (old, new))
    if before is None or after is None:
        return f"it has no {column} {'in the baseline' if before is None else 'here'}"
    counts = [(m.n_fake, m.n_real, m.split) for m in (before, after)]
    if counts[0] != counts[1]:
        fake, real, split = counts[0]
        return f"{column} was of {fake:,} fakes against {real:,} reals ({split}), now {counts[1][0]:,} against {counts[1][1]:,}"
    weights = [entry.extractors.get(before.extractor) for entry in (old, new)]
    if weights[0] != weights[1]:
        return f"the weights of {before.extractor} are others (digest {_short(weights[0])}, now {_short(weights[1])})"
    return ""


def differing(old: Subject, new: Subject) -> Iterator[str]:
    """What else is not the same: that is what people change, so it is named, not refused."""
    if old.budget != new.budget and old.budget and new.budget:
        yield f"{old.title}: another budget ({old.preset}, now {new.preset})"
    for name in sorted({*old.settings, *new.settings}):
        before, after = old.settings.get(name), new.settings.get(name)
        if before != after and old.settings and new.settings:
            yield f"{old.title}: {name} was {before}, now {after}"
    for name, before in old.testbed.items():
        if new.testbed.get(name) != before:
            yield f"{old.title}: {name} was {before}, now {new.testbed.get(name)}"


def _short(digest: str | None) -> str:
    return "none" if digest is None else digest[:8]
