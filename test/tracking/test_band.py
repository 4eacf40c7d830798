"""A marker band beyond its place in the sheathed device is taken from CP and CT; any other is believed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.estimates import FloatArray, Keypoints
from tavi_perception.landmarks import INFLOW_EDGE, Landmark
from tavi_perception.tracking.band import MarkerBand

RATE, SIZE, LENGTH = 15.0, 512, 220.0
SHEATHED = 0.8
"""Place of CD between CP and CT, as a share of their distance."""

_NOISE = np.random.default_rng(7)


def device(share: float, turn: float = 0.3, shift: tuple[float, float] = (0.0, 0.0)) -> Keypoints:
    """A catheter of ``LENGTH`` px whose band lies at ``share`` of it, with the network's noise."""
    seen = Keypoints.absent(SIZE, SIZE)
    xy, present = seen.xy.copy(), seen.present.copy()
    along = LENGTH * np.array([np.cos(turn), np.sin(turn)])
    start = np.array([120.0, 90.0]) + shift
    points = {Landmark.CP: start, Landmark.CD: start + share * along, Landmark.CT: start + along}
    for landmark, point in points.items():
        xy[landmark], present[landmark] = point + _NOISE.normal(0.0, 0.4, 2), True
    covariance = np.tile(0.16 * np.eye(2), (len(xy), 1, 1))
    return replace(seen, xy=xy, present=present, measured=present, covariance=covariance)


class Follower:
    """A band that has been seen at ``shares`` in frame after frame, and the frames that follow."""

    def __init__(self, shares: Sequence[float] = 30 * (SHEATHED,)) -> None:
        self._band, self._frames = MarkerBand(), itertools.count()
        for share in shares:
            self.see(device(share))

    def see(self, keypoints: Keypoints) -> Keypoints:
        return self._band.update(keypoints, next(self._frames) / RATE)


@pytest.fixture
def followed() -> Follower:
    return Follower()


def error(found: Keypoints, truth: FloatArray) -> float:
    return float(np.linalg.norm(found.xy[Landmark.CD] - truth))


@settings(max_examples=30, deadline=None)
@given(
    turn=st.floats(0.2, 0.5),
    x=st.floats(-40.0, 40.0),
    y=st.floats(-40.0, 40.0),
    beyond=st.floats(SHEATHED + 0.05, 1.1),
)
def test_a_band_beyond_its_sheathed_place_is_where_tip_and_block_carry_it(turn, x, y, beyond):
    found = Follower().see(device(beyond, turn, (x, y)))
    truth = np.array([120.0 + x, 90.0 + y]) + SHEATHED * LENGTH * np.array([np.cos(turn), np.sin(turn)])
    assert error(found, truth) < 2.0
    assert np.sqrt(found.covariance[Landmark.CD][0, 0]) == pytest.approx(1.1, abs=0.4)


def test_a_third_of_misassociations_from_the_first_frame_on_teaches_nothing_wrong():
    follower = Follower(20 * (SHEATHED, SHEATHED + 0.1, SHEATHED))
    found = follower.see(device(SHEATHED + 0.1))
    assert error(found, device(SHEATHED).xy[Landmark.CD]) < 2.5


def test_a_capsule_that_is_drawn_back_and_closed_again_is_followed(followed):
    for share in [*np.linspace(SHEATHED, 0.3, 90), *np.linspace(0.3, SHEATHED, 90)]:
        seen = device(float(share))
        assert followed.see(seen) is seen


def test_a_stent_whose_inflow_edge_is_seen_has_no_sheathed_place(followed):
    seen = device(SHEATHED + 0.15)
    present = seen.present.copy()
    present[list(INFLOW_EDGE)] = True
    seen = replace(seen, present=present)
    assert followed.see(seen) is seen


def test_a_band_that_stays_beyond_is_believed_after_three_seconds(followed):
    beyond = [device(SHEATHED + 0.1) for _ in range(60)]
    replaced = [followed.see(each) is not each for each in beyond]
    assert sum(replaced) == pytest.approx(3.0 * RATE, abs=1)
    assert not any(replaced[-10:])


def test_a_frame_without_the_whole_catheter_is_left_alone(followed):
    seen = device(SHEATHED + 0.1)
    present = seen.present.copy()
    present[Landmark.CT] = False
    seen = replace(seen, present=present)
    assert followed.see(seen) is seen
