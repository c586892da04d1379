"""Attacks on detectors: averaged over seeds, as tables, and what is doubtful of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from gan_bench.leaderboard.cells import DASH, ColumnHeader, Table, TableCell, plain_table, share_cell
from gan_bench.leaderboard.entries import Entry
from gan_bench.leaderboard.estimates import Estimate, over_seeds
from gan_bench.leaderboard.frames import ATTACK, Frame
from gan_bench.records import AttackRecord

COUNTED = {"evasion": "n_fake", "framing": "n_real"}  # goal -> the column of a frame with the number of changed images
GOALS = {"evasion": "Evasion: fakes changed to pass as real", "framing": "Framing: reals changed to pass as fake"}


@dataclass(frozen=True)
class Attacked:
    """Images changed against one detector, `attacked`, and shown to another or to the same; see `records.Attack`."""

    goal: str
    attacked: str
    shown_to: str
    eps: int
    n: int
    auroc: Estimate
    success: Estimate


def attacked_over_seeds(frame: Frame) -> list[Attacked]:
    """All attacks in a frame of `frames.detector_frame`, sorted."""
    attacks = [number for number in frame if number.metric == ATTACK]
    found = []
    for goal, counted in COUNTED.items():
        figures: dict[tuple[Any, ...], dict[str, Estimate]] = defaultdict(dict)
        same_goal = [number for number in attacks if number.goal == goal]
        for (*where, name), estimate in over_seeds(same_goal, ["attacked", "detector", "eps", counted, "name"]).items():
            figures[tuple(where)][name] = estimate
        for (attacked, shown_to, eps, n), both in sorted(figures.items(), key=itemgetter(0)):
            found.append(Attacked(goal, attacked, shown_to, eps, n, both["auroc"], both["success"]))
    return found


def attack_table(attacks: Iterable[Attacked], goal: str) -> Table:
    """One row for each pair of detectors, one column for each eps: AUROC, and the share of images that deceived."""
    own = [a for a in attacks if a.goal == goal]
    levels = sorted({a.eps for a in own})
    rows: dict[tuple[str, str, int], dict[int, Attacked]] = defaultdict(dict)
    for a in own:
        rows[a.attacked, a.shown_to, a.n][a.eps] = a

    headers = [ColumnHeader("Attacked", "the detector whose gradients were used", numeric=False, name=True)]
    headers.append(ColumnHeader("Shown to", "the detector that was tested", numeric=False))
    headers += [ColumnHeader(f"eps {eps}", f"AUROC; each pixel changed by at most {eps} of 255 levels") for eps in levels]
    headers.append(ColumnHeader("Images", "changed", "down"))

    shown = []
    for (attacked, shown_to, n), by_eps in rows.items():
        names = [TableCell(attacked), TableCell(shown_to, tag="itself" if shown_to == attacked else "")]
        shown.append([*names, *(_attack_cell(by_eps.get(eps)) for eps in levels), TableCell(str(n), value=n)])
    return plain_table(headers, shown)


def attack_notes(entries: Iterable[Entry]) -> list[str]:
    """How the tables are read, and why gradients of some detectors may hide weaknesses. `entries`: those of the attacks."""
    seeds: dict[str, list[str]] = {}
    for e in entries:
        if isinstance(e.record, AttackRecord) and e.status == "done":
            for detector, flags in e.record.flags.items():
                for flag in flags:
                    text = f"The gradients of {e.labels[detector]} may hide weaknesses: {flag}"
                    seeds.setdefault(text, []).append(str(e.seed))
    return [
        "AUROC of the changed images against the other class unchanged: 0.5 or less means that the detector is deceived. "
        "Success: the share of images on the right side of the threshold that no longer are.",
        *(f"{text} (seed {', '.join(dict.fromkeys(ks))})." for text, ks in sorted(seeds.items())),
    ]


def _attack_cell(attacked: Attacked | None) -> TableCell:
    if attacked is None:
        return TableCell(DASH)
    cell, success = share_cell(attacked.auroc, heat=True), attacked.success.value
    words = "success " + (DASH if success is None else f"{success:.3f}")
    hints = (cell.hint, *attacked.success.unavailable)
    return replace(cell, small=f"{cell.small} {words}".strip(), hint="; ".join(text for text in hints if text))
