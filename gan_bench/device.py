"""Where the work runs, in which precision, and a description of it for the records."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from gan_bench.errors import UserError
from gan_bench.records import Environment
from gan_bench.registry import nearest

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h
KNOWN = ("auto", "cpu", "cuda", "mps")


def pick(name: str = "auto") -> torch.device:
    """auto -> CUDA, MPS, else CPU. Raises UserError on an unknown or absent device."""
    if name.split(":")[0] not in KNOWN:
        raise UserError(nearest(name, KNOWN, "device"))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = name.partition(":")
    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[kind]
    if count == 0:
        raise UserError(f"device {name!r} is not available on this machine; use --device cpu (or auto).")
    if index and (not index.isdigit() or int(index) >= count):
        raise UserError(f"device {name!r} does not exist: this machine has {count} of kind {kind!r}, numbered from 0.")
    return torch.device(name)


@cache
def fast_precision(kind: str) -> torch.dtype:
    """bfloat16 where it is worth using, native on the CPU (AMX or AVX512-BF16) or on the GPU; else float32."""
    if kind == "cuda":
        native = torch.cuda.is_bf16_supported()
    else:
        native = kind == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return torch.bfloat16 if native else torch.float32


def inference_batch(device: torch.device) -> int:
    """Images at a time for a frozen network: on a CPU so few that layers stay in its cache, twice as fast as a hundred."""
    return 50 if device.type == "cpu" else 500


@cache
def reuse_freed_memory() -> None:
    """Have glibc keep freed blocks for this process; elsewhere nothing.

    A training step frees and asks for the same tensors again and again; by default the larger ones go back to the kernel
    each time, and come back as page faults.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 2**28)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the largest that glibc takes


def synchronize(device: torch.device) -> None:
    """Wait for the device, so that a clock read after this is true."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_memory_mb(device: torch.device) -> float:
    """Peak of this process: device memory on CUDA, else resident memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


@cache
def cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@cache
def git_commit() -> str | None:
    """The commit of the source tree this package runs from; None for an installed wheel."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    done = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True
    )
    return done.stdout.strip() or None


def package_versions() -> dict[str, str]:
    versions = {}
    for package in ("gan-bench", "torch", "torchvision", "torch-fidelity", "timm", "numpy", "scikit-learn"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def environment(device: torch.device, precision: torch.dtype | None = None) -> Environment:
    """This machine and its software, for the records; `precision` is that of a training."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    return Environment(
        device=device.type,
        device_name=name,
        precision=str(precision or fast_precision(device.type)).removeprefix("torch."),
        threads=torch.get_num_threads(),
        cpus=os.cpu_count() or 1,
        platform=platform.platform(),
        python=platform.python_version(),
        packages=package_versions(),
        git_commit=git_commit(),
    )
