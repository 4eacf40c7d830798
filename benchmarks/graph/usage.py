"""Processor time and memory of a process, looked at again and again while it works."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import TracebackType

from benchmarks.graph.figures import Sample

PERIOD = 0.2
"""s between two looks."""

_TICK = 1.0 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def look_at(pid: int) -> Sample:
    """What the process has used so far (proc(5): ``stat``, ``statm``).

    Raises:
        OSError: there is no such process.
    """
    folder = Path("/proc") / str(pid)
    # Its name, in brackets, may hold spaces.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    pages = int((folder / "statm").read_text().split()[1])
    return Sample(time.monotonic(), (user + system) * _TICK, pages * _PAGE, _busy())


class Usage:
    """Context manager: samples of a process from its beginning to its end."""

    def __init__(self, pid: int) -> None:
        self.samples: list[Sample] = []
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="usage", daemon=True)

    def __enter__(self) -> Usage:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        done = False
        while not done:
            try:
                self.samples.append(look_at(self._pid))
            except OSError:  # it has ended, which the graph tells
                return
            done = self._done.wait(PERIOD)
        # The last look is at the end, however short the whole was.
        try:
            self.samples.append(look_at(self._pid))
        except OSError:
            return


def _busy() -> float:
    """Seconds that processors were neither idle nor waiting for a disk, since the machine started."""
    with Path("/proc/stat").open() as file:
        times = [int(word) for word in file.readline().split()[1:9]]
    idle, waiting = times[3], times[4]
    return (sum(times) - idle - waiting) * _TICK
