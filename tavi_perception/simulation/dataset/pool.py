"""Worker processes, one thread each, that end with the process that started them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import TypeVar

from tavi_perception.simulation.dataset.options import DatasetError

Result = TypeVar("Result")

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_stop: Event | None = None
"""In a worker: set when it shall not go on."""


class StoppedError(Exception):
    """A worker was asked to stop."""


def run_parallel(tasks: Iterable[Callable[[], Result]], workers: int) -> Iterator[Result]:
    """Results of tasks that can be pickled, in the order in which they end.

    When one fails, or the caller stops, the others end after their current frame.

    Raises:
        DatasetError: a worker process was killed.
    """
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with _one_thread_each():
        executor = ProcessPoolExecutor(workers, context, _start_worker, (stop,))
        try:
            for future in as_completed([executor.submit(task) for task in tasks]):
                yield future.result()
        except BrokenProcessPool:
            raise DatasetError(
                "a worker process was killed, for want of memory perhaps; "
                "give the same command again with fewer --workers: it goes on where it stopped"
            ) from None
        finally:
            stop.set()
            executor.shutdown(cancel_futures=True)


def check_workers(workers: int) -> None:
    """Raises DatasetError when there is none."""
    if workers < 1:
        raise DatasetError(f"--workers is {workers}; give at least 1")


def check_stop() -> None:
    """Called between frames.

    Raises:
        StoppedError: the work is no longer wanted.
    """
    if _stop is not None and _stop.is_set():
        raise StoppedError


def _start_worker(stop: Event) -> None:
    """The parent alone answers the terminal's Ctrl-C; a worker whose parent was killed ends itself."""
    global _stop
    _stop = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=[parent], daemon=True).start()
    import cv2

    cv2.setNumThreads(1)


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Libraries that read the number of threads when they are loaded find 1 in the workers."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
