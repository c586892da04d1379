"""Features of image sets: computed in pieces, and kept on disk by digest where a set is likely to be seen again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from gan_bench.core import cache
from gan_bench.core.files import cache_folder
from gan_bench.core.progress import bar
from gan_bench.core.tensors import load_digested, save_digested
from gan_bench.device import full_float32, inference_batch
from gan_bench.features.base import Extractor
from gan_bench.images.sets import ImageSet
from gan_bench.metrics.base import Extracted
from gan_bench.records import BENCHMARK_VERSION


@torch.inference_mode()
def extract(extractor: Extractor, images: ImageSet, title: str) -> Extracted:
    """Features (N, D) and logits (N, K) of images at rest (N, C, H, W), float32, on the CPU; `title` names the progress bar."""
    features: Tensor | None = None
    logits: Tensor | None = None
    done = 0

    with full_float32(), bar(title, total=len(images), unit="images") as advance:
        for batch in images.split(inference_batch(extractor.device)):
            f, k = extractor(batch.to(extractor.device))
            if features is None:  # whole at once: pieces kept between batches would leave holes that nothing fits into
                features = torch.empty(len(images), f.shape[1])
                logits = None if k is None else torch.empty(len(images), k.shape[1])

            features[done : done + len(batch)] = f
            if logits is not None and k is not None:
                logits[done : done + len(batch)] = k
            done += len(batch)
            advance(len(batch))

    assert features is not None, "a set has at least one image"
    return Extracted(features, logits)


def extract_cached(extractor: Extractor, images: ImageSet, digest: str | None, title: str) -> Extracted:
    """`extract`, kept on disk by the digests of the images and of the weights, and by the version of the rules.

    Images without a digest are not kept: the samples of every training would fill the disk. A cache that cannot be written is
    done without.
    """
    if digest is None:
        return extract(extractor, images, title)

    key = hashlib.sha256(f"{digest} {extractor.name} {extractor.digest} {BENCHMARK_VERSION}".encode()).hexdigest()[:32]
    file = cache_folder() / "features" / f"{key}.safetensors"
    found = cache.read(file, _kept, "extracting again")
    if found is None:
        found = extract(extractor, images, title)
        _keep(found, file)
    return found


def _kept(file: Path) -> Extracted:
    """Raises as `load_digested` does."""
    found, _ = load_digested(file)
    return Extracted(found["features"], found.get("logits"))


def _keep(extracted: Extracted, file: Path) -> None:
    tensors = {"features": extracted.features} | ({} if extracted.logits is None else {"logits": extracted.logits})
    cache.keep(file, lambda path: save_digested(path, tensors))
