"""The image player: recorded images as a live fluoroscope."""

import time

import cv2
import numpy as np
import pytest
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from tavi_msgs.msg import CArmGeometry

from tavi_perception.imaging.source import SourceError
from tavi_perception.nodes import qos
from tavi_perception.nodes.image_player import ImagePlayer


@pytest.fixture
def folder(tmp_path, frames):
    for number, frame in enumerate(frames[:5]):
        cv2.imwrite(str(tmp_path / f"{number}.png"), frame)
    return tmp_path


@pytest.fixture
def make_player(graph, namespace):
    made = []

    def make(**parameters):
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        player = ImagePlayer(namespace=namespace, parameter_overrides=overrides)
        graph.add(player)
        made.append(player)
        return player

    yield make
    for player in made:
        graph.remove(player)


@pytest.fixture
def listener(make_robot):
    robot = make_robot()
    robot.listen(Image, "image", qos.image_qos("reliable"))
    robot.listen(CArmGeometry, "carm_geometry", qos.LATCHED)
    return robot


def test_every_image_of_a_folder_is_played_in_order(listener, make_player, folder, frames):
    player = make_player(source=str(folder), frame_rate=30.0, image_reliability="reliable")
    listener.wait(lambda: player.count_subscribers("image") > 0, "the listener")
    player.start()
    listener.wait(lambda: len(listener.received("image")) == 5, "five images")
    for msg, frame in zip(listener.received("image"), frames, strict=False):
        assert msg.encoding == "mono8"
        np.testing.assert_array_equal(np.reshape(msg.data, frame.shape), frame)


def test_a_source_is_played_from_its_first_image_when_the_first_subscriber_comes_late(
    make_player, make_robot, folder, frames
):
    player = make_player(source=str(folder), frame_rate=60.0)
    player.start()
    time.sleep(1.0)
    late = make_robot()
    late.listen(Image, "image", qos.image_qos("best_effort"))
    late.wait(lambda: late.received("image"), "an image")
    np.testing.assert_array_equal(np.reshape(late.received("image")[0].data, frames[0].shape), frames[0])


def test_stamps_keep_the_frame_rate_and_name_the_frame(listener, make_player, folder):
    player = make_player(source=str(folder), frame_rate=10.0, image_reliability="reliable", frame_id="c_arm")
    listener.wait(lambda: player.count_subscribers("image") > 0, "the listener")
    player.start()
    listener.wait(lambda: len(listener.received("image")) == 5, "five images")
    stamps = [msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9 for msg in listener.received("image")]
    assert {msg.header.frame_id for msg in listener.received("image")} == {"c_arm"}
    assert np.min(np.diff(stamps)) > 0.05


def test_a_given_pixel_size_is_published_as_the_users_calibration(listener, make_player, folder):
    make_player(source=str(folder), pixel_size_mm=0.2)
    listener.wait(lambda: listener.received("carm_geometry"), "the latched geometry")
    msg = listener.received("carm_geometry")[0]
    assert msg.calibration == CArmGeometry.USER
    size = msg.imager_pixel_spacing * msg.source_to_object / msg.source_to_detector
    assert size == pytest.approx(0.2e-3)


def test_given_distances_and_pitch_are_published_as_the_users_calibration(listener, make_player, folder):
    make_player(source=str(folder), sid_mm=1148.0, sod_mm=810.0, imager_pixel_spacing_mm=0.24)
    listener.wait(lambda: listener.received("carm_geometry"), "the latched geometry")
    msg = listener.received("carm_geometry")[0]
    assert msg.calibration == CArmGeometry.USER
    lengths = (msg.source_to_detector, msg.source_to_object, msg.imager_pixel_spacing)
    assert lengths == pytest.approx((1.148, 0.81, 0.24e-3))


def test_without_calibration_the_geometry_says_uncalibrated(listener, make_player, folder):
    make_player(source=str(folder))
    listener.wait(lambda: listener.received("carm_geometry"), "the latched geometry")
    assert listener.received("carm_geometry")[0].calibration == CArmGeometry.UNCALIBRATED


def test_a_looped_source_starts_again(listener, make_player, folder):
    player = make_player(source=str(folder), frame_rate=60.0, image_reliability="reliable", loop=True)
    listener.wait(lambda: player.count_subscribers("image") > 0, "the listener")
    player.start()
    listener.wait(lambda: len(listener.received("image")) > 5, "the sixth image")


def test_a_looped_image_keeps_a_frame_rate(listener, make_player, folder):
    player = make_player(source=str(folder / "0.png"), image_reliability="reliable", loop=True)
    listener.wait(lambda: player.count_subscribers("image") > 0, "the listener")
    player.start()
    listener.wait(lambda: len(listener.received("image")) >= 5, "five rounds")
    stamps = [msg.header.stamp.sec + msg.header.stamp.nanosec * 1e-9 for msg in listener.received("image")]
    assert np.min(np.diff(stamps)) > 0.05


def test_a_source_that_cannot_be_read_is_refused_by_name(graph, namespace, tmp_path):
    (tmp_path / "notes.txt").write_text("no images here")
    with pytest.raises(SourceError, match=r"notes\.txt"):
        ImagePlayer(
            namespace=namespace, parameter_overrides=[Parameter("source", value=str(tmp_path / "notes.txt"))]
        )
