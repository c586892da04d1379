"""The device on which the work runs, its precision, and a description of the machine for the records."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import resource
import subprocess
import sys
from contextlib import AbstractContextManager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from gan_bench.core.errors import UserError, quoted
from gan_bench.core.registry import suggest
from gan_bench.records import DEVICES, Environment

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # of glibc's malloc.h


def pick(name: str = "auto") -> torch.device:
    """The device of this name, such as "cpu" or "cuda:1"; "auto" is CUDA, else MPS, else the CPU.

    Raises UserError for an unknown name, and for a device that this machine does not have.
    """
    kind, colon, index = name.partition(":")
    if kind not in DEVICES or (kind == "auto" and colon):
        raise UserError(suggest(name, DEVICES, "device"))
    if name == "auto":
        kind = name = _best_available()

    count = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[kind]
    if count == 0:
        raise UserError(f"device {name!r} is not available on this machine; use --device cpu (or auto).")
    if colon and not (index.isascii() and index.isdigit() and int(index[:9]) < count):
        raise UserError(f"device {quoted(name)} does not exist: this machine has {count} of kind {kind!r}, numbered from 0.")
    return torch.device(name)


def _best_available() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


@cache
def fast_precision(kind: str) -> torch.dtype:
    """The type in which a kind of device trains fastest: bfloat16 where the GPU or the CPU computes in it, else float32.

    CPUs with AMX or AVX512-BF16 do.
    """
    if kind == "cuda":
        native = torch.cuda.is_bf16_supported()
    else:
        native = kind == "cpu" and (torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
    return torch.bfloat16 if native else torch.float32


def inference_batch(device: torch.device) -> int:
    """How many images a frozen network gets at a time. On a CPU these are so few that layers stay in the CPU's cache."""
    return 50 if device.type == "cpu" else 500


@cache
def reuse_freed_memory() -> None:
    """Let glibc keep freed memory for this process; on other systems this does nothing.

    Each training step frees and requests the same tensors. By default the larger ones go back to the kernel each time, and
    come back as page faults, which are slow.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_TOP_PAD, 2**28)
        libc.mallopt(M_MMAP_THRESHOLD, 2**25)  # the largest that glibc takes


def repeatable() -> AbstractContextManager:
    """The context in which convolutions on a GPU add in a fixed order, so that the same seed gives the same bytes.

    cuDNN must be said to be on: the call by itself switches it off.
    """
    return torch.backends.cudnn.flags(enabled=True, deterministic=True)


def full_float32() -> AbstractContextManager:
    """The same, with convolutions in float32 throughout, as samples and metrics need them: TF32 rounds inputs."""
    return torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)


def synchronize(device: torch.device) -> None:
    """Wait until the device has finished its work, so that a clock that is read next shows the true time."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def peak_memory_mb(device: torch.device) -> float:
    """The most memory that this process has used, in MiB: device memory on CUDA, else resident memory."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


@cache
def cpu_name() -> str:
    """The model name of the CPU where Linux tells it, else what Python knows of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


@cache
def git_commit() -> str | None:
    """The commit of the source tree that this package runs from, 12 digits, "-dirty" after changes; None without a tree."""
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None

    done = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True
    )
    return done.stdout.strip() or None


def instructions() -> str:
    """The vector instructions of PyTorch's own kernels on this CPU, then those for bfloat16, if it has any."""
    has = {"avx512_bf16": torch.cpu._is_avx512_bf16_supported(), "amx": torch.cpu._is_amx_tile_supported()}
    return " ".join([torch.backends.cpu.get_cpu_capability(), *(name for name, there in has.items() if there)])


@cache
def kernels() -> str:
    """The libraries that compute matrix products and convolutions, with their versions, as this PyTorch was built."""
    found = re.findall(
        r"(MKL-DNN v[\d.]+|Math Kernel Library Version [\w.]+|CUDA Runtime [\d.]+|CuDNN [\d.]+)", torch.__config__.show()
    )
    return ", ".join(dict.fromkeys(found)) or "of PyTorch"


def package_versions() -> dict[str, str]:
    """The versions of the installed packages that may change a number, by name."""
    versions = {}
    for package in ("gan-bench", "torch", "torchvision", "torch-fidelity", "timm", "numpy", "scikit-learn"):
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def environment(device: torch.device, precision: torch.dtype | None = None) -> Environment:
    """A description of this machine and its software, for the records.

    precision  the type in which a training computed; None: the one that is fastest on the device
    """
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu_name()
    return Environment(
        device=device.type,
        device_name=name,
        instructions=instructions(),
        kernels=kernels(),
        precision=str(precision or fast_precision(device.type)).removeprefix("torch."),
        threads=torch.get_num_threads(),
        cpus=os.cpu_count() or 1,
        platform=platform.platform(),
        python=platform.python_version(),
        packages=package_versions(),
        git_commit=git_commit(),
    )
