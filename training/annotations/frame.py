"""An annotated image, whatever the format it came in."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT
from training.annotations.regions import Region


@dataclass(frozen=True)
class AnnotatedFrame:
    """An image on disk and its landmarks.

    Attributes:
        name: of the frame within its data set, for reports.
        image: its file.
        procedure: of the procedure (patient) it belongs to; frames of one never lie on both sides of a split.
        width, height: of the image (px).
        xy: (11, 2) px, an integer is a pixel's centre; NaN where not visible.
        visible: (11,) whether a landmark is visible in this frame.
        known: (11,) whether the data set says so: a landmark that it does not label is neither visible nor
            absent.
        stage: of the procedure, where the data set says so.
        stored_bits: how many low bits of a 16-bit pixel carry the grey level; None: all of them.
        spacing_mm: ImagerPixelSpacing of the recording (mm a pixel of its own matrix, at the detector), where
            the set says so.
        roots: areas of the aortic root.
    """

    name: str
    image: Path
    procedure: str
    width: int
    height: int
    xy: NDArray[np.float64]
    visible: NDArray[np.bool_]
    stage: str | None = None
    stored_bits: int | None = None
    known: NDArray[np.bool_] = field(default_factory=lambda: np.ones(COUNT, bool))
    spacing_mm: float | None = None
    roots: tuple[Region, ...] = ()
