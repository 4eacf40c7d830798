"""The frames of one procedure of a data set, each with its truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints
from tavi_perception.simulation.procedure import RenderedProcedure

GRADES = ("absent", "hidden", "faint", "clear")
"""Visibility of a landmark, by its grade; it counts as present from ``faint`` on."""


@dataclass(frozen=True)
class LabelledFrame:
    """A frame and what is true of it.

    Attributes:
        index: number in its procedure, from 0.
        time: s since the start of the procedure.
        image: (H, W) uint8 or uint16.
        grades: (11,) visibility of each landmark, an index of ``GRADES``.
    """

    index: int
    time: float
    image: NDArray[Any]
    keypoints: Keypoints
    grades: NDArray[np.uint8]
    annulus: AnnulusFrame
    deviation: CatheterDeviation
    geometry: CArmGeometry


class Procedure:
    """One simulated procedure, rendered frame by frame as asked for."""

    def __init__(self, seed: int, duration: float, frame_rate: float, size: int, bits: int) -> None:
        self._rendered = _rendered(seed, duration, frame_rate, size, bits)
        self.frame_count = self._rendered.frame_count

    def frames(self, indices: Sequence[int]) -> Iterator[LabelledFrame]:
        for index in indices:
            frame, truth = self._rendered.frame(index), self._rendered.truth(index)
            yield LabelledFrame(
                index,
                frame.time,
                frame.image,
                truth.keypoints,
                _grades(truth),
                truth.annulus,
                truth.deviation,
                _geometry(self._rendered, index),
            )

    def keypoints(self, index: int) -> Keypoints:
        return self._rendered.truth(index).keypoints


def spread(count: int, frame_count: int) -> list[int]:
    """``count`` frames in the middles of equal parts of a procedure of ``frame_count``."""
    return [int((number + 0.5) * frame_count / count) for number in range(count)]


# What follows lets the data set be built before and after the simulator grades visibility.


def _rendered(seed: int, duration: float, frame_rate: float, size: int, bits: int) -> RenderedProcedure:
    extra = {} if bits == 8 else {"bits": bits}
    return RenderedProcedure(seed, duration, frame_rate, size, **extra)


def _grades(truth: Any) -> NDArray[np.uint8]:
    grades = getattr(truth, "grades", None)
    return np.where(truth.keypoints.present, 3, 0).astype(np.uint8) if grades is None else grades


def _geometry(rendered: Any, index: int) -> CArmGeometry:
    return rendered.geometry_at(index) if hasattr(rendered, "geometry_at") else rendered.geometry
