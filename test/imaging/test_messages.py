"""ROS image messages become grey images, or are rejected in one sentence."""

from __future__ import annotations

import array
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import compressed_to_grey, image_to_grey

FIXTURES_HOLD_NO_STATE = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


@pytest.mark.parametrize("encoding", ["mono8", "8UC1"])
def test_unpadded_8_bit_image_is_a_view_of_the_message(picture, image_message, encoding):
    message = image_message(picture, encoding)
    grey = image_to_grey(message)
    assert np.array_equal(grey, picture)
    assert np.shares_memory(grey, np.frombuffer(message.data, np.uint8))


@FIXTURES_HOLD_NO_STATE
@given(
    pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))), padding=st.integers(0, 7)
)
def test_row_padding_does_not_change_an_8_bit_image(image_message, pixels, padding):
    grey = image_to_grey(image_message(pixels, "mono8", padding=padding))
    assert np.array_equal(grey, pixels)
    assert grey.flags.c_contiguous


@FIXTURES_HOLD_NO_STATE
@given(
    pixels=hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9))),
    padding=st.integers(0, 7),
    big_endian=st.booleans(),
    encoding=st.sampled_from(["mono16", "16UC1"]),
)
def test_16_bit_image_equals_its_8_bit_twin(image_message, pixels, padding, big_endian, encoding):
    deep = pixels.astype(np.uint16) * 257
    message = image_message(deep, encoding, padding=padding, big_endian=big_endian)
    assert np.array_equal(image_to_grey(message), pixels)


@FIXTURES_HOLD_NO_STATE
@given(bits=st.integers(8, 16), pixels=hnp.arrays(np.uint8, (4, 5)))
def test_bits_stored_set_the_full_scale(image_message, bits, pixels):
    deep = np.rint(pixels * ((2**bits - 1) / 255)).astype(np.uint16)
    assert np.array_equal(image_to_grey(image_message(deep, "mono16"), bits), pixels)


def test_value_above_the_bits_stored_is_white(image_message):
    deep = np.array([[4096, 65535]], dtype=np.uint16)
    assert image_to_grey(image_message(deep, "mono16"), bits_stored=12).tolist() == [[255, 255]]


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "rgba8", "bgra8"])
@pytest.mark.parametrize("padding", [0, 3])
def test_colour_is_weighted_by_bt601(image_message, encoding, padding):
    colour = np.random.default_rng(3).integers(0, 256, (8, 9, len(encoding) - 1), dtype=np.uint8)
    red, blue = (0, 2) if encoding.startswith("rgb") else (2, 0)
    expected = 0.299 * colour[..., red] + 0.587 * colour[..., 1] + 0.114 * colour[..., blue]
    grey = image_to_grey(image_message(colour, encoding, padding=padding))
    assert np.abs(grey - expected).max() <= 0.51


def test_yuv_image_gives_its_luminance(image_message, picture):
    uyvy = np.dstack([np.full_like(picture, 128), picture])
    assert np.array_equal(image_to_grey(image_message(uyvy, "yuv422", padding=4)), picture)


def test_bayer_image_of_one_grey_level_keeps_it(image_message):
    flat = np.full((8, 8), 90, dtype=np.uint8)
    assert (image_to_grey(image_message(flat, "bayer_rggb8")) == 90).all()


def test_data_may_be_the_array_that_rclpy_gives(picture, image_message):
    message = image_message(picture, "mono8")
    assert np.array_equal(image_to_grey(replace(message, data=array.array("B", message.data))), picture)


@pytest.mark.parametrize("encoding", ["32FC1", "8UC3", "16SC1", "nv12", "TYPE_YUV_9000", ""])
def test_encoding_without_a_grey_meaning_is_rejected_by_name(picture, image_message, encoding):
    message = replace(image_message(picture, "mono8"), encoding=encoding, step=4096, data=bytes(4096 * 48))
    with pytest.raises(ImageRejectedError, match=f"64x48 '{encoding}'.*publish one of mono8"):
        image_to_grey(message)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"data": b""}, "holds 0 bytes"),
        ({"data": bytes(64 * 48 - 1)}, "3071 bytes where step x height is 3072"),
        ({"step": 63}, "step 63 is less than the 64 bytes"),
        ({"step": 0}, "step 0 is less"),
        ({"width": 0}, "size is 0x48"),
        ({"height": 0}, "size is 64x0"),
        ({"width": 10**6, "step": 10**6}, "size is 1000000x48"),
    ],
)
@pytest.mark.parametrize("encoding", ["mono8", "bayer_rggb8"])
def test_image_that_contradicts_itself_is_rejected(picture, image_message, change, reason, encoding):
    with pytest.raises(ImageRejectedError, match=reason):
        image_to_grey(replace(image_message(picture, encoding), **change))


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("factor", [1, 257])
def test_lossless_compressed_image_equals_its_8_bit_twin(picture, compressed_message, kind, factor):
    deep = picture.astype(np.uint8 if factor == 1 else np.uint16) * factor
    assert np.array_equal(compressed_to_grey(compressed_message(deep, kind)), picture)


def test_jpeg_is_decoded_to_within_its_loss(compressed_message):
    ramp = np.tile(np.arange(0, 256, 2, dtype=np.uint8), (64, 1))
    difference = compressed_to_grey(compressed_message(ramp, "jpeg")).astype(int) - ramp
    assert np.abs(difference).max() <= 4


def test_compressed_colour_becomes_grey(picture, compressed_message):
    colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    assert np.array_equal(compressed_to_grey(compressed_message(colour, "png")), picture)


@FIXTURES_HOLD_NO_STATE
@given(share=st.floats(0, 0.99), kind=st.sampled_from(["png", "jpeg", "tiff"]))
def test_truncated_compressed_image_is_rejected(picture, compressed_message, share, kind):
    message = compressed_message(picture, kind)
    cut = replace(message, data=message.data[: int(share * len(message.data))])
    with pytest.raises(ImageRejectedError, match=f"format '{kind}'"):
        compressed_to_grey(cut)


def test_jpeg_without_its_end_is_rejected(picture, compressed_message):
    message = compressed_message(picture, "jpeg")
    with pytest.raises(ImageRejectedError, match="truncated"):
        compressed_to_grey(replace(message, data=message.data[:-2]))


@FIXTURES_HOLD_NO_STATE
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_image_are_rejected(compressed_message, picture, data):
    with pytest.raises(ImageRejectedError):
        compressed_to_grey(replace(compressed_message(picture), data=data))


def test_compressed_depth_is_rejected(picture, compressed_message):
    message = replace(compressed_message(picture), format="16UC1; compressedDepth png")
    with pytest.raises(ImageRejectedError, match="depth"):
        compressed_to_grey(message)


@pytest.mark.parametrize("kind", ["png", "tif"])
def test_bits_stored_set_the_full_scale_of_a_compressed_image(picture, compressed_message, kind):
    deep = np.rint(picture / 255 * 4095).astype(np.uint16)
    assert np.array_equal(compressed_to_grey(compressed_message(deep, kind), bits_stored=12), picture)
    assert np.array_equal(compressed_to_grey(compressed_message(picture, kind), bits_stored=12), picture)
