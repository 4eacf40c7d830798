"""A file for readers that believe what it says of its own length."""

from __future__ import annotations

import io
import os
from pathlib import Path

_SMALL = 1 << 16
"""Bytes that may be asked for without looking whether they are there."""


class BoundedFile(io.BufferedReader):
    """A file open for reading, of which never more is asked than it holds.

    Python makes room for all that a read asks for, and a header of some bytes can ask for gigabytes.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))  # type: ignore[arg-type]
        self._size = os.fstat(self.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _SMALL:
            size = min(size, max(self._size - self.tell(), 0))
        return super().read(size)
