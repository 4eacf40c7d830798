"""Where a sampled peak has its top."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.tracking.parabola import top


@given(place=st.floats(-0.5, 0.5), height=st.floats(-100, 100), bend=st.floats(0.01, 100))
def test_the_top_of_a_sampled_parabola_is_found(place: float, height: float, bend: float) -> None:
    samples = [np.array([height - bend * (x - place) ** 2]) for x in (-1.0, 0.0, 1.0)]
    assert top(*samples)[0] == pytest.approx(place, abs=1e-6)


def test_samples_on_a_line_have_none() -> None:
    assert top(*np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 3.0]])).tolist() == [0.0, 0.0]
