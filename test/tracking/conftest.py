"""A noiseless implantation in plain geometry, and the keypoints that a perfect network would see of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import COUNT, INFLOW_EDGE, NEEDS_CONTRAST, Landmark
from tavi_perception.observation import Observation
from tavi_perception.tracking.capsule import NOT_MEASURED
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuity
from tavi_perception.tracking.tracker import TrackedFrame, Tracker

METRES_PER_PX = 0.00017


@dataclass(frozen=True)
class Scene:
    """An annulus with a device across it; lengths in px, angles in rad.

    ``turn`` is the direction of AA1→AA2 in the image, ``side`` the ventricle sign, ``lean`` the angle of
    the catheter to the annulus normal. The inflow edge lies at ``depth`` on an axis that crosses the
    annulus line at ``lateral``; the band lies there too while nothing is extracted.
    """

    origin: tuple[float, float] = (520.0, 560.0)
    turn: float = 0.6
    side: int = 1
    diameter: float = 150.0
    depth: float = 20.0
    lateral: float = 6.0
    lean: float = 0.15
    extraction: float = 0.0
    sheathed: float = 360.0
    edge_tilt: float = 0.0
    contrast: bool = True
    edge: bool = False
    pigtail: tuple[float, float] = (-70.0, 20.0)
    sigma: float = 1.0
    size: int = 1000
    metres_per_px: float = METRES_PER_PX

    def but(self, **changes: Any) -> Scene:
        return replace(self, **changes)

    @staticmethod
    def follower(config: TrackingConfig | None = None) -> Follower:
        return Follower(config or TrackingConfig())

    def annulus_points(self) -> FloatArray:
        """(11, 2) landmarks in annulus coordinates (px)."""
        half = self.diameter / 2
        along = np.array([math.sin(self.lean), math.cos(self.lean)])
        edge = np.array([self.lateral, 0.0]) + along * self.depth / along[1]
        proximal = edge - along * self.sheathed
        across = np.array([60.0, self.edge_tilt / 2])
        points = np.zeros((COUNT, 2))
        points[Landmark.AA1] = -half, 0.0
        points[Landmark.AA2] = half, 0.0
        points[Landmark.STJ1] = -half - 5, -155.0
        points[Landmark.STJ2] = half + 5, -150.0
        points[Landmark.CP] = proximal
        points[Landmark.CM] = (proximal + edge) / 2
        points[Landmark.CD] = proximal + along * self.sheathed * (1 - self.extraction)
        points[Landmark.CT] = edge + along * 80.0
        points[Landmark.PT] = self.pigtail
        points[Landmark.FE1] = edge - across
        points[Landmark.FE2] = edge + across
        return points

    def in_image(self, points: FloatArray) -> FloatArray:
        """(n, 2) px in the image of points in annulus coordinates."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        axes = np.array([[cos, sin], [-self.side * sin, self.side * cos]])
        return np.asarray(self.origin) + points @ axes

    def keypoints(
        self, hide: tuple[Landmark, ...] = (), shift: Mapping[Landmark, tuple[float, float]] | None = None
    ) -> Keypoints:
        """What is seen; ``hide`` is not seen, ``shift`` is seen elsewhere (px in the image)."""
        present = np.ones(COUNT, dtype=bool)
        present[list(NEEDS_CONTRAST)] = self.contrast
        present[list(INFLOW_EDGE)] = self.edge
        present[Landmark.CM] = self.extraction < 0.4
        present[list(hide)] = False
        xy = self.in_image(self.annulus_points())
        for landmark, by in (shift or {}).items():
            xy[landmark] += by
        covariance = np.broadcast_to(self.sigma**2 * np.eye(2), (COUNT, 2, 2))
        return Keypoints(
            self.size,
            self.size,
            present.astype(float),
            present.copy(),
            present.copy(),
            np.where(present[:, None], xy, np.nan),
            np.where(present[:, None, None], covariance, np.nan),
        )


class Follower:
    """A tracker that is told how frames follow one another, as the pipeline tells it."""

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self._continuity, self._tracker = Continuity(), Tracker()

    def update(
        self, keypoints: Keypoints, stamp: float, geometry: CArmGeometry, capsule_width: float = math.nan
    ) -> TrackedFrame:
        """``capsule_width``: the only one that its edges tell (px)."""
        size = (keypoints.width, keypoints.height)
        continuation = self._continuity.of(stamp, geometry, size, self.config)
        widths = np.concatenate([[[capsule_width] * 2], NOT_MEASURED[1:]])
        seen = Observation(stamp, keypoints, geometry, continuation, widths)
        return self._tracker.update(seen, self.config)


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A sheathed device 3.4 mm deep, with contrast."""
    return Scene()


@pytest.fixture(scope="session")
def geometry() -> CArmGeometry:
    """A calibrated C-arm: 0.17 mm a pixel at the patient."""
    return CArmGeometry(1.0, 0.7, METRES_PER_PX / 0.7, 1000, 1000, calibration=Calibration.GEOMETRY)
