"""Names keep clear of each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.visualization.labels import place_labels

SIZE = (30, 12)


def place(anchors: list[tuple[float, float]], blocked=((0.0, 0.0, 1.0, 1.0),), bounds=(1000, 1000)):
    points = np.array(anchors, dtype=float)
    return place_labels(points, [SIZE] * len(points), points, blocked, bounds, gap=5.0)


def overlap(a: tuple[int, int], b: tuple[int, int]) -> bool:
    return abs(a[0] - b[0]) < SIZE[0] - 1 and abs(a[1] - b[1]) < SIZE[1] - 1


@settings(max_examples=50, deadline=None)
@given(st.tuples(st.floats(200, 800), st.floats(200, 800)), st.tuples(st.floats(-40, 40), st.floats(-40, 40)))
def test_names_of_two_near_points_do_not_overlap(anchor, offset) -> None:
    first, second = place([anchor, (anchor[0] + offset[0], anchor[1] + offset[1])])
    assert not overlap(first, second)


def test_name_stays_inside_the_image() -> None:
    [(x, _)] = place([(995.0, 500.0)])
    assert x + SIZE[0] <= 1000


def test_name_keeps_off_the_panel() -> None:
    [(x, _)] = place([(500.0, 500.0)], blocked=((500.0, 0.0, 1000.0, 1000.0),))
    assert x + SIZE[0] <= 500
