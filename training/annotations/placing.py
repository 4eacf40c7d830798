"""From the marks of a record that was found right to a frame with its landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT
from training.annotations.frame import AnnotatedFrame
from training.annotations.images import Decoded
from training.annotations.knowledge import Knowledge, is_root
from training.annotations.names import LandmarkNames
from training.annotations.record import Record
from training.annotations.regions import Region
from training.annotations.root import RootPoints


@dataclass(frozen=True)
class Placing:
    """How marks become landmarks.

    Attributes:
        names: by which landmarks are known.
        knowledge: what the set says of them.
        corner: what to subtract from coordinates (px).
        by_root: completes points by the outline of the root; None: does not.
    """

    names: LandmarkNames
    knowledge: Knowledge
    corner: float
    by_root: RootPoints | None

    def frame(self, record: Record, image: Decoded, negative: bool) -> AnnotatedFrame:
        """The frame of a record without findings; ``negative``: the set says that it shows no landmark."""
        if record.image is None or record.procedure is None:  # a finding has been made of these
            raise AssertionError(f"{record.name} has no image or no procedure")
        xy, roots = self._places(record), self._roots(record)
        if self.by_root is not None:
            xy = self.by_root.completed(xy, roots, image.size)
        visible: NDArray[np.bool_] = np.isfinite(xy[:, 0])
        return AnnotatedFrame(
            record.name,
            record.image,
            record.procedure,
            image.width,
            image.height,
            xy,
            visible,
            record.stage,
            record.stored_bits,
            self.knowledge.known(visible, negative) | visible,
            record.spacing_mm,
            roots,
        )

    @property
    def notes(self) -> list[str]:
        """Decisions for the report."""
        notes = (self.knowledge.note, self.by_root.note if self.by_root is not None else None)
        return [note for note in notes if note is not None]

    def _places(self, record: Record) -> NDArray[np.float64]:
        """(11, 2) px of the landmarks that the set labels; NaN of the others."""
        xy = np.full((COUNT, 2), np.nan)
        for mark in record.marks:
            landmark = self.names.landmark(mark.name)
            if landmark is not None and mark.xy is not None and self.knowledge.labelled[landmark]:
                xy[landmark] = np.subtract(mark.xy, self.corner)
        return xy

    def _roots(self, record: Record) -> tuple[Region, ...]:
        areas = (mark.region for mark in record.marks if is_root(mark, self.names, self.knowledge))
        return tuple(area for area in areas if area is not None)
