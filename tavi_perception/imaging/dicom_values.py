"""Values of a DICOM header that may be damaged, and one sentence for what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from tavi_perception.imaging.source import SourceError


def numbers(header: Dataset, keyword: str) -> tuple[float, ...]:
    """The values of a numeric element; empty where it is absent, empty or not a number."""
    try:
        value = header.get(keyword)
        if value is None:
            return ()
        values = value if isinstance(value, (MultiValue, list, tuple)) else [value]
        return tuple(float(item) for item in values)
    except Exception:  # pydicom parses on access and raises whatever the bytes lead to
        return ()


def number(header: Dataset, keyword: str) -> float | None:
    """The first value of a numeric element, if there is one."""
    return next(iter(numbers(header, keyword)), None)


def text(header: Dataset, keyword: str) -> str:
    """The value of a textual element in upper case; empty where it is absent."""
    try:
        return str(header.get(keyword) or "").strip().upper()
    except Exception:  # as above
        return ""


_RUST_PANIC = "PanicException"
"""What pyo3 raises where a library written in Rust meets what it did not expect, and which no module exports:
the decoder of RLE is one, and is stopped by an index out of bounds."""


@contextmanager
def damage_reported(name: str, what: str) -> Iterator[None]:
    """Whatever the libraries raise on damaged bytes becomes one sentence."""
    try:
        yield
    except SourceError:
        raise
    except BaseException as error:  # decoders document no closed set of exceptions
        if not isinstance(error, Exception) and type(error).__name__ != _RUST_PANIC:
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SourceError(f"{name}: {what} ({reason}); copy or export the file again") from error
