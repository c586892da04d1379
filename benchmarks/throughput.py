"""dcgan's training speed against a plain loop, both in one run:  python benchmarks/throughput.py

The plain loop is what a tutorial writes: float32, contiguous tensors, a DataLoader, separate forward passes of D for real,
fake and the generator's turn, D's gradients computed in the generator's turn too. Same networks, same batch, same optimiser.
The two take turns, so that a drifting machine slows both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from itertools import cycle
from pathlib import Path

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from gan_bench.budget import Budget
from gan_bench.datasets.base import Split
from gan_bench.device import environment, pick
from gan_bench.train import step_tflop, train
from generators import VARIANTS
from generators.base import Variant


def build(width: int, device: torch.device) -> Variant:
    kind = VARIANTS.get("dcgan")
    return kind((3, 32, 32), 10, kind.settings_type(width=width), seed=0, device=device)


class PlainLoop:
    """The tutorial's loop over the networks of `variant`."""

    def __init__(self, variant: Variant, split: Split) -> None:
        self.g = variant.generator.to(memory_format=torch.contiguous_format)
        self.d = variant.discriminator.to(memory_format=torch.contiguous_format)
        self.device, self.size = variant.device, variant.settings.batch_size
        self.g_optimiser = torch.optim.Adam(self.g.parameters(), lr=2e-4, betas=(0.5, 0.999))
        self.d_optimiser = torch.optim.Adam(self.d.parameters(), lr=2e-4, betas=(0.5, 0.999))
        data = TensorDataset(split.images.float() / 127.5 - 1)
        self.batches = cycle(DataLoader(data, batch_size=self.size, shuffle=True, drop_last=True))

    def run(self, steps: int) -> float:
        """Images a second over `steps` steps."""
        ones, zeros = torch.ones(self.size, 1, device=self.device), torch.zeros(self.size, 1, device=self.device)
        started = time.monotonic()
        for _ in range(steps):
            real = next(self.batches)[0].to(self.device)
            fake = self.g(torch.randn(self.size, 100, device=self.device))
            self.d_optimiser.zero_grad()
            loss = F.binary_cross_entropy_with_logits(self.d(real), ones)
            loss = loss + F.binary_cross_entropy_with_logits(self.d(fake.detach()), zeros)
            loss.backward()
            self.d_optimiser.step()
            self.g_optimiser.zero_grad()
            F.binary_cross_entropy_with_logits(self.d(fake), ones).backward()
            self.g_optimiser.step()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return steps * self.size / (time.monotonic() - started)


def ours(variant: Variant, split: Split, steps: int) -> float:
    progress = train(variant, split, Budget(kimg=steps * variant.settings.batch_size / 1000), seed=0)
    return progress.batches * variant.settings.batch_size / progress.seconds


def matmul_peak(device: torch.device) -> float:
    """FLOP/s of a 4096 x 4096 bfloat16 product: what the machine can do."""
    a = torch.randn(4096, 4096, device=device, dtype=torch.bfloat16)
    rates = []
    for _ in range(4):
        started = time.monotonic()
        product = a @ a
        float(product[0, 0])
        rates.append(2 * 4096**3 / (time.monotonic() - started))
    return max(rates)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    args = parser.parse_args()
    device = pick(args.device)
    rng = torch.Generator().manual_seed(0)
    split = Split(torch.randint(0, 256, (10_000, 3, 32, 32), dtype=torch.uint8, generator=rng), torch.zeros(10_000).long())
    fast, plain = build(args.width, device), PlainLoop(build(args.width, device), split)
    ours(fast, split, 10)
    plain.run(10)
    rounds = [(ours(fast, split, args.steps), plain.run(args.steps)) for _ in range(args.rounds)]
    ratios = [a / b for a, b in rounds]
    rate = statistics.median(a for a, _ in rounds)
    flops = step_tflop(fast, 0) * 1e12 / fast.settings.batch_size
    found = {
        "gan-bench img/s": round(rate, 1),
        "plain loop img/s": round(statistics.median(b for _, b in rounds), 1),
        "ratio (median of rounds)": round(statistics.median(ratios), 3),
        "ratio (lowest, highest)": [round(min(ratios), 3), round(max(ratios), 3)],
        "share of the machine's bf16 matrix-product peak": round(rate * flops / matmul_peak(device), 3),
        "width": args.width, "batch": fast.settings.batch_size, "steps a round": args.steps, "rounds": args.rounds,
        "device": environment(device).device_name, "threads": torch.get_num_threads(), "torch": torch.__version__,
    }  # fmt: skip
    for name, value in found.items():
        print(f"{name:50} {value}")
    if args.out:
        args.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
