"""`inception`: the 2015 TensorFlow Inception-v3 as ported by torch-fidelity, the only extractor whose Frechet distance is FID.

Its weights are read from $GAN_BENCH_INCEPTION, else from where torch-fidelity keeps them. They are downloaded from
torch-fidelity's address.
"""

from __future__ import annotations

import hashlib
import os
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3, FeatureExtractorInceptionV3

from gan_bench.core.files import download
from gan_bench.features import EXTRACTORS
from gan_bench.features.base import Extractor, Unavailable
from gan_bench.images import convert

FILE = URL_INCEPTION_V3.rsplit("/", 1)[1]
SHA256_START = FILE.removesuffix(".pth").rsplit("-", 1)[1]  # torch.hub names a file by the start of its SHA-256


@EXTRACTORS.register
class Inception(Extractor):
    name = "inception"

    @property
    def file(self) -> Path:
        """Where the weights are, or where they will be downloaded to."""
        given = os.environ.get("GAN_BENCH_INCEPTION")
        return Path(given) if given else Path(torch.hub.get_dir()) / "checkpoints" / FILE

    def fetch(self) -> None:
        """Download the weights where they are missing. Raises Unavailable when they cannot be had."""
        if self.file.is_file():
            return
        if os.environ.get("GAN_BENCH_INCEPTION"):
            raise Unavailable(f"$GAN_BENCH_INCEPTION names {self.file}, which is no file")

        try:
            download(URL_INCEPTION_V3, self.file)
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise Unavailable(f"its weights are not at {self.file} and could not be fetched ({reason})") from error

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the weights' file, which must be there."""
        return hashlib.sha256(self.file.read_bytes()).hexdigest()

    def label(self, side: int) -> str:
        """`inception`; with the start of the digest for other weights of the same format: their distance is not FID."""
        return self.name if self.digest.startswith(SHA256_START) else f"{self.name}-{self.digest[:8]}"

    def load(self, device: torch.device) -> None:
        """Make the network ready on `device`; on a CPU only where the weights are there. Raises Unavailable."""
        if device.type == "cpu" and not self.file.is_file():
            raise Unavailable(
                "its weights are not on this machine, and a run on a CPU does not download them by itself "
                "(its features take about an hour there); `gan-bench data fetch inception` does"
            )
        self.fetch()

        try:
            torch.load(self.file, weights_only=True)  # torch-fidelity would unpickle anything; only tensors pass this
            net = FeatureExtractorInceptionV3(
                self.name, ["2048", "logits_unbiased"], feature_extractor_weights_path=str(self.file)
            )
        except Exception as error:  # whatever is wrong with the file, the run goes on without this column
            raise Unavailable(f"{self.file} is no Inception-v3 state dict ({type(error).__name__})") from error

        self.net = net.to(device)
        self.device = device

    def __call__(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, 2048) of the last pooling layer and logits (B, 1008); the network resizes images to 299x299."""
        features, logits = self.net(convert.to_channels(batch, 3))
        return features, logits
