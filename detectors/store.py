"""A fitted detector on disk: one safetensors file with its tensors, and with a card that says what it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from gan_bench.core.digests import sha256_of
from gan_bench.core.errors import UserError
from gan_bench.core.tensors import save_tensors
from gan_bench.detectors import DETECTORS, plain
from gan_bench.detectors.base import Critic, Detector
from gan_bench.records import BENCHMARK_VERSION, Model


class Card(Model):
    """What a fitted detector is, and for which images.

    detector     its name, with "+aug" where it was fitted on augmented images
    tier         how the images that it was fitted on were delivered
    image_shape  (channels, height, width) of these images
    fitted_on    the keys of the cells whose fakes it was fitted on
    threshold    the logit above which 5 % of its validation reals lie
    """

    benchmark_version: str = BENCHMARK_VERSION
    detector: str
    dataset: str
    tier: str
    seed: int
    n_shown: int
    image_shape: tuple[int, int, int]
    fitted_on: tuple[str, ...]
    threshold: float
    n_validate: int


def save_detector(detector: Detector, card: Card, path: Path) -> str:
    """Write a fitted detector; returns the SHA-256 of its file."""
    state = {name: value.detach().cpu().contiguous() for name, value in detector.state().items()}
    save_tensors(path, state, {"card": card.model_dump_json()})
    return sha256_of(path)


def load_detector(
    path: Path, digest: str | None = None, critics: Mapping[str, Critic] | None = None, device: torch.device | None = None
) -> tuple[Detector, Card]:
    """A fitted detector and its card.

    digest   the SHA-256 that the file must have; None: any
    critics  for a detector that looks through discriminators: those that it was fitted with, by the cell's key

    Raises UserError, which names the file, where it is absent, was changed or holds no detector.
    """
    if not path.is_file():
        raise UserError(f"{path} is absent, so there is no fitted detector; run the same `gan-bench run` command again.")
    if digest is not None and sha256_of(path) != digest:
        raise UserError(f"{path} was changed since the detector was fitted: its SHA-256 is not that of the record.")

    try:
        with safe_open(path, framework="pt") as file:
            card = Card.model_validate_json((file.metadata() or {})["card"])
            state: dict[str, Any] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        detector = DETECTORS.create(plain(card.detector), seed=card.seed, device=device, n_shown=card.n_shown)
        detector.use_critics(critics or {})
        detector.load_state(state)
    except (SafetensorError, ValidationError, KeyError, ValueError, RuntimeError) as error:
        raise UserError(f"{path} does not hold a fitted detector of this version of gan-bench ({error}).") from error
    return detector, card
