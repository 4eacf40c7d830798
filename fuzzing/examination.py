"""One input given to its reader, and whether the reader kept its promises."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

import cv2

from fuzzing.choices import Choices
from fuzzing.target import Target
from fuzzing.watch import the_watch
from tavi_perception.sentence import LONGEST

CPU_S = 1.0
"""Processor time that an input may take (s): what a busy machine adds to it does not count."""

MEMORY_BYTES = 1 << 30
"""Address space that an input may take beyond what is taken already."""


@dataclass(frozen=True)
class Finding:
    """A promise that was not kept.

    Attributes:
        kind: ``exception``, ``sentence``, ``time``, ``memory``, ``files``; of a process that ended, ``crash``
            or ``hang``.
        where: what tells it from others: the exception and the place.
        details: for people.
    """

    kind: str
    where: str
    details: str


class Examiner:
    """Examines the inputs of one target; what its reader warns of and logs is not heard.

    Args:
        target: with the reader.
        folder: for what is prepared, and for every input in turn.
        limits: whether time and memory are judged.
    """

    def __init__(self, target: Target, folder: Path, *, limits: bool = True) -> None:
        self._target, self._limits = target, limits
        self._folder = folder / "input"
        (folder / "prepared").mkdir()
        self._quiet = warnings.catch_warnings()
        self._quiet.__enter__()
        warnings.simplefilter("ignore")
        self._prepared = target.prepare(folder / "prepared")
        self._watch = the_watch()
        self._status = os.open("/proc/self/status", os.O_RDONLY) if limits else -1
        logging.disable(logging.CRITICAL)
        self._opencv = cv2.setLogLevel(0)
        self.accepted = self.refused = 0
        self.examine(b"")  # what is made at the first use belongs to no input
        self.accepted = self.refused = 0

    def close(self) -> None:
        """Lets warnings and logs be heard again."""
        self._quiet.__exit__(None, None, None)
        logging.disable(logging.NOTSET)
        cv2.setLogLevel(self._opencv)
        if self._status >= 0:
            os.close(self._status)

    def examine(self, recipe: bytes) -> list[Finding]:
        """Makes the input of a recipe and reads it."""
        self._folder.mkdir(exist_ok=True)
        try:
            return self._judge(self._target.make(self._prepared, Choices(recipe), self._folder))
        finally:
            if next(self._folder.iterdir(), None) is not None:
                shutil.rmtree(self._folder, ignore_errors=True)

    def _judge(self, made: object) -> list[Finding]:
        before, peak_before = self._memory()
        self._watch.begin(self._folder)
        started = time.process_time()
        found: list[Finding] = []
        error: BaseException | None = None
        try:
            self._target.read(made)
            self.accepted += 1
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # a reader may neither end the process nor let Rust panic
            error = raised
        taken = time.process_time() - started
        outside = self._watch.end()
        _, peak = self._memory()
        if error is not None:
            found += self._judge_error(error)
        if outside:
            found.append(Finding("files", outside[0], "; ".join(outside[:5])))
        if self._limits and taken > CPU_S:
            found.append(Finding("time", type(made).__name__, f"{taken:.2f} s of processor time"))
        if self._limits and peak > peak_before and peak - before > MEMORY_BYTES:
            found.append(Finding("memory", "peak", f"{(peak - before) >> 20} MiB more than before"))
        return found

    def _judge_error(self, error: BaseException) -> list[Finding]:
        refused = isinstance(error, self._target.refusals) and not (
            isinstance(error, ValueError)
            and ValueError in self._target.refusals
            and type(error) is not ValueError
        )
        if not refused:
            return [Finding("exception", f"{type(error).__name__} {_place(error)}", _trace(error))]
        self.refused += 1
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, MemoryError) or "Insufficient memory" in str(cause):
                return [Finding("memory", f"refused {_place(cause)}", _trace(error))]
            cause = cause.__cause__ or cause.__context__
        sentence = str(error)
        if not sentence or "\n" in sentence or len(sentence) > LONGEST + 3:
            return [Finding("sentence", f"{type(error).__name__} {_place(error)}", repr(sentence[:300]))]
        return []

    def _memory(self) -> tuple[int, int]:
        """Address space of this process, and the most that it ever had (bytes)."""
        if not self._limits:
            return 0, 0
        text = os.pread(self._status, 4096, 0)
        size, peak = (
            int(text[text.index(name) + len(name) :].split(maxsplit=1)[0]) * 1024
            for name in (b"VmSize:", b"VmPeak:")
        )
        return size, peak


def _place(error: BaseException) -> str:
    """Where an exception was raised, and from where in the project that was called."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        frame for frame in frames if "site-packages" not in frame.filename and "fuzzing" not in frame.filename
    ]
    places = {f"{Path(frame.filename).name}:{frame.lineno}": None for frame in (*ours[-1:], *frames[-1:])}
    return " ".join(places)


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-6))[-3000:]


def examined(target: Target, recipes: list[bytes], *, limits: bool = False) -> list[Finding]:
    """What is found with some recipes, in this process."""
    with tempfile.TemporaryDirectory(prefix="fuzzing") as name:
        examiner = Examiner(target, Path(name), limits=limits)
        try:
            return [finding for recipe in recipes for finding in examiner.examine(recipe)]
        finally:
            examiner.close()
