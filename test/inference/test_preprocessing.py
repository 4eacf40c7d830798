"""Pixels of the image and of the network's input correspond in both directions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.inference.preprocessing import fit_square

sides = st.integers(2, 1400)


@given(height=sides, width=sides, x=st.floats(0, 1), y=st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_coordinates_survive_the_way_there_and_back(height: int, width: int, x: float, y: float) -> None:
    _, fit = fit_square(np.zeros((height, width), dtype=np.uint8), 256)
    point = np.array([x * (width - 1), y * (height - 1)])
    assert fit.to_image(fit.to_input(point)) == pytest.approx(point, abs=1e-9)


@given(height=sides, width=sides)
@settings(max_examples=40, deadline=None)
def test_every_size_fits_into_the_input_and_stays_inside(height: int, width: int) -> None:
    fitted, fit = fit_square(np.zeros((height, width), dtype=np.uint8), 64)
    assert fitted.shape == (64, 64)
    corners = fit.to_input(np.array([[0.0, 0.0], [width - 1.0, height - 1.0]]))
    assert (corners >= -0.5).all()
    assert (corners <= 63.5).all()


@pytest.mark.parametrize(
    "shape", [(1000, 1000), (752, 749), (512, 512), (700, 1000), (1024, 768), (200, 260)]
)
def test_a_drawn_dot_is_found_where_the_correspondence_says(shape: tuple[int, int]) -> None:
    height, width = shape
    image = np.zeros(shape, dtype=np.uint8)
    point = np.array([0.61 * width, 0.37 * height])
    centre = tuple(int(v) for v in np.round(point * 16))
    cv2.circle(image, centre, int(0.02 * width * 16), 255, -1, cv2.LINE_AA, 4)
    fitted, fit = fit_square(image, 256)
    rows, columns = np.mgrid[:256, :256]
    weight = fitted / fitted.sum(dtype=np.float64)
    found = np.array([(columns * weight).sum(), (rows * weight).sum()])
    assert found == pytest.approx(fit.to_input(point), abs=0.05)


def test_borders_are_repeated_into_the_padding() -> None:
    image = np.full((100, 200), 77, dtype=np.uint8)
    fitted, _ = fit_square(image, 64)
    assert (fitted == 77).all()
