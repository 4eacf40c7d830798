"""The schematic is drawn through the landmarks that it is given, whichever way the annulus lies."""

import numpy as np
import pytest

from tavi_perception.estimates import Stage
from tavi_perception.landmarks import INFLOW_EDGE, Landmark
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.schematic import draw_schematic


def drawn(keypoints, xy=None):
    canvas = Canvas(np.zeros((keypoints.height, keypoints.width, 3), np.uint8))
    draw_schematic(canvas, keypoints.xy if xy is None else xy)
    return canvas.image


def level(image, place):
    x, y = np.round(place).astype(int)
    return int(image[y, x].max())


@pytest.mark.parametrize("sign", [1, -1])
def test_the_marker_band_is_the_brightest_part_of_the_capsule(scene, sign):
    keypoints = scene(ventricle_sign=sign).keypoints
    image = drawn(keypoints)
    band, middle = (level(image, keypoints.xy[landmark]) for landmark in (Landmark.CD, Landmark.CM))
    assert band > middle > 0


def test_a_mirrored_annulus_is_drawn_as_the_mirror_image(scene):
    xy = scene().keypoints
    mirrored = xy.xy * (-1.0, 1.0) + (xy.width - 1.0, 0.0)
    first, second = drawn(xy), drawn(xy, mirrored)[:, ::-1]
    assert np.abs(first.astype(int) - second).mean() < 2.0


def test_the_stent_is_drawn_once_its_inflow_edge_is_known(scene):
    keypoints = scene(stage=Stage.DEPLOYMENT).keypoints
    sheathed = keypoints.xy.copy()
    sheathed[list(INFLOW_EDGE)] = np.nan
    assert (drawn(keypoints) != drawn(keypoints, sheathed)).any()
