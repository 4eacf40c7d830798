"""Matching: how alike two pictures are."""

import cv2
import numpy as np
import pytest

from tavi_perception.tracking.matching import correlation


def test_the_correlation_is_that_of_opencv():
    rng = np.random.default_rng(3)
    patch = rng.normal(0.0, 1.0, (49, 49)).astype(np.float32)
    template = patch[4:41, 7:44] + rng.normal(0.0, 0.5, (37, 37)).astype(np.float32)
    expected = cv2.matchTemplate(patch, template, cv2.TM_CCOEFF_NORMED)
    assert correlation(patch, template) == pytest.approx(expected, abs=1e-4)
