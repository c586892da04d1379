"""The images that the detectors of one dataset and seed are fitted and tested on, drawn once for all of them.

Reals are of the official test split only, which no generator trained on: disjoint slices of one fixed shuffle, fit 60 %,
validate 10 %, test 30 %. Fakes come from random streams that scoring never uses; those that start from images, from images of
the train split, so that no fake has its original among the reals. Both pass through one identical uint8 form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor

from gan_bench.core.errors import UserError
from gan_bench.core.progress import bar
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.detectors.base import Critic
from gan_bench.detectors.delivery import FIT, TEST, VALIDATE, Folds, Material
from gan_bench.generators.base import Variant
from gan_bench.images import convert
from gan_bench.images.sets import in_memory
from gan_bench.run_folder import RunFolder
from gan_bench.sample import draw, load_critic, load_generator

SHARES = {FIT: 0.6, VALIDATE: 0.1, TEST: 0.3}
FEWEST = 10  # reals in a fold
FEWEST_IN_ALL = round(FEWEST / min(SHARES.values()))  # images of a test split
BATCH = 250  # images at a time through an autoencoder


def make_material(
    dataset: str,
    n_reals: int,
    cells: Mapping[str, Path],
    others: Mapping[str, Path],
    other_seed: int | None,
    device: torch.device,
) -> Material:
    """Draw everything.

    n_reals        how many reals the folds hold together
    cells, others  key of a cell -> its folder; the others are those of `other_seed`

    Raises UserError when the test split is too small for three folds.
    """
    split = DATASETS.create(dataset).load("test")
    real = real_folds(split.images, n_reals)
    if min(len(part) for part in real.values()) < FEWEST:
        n = min(n_reals, len(split.images))
        raise UserError(f"{n} test images are too few to fit, validate and test a detector on.")

    counts = {fold: len(part) for fold, part in real.items()}
    fakes, families, critics, matched = {}, {}, {}, None
    with bar(f"{dataset}: fakes for detectors", total=len(cells), unit="variants") as advance:
        for key, cell in cells.items():
            variant, record = load_generator(cell, device)
            fakes[key] = fake_folds(variant, dataset, record.spec.seed, counts, len(cells))
            families[key] = variant.task
            matched = matched or reconstructions(variant, real)
            critic = load_critic(cell, device)
            if critic is not None:
                critics[key] = critic
            advance(1)

    newer = {key: _test_fakes(cell, dataset, counts[TEST], device) for key, cell in others.items()}
    return Material(real, fakes, families, newer, other_seed, _train_folds(dataset, counts), matched, critics, split.digest)


def _test_fakes(cell: Path, dataset: str, n: int, device: torch.device) -> Tensor:
    variant, record = load_generator(cell, device)
    return draw(variant, DATASETS.create(dataset), record.spec.seed, "judge", n, split="train").images


def real_folds(images: Tensor, n: int) -> Folds:
    """Disjoint fit, validate and test parts of images (N, C, H, W); an image keeps its part for every n <= N."""
    order = torch.randperm(len(images), generator=stream(0, "judge folds"))
    folds, start = {}, 0
    for name, share in SHARES.items():
        pool = order[start : start + int(share * len(images))]
        folds[name] = images[pool[: int(share * n)]]
        start += len(pool)
    return folds


def fake_folds(variant: Variant, dataset: str, seed: int, n_reals: Mapping[str, int], n_cells: int) -> Folds:
    """Fakes by fold: an equal part of as many as there are reals to fit and to validate; for the test, as many as reals.

    The folds are parts of one draw, so that none of them share an image that a translator or an upscaler starts from. Those for
    the test come first: they stay the same whatever the number of cells. Where there are too few images to start from, all
    folds are smaller by the same factor.
    """
    counts = {TEST: n_reals[TEST], FIT: n_reals[FIT] // n_cells, VALIDATE: n_reals[VALIDATE] // n_cells}
    n = sum(counts.values())
    images = draw(variant, DATASETS.create(dataset), seed, "judge", n, split="train").images
    sizes = [count * len(images) // n for count in counts.values()]
    return dict(zip(counts, images[: sum(sizes)].split(sizes), strict=True))


@torch.no_grad()
def reconstructions(variant: Variant, real: Folds) -> Folds | None:
    """The reals by fold as an autoencoder encodes and decodes them; None where the variant is none."""
    found = {}
    with variant.evaluating():
        for fold, images in real.items():
            pieces = []
            for batch in images.split(BATCH):
                made = variant.reconstruct(convert.to_float(batch).to(variant.device))
                if made is None:
                    return None
                pieces.append(convert.to_uint8(made).cpu())
            found[fold] = torch.cat(pieces)
    return found


def critics_of(run: Path, dataset: str, seed: int, keys: Iterable[str], device: torch.device) -> dict[str, Critic]:
    """The discriminators of those of these cells of a run that have one, by the cell's key.

    Raises UserError where one is absent.
    """
    folder = RunFolder(run)
    cells = {key: folder.cell_of(dataset, key, seed) for key in keys}
    for cell in cells.values():
        folder.check_links(cell)
    found = {key: load_critic(cell, device) for key, cell in cells.items()}
    return {key: critic for key, critic in found.items() if critic is not None}


def _train_folds(dataset: str, n_reals: Mapping[str, int]) -> Folds:
    """As many images of the train split by fold as there are reals, of one fixed shuffle."""
    images = DATASETS.create(dataset).open("train").images
    order = torch.randperm(len(images), generator=stream(0, "judge folds of train"))[: sum(n_reals.values())]
    sizes = [count * len(order) // sum(n_reals.values()) for count in n_reals.values()]
    chosen = in_memory(images[order[: sum(sizes)]])
    return dict(zip(n_reals, chosen.split(sizes), strict=True))
