"""Callouts name every known landmark, in its colour, and hide none of each other."""

import numpy as np
import pytest

from tavi_perception.landmarks import COLOURS_RGB, COUNT, Landmark
from tavi_perception.visualization.callouts import draw_callouts
from tavi_perception.visualization.canvas import Canvas

COLUMNS = (150.0, 450.0)


def drawn(xy, told=None):
    canvas = Canvas(np.zeros((400, 600, 3), np.uint8))
    draw_callouts(canvas, xy, COLUMNS, 20, told or {})
    return canvas.image


def known(places):
    xy = np.full((COUNT, 2), np.nan)
    for landmark, place in places.items():
        xy[landmark] = place
    return xy


@pytest.mark.parametrize("landmark", Landmark)
def test_a_dot_in_the_colour_of_the_landmark_marks_its_place(landmark):
    image = drawn(known({landmark: (300, 200)}))
    assert tuple(image[200, 300, ::-1]) == COLOURS_RGB[landmark]


def test_a_landmark_that_is_not_known_is_neither_marked_nor_named():
    assert not drawn(known({})).any()


def test_names_of_landmarks_at_one_place_do_not_overlap():
    image = drawn(known(dict.fromkeys((Landmark.AA1, Landmark.PT, Landmark.FE1), (300, 200))))
    names = (image[:, :140] > 128).any(axis=(1, 2))
    starts = np.flatnonzero(np.diff(names.astype(int)) == 1)
    assert len(starts) == 3


def test_what_is_told_stands_below_the_name():
    xy = known({Landmark.CP: (300, 200)})
    added = (drawn(xy, {Landmark.CP: "block"}) != drawn(xy)).any(axis=(1, 2))
    assert np.flatnonzero(added).min() > 200
