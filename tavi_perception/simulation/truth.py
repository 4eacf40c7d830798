"""The true annulus frame and the true deviation of a rendered frame, from the scene alone.

Nothing here is shared with the tracker whose estimates are compared with it: an error that both had would
cancel. Lengths are what the image plane shows: pixels times the size of a pixel at the depth of the annulus.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tavi_perception.clinical import DEPTH_TOLERANCE, TARGET_DEPTH
from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    FloatArray,
    Keypoints,
    Stage,
)
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.simulation.device import VISIBLE_EXPOSURE_MM, inflow_corners, pose
from tavi_perception.simulation.labels import grades, landmark_points, visible_keypoints
from tavi_perception.simulation.scene import Moment, Scene
from tavi_perception.simulation.view import MM

RETRACTION_EXTRACTION = 0.05
"""Extraction from which on the capsule counts as being retracted (unsourced)."""

_AXIS_MM: FloatArray = np.arange(-60.0, 60.5, 0.5, dtype=np.float64)
"""Where along the route (mm) its crossing of the annulus line is looked for."""


@dataclass(frozen=True)
class Truth:
    """What is true of a rendered frame.

    Attributes:
        keypoints: the visible landmarks, px.
        annulus: the annulus frame through AA1 and AA2, known with or without contrast.
        deviation: of the device from it in the image plane, known whether or not it is visible:

            - depth: mean of the two outer corners of the stent's inflow edge, whether the capsule covers it
              or not; while the stent is sheathed the marker band lies there too.
            - stent_tilt: depth of the second corner less that of the first.
            - lateral, angle: where, and in which direction, the catheter's centre line crosses the annulus
              line.
            - extraction: 1 - |CP-CD| / sheathed |CP-CD|.

            Standard deviations are 0. Without a device in the field, or with one of another make, nothing is
            known.
        grades: (11,) ``labels.Grade`` of each landmark.
        points_mm: (11, 3) all existing landmarks in patient axes; NaN for the others.
        spatial_depth: implantation depth in space, along the annulus normal (m); NaN without a device. It
            differs from ``deviation.depth`` by what the projection hides.
        spatial_angle: of the catheter's centre line against the annulus normal in space (rad).
        foreign: a delivery system of another make is in the field.
    """

    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation
    grades: NDArray[np.uint8]
    points_mm: FloatArray
    spatial_depth: float
    spatial_angle: float
    foreign: bool


def truth_of(scene: Scene, moment: Moment, contrast_age: float) -> Truth:
    """The truth of the frame that ``scene.render(moment)`` shows.

    Args:
        contrast_age: time since both hinge points were last visible (s); NaN when they never were.
    """
    points = landmark_points(scene, moment)
    pixels = moment.view.project(points)
    graded = grades(scene, moment, pixels)
    keypoints = visible_keypoints(pixels, graded, scene.size)
    annulus = _annulus(scene, moment, pixels, contrast_age)
    deviation = CatheterDeviation()
    depth = angle = float("nan")
    foreign = scene.contents.delivery and scene.foreign is not None
    if scene.contents.delivery and not scene.foreign:
        deviation = _deviation(scene, moment, pixels, keypoints, annulus)
        depth, angle = _in_space(scene, moment, points)
    return Truth(keypoints, annulus, deviation, graded, points, depth, angle, foreign)


def _annulus(scene: Scene, moment: Moment, pixels: FloatArray, contrast_age: float) -> AnnulusFrame:
    """The frame through the hinge points of ``pixels`` (11, 2), y towards the projected root normal."""
    first, second = pixels[Landmark.AA1], pixels[Landmark.AA2]
    origin, along = (first + second) / 2, second - first
    centre = moment.shifts.root
    normal = np.diff(moment.view.project(centre + np.stack([np.zeros(3), scene.root.normal])), axis=0)[0]
    side = 1 if along[0] * normal[1] - along[1] * normal[0] > 0 else -1
    angle = math.atan2(along[1], along[0])
    half_cos, half_sin = math.cos(angle / 2), math.sin(angle / 2)
    geometry = moment.view.geometry
    return AnnulusFrame(
        # The hinge points are visible now, or were: then the pigtail is what can carry them on.
        source=AnnulusSource.CONTRAST if contrast_age == 0.0 else AnnulusSource.PIGTAIL,
        valid=True,
        contrast_age=contrast_age,
        x=float(origin[0]),
        y=float(origin[1]),
        angle=angle,
        covariance=np.zeros((3, 3)),
        ventricle_sign=side,
        diameter=math.dist(first, second) * geometry.metres_per_px,
        position=geometry.back_project(origin),
        # A turn about the beam; with y on the other side, half a turn about x comes before it.
        orientation=np.array([0.0, 0.0, half_sin, half_cos] if side > 0 else [half_cos, half_sin, 0.0, 0.0]),
    )


def _deviation(
    scene: Scene, moment: Moment, pixels: FloatArray, visible: Keypoints, annulus: AnnulusFrame
) -> CatheterDeviation:
    scale = moment.view.geometry.metres_per_px
    place = pose(scene.device, moment.device)
    route, held = scene.routes(moment)
    corners = inflow_corners(scene.device, place, held, moment.device, moment.view.beam)
    depths = annulus.to_annulus(moment.view.project(corners))[:, 1] * scale
    depth = float(depths.mean())
    lateral, angle = _crossing(annulus.to_annulus(moment.view.project(route.at(_AXIS_MM))))
    exposed = place.exposed >= VISIBLE_EXPOSURE_MM
    seen = annulus.to_annulus(visible.xy) * scale
    return CatheterDeviation(
        valid=True,
        stage=_stage(moment, exposed),
        reference=DepthReference.STENT if exposed else DepthReference.CAPSULE,
        depth=depth,
        depth_sigma=0.0,
        depth_error=depth - TARGET_DEPTH,
        lateral=lateral * scale,
        lateral_sigma=0.0,
        angle=angle,
        angle_sigma=0.0,
        stent_tilt=float(depths[1] - depths[0]),
        extraction=_extraction(scene, moment, pixels),
        within_tolerance=abs(depth - TARGET_DEPTH) <= DEPTH_TOLERANCE,
        landmarks=np.column_stack([seen, np.where(np.isfinite(seen[:, 0]), 0.0, np.nan)]),
        annulus_source=annulus.source,
    )


def _crossing(axis: FloatArray) -> tuple[float, float]:
    """Lateral position (px) and angle (rad) where the centre line (n, 2) crosses y = 0 next to 0 mm."""
    before = np.flatnonzero((axis[:-1, 1] < 0.0) & (axis[1:, 1] >= 0.0))
    if not len(before):
        return float("nan"), float("nan")
    index = before[np.argmin(np.abs(before - len(axis) // 2))]
    (x0, y0), (x1, y1) = axis[index], axis[index + 1]
    return float(x0 - y0 / (y1 - y0) * (x1 - x0)), math.atan2(x1 - x0, y1 - y0)


def _stage(moment: Moment, exposed: bool) -> Stage:
    if moment.device.released:
        return Stage.RELEASED
    if exposed:
        return Stage.DEPLOYMENT
    retracting = moment.device.extraction > RETRACTION_EXTRACTION
    return Stage.RETRACTION if retracting else Stage.POSITIONING


def _extraction(scene: Scene, moment: Moment, pixels: FloatArray) -> float:
    sheathed = replace(moment, device=replace(moment.device, extraction=0.0))
    before = moment.view.project(landmark_points(scene, sheathed))
    now, whole = (math.dist(points[Landmark.CP], points[Landmark.CD]) for points in (pixels, before))
    return 1.0 - now / whole


def _in_space(scene: Scene, moment: Moment, points: FloatArray) -> tuple[float, float]:
    """Depth (m) and angle (rad) of the device in space."""
    place = pose(scene.device, moment.device)
    route, held = scene.routes(moment)
    origin = points[list(ANNULUS)].mean(axis=0)
    normal = scene.root.normal
    cosine = float(np.clip(route.tangent_at(0.0) @ normal, -1.0, 1.0))
    return float((held.at(place.inflow) - origin) @ normal) * MM, math.acos(cosine)
