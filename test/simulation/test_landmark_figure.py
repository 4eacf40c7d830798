"""The picture of the landmarks in the README is the one that the project draws."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.landmarks import COLOURS_RGB
from tavi_perception.simulation.landmark_figure import main

README_PICTURE = Path(__file__).resolve().parents[2] / "docs" / "landmarks.jpg"
MOST_BYTES = 250_000


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    file = tmp_path_factory.mktemp("figure") / "landmarks.png"
    main([str(file)])
    return cv2.imread(str(file))


def test_the_picture_of_the_readme_is_up_to_date(picture):
    shown = cv2.imread(str(README_PICTURE))
    assert shown.shape == picture.shape
    assert np.abs(shown.astype(int) - picture).mean() < 4.0


def test_the_picture_of_the_readme_is_small():
    assert README_PICTURE.stat().st_size < MOST_BYTES


@pytest.mark.parametrize("colour", sorted(set(COLOURS_RGB.values())))
def test_drawing_and_frame_show_every_group_of_landmarks(picture, colour):
    middle = 2 * picture.shape[1] // 3
    for part in (picture[:, :middle], picture[:, middle:]):
        assert (part == colour[::-1]).all(axis=-1).any()
