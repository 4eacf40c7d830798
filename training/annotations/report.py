"""What is wrong with a data set: every file by name, with the reason and the remedy, in one report."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tavi_perception.sentence import InputError, one_sentence

_FIRST = 3
"""Findings that a one-sentence error names."""


class Kind(Enum):
    """Kinds of findings; the value is the name in reports."""

    UNLABELLED = "unlabelled image"
    MISSING_ANNOTATION = "image without annotation"
    MISSING_IMAGE = "annotation without image"
    BROKEN_IMAGE = "broken image"
    DUPLICATE_IMAGE = "image of two procedures"
    BROKEN_ANNOTATION = "broken annotation"
    SIZE_MISMATCH = "size mismatch"
    NOT_FINITE = "coordinate not finite"
    UNKNOWN_CLASS = "unknown class"
    DUPLICATE_LANDMARK = "duplicate landmark"
    WRONG_GEOMETRY = "wrong geometry"
    OUTSIDE_IMAGE = "point outside the image"
    AT_ORIGIN = "point at 0, 0"
    UNKNOWN_PROCEDURE = "unknown procedure"
    INCOMPLETE_SET = "incomplete data set"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: of the finding.
        file: image or annotation it was found in, relative to the data set where it lies inside.
        reason: what is wrong, a clause.
        remedy: what to do about it, a clause.
    """

    kind: Kind
    file: str
    reason: str
    remedy: str

    def __str__(self) -> str:
        return one_sentence(f"{self.file}: {self.reason}; {self.remedy}")


@dataclass(frozen=True)
class Report:
    """All that reading a data set has found.

    Attributes:
        path: of the data set.
        format: its format, in words.
        images: number of images that it holds or names.
        frames: how many of them are fit for training.
        findings: everything that is wrong.
        notes: decisions taken for the whole set, a sentence each.
    """

    path: Path
    format: str
    images: int
    frames: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Kind, int]:
        """Number of findings of each kind that occurs, in the order of ``Kind``."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in Kind if found[kind]}

    @property
    def headline(self) -> str:
        made = f"{self.path}: {self.format}, {self.images} images, {self.frames} of them fit for training"
        if not self.findings:
            return f"{made}; nothing is wrong"
        return f"{made}; {_number(len(self.findings), 'finding')} ({self._kinds()})"

    def text(self, limit: int | None = None) -> str:
        """The report for a human.

        Args:
            limit: findings of a kind that are named; None names all.
        """
        lines = [self.headline, *(f"note: {note}" for note in self.notes)]
        for kind, count in self.counts.items():
            of_kind = [finding for finding in self.findings if finding.kind is kind]
            lines += ["", f"{kind.value} ({count})", *(f"  {finding}" for finding in of_kind[:limit])]
            if limit is not None and count > limit:
                lines.append(f"  and {count - limit} more")
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        return {
            "path": str(self.path),
            "format": self.format,
            "images": self.images,
            "frames": self.frames,
            "counts": {kind.value: count for kind, count in self.counts.items()},
            "findings": [
                {
                    "kind": finding.kind.value,
                    "file": finding.file,
                    "reason": finding.reason,
                    "remedy": finding.remedy,
                }
                for finding in self.findings
            ],
            "notes": list(self.notes),
        }

    def write(self, path: Path) -> None:
        """Writes the report: as JSON where the file is called .json, else as text."""
        as_json = path.suffix.lower() == ".json"
        text = json.dumps(self.as_json(), indent=2, ensure_ascii=False) + "\n" if as_json else self.text()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def refusal(self, written: Path | None) -> str:
        """One sentence for the error that refuses the data set; ``written`` is where the report is."""
        first = " | ".join(str(finding) for finding in self.findings[:_FIRST])
        more = " | …" if len(self.findings) > _FIRST else ""
        where = f"{written} names them all" if written else "the error's report names them all"
        return (
            f"{self.path}: {_number(len(self.findings), 'finding')} in {self.images} images "
            f"({self._kinds()}), first {first}{more}: {where}; mend them, or leave these frames out with "
            "on-error skip"
        )

    def _kinds(self) -> str:
        return ", ".join(f"{count} {kind.value}" for kind, count in self.counts.items())


class AnnotationError(InputError):
    """A data set cannot be used; the message says what, why and the remedy in one sentence."""


class FaultyAnnotationsError(AnnotationError):
    """Something in a data set is wrong; ``report`` says everything.

    Attributes:
        report: of the whole data set.
    """

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
