"""What a reader does outside of the folder of its input, as Python's audit events tell it."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_EVENTS = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"}
_NEVER = {
    *("os.system", "subprocess.Popen", "os.exec", "os.posix_spawn", "os.fork", "os.kill"),
    *("socket.connect", "ctypes.dlopen"),
}
_COMPILED = f"{os.sep}__pycache__{os.sep}"
_SYSTEM = ("/proc/self", "/dev/null", "/usr/lib", "/usr/share", "/etc/localtime")


@cache
def the_watch() -> Watch:
    """The only one: an audit hook stays for as long as the process."""
    return Watch()


class Watch:
    """Notes files that are read or written where they should not be, and programs that are started.

    Only between ``begin`` and ``end``, and only what Python itself does: a library in C is not heard.
    """

    def __init__(self) -> None:
        self._folder = ""
        self._found: list[str] = []
        self._library = tuple(
            str(path) for path in (_ROOT, sys.prefix, sys.base_prefix, *_SYSTEM, *_named_in_the_environment())
        )
        self._temporary = str(Path(tempfile.gettempdir()) / tempfile.gettempprefix())
        sys.addaudithook(self._hear)

    def begin(self, folder: Path) -> None:
        """From now on everything belongs to the input in ``folder``."""
        self._folder, self._found = str(folder), []

    def end(self) -> list[str]:
        """What was noted."""
        self._folder = ""
        return self._found

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._folder:
            return
        if event in _NEVER:
            self._found.append(f"{event} {arguments!r:.200}")
        elif event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
            flags = arguments[2] if isinstance(arguments[2], int) else 0
            self._check(os.fsdecode(arguments[0]), written=bool(flags & _WRITES))
        elif event in _EVENTS:
            for path in arguments[:2]:
                # A relative name belongs to a folder that was opened before.
                if isinstance(path, (str, bytes, os.PathLike)) and os.fsdecode(path).startswith(os.sep):
                    self._check(os.fsdecode(path), written=True)

    def _check(self, name: str, *, written: bool) -> None:
        path = os.path.abspath(name)  # noqa: PTH100 (links are not to be followed)
        if path.startswith((self._folder, self._temporary)):
            return
        # A module that is imported for the first time may be compiled.
        if path.startswith(self._library) and (not written or _COMPILED in path):
            return
        self._found.append(f"{path} is {'written' if written else 'read'}")


def _named_in_the_environment() -> list[str]:
    named = ("AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "PYTHONPATH")
    return [part for name in named for part in os.environ.get(name, "").split(os.pathsep) if part]
