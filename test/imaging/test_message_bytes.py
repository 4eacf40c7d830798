"""A message's bytes are read as they came, or refused in one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rosbags.typesys import Stores, get_typestore

from tavi_perception.imaging.grey import ImageRejectedError
from tavi_perception.imaging.messages import image_to_grey, read_message

STORE = get_typestore(Stores.ROS2_JAZZY)
IMAGE = "sensor_msgs/msg/Image"
PIXELS = np.arange(35, dtype=np.uint8).reshape(5, 7)


def image_bytes(little_endian: bool = True) -> bytes:
    header = STORE.types["std_msgs/msg/Header"](STORE.types["builtin_interfaces/msg/Time"](5, 7), "fluoro")
    message = STORE.types[IMAGE](header, 5, 7, "mono8", 0, 7, PIXELS.ravel())
    return bytes(STORE.serialize_cdr(message, IMAGE, little_endian=little_endian))


@pytest.mark.parametrize("little_endian", [True, False])
def test_pixels_and_header_are_those_that_were_sent(little_endian: bool) -> None:
    message = read_message(image_bytes(little_endian), IMAGE)
    assert np.array_equal(image_to_grey(message), PIXELS)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (5, 7)
    assert message.header.frame_id == "fluoro"


@given(st.integers(0, len(image_bytes()) - 1))
def test_a_message_that_was_cut_off_is_refused(kept: int) -> None:
    with pytest.raises(ImageRejectedError, match=rf"a message of {kept} bytes is no {IMAGE}"):
        read_message(image_bytes()[:kept], IMAGE)


def test_a_message_that_claims_more_pixels_than_it_has_is_refused() -> None:
    cdr = bytearray(image_bytes())
    place = cdr.rindex((35).to_bytes(4, "little"), 0, -35)
    cdr[place : place + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageRejectedError, match="is no sensor_msgs/msg/Image"):
        read_message(bytes(cdr), IMAGE)
