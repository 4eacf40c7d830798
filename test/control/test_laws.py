"""The laws of motion: where the catheter begins to be moved, and where it ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.laws import correction

CONFIG = ControlConfig()
errors = st.floats(-0.02, 0.02)


def ended(error: float, limit: float) -> float:
    """The depth error (m) that is left by a catheter that goes where it is told to."""
    for _ in range(3000):
        velocity = correction(error, limit, True, CONFIG)
        if velocity == 0.0:
            return error
        error -= velocity / 15
    raise AssertionError("it did not end")


@given(error=errors)
def test_a_motion_ends_well_within_what_is_close_enough(error: float) -> None:
    assert abs(ended(error, CONFIG.correction_velocity)) < 0.5 * CONFIG.close_enough


@given(error=errors)
def test_what_stands_still_close_to_the_aim_is_left_alone(error: float) -> None:
    velocity = correction(error, CONFIG.correction_velocity, False, CONFIG)
    assert (velocity == 0.0) == (abs(error) <= 2.0 * CONFIG.close_enough)


@given(error=errors, limit=st.floats(0.001, 0.03), moving=st.booleans())
def test_the_catheter_moves_towards_the_aim_and_never_too_fast(
    error: float, limit: float, moving: bool
) -> None:
    velocity = correction(error, limit, moving, CONFIG)
    assert velocity * error >= 0.0 and abs(velocity) <= limit
