"""Where the landmarks of a rendered frame are, and which of them an expert could mark."""

from __future__ import annotations

import numpy as np

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, FRAME_EDGE, Landmark
from tavi_perception.simulation.device import VISIBLE_EXPOSURE_MM, catheter_points, inflow_corners, pose
from tavi_perception.simulation.patient import FloatArray
from tavi_perception.simulation.scene import Moment, Scene

_ROOT = [Landmark.AA1, Landmark.AA2, Landmark.STJ1, Landmark.STJ2]
_CATHETER = [Landmark.CP, Landmark.CM, Landmark.CD, Landmark.CT]


def landmark_positions(scene: Scene, moment: Moment) -> FloatArray:
    """(11, 2) pixels of all landmarks that exist, visible or not; NaN for those that do not."""
    points = np.full((COUNT, 2), np.nan)
    points[_ROOT] = scene.patient.root_points + moment.root_shift
    if scene.contents.pigtail:
        points[Landmark.PT] = scene.pigtail.tip + moment.root_shift
    if scene.contents.delivery:
        place = pose(scene.device, moment.device)
        route = scene.route.shifted(moment.root_shift)
        points[_CATHETER] = catheter_points(place, route)
        if place.exposed >= VISIBLE_EXPOSURE_MM:
            released = moment.device.released
            points[list(FRAME_EDGE)] = inflow_corners(
                scene.device, place, route, released, scene.patient.scale
            )
    return points


def visible_keypoints(scene: Scene, moment: Moment) -> Keypoints:
    """Ground truth of a frame: what is visible in it, exactly where it was drawn.

    AA and STJ need contrast medium at their place, FE a frame that has left the capsule, CM a capsule
    that still covers it; whatever lies outside the image or under print and collimator blades is absent.
    """
    size = scene.patient.size
    points = landmark_positions(scene, moment)
    visible = np.asarray(np.isfinite(points).all(axis=1))
    visible[_ROOT] &= moment.injection.shows(scene.patient)
    with np.errstate(invalid="ignore"):
        visible &= ((points >= 0) & (points <= size - 1)).all(axis=1) & ~scene.detector.covers(points)
    xy = np.where(visible[:, None], points, np.nan)
    covariance = np.where(visible[:, None, None], np.zeros((COUNT, 2, 2)), np.nan)
    return Keypoints(size, size, visible.astype(np.float64), visible, visible.copy(), xy, covariance)
