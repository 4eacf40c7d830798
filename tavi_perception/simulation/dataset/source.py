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
        stored_bits: how many low bits of a pixel carry the grey level.
        grades: (11,) visibility of each landmark, an index of ``GRADES``.
        deviation: in the image plane, as a perfect observer of the image would measure it.
        spatial_depth, spatial_angle: the same in space (m, rad), including the component along the beam.
    """

    index: int
    time: float
    image: NDArray[Any]
    stored_bits: int
    keypoints: Keypoints
    grades: NDArray[np.uint8]
    annulus: AnnulusFrame
    deviation: CatheterDeviation
    spatial_depth: float
    spatial_angle: float
    geometry: CArmGeometry


class Procedure:
    """One simulated procedure, rendered frame by frame as asked for."""

    def __init__(self, seed: int, duration: float, frame_rate: float, size: int, bits: int) -> None:
        self._rendered = RenderedProcedure(seed, duration, frame_rate, size, bits)
        self.frame_count = self._rendered.frame_count
        self._frame_rate = frame_rate
        self._stored_bits = 8 if bits == 8 else self._rendered.scene.imager.technique.display.stored_bits

    def frames(self, indices: Sequence[int]) -> Iterator[LabelledFrame]:
        for index in indices:
            truth = self._rendered.truth(index)
            yield LabelledFrame(
                index,
                index / self._frame_rate,
                self._rendered.image(index),
                self._stored_bits,
                truth.keypoints,
                truth.grades,
                truth.annulus,
                truth.deviation,
                truth.spatial_depth,
                truth.spatial_angle,
                self._rendered.geometry_at(index),
            )

    def keypoints(self, index: int) -> Keypoints:
        return self._rendered.truth(index).keypoints


def spread(count: int, frame_count: int) -> list[int]:
    """``count`` frames in the middles of equal parts of a procedure of ``frame_count``."""
    return [int((number + 0.5) * frame_count / count) for number in range(count)]
