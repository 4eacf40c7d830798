"""What the delivery system covers of the image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, Landmark
from tavi_perception.tracking.silhouette import silhouette_of

SIZE = 1000
DISTAL = np.array([500.0, 500.0])
STENT = {Landmark.FE1: (60.0, -45.0), Landmark.FE2: (60.0, 45.0)}
"""From CD: along the catheter, and across it (px)."""


def device(angle=0.0, landmarks=(Landmark.CP, Landmark.CD), stent=False) -> Keypoints:
    """A catheter that points along ``angle`` (rad)."""
    xy = np.full((COUNT, 2), np.nan)
    places = {
        Landmark.CP: (-150.0, 0.0), Landmark.CD: (0.0, 0.0), Landmark.CT: (80.0, 0.0),
        **(STENT if stent else {}),
    }  # fmt: skip
    for landmark, place in places.items():
        if landmark in landmarks or landmark in STENT:
            xy[landmark] = at(angle, *place)
    present = np.isfinite(xy[:, 0])
    covariance = np.broadcast_to(np.eye(2), (COUNT, 2, 2))
    return Keypoints(SIZE, SIZE, present.astype(float), present, present, xy, covariance)


def at(angle, along, across) -> np.ndarray:
    """(2,) px, so far from CD."""
    cosine, sine = math.cos(angle), math.sin(angle)
    return DISTAL + np.array([along * cosine - across * sine, along * sine + across * cosine])


def covers(keypoints, place) -> bool:
    """Whether the silhouette holds the pixel at ``place`` (px)."""
    return silhouette_of(keypoints).hides(place)


ANGLES = st.floats(-math.pi, math.pi)


@given(ANGLES, st.floats(-600.0, -2.0), st.floats(-19.0, 19.0))
def test_what_lies_across_the_capsule_or_its_shaft_is_covered(angle, along, across):
    assert covers(device(angle), at(angle, along, across))


@given(ANGLES, st.floats(-600.0, 200.0), st.floats(22.0, 400.0), st.sampled_from([-1, 1]))
def test_what_lies_beside_the_catheter_is_not_covered(angle, along, across, side):
    assert not covers(device(angle), at(angle, along, side * across))


@given(ANGLES, st.floats(2.0, 58.0), st.floats(-0.7, 0.7))
def test_what_lies_within_an_open_stent_is_covered_but_not_without_one(angle, along, share):
    place = at(angle, along, share * along)
    assert covers(device(angle, stent=True), place)
    assert not covers(device(angle), place)


@pytest.mark.parametrize("landmarks", [(), (Landmark.CP,), (Landmark.CD,)])
def test_a_device_that_is_not_seen_covers_nothing(landmarks):
    assert not covers(device(landmarks=landmarks), DISTAL)


def test_a_device_without_extent_covers_nothing():
    keypoints = device()
    keypoints.xy[Landmark.CP] = keypoints.xy[Landmark.CD]
    assert not covers(keypoints, DISTAL)


@given(ANGLES, st.floats(1.0, 50.0))
def test_the_nose_cone_covers_what_lies_between_band_and_tip(angle, along):
    keypoints = device(angle, (Landmark.CP, Landmark.CD, Landmark.CT))
    assert covers(keypoints, at(angle, along, 0.0))
    assert not covers(keypoints, at(angle, along, 22.0))


def test_cells_of_several_pixels_show_the_same():
    fine, coarse = (
        silhouette_of(device()).beside(DISTAL, half, cell) for half, cell in ((60, 1.0), (30, 2.0))
    )
    assert fine[::2, ::2].mean() == pytest.approx(coarse.mean(), abs=0.03)
