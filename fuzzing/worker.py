"""The process that reads hostile inputs; what becomes of it is judged by ``fuzzing.run``.

It writes one JSON object a line to its standard output: progress and findings. Before each input it writes
the recipe to a file, so that an input that ends the process is known. An input that takes ``HANG_S`` of
processor time ends it too, with the place where that time was spent, and so does one that only waits.
"""

from __future__ import annotations

import argparse
import base64
import faulthandler
import importlib
import json
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fuzzing.choices import RECIPE_BYTES, numbered_recipe
from fuzzing.target import Target

HANG_S = 10.0
"""Processor time of an input (s) that is not waited for any longer."""

WAITS = 30
"""Times as long as that an input may take by the clock: a machine that is busy lets it wait as well."""

_ADDRESS_SPACE = 6 << 30
"""What the process may take in all (bytes): more fails, so that the machine is left alone."""

_REPORT_S = 0.5
_INSTRUMENTED = ["tavi_perception", "training", "rosbags", "pydicom", "yaml"]
"""Packages whose branches guide the fuzzer."""

RESTART = 75
"""Exit code after a finding about memory: the peak of a process never falls again."""


LAST = struct.Struct("<3I")
"""What stands before the recipe in its file: its length, and what was accepted and refused since the last
report."""


class Worker:
    """Examines recipes and reports."""

    def __init__(self, name: str, folder: Path, recipe_file: Path, hang_s: float) -> None:
        from fuzzing.examination import Examiner

        # Standard output is the report's: libraries, and libFuzzer, may write what they like.
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)
        self._examiner = Examiner(_target(name), folder)
        self._hang_s = hang_s
        self._recipe = os.open(recipe_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._done, self._reported = 0, time.monotonic()
        self._known: set[tuple[str, str]] = set()

    def try_one(self, recipe: bytes) -> None:
        """Examines a recipe."""
        known = LAST.pack(len(recipe), self._examiner.accepted, self._examiner.refused)
        os.pwrite(self._recipe, known + recipe, 0)
        signal.setitimer(signal.ITIMER_PROF, self._hang_s)
        signal.setitimer(signal.ITIMER_REAL, self._hang_s * WAITS)
        found = self._examiner.examine(recipe)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._done += 1
        for finding in found:
            new = (finding.kind, finding.where) not in self._known
            self._known.add((finding.kind, finding.where))
            details = finding.details if new else ""
            encoded = base64.b64encode(recipe).decode()
            self._say(kind=finding.kind, where=finding.where, details=details, recipe=encoded)
        if any(finding.kind == "memory" for finding in found):
            self.finish()
            os._exit(RESTART)
        if time.monotonic() - self._reported > _REPORT_S:
            self.finish()

    def finish(self) -> None:
        """Reports how many were done since the last time."""
        counts = {"accepted": self._examiner.accepted, "refused": self._examiner.refused}
        self._say(done=self._done, **counts)
        self._done = self._examiner.accepted = self._examiner.refused = 0
        self._reported = time.monotonic()

    def _say(self, **what: Any) -> None:
        self._out.write(json.dumps(what) + "\n")


def _target(name: str) -> Target:
    """One of those in ``fuzzing.targets``, or of another module, as ``module:NAME``."""
    module, _, attribute = name.partition(":")
    if attribute:
        found: Target = getattr(importlib.import_module(module), attribute)
        return found
    from fuzzing.targets import TARGETS

    return TARGETS[name]


def main() -> None:
    """Runs the inputs that the arguments name."""
    parser = argparse.ArgumentParser(prog="fuzzing.worker")
    parser.add_argument("--target", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--recipe-file", type=Path, required=True)
    parser.add_argument("--hang-s", type=float, default=HANG_S)
    parser.add_argument("--corpus", type=Path)
    arguments = parser.parse_args()
    faulthandler.enable()
    for sign in (signal.SIGPROF, signal.SIGALRM):
        faulthandler.register(sign, chain=True)
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    run: Callable[[Worker], None] = lambda worker: _numbered(worker, arguments)  # noqa: E731
    if arguments.corpus is not None:
        import atheris

        with atheris.instrument_imports(include=_INSTRUMENTED):
            import fuzzing.targets  # noqa: F401
        run = lambda worker: _guided(worker, arguments)  # noqa: E731
    with tempfile.TemporaryDirectory(dir=arguments.recipe_file.parent) as name:
        worker = Worker(arguments.target, Path(name), arguments.recipe_file, arguments.hang_s)
        run(worker)


def _numbered(worker: Worker, arguments: argparse.Namespace) -> None:
    for number in range(arguments.first, arguments.first + arguments.count):
        worker.try_one(numbered_recipe(arguments.target, arguments.seed, number))
    worker.finish()


def _guided(worker: Worker, arguments: argparse.Namespace) -> None:
    """By coverage, as Atheris has it; the corpus grows by what reaches new code."""
    import atheris

    left = arguments.count

    def one(recipe: bytes) -> None:
        nonlocal left
        if left > 0:
            worker.try_one(recipe)
        left -= 1
        if left == 0:
            worker.finish()

    options = (
        f"-runs={arguments.count}", f"-seed={arguments.seed + 1}", f"-max_len={RECIPE_BYTES}",
        "-len_control=0",
        "-timeout=0", "-rss_limit_mb=0", "-verbosity=0", str(arguments.corpus),
    )  # fmt: skip
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
