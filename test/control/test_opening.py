"""How far the capsule is open stays a share, whatever is seen of it."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from tavi_perception.control.opening import Opening

LENGTH = 0.05
"""m."""
NAN = float("nan")

seen = st.floats(0.0, 1.0) | st.just(NAN)
travel = st.floats(-0.001, 0.06)


@given(frames=st.lists(st.tuples(seen, travel), min_size=1, max_size=80))
def test_extraction_is_a_share_after_any_frames(frames: list[tuple[float, float]]) -> None:
    opening = Opening()
    for share, retraction in frames:
        opening.update(share, retraction, LENGTH)
        assert 0.0 <= opening.extraction <= 1.0


@given(share=st.floats(0.15, 0.9), count=st.integers(15, 60))
def test_a_closed_capsule_that_is_seen_open_teaches_no_length(share: float, count: int) -> None:
    opening = Opening()
    for _ in range(count):
        opening.update(share, 0.0, LENGTH)
    opening.update(NAN, LENGTH / 2, LENGTH)
    assert opening.extraction == approx(0.5)


def test_the_length_that_was_learned_counts_where_nothing_is_seen() -> None:
    opening = Opening()
    for step in range(3, 18):
        opening.update(0.05 * step, 0.05 * step * 1.2 * LENGTH, LENGTH)
    opening.update(math.nan, 0.6 * LENGTH, LENGTH)
    assert opening.extraction == approx(0.5)
