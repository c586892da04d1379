"""`gan-bench sample`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gan_bench.cli.options import Device
from gan_bench.cli.output import log_to_stderr, say, stdout
from gan_bench.core.errors import UserError
from gan_bench.core.progress import console as stderr
from gan_bench.core.registry import suggest

if TYPE_CHECKING:
    from gan_bench.datasets.base import Dataset
    from gan_bench.generators.base import Variant
    from gan_bench.sample import Drawn

MOST_DRAWN, LARGEST_START = 1_000_000, 10**12  # images of one command, and the index of the first


def sample(
    cell: Annotated[Path, typer.Argument(help="A finished cell, such as runs/quick/cells/mnist/dcgan/seed-0.")],
    n: Annotated[int, typer.Option("-n", min=1, max=MOST_DRAWN, help="How many images.")] = 64,
    start: Annotated[int, typer.Option(min=0, max=LARGEST_START, help="Index of the first; image i is always the same.")] = 0,
    label: Annotated[str | None, typer.Option(help="Only this class, by number or name; of a conditional variant.")] = None,
    out: Annotated[
        Path, typer.Option(help="FILE.png: one grid. FILE.npz: an array. A folder: one PNG for each image, by class.")
    ] = Path("samples.png"),
    device: Device = "auto",
) -> None:
    """Draw images from a trained generator; image i is the scored image i.

    Export as many as were scored, and `gan-bench score` finds the cell's numbers again, all but those that need the truth.
    """
    log_to_stderr()
    from gan_bench.datasets import DATASETS
    from gan_bench.device import pick
    from gan_bench.run_folder import run_of_cell
    from gan_bench.sample import draw, load_generator, one_of_each

    run_of_cell(cell).check_links(cell)
    variant, record = load_generator(cell, pick(device))
    dataset = DATASETS.create(record.spec.dataset)
    wanted = None if label is None else _class_of(label, variant, dataset)
    with stderr.status(f"drawing {n} images"):
        drawn = draw(variant, dataset, record.spec.seed, "score", n, start, label=wanted)

    made = len(drawn.images)
    if made < n:
        say(f"gan-bench: only {made:,} of {n:,}: {one_of_each(variant, dataset)}.")

    _save(drawn, dataset, out, start)
    stdout.print(f"{made} image{'s' * (made != 1)}: {out}", highlight=False, soft_wrap=True)


def _class_of(text: str, variant: Variant, dataset: Dataset) -> int:
    """The class that a number or a name means. Raises UserError where it means none, or the variant takes no classes."""
    if not variant.conditional:
        raise UserError(f"{variant.name} is not class-conditional, so --label has no meaning for it.")
    found = dataset.class_index(text)
    if found is None:
        raise UserError(suggest(text, dataset.class_names, f"class of {dataset.name}"))
    return found


def _save(drawn: Drawn, dataset: Dataset, out: Path, start: int) -> None:
    """As one picture, one array, or one PNG for each image, by the ending of `out`. Raises CannotWrite."""
    from gan_bench.core.folders import added
    from gan_bench.images.convert import are_points
    from gan_bench.images.files import save_samples
    from gan_bench.images.pictures import save_folder, save_samples_picture

    images, n = drawn.images, len(drawn.images)
    if out.suffix == ".png":
        save_samples_picture(images, out, dataset.mixture, columns=min(n, 16), most=n)
    elif out.suffix == ".npz":
        save_samples(images, drawn.labels, out)
    elif are_points(dataset.image_shape):
        raise UserError(f"{dataset.name} holds points; give --out FILE.png for one picture or FILE.npz for an array.")
    else:
        with added(out) as folder:
            save_folder(images, drawn.labels, dataset.class_names, folder, start)
