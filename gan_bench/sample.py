"""Draw images from a generator. Sample i of a purpose is the same however many are drawn, and in whatever batches."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_bench import images
from gan_bench.datasets import DATASETS
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


@torch.no_grad()
def draw(variant: Variant, seed: int, purpose: str, n: int, start: int = 0) -> tuple[Tensor, Tensor]:
    """Samples start .. start + n - 1: uint8 images (n, C, H, W) and their labels (n,), on the CPU.

    Each sample has its own random stream, named by `purpose` and its index; label i is i modulo the number of classes.
    Networks are in evaluation mode (batch norm uses its running statistics) and float32.
    """
    variant.sampler.eval()
    blocks = range(start // BLOCK, -(-(start + n) // BLOCK))
    pictures, labels = [], []
    for block in blocks:
        indices = range(block * BLOCK, (block + 1) * BLOCK)
        z = torch.cat([variant.draw_z(1, stream(seed, "samples", purpose, i)) for i in indices]).to(variant.device)
        asked = (torch.arange(indices.start, indices.stop) % variant.n_classes).to(variant.device)
        pictures.append(images.to_uint8(variant.generate(z, asked)).cpu().contiguous())
        labels.append(asked.cpu())
    variant.sampler.train()
    first = start - blocks.start * BLOCK
    return torch.cat(pictures)[first : first + n], torch.cat(labels)[first : first + n]


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
