"""What ./tavi test does: lint, formatting, types, then the tests of both environments."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from home import ROOT, Home, Part
from prepared import Prepared
from ros_environment import development

TRAINING = ROOT / "test/training"
TOGETHER = ["--numprocesses=2", "--dist=loadfile", "--no-loadscope-reorder", "--max-worker-restart=0"]
"""All tests of the runtime, by two processes: a file by one of them, which makes its fixtures once. A process
that has ended takes its tests to the other one; another would try the same test again, and hang again."""

NO_TESTS = 5
"""Exit code of pytest when it has selected no test."""


Chain = tuple[Home, list[Part]]
"""What to prepare, in order, and where."""


@dataclass(frozen=True)
class Selection:
    """What pytest shall test in each environment (None: nothing), and its other arguments."""

    runtime: list[str] | None
    training: list[str] | None
    options: list[str]


@dataclass(frozen=True)
class Counts:
    """Tests by outcome, of one or more runs of pytest."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.errors + other.errors,
        )

    def __str__(self) -> str:
        parts = [
            f"{self.failed} failed",
            f"{self.passed} passed",
            f"{self.skipped} skipped",
            f"{self.errors} errors",
        ]
        return ", ".join(part for part in parts if not part.startswith("0 ")) or "no tests ran"


def verify(runtime: Prepared, training: Prepared, arguments: Sequence[str]) -> int:
    """Run every check, also after one has failed; 0 when all have passed."""
    started = time.monotonic()
    selection = select(arguments)
    wanted = [(runtime.home, [*runtime.parts, development(runtime)])]
    if selection.training is not None:
        wanted.append((training.home, [*training.parts]))
    prepare(wanted)

    # Training's tests run beside all else, or a core would be idle for minutes.
    *beside, last = [
        (environment, [*paths, *selection.options])
        for environment, paths in ((training, selection.training), (runtime, selection.runtime))
        if paths is not None
    ]
    runs = [Run(*each, aside=True) for each in beside]
    static = (("ruff check", "check", "."), ("ruff format", "format", "--check", "."))
    failed = [name for name, *rest in static if not _passes(runtime, ["ruff", *rest])]
    failed += [] if _passes(runtime, ["mypy"]) else ["mypy"]
    broken = Counts(errors=len(failed))
    runs.append(Run(*last, aside=False))
    for run in reversed(runs):
        passed, counts = run.finish()
        broken += counts
        failed += [] if passed else [f"pytest in {run.environment.folder.name}"]
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    seconds = time.monotonic() - started
    print(f" {broken} in {seconds:.2f}s ".center(80, "="), flush=True)
    return 1 if failed else 0


def prepare(chains: Sequence[Chain]) -> None:
    """Make homes of different names beside each other: pip keeps one core busy.

    Raises:
        SetupError: one of them has failed, and the others have ended.
    """
    # What the machine lacks is said before anything is downloaded.
    for home, (first, *_) in chains:
        home.prepare([first])
    with ThreadPoolExecutor(len(chains)) as pool:
        made = [pool.submit(home.prepare, parts) for home, parts in chains]
    for each in made:
        each.result()


def select(arguments: Sequence[str]) -> Selection:
    """Share out the arguments: paths by the environment that tests them, options to both."""
    paths = [
        str(Path.cwd() / argument) for argument in arguments if Path(argument.partition("::")[0]).exists()
    ]
    options = [argument for argument in arguments if str(Path.cwd() / argument) not in paths]
    if not paths:
        runtime = ["test", f"--ignore={TRAINING}", *(TOGETHER if not options else [])]
        return Selection(runtime, [str(TRAINING)] if TRAINING.exists() else None, options)
    training = [path for path in paths if Path(path).is_relative_to(TRAINING)]
    runtime = [path for path in paths if path not in training]
    return Selection(runtime or None, training or None, options)


def _passes(environment: Prepared, module: Sequence[str]) -> bool:
    print(f"\n$ {' '.join(module)}", flush=True)
    command = [str(environment.python), "-m", *module]
    return subprocess.run(command, cwd=ROOT, env=environment.variables(), check=False).returncode == 0


class Run:
    """pytest at work in an environment; ``aside`` of another it is heard at its end."""

    def __init__(self, environment: Prepared, arguments: Sequence[str], *, aside: bool) -> None:
        self.environment = environment
        self._words = " ".join(arguments)
        self._report = environment.home.own / f"tests-{environment.folder.name}.xml"
        self._report.unlink(missing_ok=True)
        self._output = tempfile.TemporaryFile() if aside else None  # noqa: SIM115 (closed by ``finish``)
        if not aside:
            self._announce()
        command = [str(environment.python), "-m", "pytest", *arguments, f"--junitxml={self._report}"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment.variables(),
            stdin=subprocess.DEVNULL if aside else None,
            stdout=self._output,
            stderr=self._output,
        )

    def finish(self) -> tuple[bool, Counts]:
        """Whether no test failed, and how many there were."""
        code = self._process.wait()
        if self._output is not None:
            self._announce()
            self._output.seek(0)
            with self._output:
                print(self._output.read().decode(errors="replace"), flush=True)
        if not self._report.exists():
            return code == 0, Counts(errors=1)
        suite = next(ElementTree.parse(self._report).iter("testsuite"))
        tests, failed, skipped, errors = (
            int(suite.get(name, 0)) for name in ("tests", "failures", "skipped", "errors")
        )
        return code in (0, NO_TESTS), Counts(tests - failed - skipped - errors, failed, skipped, errors)

    def _announce(self) -> None:
        print(f"\n$ pytest {self._words}", flush=True)
