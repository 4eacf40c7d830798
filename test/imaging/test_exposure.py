"""Grey levels that no fluoroscopy has are named; those of a fluoroscopy are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.imaging.exposure import exposure_defect
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import TUNING


@pytest.fixture(scope="module")
def deep():
    """A frame of 12 bits in uint16."""
    procedure = RenderedProcedure(TUNING[3], duration=1.0, size=256, bits=16)
    bits = procedure.scene.imager.technique.display.stored_bits
    return np.asarray((procedure.image(0).astype(np.int64) << 12) >> bits, dtype=np.uint16)


@pytest.mark.parametrize("seed", TUNING[:12])
def test_a_rendered_frame_passes(seed):
    assert not exposure_defect(RenderedProcedure(seed, duration=2.0, size=128).frame(0).image)


@pytest.mark.parametrize("empty", [2, 3, 4, 6])
def test_a_frame_with_empty_upper_bits_is_nearly_black(deep, empty):
    assert "nearly black" in exposure_defect(np.asarray(deep >> (4 + empty), dtype=np.uint8))


@pytest.mark.parametrize("lost", [1, 2, 4])
def test_a_frame_that_lost_its_upper_bits_is_torn(deep, lost):
    assert "torn" in exposure_defect(np.asarray((deep >> (4 - lost)) & 255, dtype=np.uint8))


def test_a_frame_read_in_the_wrong_byte_order_is_torn(deep):
    assert "torn" in exposure_defect(np.asarray(deep.byteswap() >> 8, dtype=np.uint8))


def test_a_frame_whose_sign_was_misread_is_torn(deep):
    signed = (deep.astype(np.int64) - 2048) % 4096
    assert "torn" in exposure_defect(np.asarray(signed >> 4, dtype=np.uint8))


def test_a_window_below_all_grey_levels_makes_a_frame_white(deep):
    narrow = np.clip(deep.astype(np.int64) - 100, 0, 255).astype(np.uint8)
    assert "saturated" in exposure_defect(narrow)


def test_a_collimated_frame_passes(deep):
    image = np.asarray(deep >> 4, dtype=np.uint8)
    image[:70] = image[-70:] = 0
    assert not exposure_defect(image)


def test_a_frame_whose_lungs_are_overexposed_passes(deep):
    image = np.asarray(deep >> 4, dtype=np.uint8)
    image[:, :100] = 255
    assert not exposure_defect(image)


@given(st.integers(2, 60), st.integers(2, 60), st.integers(0, 255))
def test_a_uniform_frame_of_any_size_is_named_only_at_the_ends_of_the_range(height, width, grey):
    defect = exposure_defect(np.full((height, width), grey, np.uint8))
    assert bool(defect) == (grey < 64 or grey > 191)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1)])
def test_a_frame_without_extent_is_named(shape):
    assert "too few" in exposure_defect(np.full(shape, 128, np.uint8))
