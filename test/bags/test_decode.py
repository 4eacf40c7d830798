"""Messages become the core types they were made from; unknown stays unknown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from rosbags.typesys.store import Typestore

from tavi_perception.bags import decode
from tavi_perception.bags.topics import BagError
from tavi_perception.carm import Calibration
from tavi_perception.estimates import AnnulusSource, Reason
from tavi_perception.landmarks import COUNT


class Messages:
    """Makes messages of the bag's types."""

    def __init__(self, store: Typestore) -> None:
        self.types = store.types

    def header(self) -> Any:
        stamp = self.types["builtin_interfaces/msg/Time"](7, 250_000_000)
        return self.types["std_msgs/msg/Header"](stamp, "fluoro")

    def annulus(
        self, orientation: tuple[float, ...], source: int = 1, age: float = 0.0, angle: float = 0.0
    ) -> Any:
        pose = self.types["geometry_msgs/msg/Pose"](
            self.types["geometry_msgs/msg/Point"](0.0, 0.0, 0.8),
            self.types["geometry_msgs/msg/Quaternion"](*orientation),
        )
        return self.types["tavi_msgs/msg/AnnulusFrame"](
            self.header(), source, True, 16, age, 10.0, 20.0, angle, np.arange(9.0), 0.024, pose
        )


@pytest.fixture
def messages(store: Typestore) -> Messages:
    return Messages(store)


def test_stamp_is_exact_to_the_nanosecond(messages: Messages) -> None:
    assert decode.stamp_ns(messages.annulus((0, 0, 0, 1))) == 7_250_000_000


def test_covariance_of_a_keypoint_is_unpacked_symmetrically(messages: Messages) -> None:
    points = [
        messages.types["tavi_msgs/msg/Keypoint"](
            i, 0.5, True, i % 2 == 0, 1.0, 2.0, np.array([4.0, 1.0, 9.0])
        )
        for i in range(COUNT)
    ]
    array = messages.types["tavi_msgs/msg/KeypointArray"](messages.header(), 640, 480, points)
    np.testing.assert_array_equal(decode.keypoints(array).covariance[3], [[4.0, 1.0], [1.0, 9.0]])


@pytest.mark.parametrize(("orientation", "sign"), [((0, 0, 0, 1), 1), ((1, 0, 0, 0), -1)])
def test_side_of_the_ventricle_comes_from_the_orientation(messages: Messages, orientation, sign: int) -> None:
    assert decode.annulus(messages.annulus(orientation)).ventricle_sign == sign


def test_reasons_and_source_become_enumerations(messages: Messages) -> None:
    frame = decode.annulus(messages.annulus((0, 0, 0, 1), source=2, age=1.5))
    assert (frame.reasons, frame.source, frame.contrast_age) == (
        Reason.NO_ANNULUS,
        AnnulusSource.PIGTAIL,
        1.5,
    )


def test_contrast_that_never_was_has_no_age(messages: Messages) -> None:
    assert math.isnan(decode.annulus(messages.annulus((0, 0, 0, 1), source=0, age=math.nan)).contrast_age)


def test_a_message_of_an_earlier_version_is_named(messages: Messages) -> None:
    old = messages.annulus((0, 0, 0, 1))
    old.contrast_age = messages.types["builtin_interfaces/msg/Duration"](1, 0)
    with pytest.raises(BagError, match="annulus of a message was recorded with another version"):
        decode.annulus(old)


def test_a_message_of_another_type_is_named(messages: Messages) -> None:
    with pytest.raises(BagError, match="geometry of a message was recorded with another version"):
        decode.geometry(messages.annulus((0, 0, 0, 1)))


def test_geometry_keeps_how_it_was_calibrated(messages: Messages) -> None:
    message = messages.types["tavi_msgs/msg/CArmGeometry"](
        messages.header(), 1.1, 0.8, 2e-4, 0.1, 0.2, 64, 48, 2
    )
    assert decode.geometry(message).calibration is Calibration.FIDUCIAL
