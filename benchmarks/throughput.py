"""Training speed against a plain loop:  python benchmarks/throughput.py [--variants dcgan,vanilla]

The plain loop is what a tutorial writes, over the same networks and losses: float32; contiguous tensors; a DataLoader whose
transforms take one image at a time; separate forward passes of D for reals and fakes; gradients of D also computed when G
takes its turn; Adam without fused operations. The two loops take turns, so that a machine that slows down slows both.
`--compile` adds torch.compile to the loop of gan-bench.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from gan_bench.budget import Budget
from gan_bench.core.files import write_text
from gan_bench.datasets.base import Split
from gan_bench.device import environment, pick
from gan_bench.generators import VARIANTS
from gan_bench.generators.base import Variant
from gan_bench.settings import parse_changes
from gan_bench.train import step_tflop, train

SHOWN = (
    "variant", "gan-bench img/s", "plain loop img/s", "ratio", "lowest", "highest", "share of bf16 matrix-product peak",
)  # fmt: skip
SHAPES = {"mnist": (1, 32, 32), "cifar10": (3, 32, 32)}


class PilImages(Dataset):
    """Images as most datasets give them: one PIL image at a time, through transforms."""

    def __init__(self, split: Split) -> None:
        to_pil = transforms.ToPILImage()
        self.images = [to_pil(image) for image in split.images]
        n = split.images.shape[1]
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * n, [0.5] * n)])

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.transform(self.images[i]), i % 10


def float_tensor(split: Split) -> TensorDataset:
    """Images turned into one float tensor (N, C, H, W) in [-1, 1] beforehand."""
    return TensorDataset(split.images.float() / 127.5 - 1, split.labels)


LOADERS: dict[str, Callable[[Split], Dataset]] = {"pictures": PilImages, "tensors": float_tensor}


def apart(net: nn.Module, *batches: Tensor) -> list[Tensor]:
    """What `blocks.together` computes, in one pass for each batch (B, ...)."""
    return [net(batch) for batch in batches]


@contextmanager
def without_tricks() -> Iterator[None]:
    """The context in which training computes in float32, with one pass of D for reals and one for fakes."""
    with (
        mock.patch("gan_bench.generators.base.fast_precision", lambda kind: torch.float32),
        mock.patch("gan_bench.generators.blocks.together", apart),
    ):
        yield


def plain_adam(parameters: Iterable[nn.Parameter], lr: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """What `blocks.adam` returns, but one operation and one tensor at a time."""
    return torch.optim.Adam(parameters, lr=lr, betas=betas, foreach=False)


class PlainLoop:
    """The tutorial's loop over the networks of `variant`."""

    def __init__(self, variant: Variant, split: Split, loader: str) -> None:
        self.variant = variant
        for module in vars(self.variant).values():
            if isinstance(module, nn.Module):
                module.to(memory_format=torch.contiguous_format)
                vars(module)["requires_grad_"] = lambda flag=True, module=module: module  # a tutorial freezes nothing
        size = self.variant.settings.batch_size
        self.loader = DataLoader(LOADERS[loader](split), batch_size=size, shuffle=True, drop_last=True)
        self.batches = self._batches()
        self.step = 0

    def _batches(self) -> Iterator[list[Tensor]]:
        while True:
            yield from self.loader

    def run(self, steps: int, device: torch.device) -> float:
        """Train for `steps` steps; returns real images per second."""
        rng, images = torch.Generator(device), 0
        started = time.monotonic()
        with without_tricks():
            for _ in range(steps):
                batches = list(islice(self.batches, self.variant.n_batches(self.step)))
                reals, labels = zip(*((x.to(device), y.to(device)) for x, y in batches), strict=True)
                self.variant.train_step(self.step, reals, labels, rng)
                images += sum(len(x) for x in reals)

        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return images / (time.monotonic() - started)


def build(name: str, args: argparse.Namespace, device: torch.device) -> Variant:
    """The variant called `name`, with the settings that the arguments ask for."""
    kind = VARIANTS.get(name)
    (changes,) = parse_changes(args.set).get(name, [{}])
    settings = kind.default_settings(args.width, args.short) | changes
    return kind(SHAPES[args.dataset], 10, kind.settings_type(**settings), seed=0, device=device)


def ours(variant: Variant, split: Split, steps: int) -> float:
    """Train for `steps` steps by gan-bench's own loop; returns real images per second."""
    n = sum(variant.n_batches(step) for step in range(steps)) * variant.settings.batch_size
    progress = train(variant, split, Budget(kimg=n / 1000), seed=0)
    return progress.batches * variant.settings.batch_size / progress.seconds


def matmul_peak(device: torch.device) -> float:
    """The highest of four measured FLOP/s of a 4096 x 4096 bfloat16 matrix product: what the machine can do."""
    a = torch.randn(4096, 4096, device=device, dtype=torch.bfloat16)
    rates = []
    for _ in range(4):
        started = time.monotonic()
        product = a @ a
        float(product[0, 0])
        rates.append(2 * 4096**3 / (time.monotonic() - started))
    return max(rates)


def compare(name: str, args: argparse.Namespace, device: torch.device, peak: float) -> dict[str, Any]:
    """One row: the speed of a variant in both loops. `peak` is the machine's FLOP/s."""
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4_000, *SHAPES[args.dataset]), dtype=torch.uint8, generator=rng)
    split = Split(images, torch.arange(len(images)) % 10)

    fast = build(name, args, device)
    if args.compile:
        fast.compile()
    with mock.patch("gan_bench.generators.blocks.adam", plain_adam):
        plain = PlainLoop(build(name, args, device), split, args.loader)
    ours(fast, split, 5)  # the first steps pay for set-up
    plain.run(5, device)
    rounds = [(ours(fast, split, args.steps), plain.run(args.steps, device)) for _ in range(args.rounds)]
    ratios = [a / b for a, b in rounds]
    rate = statistics.median(a for a, _ in rounds)
    flops = step_tflop(fast, 0) * 1e12 / (fast.n_batches(0) * fast.settings.batch_size)
    return {
        "variant": name, "dataset": args.dataset, "width": args.width, "batch": fast.settings.batch_size, "loader": args.loader,
        "compiled": args.compile,
        "gan-bench img/s": round(rate, 1), "plain loop img/s": round(statistics.median(b for _, b in rounds), 1),
        "ratio": round(statistics.median(ratios), 3), "lowest": round(min(ratios), 3), "highest": round(max(ratios), 3),
        "share of bf16 matrix-product peak": round(rate * flops / peak, 3),
        "steps a round": args.steps, "rounds": args.rounds,
        "device": environment(device).device_name, "threads": torch.get_num_threads(), "torch": torch.__version__,
    }  # fmt: skip


def main() -> None:
    """Compare the loops for each variant; see the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--variants", default="dcgan", help="comma-separated, or 'all'")
    parser.add_argument("--dataset", choices=SHAPES, default="cifar10", help="whose image shape is used; the pixels are random")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--short", action="store_true", help="the settings of short budgets")
    parser.add_argument(
        "--set", action="append", default=[],
        help="another setting, such as wgan.long_turns=false, as only the first steps are timed",
    )  # fmt: skip
    parser.add_argument(
        "--loader",
        choices=LOADERS,
        default="pictures",
        help="what the plain loop reads: PIL images, or float tensors made before",
    )
    parser.add_argument("--compile", action="store_true", help="gan-bench's networks by torch.compile")
    parser.add_argument("--steps", type=int, default=40, help="steps of each loop in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    args = parser.parse_args()

    device = pick(args.device)
    names = VARIANTS.names() if args.variants == "all" else args.variants.split(",")
    peak, found = matmul_peak(device), []
    for name in names:
        found.append(compare(name, args, device, peak))
        print("  ".join(f"{key} {found[-1][key]}" for key in SHOWN), flush=True)
    if args.out:
        write_text(args.out, json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
