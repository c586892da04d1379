"""Images beside what they were made from: what a translator gives back, and rows of pictures that show what a variant does."""

from __future__ import annotations

import torch
from torch import Tensor

from gan_bench import images, tasks
from gan_bench.datasets.base import Dataset
from gan_bench.sample import BLOCK, Drawn, originals
from generators.base import Variant


@torch.no_grad()
def cycle(variant: Variant, drawn: Drawn) -> tuple[Tensor, Tensor] | None:
    """What comes back from a translator's images, and the sources that it should be, both uint8; None: no way back."""
    if drawn.truth is None:
        return None
    with variant.evaluating():
        back = [variant.way_back(images.to_float(part).to(variant.device)) for part in drawn.images.split(BLOCK)]
    returned = [images.to_uint8(part).cpu() for part in back if part is not None]
    return (torch.cat(returned), sources(variant, drawn.truth)) if returned else None


@torch.no_grad()
def rows(variant: Variant, dataset: Dataset, drawn: Drawn, n: int) -> dict[str, Tensor]:
    """Rows of n uint8 pictures of one shape by what they show; none for a variant that turns latents alone into images."""
    if drawn.truth is not None:
        first = Drawn(drawn.images[:n], drawn.labels[:n], drawn.truth[:n])
        given = sources(variant, drawn.truth[:n])
        scale = drawn.images.shape[2] // given.shape[2]
        shown = {"given": given.repeat_interleave(scale, 2).repeat_interleave(scale, 3), "made": first.images}
        back = cycle(variant, first)
        return shown | ({} if back is None else {"back again": back[0]}) | {"truth": drawn.truth[:n]}
    real = originals(dataset, "test", "rows", n).images
    with variant.evaluating():
        decoded = variant.reconstruct(images.to_float(real).to(variant.device))
    return {} if decoded is None else {"real": real, "reconstructed": images.to_uint8(decoded).cpu()}


def sources(variant: Variant, truth: Tensor) -> Tensor:
    """What a variant of such a task is given for these images, uint8."""
    return images.to_uint8(tasks.SOURCES[variant.task](images.to_float(truth)))
