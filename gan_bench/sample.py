"""Draw images from a generator. Sample i of a purpose is the same however many are drawn, and in whatever batches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from gan_bench.core.errors import UserError
from gan_bench.core.files import atomic_path
from gan_bench.core.seeds import stream
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.generators.base import Variant
from gan_bench.generators.own import check_images, source_of
from gan_bench.images import convert, tasks
from gan_bench.records import CellRecord, CellSpec, read_record
from gan_bench.run_folder import DISCRIMINATOR, GENERATOR, INVERSE, RECORD

WALKS, STEPS = 8, 9  # rows and columns of a picture of walks between latents
BLOCK = 100  # samples are computed in aligned blocks of this many: a kernel chosen by batch size cannot change a pixel


def build_variant(spec: CellSpec, device: torch.device) -> Variant:
    """The untrained variant of a cell. Raises UserError where its code is a user's own, and cannot be used here."""
    dataset, kind = DATASETS.create(spec.dataset), source_of(spec).kind
    settings = kind.settings_type(**spec.settings)  # type: ignore[arg-type]  # plain data from JSON
    return kind(dataset.image_shape, dataset.n_classes, settings, seed=spec.seed, device=device)


class Drawn(NamedTuple):
    """Samples, and what was asked for.

    images  (n, C, H, W) at rest
    labels  (n,) the classes asked for, or those of the source images; None: an unconditional variant was asked for none
    truth   where the task starts from images, what the samples should be: uint8 like images
    """

    images: Tensor
    labels: Tensor | None
    truth: Tensor | None


def originals(dataset: Dataset, split: SplitName, purpose: str, n: int, start: int = 0) -> Split:
    """Images start .. start + n - 1 of a fixed shuffle of the split: what translators and upscalers are given.

    Fewer where the split ends: metrics would take a second copy of an image for a generator that repeats itself. The same for
    every variant and seed, so that their outputs compare.
    """
    whole = dataset.load(split)
    order = torch.randperm(len(whole.images), generator=stream(0, "originals", purpose))
    chosen = order[start : start + n]
    return Split(whole.images[chosen], whole.labels[chosen])


@torch.no_grad()
def draw(
    variant: Variant, dataset: Dataset, seed: int, purpose: str, n: int, start: int = 0, split: SplitName = "test",
    label: int | None = None,
) -> Drawn:  # fmt: skip
    """Samples start .. start + n - 1, on the CPU.

    Each sample has its own random stream, named by `purpose` and its index; label i is `label` or, without one, i modulo the
    number of classes. A task that starts from images takes those of `split`, with their labels, and makes one sample of each:
    fewer than n where the split ends. Raises UserError where it ends before `start`, and Fault as `check_images` does. Networks
    are in evaluation mode (batch norm uses its running statistics) and float32.
    """
    first, end = start // BLOCK * BLOCK, -(-(start + n) // BLOCK) * BLOCK
    given = None
    if variant.task in tasks.SOURCES:
        given = originals(dataset, split, purpose, end - first, first)
        end = first + len(given.images)  # only the end of the split cuts a block, so the last one is always as short
        if end <= start:
            raise UserError(f"{one_of_each(variant, dataset, split)}, so there is no sample {start:,}.")

    images, labels = [], []
    with variant.evaluating():
        for block in range(first, end, BLOCK):
            if given is None:
                made, asked = _from_latents(variant, seed, purpose, range(block, block + BLOCK), label)
            else:
                part = slice(block - first, block - first + BLOCK)
                made, asked = _from_images(variant, given.images[part]), given.labels[part]
            check_images(made, variant)
            images.append(convert.at_rest(made).cpu().contiguous())
            labels.append(asked.cpu())

    wanted = slice(start - first, start - first + n)
    truth = None if given is None else given.images[wanted]
    has_labels = variant.conditional or given is not None
    return Drawn(torch.cat(images)[wanted], torch.cat(labels)[wanted] if has_labels else None, truth)


def one_of_each(variant: Variant, dataset: Dataset, split: SplitName = "test") -> str:
    """Why a task that starts from images has only so many samples, as the start of a sentence."""
    n = len(dataset.open(split).labels)
    return f"{variant.name} makes one sample of each {split} image of {dataset.name}, and there are {n:,}"


def _from_latents(variant: Variant, seed: int, purpose: str, indices: range, label: int | None) -> tuple[Tensor, Tensor]:
    """Images (B, C, H, W) in [-1, 1] of these indices, and the labels (B,) that `generate` was given."""
    z = torch.cat([variant.draw_z(1, stream(seed, "samples", purpose, i)) for i in indices]).to(variant.device)
    each = torch.arange(indices.start, indices.stop) % variant.n_classes
    asked = (each if label is None else torch.full_like(each, label)).to(variant.device)
    return variant.generate(z, asked), asked


def _from_images(variant: Variant, images: Tensor) -> Tensor:
    """What the variant makes of the sources of these uint8 images (B, C, H, W): images in [-1, 1]."""
    return variant.transform(tasks.SOURCES[variant.task](convert.to_float(images)).to(variant.device))


@torch.no_grad()
def walks(variant: Variant, seed: int) -> Tensor | None:
    """Images at rest (WALKS * STEPS, C, H, W), row by row: steps from one latent to another, all of a row of one class.

    Row i is of class i modulo the number of classes. None: the variant does not make images of latents. Raises Fault as
    `check_images` does.
    """
    if variant.task in tasks.SOURCES or variant.draws_points:
        return None

    ends = torch.cat([variant.draw_z(1, stream(seed, "samples", "walk", i)) for i in range(2 * WALKS)])
    z = torch.cat([great_circle(ends[i], ends[i + 1], STEPS) for i in range(0, len(ends), 2)]).to(variant.device)
    labels = torch.arange(WALKS).repeat_interleave(STEPS) % variant.n_classes
    with variant.evaluating():
        made = variant.generate(z, labels.to(variant.device))
    check_images(made, variant)
    return convert.at_rest(made).cpu().contiguous()


def great_circle(start: Tensor, end: Tensor, steps: int) -> Tensor:
    """Latents (D,) and (D,) -> (steps, D): from the one to the other, both included, in equal angles. D may be several axes.

    Spherical linear interpolation (Shoemake 1985, "Animating rotation with quaternion curves"): the way between is as long as
    its ends, where on a straight line it would be shorter than any latent that is drawn. Latents that point the same way, or
    opposite ways, are joined by a straight line.
    """
    a, b = start.double(), end.double()
    share = torch.linspace(0, 1, steps, dtype=torch.float64).view(-1, *(1 for _ in a.shape))
    angle = torch.acos(((a * b).sum() / (a.norm() * b.norm())).clamp(-1, 1))
    if not angle.sin() > 1e-6:  # also where a latent is 0, and the angle is not a number
        return ((1 - share) * a + share * b).to(start.dtype)
    return ((((1 - share) * angle).sin() * a + (share * angle).sin() * b) / angle.sin()).to(start.dtype)


def kept_networks(variant: Variant) -> dict[str, nn.Module]:
    """The networks that a cell keeps, by their file: what samples come from, the critic and the way back, if there are such."""
    others = {DISCRIMINATOR: variant.critic, INVERSE: variant.inverse}
    return {GENERATOR: variant.sampler} | {file: variant.shown(name) for file, name in others.items() if name is not None}


def save_networks(variant: Variant, spec: CellSpec, cell: Path) -> None:
    """Write their weights, as safetensors with the spec inside."""
    for name, network in kept_networks(variant).items():
        state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
        with atomic_path(cell / name) as temporary:
            save_file(state, temporary, metadata={"spec": json.dumps(spec.model_dump(mode="json"))})


def load_generator(cell: Path, device: torch.device) -> tuple[Variant, CellRecord]:
    """A finished cell's variant with its trained generator. Raises UserError when the folder holds none."""
    if not (cell / RECORD).is_file() or not (cell / GENERATOR).is_file():
        raise UserError(f"{cell} is no finished cell; give a folder such as runs/NAME/cells/mnist/dcgan/seed-0.")

    record = read_record(cell / RECORD, CellRecord)
    try:
        variant = build_variant(record.spec, device)
    except TypeError as error:  # a setting that is missing or unknown, in a record that somebody edited
        raise UserError(f"{cell / RECORD} has other settings than {record.spec.variant} takes ({error}).") from error
    _load_weights(variant.sampler, cell / GENERATOR)
    return variant, record


def load_inverse(variant: Variant, cell: Path) -> None:
    """Give a variant the weights of the cell's way back. Raises UserError where their file is absent or damaged."""
    assert variant.inverse is not None
    _load_weights(variant.shown(variant.inverse), cell / INVERSE)


def load_critic(cell: Path, device: torch.device) -> Callable[[Tensor], Tensor] | None:
    """A finished cell's trained discriminator: images (B, C, H, W) in [-1, 1] -> (B,), higher for real. None: it has none.

    It is in evaluation mode and frozen, and can be differentiated with respect to the images. Raises UserError where its file
    is absent or damaged.
    """
    variant = build_variant(read_record(cell / RECORD, CellRecord).spec, device)
    if variant.critic is None:
        return None

    network = variant.shown(variant.critic)
    _load_weights(network, cell / DISCRIMINATOR)
    network.eval().requires_grad_(False)
    return variant.realness


def _load_weights(network: nn.Module, file: Path) -> None:
    """Raises UserError, which names the file, where it is absent or does not hold weights of this network."""
    try:
        network.load_state_dict(load_file(file))
    except (SafetensorError, RuntimeError, OSError) as error:
        raise UserError(f"{file} does not hold the network that {file.with_name(RECORD)} describes ({error}).") from error
