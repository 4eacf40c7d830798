"""What a reader finds for one image, before anything is checked against the image or our names."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.annotations.names import one_form
from training.annotations.report import AnnotationError, Finding, Kind

if TYPE_CHECKING:
    from training.annotations.regions import Region

MEND = "correct the annotation and export it again"


@dataclass(frozen=True)
class Mark:
    """One labelled object or keypoint.

    Attributes:
        name: as the data set calls it.
        owner: class of the object that it is a keypoint of; the name itself where it is an object.
        xy: as written in the file (px); None where the object is no point.
        geometry: what it is instead, in the format's words.
        region: the area that it marks; None where it is no polygon or bitmap.
    """

    name: str
    owner: str
    xy: tuple[float, float] | None
    geometry: str = "point"
    region: Region | None = None


@dataclass(frozen=True)
class Record:
    """An image and its annotation as they were found.

    Attributes:
        name: of the frame within the data set.
        image: its file; None where there is none.
        source: file to name in findings about the annotation, relative to the data set where possible.
        marks: what is labelled in it.
        size: width and height as the annotation says them (px); None where it does not.
        procedure: of the procedure.
        findings: what is wrong already.
        stage, stored_bits, spacing_mm: as in ``AnnotatedFrame``.
    """

    name: str
    image: Path | None
    source: str
    marks: tuple[Mark, ...] = ()
    size: tuple[int, int] | None = None
    procedure: str | None = None
    findings: tuple[Finding, ...] = ()
    stage: str | None = None
    stored_bits: int | None = None
    spacing_mm: float | None = None


@dataclass(frozen=True)
class RecordSet:
    """What a reader gives.

    Attributes:
        format: in words.
        records: one for each image that the set holds or names.
        findings: about the set as a whole.
        corner_origin: whether coordinates count from a pixel's corner; None where the format leaves it open.
        keeps_empty: whether an image without any landmark is a true negative in this format.
        notes: decisions the user should know.
        declared: names of the classes and keypoints that the set says it has; empty where it says nothing.
    """

    format: str
    records: tuple[Record, ...]
    findings: tuple[Finding, ...] = ()
    corner_origin: bool | None = None
    keeps_empty: bool = False
    notes: tuple[str, ...] = ()
    declared: frozenset[str] = frozenset()


class BrokenAnnotationError(Exception):
    """Part of an annotation is not what its format says; the message is a reason for a finding."""


@dataclass(frozen=True)
class ProcedureRule:
    """How the procedure of an image is told.

    Attributes:
        pattern: searched for in the image's file name: its group ``procedure``, else its first group, else
            all that matches is the procedure. None: what the format says.
    """

    pattern: re.Pattern[str] | None = None

    def procedure(self, file_name: str, otherwise: str) -> str | None:
        """The procedure of an image; None where the pattern is not found."""
        if self.pattern is None:
            return one_form(otherwise)
        match = self.pattern.search(one_form(file_name))
        if match is None:
            return None
        if "procedure" in self.pattern.groupindex:
            return str(match["procedure"] or "") or None
        return str(match[1] if self.pattern.groups else match[0]) or None


def procedure_rule(pattern: str | None) -> ProcedureRule:
    """The rule of a regular expression.

    Raises:
        AnnotationError: it is none.
    """
    try:
        return ProcedureRule(re.compile(one_form(pattern)) if pattern is not None else None)
    except re.error as error:
        raise AnnotationError(
            f"procedure pattern {pattern!r}: it is no regular expression ({error}); "
            r"give one such as '^(patient\d+)_'"
        ) from None


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        BrokenAnnotationError: it is empty, cannot be read, or is not JSON.
    """
    try:
        if not path.is_file():
            raise BrokenAnnotationError("it is missing, or no regular file")
        data = path.read_bytes()
        if not data.strip():
            raise BrokenAnnotationError(f"it is empty ({len(data)} bytes)")
        return json.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise BrokenAnnotationError(f"it cannot be opened ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise BrokenAnnotationError(f"it is not JSON ({' '.join(str(error).split())})") from None


def number(value: Any, what: str) -> float:
    """A JSON number, perhaps not a finite one.

    Raises:
        BrokenAnnotationError: it is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BrokenAnnotationError(f"{what} is {_short(value)}, not a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf


def point(value: Any, what: str) -> tuple[float, float]:
    """A JSON pair of numbers.

    Raises:
        BrokenAnnotationError: it is something else.
    """
    if not isinstance(value, list) or len(value) != 2:
        raise BrokenAnnotationError(f"{what} is {_short(value)}, not a pair of numbers")
    return number(value[0], what), number(value[1], what)


def size_of(value: Any) -> tuple[int, int]:
    """Width and height (px) of a JSON object with these keys.

    Raises:
        BrokenAnnotationError: it says none.
    """
    if not isinstance(value, dict):
        raise BrokenAnnotationError("it says no image size")
    sides = value.get("width"), value.get("height")
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in sides):
        raise BrokenAnnotationError(f"its image size is {_short(sides[0])} x {_short(sides[1])}")
    return sides[0], sides[1]  # type: ignore[return-value]


def items(value: Any, kind: type, what: str) -> list[Any]:
    """A JSON list whose items are all of a kind.

    Raises:
        BrokenAnnotationError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, kind) for item in value):
        raise BrokenAnnotationError(f"it holds no list of {what}")
    return value


def broken(source: str, error: BrokenAnnotationError) -> Finding:
    return Finding(Kind.BROKEN_ANNOTATION, source, str(error), MEND)


def relative(path: Path, root: Path) -> str:
    """The path inside the data set, with slashes; the whole of it where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


Reader = Callable[[Path], RecordSet]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
