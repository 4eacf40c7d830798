"""A replay keeps recorded pauses, and does not sleep through jumps of a clock."""

from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.imaging.pace import JUMP_PAUSE, LONGEST_PAUSE, pause_between
from tavi_perception.tracking.config import TrackingConfig

STAMPS = st.floats(-1e10, 1e10)


@given(STAMPS, st.floats(0, LONGEST_PAUSE))
def test_a_recorded_pause_is_kept_and_nothing_is_said(before, step):
    after = before + step
    if after - before <= LONGEST_PAUSE:  # the sum may be rounded up
        assert pause_between(before, after) == (after - before, "")


@given(STAMPS, STAMPS)
def test_no_pause_is_longer_than_the_longest_or_negative(before, after):
    pause, _ = pause_between(before, after)
    assert 0 <= pause <= LONGEST_PAUSE


def test_a_leap_and_a_step_back_are_named():
    assert "jumps by 3600 s" in pause_between(1.0, 3601.0)[1]
    assert "goes back by 0.500 s" in pause_between(1.0, 0.5)[1]


def test_the_perception_notices_the_pause_that_stands_for_a_jump():
    assert TrackingConfig().max_gap < JUMP_PAUSE < LONGEST_PAUSE
