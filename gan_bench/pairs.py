"""Images beside what they were made from: pairs that metrics compare, and rows of pictures that show what a variant does."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gan_bench.datasets.base import Dataset
from gan_bench.generators.base import Variant
from gan_bench.images import convert, tasks
from gan_bench.sample import BLOCK, Drawn, originals

Pair = tuple[Tensor, Tensor]  # uint8 images (N, C, H, W), and what each of them should be


def pairs_of(variant: Variant, drawn: Drawn) -> dict[str, Pair]:
    """The pairs that samples have, by what metrics need: "truth" and "cycle". Empty where a variant starts from latents."""
    if drawn.truth is None:
        return {}
    cycle = cycle_pair(variant, drawn)
    return {"truth": (drawn.images, drawn.truth)} | ({} if cycle is None else {"cycle": cycle})


@torch.no_grad()
def cycle_pair(variant: Variant, drawn: Drawn) -> Pair | None:
    """What comes back from a translator's images, and the sources that it should be; None where there is no way back."""
    if drawn.truth is None:
        return None
    with variant.evaluating():
        back = [variant.way_back(convert.to_float(part).to(variant.device)) for part in drawn.images.split(BLOCK)]
    returned = [convert.to_uint8(part).cpu() for part in back if part is not None]
    return (torch.cat(returned), sources(variant, drawn.truth)) if returned else None


@torch.no_grad()
def rows(variant: Variant, dataset: Dataset, drawn: Drawn, n: int) -> dict[str, Tensor]:
    """Rows of n uint8 images of one shape by what they show; empty for a variant that only turns latents into images."""
    if drawn.truth is not None:
        return _rows_of_task(variant, Drawn(drawn.images[:n], None, drawn.truth[:n]))

    real = originals(dataset, "test", "rows", n).images
    with variant.evaluating():
        decoded = variant.reconstruct(convert.to_float(real).to(variant.device))
    return {} if decoded is None else {"real": real, "reconstructed": convert.to_uint8(decoded).cpu()}


def _rows_of_task(variant: Variant, drawn: Drawn) -> dict[str, Tensor]:
    """given, made, back again where there is a way back, truth."""
    assert drawn.truth is not None
    given = sources(variant, drawn.truth)
    scale = drawn.images.shape[2] // given.shape[2]
    shown = {"given": given.repeat_interleave(scale, 2).repeat_interleave(scale, 3), "made": drawn.images}

    back = cycle_pair(variant, drawn)
    if back is not None:
        shown["back again"] = back[0]
    return shown | {"truth": drawn.truth}


def by_class(images: Tensor, classes: Tensor, names: Sequence[str], n: int) -> dict[str, Tensor]:
    """The first images, at most n, of each class: name of the class -> (0 to n, C, H, W). `classes`: (N,), of the images."""
    return {name: images[classes == k][:n] for k, name in enumerate(names)}


def sources(variant: Variant, truth: Tensor) -> Tensor:
    """What a variant of such a task is given for these uint8 images (N, C, H, W): uint8 (N, C, h, w)."""
    return convert.to_uint8(tasks.SOURCES[variant.task](convert.to_float(truth)))
