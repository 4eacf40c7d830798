"""Where the landmarks of a rendered frame are, and how visible they are to an expert."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, INFLOW_EDGE, Landmark
from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.device import VISIBLE_EXPOSURE_MM, catheter_points, inflow_corners, pose
from tavi_perception.simulation.scene import Moment, Scene
from tavi_perception.simulation.view import FloatArray

_ROOT = [Landmark.AA1, Landmark.AA2, Landmark.STJ1, Landmark.STJ2]
_CATHETER = [Landmark.CP, Landmark.CM, Landmark.CD, Landmark.CT]
_CLEAR_EXPOSURE_MM = 6.0
_CLEAR_CONE = 0.12
"""Attenuation from which on the nose cone's tip stands out from the wire in it."""


class Grade(IntEnum):
    """How visible a landmark is to an expert in a frame; from FAINT on it counts as visible."""

    ABSENT = 0
    """It does not exist, or its device is not in the field."""
    HIDDEN = 1
    """It exists, but cannot be seen in this frame."""
    FAINT = 2
    CLEAR = 3


def landmark_points(scene: Scene, moment: Moment) -> FloatArray:
    """(11, 3) patient axes (mm) of all landmarks that exist, visible or not; NaN for those that do not."""
    points = np.full((COUNT, 3), np.nan)
    points[_ROOT] = scene.root.points + moment.shifts.root
    if scene.contents.pigtail:
        points[Landmark.PT] = scene.pigtail.lowest(moment.view) + moment.shifts.pigtail
    if scene.contents.delivery and scene.foreign:
        if Landmark.CT in scene.foreign.landmarks:
            route, _ = scene.routes(moment)
            points[Landmark.CT] = route.at(scene.foreign.place_of_tip(moment.device))
    elif scene.contents.delivery:
        place = pose(scene.device, moment.device)
        route, held = scene.routes(moment)
        points[_CATHETER] = catheter_points(place, route)
        if place.exposed > 0.0:
            points[list(INFLOW_EDGE)] = inflow_corners(
                scene.device, place, held, moment.device, moment.view.beam
            )
    return points


def grades(scene: Scene, moment: Moment, pixels: FloatArray) -> NDArray[np.uint8]:
    """(11,) ``Grade`` of each landmark at ``pixels`` (11, 2).

    AA and STJ need contrast medium at their place, and are harder to see behind the device; FE needs a
    stent that has left the capsule, CM a capsule that still covers it. Whatever lies outside the image,
    or under print and collimator blades, is hidden.
    """
    exists = np.isfinite(pixels).all(axis=1)
    result = np.full(COUNT, Grade.CLEAR, dtype=np.uint8)
    result[_ROOT] = _by_level(moment.contrast.at_landmarks(scene.root), Contrast.VISIBLE, Contrast.CLEAR)
    if scene.contents.delivery:
        behind = _behind_device(scene, moment, pixels)
        result[behind] = np.maximum(result[behind], Grade.FAINT) - 1
    if scene.contents.delivery and not scene.foreign:
        exposed = pose(scene.device, moment.device).exposed
        edge = _by_level(np.array([exposed]), VISIBLE_EXPOSURE_MM, _CLEAR_EXPOSURE_MM)[0]
        result[list(INFLOW_EDGE)] = edge
        if scene.device.cone * scene.device.opacity < _CLEAR_CONE:
            result[Landmark.CT] = Grade.FAINT
    with np.errstate(invalid="ignore"):
        inside = ((pixels >= 0) & (pixels <= scene.size - 1)).all(axis=1)
    result[exists & (~inside | scene.covers(pixels))] = Grade.HIDDEN
    result[~exists] = Grade.ABSENT
    return result


def visible_keypoints(pixels: FloatArray, graded: NDArray[np.uint8], size: int) -> Keypoints:
    """Ground truth of a frame: what is visible in it, exactly where it was drawn."""
    visible = graded >= Grade.FAINT
    xy = np.where(visible[:, None], pixels, np.nan)
    covariance = np.where(visible[:, None, None], np.zeros((COUNT, 2, 2)), np.nan)
    return Keypoints(size, size, visible.astype(np.float64), visible, visible.copy(), xy, covariance)


def _by_level(value: FloatArray, faint: float, clear: float) -> NDArray[np.uint8]:
    return (Grade.HIDDEN + (value >= faint).astype(np.uint8) + (value >= clear)).astype(np.uint8)


def _behind_device(scene: Scene, moment: Moment, pixels: FloatArray) -> NDArray[np.bool_]:
    """(11,) which of AA and STJ lie in the shadow of block, capsule or nose cone."""
    route, _ = scene.routes(moment)
    if scene.foreign:
        start, tip = moment.device.advance - 45.0, scene.foreign.place_of_tip(moment.device)
        half_width = scene.foreign.half_width
    else:
        place = pose(scene.device, moment.device)
        start, tip, half_width = place.block - 5.0, place.tip, scene.device.capsule_width / 2
    axis = moment.view.project(route.at(np.arange(start, tip, 1.0, dtype=np.float64)))
    distance = np.linalg.norm(pixels[_ROOT, None] - axis, axis=-1).min(axis=1)
    behind = np.zeros(COUNT, dtype=bool)
    behind[_ROOT] = distance < half_width * moment.view.px_per_mm
    return behind
