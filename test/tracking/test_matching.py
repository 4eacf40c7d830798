"""Matching: how alike two pictures are, where neither is hidden."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.tracking.matching import Patch, correlation

SIDE, TEMPLATE = 49, 37


def scene(rng) -> tuple[np.ndarray, np.ndarray]:
    """Levels, and a noisy part of them, 4 cells down and 7 across."""
    levels = rng.normal(0.0, 1.0, (SIDE, SIDE)).astype(np.float32)
    part = levels[4 : 4 + TEMPLATE, 7 : 7 + TEMPLATE]
    return levels, part + rng.normal(0.0, 0.5, part.shape).astype(np.float32)


def whole(levels) -> Patch:
    return Patch(levels, np.ones_like(levels))


def hidden(levels, strip) -> Patch:
    """All but a strip of columns is seen."""
    seen = np.ones_like(levels)
    seen[:, strip] = 0.0
    return Patch(levels, seen)


def test_the_correlation_is_that_of_opencv():
    levels, part = scene(np.random.default_rng(3))
    expected = cv2.matchTemplate(levels, part, cv2.TM_CCOEFF_NORMED)
    assert correlation(whole(levels), whole(part))[0] == pytest.approx(expected, abs=1e-4)


@given(st.integers(0, 99), st.integers(0, 20), st.integers(1, 16))
def test_the_correlation_with_a_template_that_is_partly_hidden_is_that_of_opencv_with_a_mask(
    seed, first, width
):
    levels, part = scene(np.random.default_rng(seed))
    template = hidden(part, slice(first, first + width))
    expected = cv2.matchTemplate(levels, part, cv2.TM_CCOEFF_NORMED, mask=template.seen)
    assert correlation(whole(levels), template)[0] == pytest.approx(expected, abs=1e-3)


@given(st.integers(0, 99), st.integers(0, 30), st.floats(-50.0, 50.0))
def test_what_is_hidden_has_no_part_in_the_correlation(seed, first, level):
    levels, part = scene(np.random.default_rng(seed))
    strip = slice(first, first + 15)
    covered = levels.copy()
    covered[:, strip] = level
    before, after = (
        correlation(hidden(each, strip), hidden(part, slice(0, 5)))[0] for each in (levels, covered)
    )
    assert after == pytest.approx(before, abs=1e-4)


def test_a_place_is_found_though_something_else_covers_most_of_it():
    levels, part = scene(np.random.default_rng(3))
    covered = levels.copy()
    covered[:, 15:40] = 20.0
    found, seen = correlation(hidden(covered, slice(15, 40)), whole(part))
    assert np.unravel_index(found.argmax(), found.shape) == (4, 7)
    assert seen[4, 7] == pytest.approx(np.mean(~np.isin(np.arange(7, 7 + TEMPLATE), np.arange(15, 40))))


def test_where_hardly_anything_is_seen_nothing_correlates():
    levels, part = scene(np.random.default_rng(3))
    assert not correlation(hidden(levels, slice(4, SIDE)), whole(part))[0].any()


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0), st.floats(0.01, 0.99))
def test_a_renewed_patch_is_the_mean_of_what_was_seen(seen_before, seen_now, share):
    old, new = (
        Patch(np.full((3, 3), level, np.float32), np.full((3, 3), seen, np.float32))
        for level, seen in ((1.0, seen_before), (5.0, seen_now))
    )
    weights = (1.0 - share) * seen_before, share * seen_now
    found = old.renewed(new, share)
    assert found.levels == pytest.approx(np.average([1.0, 5.0], weights=weights), rel=1e-4)
    assert found.seen == pytest.approx(sum(weights), rel=1e-4)


def test_what_was_never_seen_is_taken_as_it_comes():
    nothing = Patch(np.full((3, 3), 9.0, np.float32), np.zeros((3, 3), np.float32))
    found = nothing.renewed(whole(np.full((3, 3), 2.0, np.float32)), 0.1)
    assert found.levels == pytest.approx(2.0)
