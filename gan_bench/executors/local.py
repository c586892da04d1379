"""Computes several parts of a run at a time on this machine, each in its own process: one small network cannot use many cores.

A worker process has an equal share of the threads. It sends its log and its progress bars to this process, and ends with it.
"""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.process import BaseProcess
from typing import Any

import torch

from gan_bench.core import progress
from gan_bench.core.errors import UserError
from gan_bench.core.stop import PATIENCE

Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]
WORKER_GB = 2.5  # memory that a worker may need: torch, a dataset with its features, the blocks of the metrics
THREAD_LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def default_jobs(device: torch.device, n_cells: int) -> int:
    """How many cells to compute at a time: as many as the CPU has threads, the memory has room, and cells exist; 1 on a GPU."""
    if device.type != "cpu":
        return 1
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return max(1, min(torch.get_num_threads(), n_cells, int(memory_gb / WORKER_GB)))


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[Each]:
    """Yields each(function, items): the results in order, computed `jobs` at a time; in this process when jobs is 1.

    `function` and the items must be picklable. Raises UserError when a worker is killed from outside or cannot start.
    """
    if jobs == 1:
        yield map
        return

    others = set(multiprocessing.active_children())  # the calling program's own; they must not be killed here
    context = multiprocessing.get_context("spawn")
    log_queue, bar_queue = context.Queue(), context.Queue()
    package = logging.getLogger("gan_bench")
    listener = logging.handlers.QueueListener(log_queue, *package.handlers, respect_handler_level=True)
    listener.start()
    with thread_limit(torch.get_num_threads() // jobs) as n, progress.relay(bar_queue):
        executor = ProcessPoolExecutor(jobs, context, _enter_worker, (n, log_queue, bar_queue))
        try:
            with uninterrupted():
                _start(executor, jobs)
            yield executor.map
            executor.shutdown()
        except BrokenProcessPool as error:
            raise UserError(
                "a worker process was killed from outside or could not start, most likely because memory ran out; the same "
                f"command with fewer --jobs than {jobs} continues from here."
            ) from error
        finally:
            executor.shutdown(wait=False, cancel_futures=True)  # first: the end of a worker would break what waits for it
            _end(set(multiprocessing.active_children()) - others)
            listener.stop()


@contextlib.contextmanager
def thread_limit(n: int) -> Iterator[int]:
    """The context in which new processes compute with n threads, in every library that they use; yields n, at least 1."""
    n = max(n, 1)
    before = {name: os.environ.get(name) for name in THREAD_LIMITS}
    os.environ.update(dict.fromkeys(THREAD_LIMITS, str(n)))

    try:
        yield n
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """The context in which Ctrl-C does nothing, also for processes that start in it. Outside the main thread: no effect."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread may change this
        yield
        return

    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start(executor: ProcessPoolExecutor, jobs: int) -> None:
    """Start all workers now, so that they inherit that Ctrl-C has no effect. Raises BrokenProcessPool."""
    try:
        for _ in range(jobs):
            executor.submit(int)  # starts a worker while none is idle
    except OSError as error:  # none could be started, or one died and the pool was closed under the next
        raise BrokenProcessPool(str(error)) from error


def _end(workers: Collection[BaseProcess]) -> None:
    """End processes; one that trains may write a checkpoint first."""
    try:
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + PATIENCE + 1
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
    finally:  # Ctrl-C again
        for worker in workers:
            worker.kill()


def _enter_worker(threads: int, log_queue: Any, bar_queue: Any) -> None:
    """Set up a worker process: its threads, its end with the parent, its log and its progress bars."""
    torch.set_num_threads(threads)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    logging.captureWarnings(True)  # of libraries; written to the terminal from here, they would tear the parent's bars
    for name in ("gan_bench", "py.warnings"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.INFO)
        logger.handlers = [logging.handlers.QueueHandler(log_queue)]
    progress.send_to(bar_queue)


def _die_with_parent() -> None:
    """End this process when its parent has ended."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
