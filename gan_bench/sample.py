"""Draw images from a generator. Sample i of a purpose is the same however many are drawn, and in whatever batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_bench import images, tasks
from gan_bench.datasets import DATASETS
from gan_bench.datasets.base import Dataset, Split, SplitName
from gan_bench.errors import UserError
from gan_bench.records import CellRecord, CellSpec, atomic_path, read_record
from gan_bench.seeds import stream
from generators import VARIANTS
from generators.base import Variant

BLOCK = 100  # samples are computed in aligned blocks of this many: a kernel chosen by batch size cannot change a pixel


def build_variant(spec: CellSpec, device: torch.device) -> Variant:
    """The untrained variant of a cell."""
    dataset = DATASETS.get(spec.dataset)
    kind = VARIANTS.get(spec.variant)
    settings = kind.settings_type(**spec.settings)  # type: ignore[arg-type]  # plain data from JSON
    return kind(dataset.image_shape, len(dataset.class_names), settings, seed=spec.seed, device=device)


class Drawn(NamedTuple):
    """images at rest (n, C, H, W), labels (n,), and, where the task starts from images, the truth: uint8 like images."""

    images: Tensor
    labels: Tensor
    truth: Tensor | None


def originals(dataset: Dataset, split: SplitName, purpose: str, n: int, start: int = 0) -> Split:
    """Images start .. start + n - 1 of a fixed shuffle of the split, again and again: what translators and upscalers are given.

    The same for every variant and seed, so that their outputs compare.
    """
    whole = dataset.load(split)
    order = torch.randperm(len(whole.images), generator=stream(0, "originals", purpose))
    chosen = order[torch.arange(start, start + n) % len(order)]
    return Split(whole.images[chosen], whole.labels[chosen])


@torch.no_grad()
def draw(
    variant: Variant,
    dataset: Dataset,
    seed: int,
    purpose: str,
    n: int,
    start: int = 0,
    split: SplitName = "test",
    label: int | None = None,
) -> Drawn:
    """Samples start .. start + n - 1, on the CPU.

    Each sample has its own random stream, named by `purpose` and its index; label i is `label` or, without one, i
    modulo the number of classes.
    A task that starts from images takes those of `split`, with their labels. Networks are in evaluation mode (batch norm
    uses its running statistics) and float32.
    """
    blocks = range(start // BLOCK, -(-(start + n) // BLOCK))
    given = None
    if variant.task in tasks.SOURCES:
        given = originals(dataset, split, purpose, len(blocks) * BLOCK, blocks.start * BLOCK)
    pictures, labels = [], []
    with variant.evaluating():
        for block in blocks:
            indices = range(block * BLOCK, (block + 1) * BLOCK)
            if given is None:
                z = torch.cat([variant.draw_z(1, stream(seed, "samples", purpose, i)) for i in indices]).to(variant.device)
                every = torch.arange(indices.start, indices.stop) % variant.n_classes
                asked = (every if label is None else torch.full_like(every, label)).to(variant.device)
                made = variant.generate(z, asked)
            else:
                part = slice((block - blocks.start) * BLOCK, (block - blocks.start + 1) * BLOCK)
                asked = given.labels[part]
                made = variant.transform(tasks.SOURCES[variant.task](images.to_float(given.images[part])).to(variant.device))
            pictures.append(images.at_rest(made).cpu().contiguous())
            labels.append(asked.cpu())
    wanted = slice(start - blocks.start * BLOCK, start - blocks.start * BLOCK + n)
    truth = None if given is None else given.images[wanted]
    return Drawn(torch.cat(pictures)[wanted], torch.cat(labels)[wanted], truth)


def save_generator(variant: Variant, spec: CellSpec, path: Path) -> None:
    """The weights that samples come from, as safetensors, with the spec beside them."""
    state = {name: value.detach().cpu().contiguous() for name, value in variant.sampler.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(state, temporary, metadata={"spec": json.dumps(spec.model_dump(mode="json"))})


def load_generator(cell: Path, device: torch.device) -> tuple[Variant, CellRecord]:
    """A finished cell's variant with its trained generator. Raises UserError when the folder holds none."""
    record_file, weights = cell / "record.json", cell / "generator.safetensors"
    if not record_file.is_file() or not weights.is_file():
        raise UserError(f"{cell} is no finished cell; give a folder such as runs/NAME/cells/mnist/dcgan/seed-0.")
    record = read_record(record_file, CellRecord)
    variant = build_variant(record.spec, device)
    try:
        variant.sampler.load_state_dict(load_file(weights))
    except (SafetensorError, RuntimeError) as error:
        raise UserError(f"{weights} does not hold the generator that {record_file} describes ({error}).") from error
    return variant, record
