"""What the front page tells a reader: how to read the board, and how to put something of their own on it."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """One thing to know before reading a table. `term`: the word of the glossary that tells more."""

    title: str
    text: str
    term: str


class HowTo(NamedTuple):
    """How to add something: commands in their order, and what they do."""

    title: str
    commands: tuple[str, ...]
    text: str


READING = (
    Point(
        "Equal budgets",
        "All entries of a table were trained with the same budget, by default the same number of floating-point operations. "
        "Another budget is another table.",
        "budget",
    ),
    Point(
        "A rank is an interval",
        "“1-3” means that an entry may be the first, the second or the third: the seeds cannot tell. Two entries whose ranks "
        "overlap need not be equal; nobody knows yet.",
        "rank",
    ),
    Point(
        "Bold may be the best",
        "In each column, all entries are bold that may be the best of their task. Where that is everybody, or one seed is all "
        "there is, nothing is bold.",
        "bold",
    ),
    Point(
        "Detectability is a lower bound",
        "It is what one detector found that never saw the generator. Another detector may find more, so a low number is no "
        "proof that fakes pass.",
        "detectability",
    ),
    Point(
        "One seed tells little",
        "The next training of the same recipe may differ by more than two entries do. One seed gives no rank; "
        "`--seeds 3` does.",
        "seed",
    ),
)
OWN = (
    HowTo(
        "A GAN of your own",
        ("gan-bench new variant mine", "gan-bench run --suite cifar10 --variants mine.py,dcgan --seeds 3"),
        "The first command writes a file that works as it is; change it. The second trains it beside dcgan at the same budget.",
    ),
    HowTo(
        "Images that you have",
        ("gan-bench score samples/ --dataset cifar10 --name mine --run runs/quick",),
        "Scores a folder or an array of images as the run's own were scored, and adds a row to its board.",
    ),
    HowTo(
        "A detector of your own",
        ("gan-bench new detector mine", "gan-bench run --suite cifar10 --detectors spectrum,mine"),
        "The first command writes a file whose first lines say where it goes. There, its name works as that of any other.",
    ),
)
