"""How far what was found lies from the truth, where a simulator recorded it: synthetic figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import NAN
from tavi_perception.landmarks import COUNT, NAMES
from tavi_perception.visualization.recording import RecordedFrame

FloatArray = NDArray[np.float64]

CHI2_68, CHI2_95 = 2.296, 5.991
"""Squared Mahalanobis distances that 68.3 % and 95 % of planar normal errors stay below."""

MISLEADING_MM = 3.0
"""Error from which a valid depth misleads a robot: one and a half times the accepted 2 mm."""


@dataclass(frozen=True)
class Spread:
    """Median and 95th percentile of absolute errors, and how many there are; NaN when none."""

    count: int
    median: float
    p95: float


@dataclass(frozen=True)
class LandmarkAccuracy:
    """Errors of one landmark in frames where truth and estimate both show it, and how well it is noticed.

    Attributes:
        name: of the landmark.
        px, mm: distance to the truth; mm is NaN when uncalibrated.
        recall: share of the frames with it in which it was present; NaN when it never was there.
        precision: share of the frames in which it was said to be present that did show it; NaN when none.
    """

    name: str
    px: Spread
    mm: Spread
    recall: float
    precision: float


@dataclass(frozen=True)
class Accuracy:
    """Errors of a run against its truth.

    Attributes:
        landmarks: 11, in their fixed order.
        all_px, all_mm: over all landmarks.
        depth_mm: of valid depths.
        depth_bias_mm: mean signed error of valid depths.
        misleading: valid frames whose depth is wrong by more than ``MISLEADING_MM``.
        points_in_68, points_in_95: share of landmark errors inside their 68.3 % and 95 % ellipses.
        depth_in_1_sigma, depth_in_2_sigma: share of valid depths that close (0.683 and 0.954 if right).
    """

    landmarks: tuple[LandmarkAccuracy, ...]
    all_px: Spread
    all_mm: Spread
    depth_mm: Spread
    depth_bias_mm: float
    misleading: int
    points_in_68: float
    points_in_95: float
    depth_in_1_sigma: float
    depth_in_2_sigma: float


def measure_accuracy(frames: Sequence[RecordedFrame], geometry: CArmGeometry) -> Accuracy | None:
    """Compares frame by frame; None when no frame has a truth."""
    compared = [frame for frame in frames if frame.truth is not None]
    if not compared:
        return None
    px = np.array([landmark_errors_px(frame) for frame in compared]).reshape(-1, COUNT)
    mm = px * np.array([_mm_per_px(frame, geometry) for frame in compared])[:, None]
    distances = np.array([_squared_mahalanobis(frame) for frame in compared]).reshape(-1, COUNT)
    found, there = _presence(compared)
    depth = np.array([depth_error_mm(frame) for frame in compared])
    sigma = 1e3 * np.array(
        [frame.found.deviation.depth_sigma if frame.found.deviation else NAN for frame in compared]
    )
    return Accuracy(
        landmarks=tuple(
            LandmarkAccuracy(
                name,
                spread(px[:, i]),
                spread(mm[:, i]),
                _share(found[there[:, i], i]),
                _share(there[found[:, i], i]),
            )
            for i, name in enumerate(NAMES)
        ),
        all_px=spread(px),
        all_mm=spread(mm),
        depth_mm=spread(depth),
        depth_bias_mm=float(np.nanmean(depth)) if np.isfinite(depth).any() else NAN,
        misleading=int(np.sum(np.abs(depth[np.isfinite(depth)]) > MISLEADING_MM)),
        points_in_68=_share(distances[np.isfinite(distances)] <= CHI2_68),
        points_in_95=_share(distances[np.isfinite(distances)] <= CHI2_95),
        depth_in_1_sigma=_share((np.abs(depth) <= sigma)[np.isfinite(depth + sigma)]),
        depth_in_2_sigma=_share((np.abs(depth) <= 2 * sigma)[np.isfinite(depth + sigma)]),
    )


def landmark_errors_px(frame: RecordedFrame) -> FloatArray:
    """(11,) distances between estimate and truth (px), NaN where either does not show the landmark."""
    found, truth = frame.found.keypoints, frame.truth.keypoints if frame.truth else None
    if found is None or truth is None:
        return np.full(COUNT, NAN)
    distances = np.linalg.norm(found.xy - truth.xy, axis=1)
    return np.where(found.present & truth.present, distances, NAN)


def depth_error_mm(frame: RecordedFrame) -> float:
    """Signed error of a valid depth (mm); NaN when it is not valid or the truth has none."""
    found, truth = frame.found.deviation, frame.truth.deviation if frame.truth else None
    if found is None or truth is None or not found.valid:
        return NAN
    return (found.depth - truth.depth) * 1e3


def spread(errors: FloatArray) -> Spread:
    """Of the absolute values of those errors that are known."""
    known = np.abs(errors[np.isfinite(errors)])
    if not known.size:
        return Spread(0, NAN, NAN)
    return Spread(int(known.size), float(np.median(known)), float(np.percentile(known, 95)))


def _mm_per_px(frame: RecordedFrame, geometry: CArmGeometry) -> float:
    keypoints = frame.found.keypoints
    if keypoints is None or not keypoints.width or not keypoints.height:
        return NAN
    return geometry.for_image(keypoints.width, keypoints.height).metres_per_px * 1e3


def _squared_mahalanobis(frame: RecordedFrame) -> FloatArray:
    """(11,) squared errors in units of their covariance, NaN where either is unknown."""
    found, truth = frame.found.keypoints, frame.truth.keypoints if frame.truth else None
    if found is None or truth is None:
        return np.full(COUNT, NAN)
    error = found.xy - truth.xy
    (xx, xy), (_, yy) = np.moveaxis(found.covariance, 0, -1)
    determinant = xx * yy - xy * xy
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = (
            yy * error[:, 0] ** 2 - 2 * xy * error[:, 0] * error[:, 1] + xx * error[:, 1] ** 2
        ) / determinant
    return np.where(found.present & truth.present & (determinant > 0), squared, NAN)


def _presence(frames: Sequence[RecordedFrame]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(N, 11) said to be present, and truly there, of the frames that have both."""
    pairs = [
        (frame.found.keypoints.present, frame.truth.keypoints.present)
        for frame in frames
        if frame.found.keypoints is not None and frame.truth is not None and frame.truth.keypoints is not None
    ]
    stacked = np.array(pairs, dtype=bool).reshape(-1, 2, COUNT)
    return stacked[:, 0], stacked[:, 1]


def _share(hits: NDArray[np.bool_]) -> float:
    return float(np.mean(hits)) if hits.size else NAN
