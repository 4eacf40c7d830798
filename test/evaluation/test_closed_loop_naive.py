"""The perception without tracker and validity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.carm import Calibration, CArmGeometry, uncalibrated
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, DepthReference, Keypoints, Reason
from tavi_perception.evaluation.closed_loop.naive import NaivePerception
from tavi_perception.landmarks import ANNULUS, COUNT, INFLOW_EDGE, Landmark
from tavi_perception.tracking.config import TrackingConfig

SIDE = 1000
GEOMETRY = CArmGeometry(1.0, 0.75, 0.0002, SIDE, SIDE, calibration=Calibration.GEOMETRY)
PX = 1e3 * GEOMETRY.metres_per_px
"""mm."""
CATHETER = {Landmark.CP: (500, 250), Landmark.CD: (500, 520), Landmark.CT: (500, 650)}
HINGES = {Landmark.AA1: (430, 500), Landmark.AA2: (570, 500)}
SEEN = {**CATHETER, **HINGES}


def keypoints(points: Mapping[Landmark, tuple[float, float]], angle: float = 0.0) -> Keypoints:
    """``points`` turned by ``angle`` (rad) about the middle of the image, without covariances."""
    xy = np.full((COUNT, 2), np.nan)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    for landmark, point in points.items():
        xy[landmark] = turn @ (np.array(point) - 500.0) + 500.0
    present = np.isfinite(xy).all(axis=1)
    covariance = np.full((COUNT, 2, 2), np.nan)
    return Keypoints(SIDE, SIDE, present * 1.0, present, present.copy(), xy, covariance)


def answers(*frames: Keypoints, geometry: CArmGeometry = GEOMETRY) -> list[CatheterDeviation]:
    waiting = list(frames)
    perception = NaivePerception(lambda _: waiting.pop(0), TrackingConfig(), 0.2)
    image = np.zeros((SIDE, SIDE), dtype=np.uint8)
    return [perception.answer(image, 0.1 * index, geometry, 0.0) for index in range(len(frames))]


@given(angle=st.floats(-math.pi, math.pi))
def test_depth_is_that_of_the_marker_band_however_the_view_is_turned(angle: float) -> None:
    (found,) = answers(keypoints(SEEN, angle))
    assert found.valid and found.annulus_source is AnnulusSource.CONTRAST
    assert 1e3 * found.depth == pytest.approx(20 * PX)
    assert found.extraction == 0.0


def test_hinge_points_count_for_ever_where_they_were_last_seen() -> None:
    moved = {landmark: (x, y + 10) for landmark, (x, y) in CATHETER.items()}
    *_, found = answers(keypoints(SEEN), *[keypoints(moved)] * 500)
    assert found.valid and found.annulus_source is AnnulusSource.PIGTAIL
    assert 1e3 * found.depth == pytest.approx(30 * PX)


def test_nothing_is_valid_before_the_hinge_points_were_seen() -> None:
    (found,) = answers(keypoints(CATHETER))
    assert not found.valid and found.reasons is Reason.NO_ANNULUS


def test_sigma_is_the_same_whatever_the_network_says_of_its_own() -> None:
    (found,) = answers(keypoints(SEEN))
    assert 0.2 < 1e3 * found.depth_sigma < 1.0


def test_depth_is_unknown_where_the_stent_edge_has_been_seen_and_is_lost() -> None:
    open_capsule = {**SEEN, Landmark.CD: (500, 400)}
    edge = dict(zip(INFLOW_EDGE, ((470, 510), (530, 514)), strict=True))
    *_, shown, lost, sheathed = answers(
        keypoints(SEEN), keypoints({**open_capsule, **edge}), keypoints(open_capsule), keypoints(SEEN)
    )
    assert shown.valid and shown.reference is DepthReference.STENT
    assert 1e3 * shown.depth == pytest.approx(12 * PX)
    assert shown.extraction == pytest.approx(120 / 270)
    assert not lost.valid and lost.reasons is Reason.DEVICE_NOT_VISIBLE
    assert sheathed.valid and sheathed.reference is DepthReference.CAPSULE


def test_without_calibration_nothing_is_valid() -> None:
    (found,) = answers(keypoints(SEEN), geometry=uncalibrated(SIDE, SIDE))
    assert not found.valid and found.reasons is Reason.UNCALIBRATED


@pytest.mark.parametrize("missing", [Landmark.CP, Landmark.CD])
def test_without_block_or_marker_band_nothing_is_valid(missing: Landmark) -> None:
    points = {landmark: point for landmark, point in SEEN.items() if landmark is not missing}
    (found,) = answers(keypoints(points))
    assert not found.valid and found.reasons is Reason.DEVICE_NOT_VISIBLE


def test_one_hinge_point_alone_moves_nothing() -> None:
    one = {**CATHETER, ANNULUS[0]: (100, 100)}
    first, second = answers(keypoints(SEEN), keypoints(one))
    assert second.depth == first.depth
