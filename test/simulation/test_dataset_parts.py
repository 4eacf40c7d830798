"""The parts of a data set: its image files, and which frames of a procedure are in it."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tavi_perception.simulation.dataset.png import encode_png
from tavi_perception.simulation.dataset.source import spread


@given(
    image=st.sampled_from([np.uint8, np.uint16]).flatmap(
        lambda kind: arrays.arrays(kind, st.tuples(st.integers(1, 9), st.integers(1, 9)))
    )
)
def test_png_is_lossless(image: np.ndarray) -> None:
    read = cv2.imdecode(np.frombuffer(encode_png(image), np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.dtype == image.dtype
    np.testing.assert_array_equal(read, image)


def test_frames_are_spread_over_the_whole_procedure() -> None:
    assert spread(4, 8) == [1, 3, 5, 7]
    assert spread(300, 300) == list(range(300))
