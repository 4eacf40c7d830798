"""What a data set says of the landmarks: which it labels, and what it means where it marks none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT, NAMES, Landmark
from training.annotations.names import LandmarkNames
from training.annotations.record import Mark, RecordSet
from training.annotations.report import AnnotationError

Missing = Literal["absent", "unknown"]
"""What a labelled landmark is in a frame that does not mark it: not visible, or perhaps forgotten."""


@dataclass(frozen=True)
class Knowledge:
    """What is known of landmarks in the frames of a set.

    Attributes:
        labelled: (11,) whether the set marks a landmark wherever it is seen.
        missing: what such a landmark is where it is not marked.
        only_areas: the one class of areas that the set has beside landmarks; None where it has several, or
            none.
    """

    labelled: NDArray[np.bool_]
    missing: Missing
    only_areas: str | None

    def known(self, visible: NDArray[np.bool_], negative: bool) -> NDArray[np.bool_]:
        """(11,) whether a frame says if a landmark is visible; ``negative``: that none is, was said."""
        if self.missing == "absent" or negative:
            return self.labelled.copy()
        return self.labelled & visible

    @property
    def note(self) -> str | None:
        """What is not labelled, for the report; None where all is."""
        if self.labelled.all():
            return None
        names = ", ".join(name for name, there in zip(NAMES, self.labelled, strict=True) if there)
        return f"the set labels {names or 'no landmark'}; the others are unknown, neither visible nor absent"


def knowledge_of(
    read: RecordSet, names: LandmarkNames, labelled: Sequence[Landmark] | None, missing: Missing
) -> Knowledge:
    """What ``read`` says; ``labelled``, if given, goes before what the set declares.

    A set that declares nothing (single files do not) labels all landmarks.
    """
    marks = [mark for record in read.records for mark in record.marks]
    areas = {m.name for m in marks if m.region is not None and m.name not in names and not names.root(m.name)}
    if labelled is None:
        said = {*read.declared, *(mark.name for mark in marks)}
        labelled = _landmarks(said, names) if read.declared else list(Landmark)
    there = np.zeros(COUNT, bool)
    there[list(labelled)] = True
    rooted = any(mark.region is not None and names.root(mark.name) for mark in marks)
    return Knowledge(there, missing, areas.pop() if len(areas) == 1 and not rooted else None)


def is_root(mark: Mark, names: LandmarkNames, knowledge: Knowledge) -> bool:
    """Whether a mark is an area of the aortic root."""
    return mark.region is not None and (names.root(mark.name) or mark.name == knowledge.only_areas)


def landmarks_named(text: str) -> tuple[Landmark, ...]:
    """The landmarks of a list such as ``AA1,AA2``.

    Raises:
        AnnotationError: one of them is none.
    """
    words = [word.strip().upper() for word in text.split(",") if word.strip()]
    wrong = [word for word in words if word not in NAMES]
    if wrong or not words:
        raise AnnotationError(
            f"labelled landmarks {text!r}: {wrong[0] if wrong else 'nothing'} is no landmark; "
            f"give some of {','.join(NAMES)}"
        )
    return tuple(Landmark[word] for word in words)


def _landmarks(found: Iterable[str], names: LandmarkNames) -> list[Landmark]:
    marks = (names.landmark(name) for name in found)
    return [mark for mark in marks if mark is not None]
