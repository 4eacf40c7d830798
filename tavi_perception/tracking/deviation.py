"""The catheter's deviation from the annulus, with standard deviations propagated to first order."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import (
    NAN,
    AnnulusFrame,
    CatheterDeviation,
    DepthReference,
    FloatArray,
    Keypoints,
)
from tavi_perception.landmarks import COUNT, INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.device import DeviceEstimate, device_from
from tavi_perception.tracking.shape import ShapeCheck
from tavi_perception.tracking.validity import DEVIATION_RULES, DeviationEvidence, judge

_AXES: dict[DepthReference, tuple[tuple[Landmark, Landmark], ...]] = {
    DepthReference.CAPSULE: (
        (Landmark.CM, Landmark.CD),
        (Landmark.CP, Landmark.CD),
        (Landmark.CD, Landmark.CT),
    ),
    DepthReference.STENT: (
        (Landmark.CD, Landmark.CT),
        (Landmark.CP, Landmark.CT),
        (Landmark.CP, Landmark.CD),
    ),
}
"""Segments that give the catheter's axis, from the aorta to the ventricle; the first present one counts.

They are the ones next to the annulus: the distal half of the capsule while it is sheathed, and what
spans the annulus once the capsule is withdrawn.
"""

_STEEPEST = 0.1
"""Cosine between axis and annulus normal below which the axis does not cross the annulus in the image."""

_ALARM_SIGMAS = 3.0
ANY_DEPTH = (-math.inf, math.inf)


def deviation_from(
    keypoints: Keypoints,
    annulus: AnnulusFrame,
    geometry: CArmGeometry,
    config: TrackingConfig,
    device: DeviceEstimate | None = None,
    depth_range: tuple[float, float] = ANY_DEPTH,
    doubted: bool = False,
) -> CatheterDeviation:
    """The deviation that a frame shows; for the same input the same output.

    The standard deviations hold the covariances of the landmarks and of the annulus frame, taken as
    independent, and shares of depth and lateral for what the projection hides: the error of the calibration,
    and foreshortening, for which ``view_tilt`` is the worst case. Truth needs covariances of zero, not NaN:
    an unknown standard deviation is LOW_CONFIDENCE.

    Args:
        keypoints: filtered, or true.
        annulus: in the image of the keypoints; its reasons are passed on.
        geometry: of any matrix of the same field of view.
        config: parameters.
        device: state of the device; by default what this frame alone shows.
        depth_range: depths (m) that the device can have reached; three sigmas beyond is IMPLAUSIBLE_GEOMETRY.
        doubted: landmarks of the device may be misassociated.
    """
    geometry = geometry.for_image(keypoints.width, keypoints.height)
    device = device or device_from(keypoints, geometry, config)
    scale = geometry.metres_per_px
    points_px = annulus.to_annulus(keypoints.xy)
    measured = _measure(keypoints, annulus, points_px, device, config.extraction_noise)
    found = _in_metres(measured, points_px, scale, annulus, device, config)
    beyond = max(depth_range[0] - found.depth, found.depth - depth_range[1])
    evidence = DeviationEvidence(
        calibrated=geometry.calibrated,
        device_seen=measured.device_seen,
        bare=device.extraction if device.reference is DepthReference.CAPSULE else NAN,
        annulus_valid=annulus.valid,
        annulus_reasons=annulus.reasons,
        estimates=(found.depth, found.lateral, found.angle),
        depth_spread=measured.depth_sigma * scale,
        sigmas=(found.depth_sigma, found.lateral_sigma, found.angle_sigma),
        catheter_length=math.dist(keypoints.xy[Landmark.CP], keypoints.xy[Landmark.CT]) * scale,
        order=_smallest_step(points_px[:, 1]) * scale,
        depth_excess=beyond - _ALARM_SIGMAS * found.depth_sigma,
        doubted=doubted,
        foreign=device.foreign,
    )
    verdict = judge(DEVIATION_RULES, evidence, config)
    reasons = annulus.reasons | verdict.reasons
    return replace(
        found,
        valid=not reasons,
        reasons=reasons,
        within_tolerance=not reasons and abs(found.depth_error) <= config.depth_tolerance,
        rules=annulus.rules + verdict.rules,
    )


def _in_metres(
    measured: _Measured,
    points_px: FloatArray,
    scale: float,
    annulus: AnnulusFrame,
    device: DeviceEstimate,
    config: TrackingConfig,
) -> CatheterDeviation:
    """What was measured in pixels of ``scale`` (m), with what the projection hides, not yet judged."""
    depth, lateral = measured.depth * scale, measured.lateral * scale
    # A length may be longer than its shadow, and a pixel larger or smaller than stated.
    share = math.hypot(config.calibration_sigma, 1.0 - math.cos(config.view_tilt))
    return CatheterDeviation(
        stage=device.stage,
        reference=device.reference,
        depth=depth,
        depth_sigma=math.hypot(measured.depth_sigma * scale, share * depth),
        depth_error=depth - config.target_depth,
        lateral=lateral,
        lateral_sigma=math.hypot(measured.lateral_sigma * scale, share * lateral),
        angle=measured.angle,
        angle_sigma=measured.angle_sigma,
        stent_tilt=float(points_px[Landmark.FE2, 1] - points_px[Landmark.FE1, 1]) * scale,
        extraction=device.extraction,
        landmarks=_in_space(points_px * scale),
        annulus_source=annulus.source,
    )


class DeviationTracker:
    """Adds to ``deviation_from`` how far the depth can have come, and whether the device keeps its shape."""

    def __init__(self) -> None:
        self._stamp = NAN
        self._shape = ShapeCheck()
        self._last = CatheterDeviation()

    def update(
        self,
        keypoints: Keypoints,
        annulus: AnnulusFrame,
        geometry: CArmGeometry,
        device: DeviceEstimate,
        stamp: float,
        config: TrackingConfig,
    ) -> CatheterDeviation:
        """Deviation of the frame taken at ``stamp`` (s)."""
        keeps_shape = self._shape.update(keypoints, device.reference, stamp, config)
        doubted = not keeps_shape or device.doubted
        depth_range = self._depth_range(device.reference, stamp, config)
        deviation = deviation_from(keypoints, annulus, geometry, config, device, depth_range, doubted)
        if deviation.valid:
            self._stamp, self._last = stamp, deviation
        return deviation

    def _depth_range(
        self, reference: DepthReference, stamp: float, config: TrackingConfig
    ) -> tuple[float, float]:
        """Depths that ``max_depth_speed`` allows since the last valid one of the same reference."""
        if reference is not self._last.reference or not self._last.valid:
            return ANY_DEPTH
        reach = (stamp - self._stamp) * config.max_depth_speed + _ALARM_SIGMAS * self._last.depth_sigma
        return self._last.depth - reach, self._last.depth + reach


@dataclass(frozen=True)
class _Measured:
    """Depth, lateral (px) and angle (rad) with standard deviations; NaN where they cannot be known."""

    device_seen: bool = False
    depth: float = NAN
    lateral: float = NAN
    angle: float = NAN
    depth_sigma: float = NAN
    lateral_sigma: float = NAN
    angle_sigma: float = NAN


def _measure(
    keypoints: Keypoints, annulus: AnnulusFrame, points: FloatArray, device: DeviceEstimate, noise: float
) -> _Measured:
    """``points``: (11, 2) in annulus coordinates (px)."""
    edge = _inflow_edge(keypoints, device, noise)
    segment = next((s for s in _AXES.get(device.reference, ()) if keypoints.present[list(s)].all()), None)
    if segment is None or not edge.any():
        return _Measured()
    proximal, distal = segment
    across, along = points[distal] - points[proximal]
    length = math.hypot(across, along)
    if length == 0.0 or abs(along) < _STEEPEST * length:
        return _Measured()

    # The axis crosses the annulus line (y = 0) at the share s of the way from proximal to distal.
    slope, s = across / along, -points[proximal, 1] / along
    depth = float(edge[edge != 0.0] @ points[edge != 0.0, 1])
    lateral = float((1 - s) * points[proximal, 0] + s * points[distal, 0])
    angle = math.atan2(across, along)

    gradient = np.zeros((3, COUNT, 2))
    gradient[0, :, 1] = edge
    gradient[1, proximal] = (1 - s), -(1 - s) * slope
    gradient[1, distal] = s, -s * slope
    gradient[2, distal] = along / length**2, -across / length**2
    gradient[2, proximal] = -gradient[2, distal]
    sigmas = _propagated(gradient, keypoints, annulus, points)
    return _Measured(True, depth, lateral, angle, *sigmas)


def _inflow_edge(keypoints: Keypoints, device: DeviceEstimate, noise: float) -> FloatArray:
    """(11,) weights of the landmarks whose sum is the stent's inflow edge; zeros where it cannot be located.

    The mean of FE1 and FE2; before they are seen, the capsule's band where it was while the stent was
    sheathed: the capsule withdraws from the stent along CP-CD, the stent itself stays. ``noise``: extraction
    that does not count.
    """
    weights = np.zeros(COUNT)
    if device.reference is DepthReference.STENT and keypoints.present[list(INFLOW_EDGE)].all():
        weights[list(INFLOW_EDGE)] = 0.5
    elif device.reference is DepthReference.CAPSULE and keypoints.present[Landmark.CD]:
        weights[Landmark.CD] = 1.0
        if keypoints.present[Landmark.CP] and 0.0 < device.extraction < 1.0:
            withdrawn = max(device.extraction - noise, 0.0) / (1.0 - device.extraction)
            weights[[Landmark.CD, Landmark.CP]] += withdrawn, -withdrawn
    return weights


def _propagated(
    gradient: FloatArray, keypoints: Keypoints, annulus: AnnulusFrame, points: FloatArray
) -> tuple[float, float, float]:
    """Standard deviations (3,) of functions whose gradient (3, 11, 2) in annulus coordinates is given.

    A point at u = A (p - o), A the axes, moves by A (dp - do) + t dθ, where t is u turned by -90° in the
    annulus plane, times the ventricle sign.
    """
    used = np.flatnonzero(gradient.any(axis=(0, 2)))
    gradient, points = gradient[:, used], points[used]
    by_pixel = gradient @ annulus.axes
    landmarks = np.einsum("oki,kij,okj->o", by_pixel, keypoints.covariance[used], by_pixel)
    turned = annulus.ventricle_sign * np.stack([points[:, 1], -points[:, 0]], axis=1)
    by_annulus = np.concatenate([-by_pixel.sum(axis=1), np.einsum("oki,ki->o", gradient, turned)[:, None]], 1)
    frame = np.einsum("oi,ij,oj->o", by_annulus, annulus.covariance, by_annulus)
    depth, lateral, angle = np.sqrt(landmarks + frame)
    return float(depth), float(lateral), float(angle)


def _smallest_step(along: FloatArray) -> float:
    """Smallest step (px) along the annulus normal between those of CP, CD and CT that are known, in order."""
    places = along[[Landmark.CP, Landmark.CD, Landmark.CT]].tolist()
    known = [place for place in places if math.isfinite(place)]
    return min((second - first for first, second in pairwise(known)), default=NAN)


def _in_space(points_m: FloatArray) -> FloatArray:
    """(11, 3) points with z = 0 where they are known."""
    height = np.where(np.isfinite(points_m).all(axis=1), 0.0, np.nan)
    return np.column_stack([points_m, height])
