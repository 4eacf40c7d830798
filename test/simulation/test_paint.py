"""Painted parts have the size that they are said to have."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.simulation.paint import LEVEL, Layer

SIZE = 240

# At some angles one side snaps to whole pixels. The 1.3 px of an outline as it stands would be noticed.
TOLERANCE = 0.9

# OpenCV rounds lines along rows and columns to whole pixels; a device never lies so exactly.
angles = st.floats(0.15, 1.4)
places = st.floats(100.0, 140.0)


def _painted(angle: float, middle: tuple[float, float], width: float, length: float = 120.0) -> float:
    """Area (px²) of a straight ribbon of full attenuation 1."""
    along = np.array([np.cos(angle), np.sin(angle)])
    places = np.linspace(-length / 2, length / 2, 61)[:, None] * along + np.array(middle)
    half = np.full(61, width / 2)
    layer = Layer(SIZE)
    across = np.tile([-along[1], along[0]], (61, 1))
    layer.ribbons(np.array([61]), places, across, -half, half, [1.0])
    return float(layer.mask.sum()) * LEVEL


@given(angles, places, places, st.floats(2.0, 60.0))
def test_a_ribbon_is_painted_as_large_as_it_is(angle: float, x: float, y: float, width: float) -> None:
    assert abs(_painted(angle, (x, y), width) / 120.0 - width) <= TOLERANCE


@given(angles, places, places)
def test_a_thin_ribbon_is_fainter_instead_of_wider(angle: float, x: float, y: float) -> None:
    assert abs(_painted(angle, (x, y), 0.6) / 120.0 - 0.6) <= TOLERANCE
