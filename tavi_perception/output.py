"""Results on disk: what cannot be written is said in one sentence that names the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


class OutputError(Exception):
    """A result cannot be written; the message names it, the reason and the remedy in one sentence."""


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around whatever writes ``path``, whose folder is made.

    Raises:
        OutputError: the file or its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise OutputError(of_os_error(error, path)) from error


def make_folder(path: Path) -> None:
    """A folder for results.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(of_os_error(error, path)) from error


def write_text(path: Path, text: str) -> None:
    """UTF-8, with what is none (of a file's name, say) as escapes; raises OutputError where it cannot be."""
    with writing(path):
        path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any, indent: int = 2) -> None:
    """Raises OutputError where the file cannot be written, and ValueError for a number that is none."""
    write_text(path, json.dumps(value, indent=indent, allow_nan=False) + "\n")


def write_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """A (H, W) grey or (H, W, 3) BGR picture, in the format of the name's suffix.

    OpenCV's own writing says nothing when it fails, and crashes over names that are not UTF-8.

    Raises:
        OutputError: the file cannot be written.
    """
    _, data = cv2.imencode(path.suffix, picture)
    with writing(path):
        path.write_bytes(data.tobytes())


def write_all(*writers: Callable[[], None]) -> None:
    """Calls every one, also after one has failed.

    Raises:
        OutputError: what the failed ones said.
    """
    failures = []
    for write in writers:
        try:
            write()
        except OutputError as error:
            failures.append(str(error))
        except OSError as error:
            failures.append(of_os_error(error))
    if failures:
        raise OutputError("; ".join(failures))


def of_os_error(error: OSError, path: Path | None = None) -> str:
    """The sentence for what could not be read or written."""
    named = [str(name) for name in (error.filename, path) if name is not None]
    reason = error.strerror or str(error) or type(error).__name__
    what = named[0] if named else "a file"
    return f"{what} cannot be used ({reason}): check its disk and permissions, or choose another place"
