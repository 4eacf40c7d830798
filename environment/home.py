"""The folder that holds what is prepared: its lock, its log, and the record of what is complete."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from problems import of_command

ROOT = Path(__file__).resolve().parent.parent
"""Root of the repository."""


@dataclass(frozen=True)
class Part:
    """Something to prepare once.

    Attributes:
        record: the file that says that it is complete, inside of what is made, so that both vanish together.
        doing: what the user reads while it is made.
        key: changes when it has to be made anew.
        make: makes it; may find it half made.
    """

    record: Path
    doing: str
    key: str
    make: Callable[[], None]


class Home:
    """The folder, and what is complete in it.

    Attributes:
        path: the folder; several clones may share it.
        own: where in it lies what this clone alone uses. The two are one in the clone's own folder.
        log: what the commands said that made it.

    Args:
        name: of its lock and its log. What homes of two names prepare, they may prepare at the same time.
    """

    def __init__(self, path: Path, name: str = "setup") -> None:
        self.path = path
        self._shared = not path.is_relative_to(ROOT)
        self.own = path / "clones" / _name_of(ROOT) if self._shared else path
        self.log = path / f"{name}.log"
        self._lock = path / f"{name}.lock"
        self._started = time.monotonic()

    def common(self, name: str, *made_of: str | Path) -> Path:
        """A folder for what is the same for all clones that make it of the same strings and files."""
        return self.path / (f"{name}-{digest(*made_of)[:8]}" if self._shared else name)

    def prepare(self, parts: Sequence[Part]) -> None:
        """Make the parts that are missing or out of date, in order; one process at a time does so."""
        if self._complete(parts):
            return
        with self._locked():
            for part in parts:
                if not self._complete([part]):
                    self.say(part.doing)
                    part.record.parent.mkdir(parents=True, exist_ok=True)
                    part.record.unlink(missing_ok=True)
                    part.make()
                    part.record.write_text(part.key)
            self.say("ready")

    def run(self, what: str, command: Iterable[object], environment: Mapping[str, str] | None = None) -> None:
        """Run a command with its output in the log; raises SetupError when it fails."""
        words = [str(word) for word in command]
        with self.log.open("a+", errors="replace") as log:
            log.write(f"\n$ {' '.join(words)}\n")
            log.flush()
            start = log.tell()
            code = subprocess.run(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.path,
                env=environment,
            ).returncode
            log.seek(start)
            output = log.read()
        if code:
            raise of_command(what, output, self.log)

    def say(self, text: str) -> None:
        print(f"tavi [{time.monotonic() - self._started:4.0f} s] {text}", file=sys.stderr, flush=True)

    def _complete(self, parts: Iterable[Part]) -> bool:
        return all(part.record.exists() and part.record.read_text() == part.key for part in parts)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with self._lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say("waiting for another ./tavi that prepares the same folder")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _name_of(clone: Path) -> str:
    """A name of letters that every build tool takes, and that no other clone has."""
    return f"{re.sub('[^A-Za-z0-9_.]+', '-', clone.name)}-{digest(str(clone))[:8]}"


def locate() -> Path:
    """TAVI_HOME, or .tavi at the root of the repository."""
    return Path(os.environ.get("TAVI_HOME") or ROOT / ".tavi").expanduser().absolute()


def digest(*inputs: str | Path) -> str:
    """Hash of strings, and of files and folders with their content."""
    total = hashlib.sha256()
    for item in inputs:
        for file in _files(item) if isinstance(item, Path) else ():
            total.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
        total.update(f"{item}\0".encode())
    return total.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
