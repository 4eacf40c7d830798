"""What the node says of images and geometry that are missing, mixed, or not what they should be."""

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from tavi_msgs.msg import CArmGeometry, Reason

from tavi_perception.nodes import conversions, qos


def value(status, key):
    return next((item.value for item in status.values if item.key == key), None)


def test_an_invalid_deviation_repeats_before_the_first_image(make_perception, make_robot):
    robot = make_robot()
    make_perception(stale_after=0.1)
    robot.wait(lambda: len(robot.received("deviation")) >= 3, "deviations without an image")
    assert all(d.reasons == Reason.IMAGE_STALE and not d.valid for d in robot.received("deviation"))
    assert all(d.header == Header() for d in robot.received("deviation"))
    assert not robot.received("keypoints")


def test_diagnostics_name_the_topic_that_nobody_publishes(make_perception, make_robot):
    robot = make_robot()
    node = make_perception(stale_after=0.1, remapped=["image:=/nowhere/image"])
    robot.hear(node, "no image on /nowhere/image yet: nobody publishes there", DiagnosticStatus.WARN)


def test_diagnostics_name_who_publishes_and_sends_nothing(make_perception, make_robot, namespace):
    robot = make_robot()
    node = make_perception(stale_after=0.1)
    robot.hear(node, f"{namespace}/robot publishes there, but sends none", DiagnosticStatus.WARN)


def test_diagnostics_say_that_the_topic_has_another_type(make_perception, make_robot, namespace):
    robot = make_robot()
    node = make_perception(stale_after=0.1)
    context = rclpy.Context()  # two types on one topic are impossible within a participant
    rclpy.init(context=context)
    camera = rclpy.create_node("camera", context=context)
    camera.create_publisher(CompressedImage, f"{namespace}/image", qos_profile_sensor_data)
    robot.destroy_publisher(robot.images)
    try:
        robot.hear(node, "published as sensor_msgs/msg/CompressedImage", DiagnosticStatus.WARN)
    finally:
        camera.destroy_node()
        context.try_shutdown()


def test_diagnostics_say_that_images_have_stopped(make_perception, make_robot, frames):
    robot = make_robot()
    node = make_perception(stale_after=0.1)
    robot.wait(lambda: robot.images.get_subscription_count(), "the node")
    robot.wait(lambda: robot.send(frames[0]) and robot.received("keypoints"), "an answer")
    robot.hear(node, "s: ")
    assert "no image on" in robot.status(node).message


def test_diagnostics_say_that_an_image_topic_has_two_publishers(perception, robot, namespace):
    second = robot.create_publisher(Image, "image", qos_profile_sensor_data)
    robot.hear(perception, f"{namespace}/image has 2 publishers", DiagnosticStatus.WARN)
    robot.destroy_publisher(second)
    robot.wait(lambda: "publishers" not in robot.status(perception).message, "the warning to end")


def test_images_of_another_frame_start_tracking_afresh(robot, frames):
    assert robot.film(frames[:8])[-1][1].contrast_age == 0.0
    _, annulus, _ = robot.ask(np.full_like(frames[0], 128), robot.now("other_c_arm"))
    assert np.isnan(annulus.contrast_age)


def test_diagnostics_tell_why_no_deviation_is_valid(perception, robot, frames):
    robot.film(frames[:3])
    robot.hear(perception, "no deviation is valid: UNCALIBRATED")


def test_diagnostics_count_reasons_since_the_last_message_only(perception, robot, frames):
    robot.ask(frames[0])
    robot.hear(perception, "no deviation is valid")
    robot.forget()
    robot.wait(lambda: robot.status(perception), "the next diagnostic")
    assert value(robot.status(perception, "validity"), "invalid since the last message") == "none"


@pytest.mark.parametrize(
    "changed",
    [
        {"source_to_detector": 1108.0, "source_to_object": 788.0},
        {"source_to_detector": 110.8, "source_to_object": 78.8},
        {"imager_pixel_spacing": 0.3},
        {"source_to_object": 0.05},
        {"primary_angle": 29.0},
        {"secondary_angle": float("inf")},
        {"source_to_detector": float("nan")},
        {"calibration": 77},
    ],
    ids=str,
)
def test_a_geometry_that_no_c_arm_has_is_an_error_and_leaves_the_images_uncalibrated(
    perception, robot, procedure, frames, changed
):
    robot.announce(procedure.geometry, **changed)
    robot.hear(perception, "C-arm geometry: ", DiagnosticStatus.ERROR)
    _, annulus, deviation = robot.ask(frames[0])
    assert deviation.reasons & Reason.UNCALIBRATED and not deviation.valid
    assert np.isnan(annulus.pose.position.z)


def test_a_geometry_in_degrees_is_refused_without_a_calibration_too(perception, robot):
    robot.geometry.publish(CArmGeometry(primary_angle=29.0, image_width=1000, image_height=1000))
    robot.hear(perception, "primary_angle is 29 rad", DiagnosticStatus.ERROR)


@pytest.mark.parametrize("kept", [3, 40, 5000])
def test_a_message_that_cannot_be_read_is_named_and_the_next_one_is_answered(perception, robot, frames, kept):
    robot.wait(lambda: robot.images.get_subscription_count(), "the node")
    whole = serialize_message(conversions.image_to_msg(frames[0], robot.now()))
    robot.images.publish(whole[:kept])
    robot.hear(perception, "bytes is no sensor_msgs/msg/Image", DiagnosticStatus.ERROR)
    _, _, deviation = robot.ask(frames[0])
    assert not deviation.reasons & (Reason.IMAGE_REJECTED | Reason.PROCESSING_FAILED)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_a_frame_whose_upper_bits_are_empty_is_named_and_not_valid(perception, robot, frames, bits):
    deep = frames[0].astype(np.uint16) << (bits - 8)
    _, _, deviation = robot.ask(conversions.image_to_msg(deep, robot.now()))
    assert deviation.reasons == Reason.IMAGE_REJECTED and not deviation.valid
    robot.hear(perception, "bits_stored", DiagnosticStatus.ERROR)


def test_the_same_frame_is_used_once_its_bits_are_stated(make_perception, make_robot, frames):
    make_perception(bits_stored=12)
    robot = make_robot()
    robot.wait(lambda: robot.images.get_subscription_count(), "the node")
    deep = frames[0].astype(np.uint16) << 4
    keypoints, _, deviation = robot.ask(conversions.image_to_msg(deep, robot.now()))
    assert not deviation.reasons & Reason.IMAGE_REJECTED
    assert any(point.present for point in keypoints.keypoints)


@pytest.mark.parametrize("grey", [0, 20, 250, 255])
def test_a_frame_without_a_picture_is_rejected(robot, frames, grey):
    _, _, deviation = robot.ask(np.full_like(frames[0], grey))
    assert deviation.reasons == Reason.IMAGE_REJECTED


def test_compressed_images_are_heard_beside_the_image_wherever_it_is_remapped(
    make_perception, make_robot, namespace, frames
):
    import cv2

    make_perception(image_transport="compressed", remapped=[f"image:={namespace}/cam/image"])
    robot = make_robot()
    camera = robot.create_publisher(
        CompressedImage, f"{namespace}/cam/image/compressed", qos_profile_sensor_data
    )
    robot.wait(camera.get_subscription_count, "the node")
    header = robot.now()
    data = cv2.imencode(".png", frames[0])[1].tobytes()
    camera.publish(CompressedImage(header=header, format="png", data=data))
    robot.wait(lambda: robot.answers("deviation", header.stamp), "an answer")


def test_camera_info_is_published_beside_the_image_with_its_header(
    make_perception, make_robot, namespace, frames
):
    make_perception(remapped=[f"image:={namespace}/cam/image"])
    robot = make_robot()
    robot.listen(CameraInfo, f"{namespace}/cam/camera_info", qos.SENSOR_DATA)
    camera = robot.create_publisher(Image, f"{namespace}/cam/image", qos_profile_sensor_data)
    robot.wait(camera.get_subscription_count, "the node")
    sent = []

    def show():
        sent.append(robot.now())
        camera.publish(conversions.image_to_msg(frames[0], sent[-1]))
        return robot.received(f"{namespace}/cam/camera_info")

    robot.wait(show, "a camera info beside the image")
    assert robot.received(f"{namespace}/cam/camera_info")[0].header in sent


def test_camera_info_beside_the_image_is_left_to_its_source_on_request(make_perception, namespace):
    node = make_perception(remapped=[f"image:={namespace}/cam/image"], image_camera_info=False)
    assert not node.get_publishers_info_by_topic(f"{namespace}/cam/camera_info")


def test_two_publishers_of_the_geometry_are_named(perception, robot, namespace):
    robot.create_publisher(CArmGeometry, "carm_geometry", qos.LATCHED)
    robot.hear(perception, f"{namespace}/carm_geometry has 2 publishers", DiagnosticStatus.WARN)


def test_the_geometry_of_another_c_arm_is_not_used(perception, robot, procedure, frames):
    robot.announce(procedure.geometry, "left")
    robot.wait(lambda: robot.transforms("left", "/tf_static"), "the node to hear the geometry")
    _, _, deviation = robot.ask(frames[0], robot.now("right"))
    assert deviation.reasons & Reason.UNCALIBRATED
    robot.hear(perception, "carm_geometry is of frame 'left'", DiagnosticStatus.ERROR)


def test_a_geometry_that_names_no_frame_holds_for_all_images(robot, procedure, frames):
    robot.announce(procedure.geometry, "")

    def calibrated():
        return not robot.ask(frames[0])[2].reasons & Reason.UNCALIBRATED

    robot.wait(calibrated, "the geometry")


def test_an_image_of_one_pixel_is_rejected(robot):
    _, _, deviation = robot.ask(np.full((1, 1), 128, np.uint8))
    assert deviation.reasons == Reason.IMAGE_REJECTED


def test_bits_stored_hold_for_compressed_images_too(make_perception, make_robot, namespace, frames):
    import cv2

    make_perception(image_transport="compressed", bits_stored=12)
    robot = make_robot()
    overlays = robot.listen(Image, "overlay", qos.SENSOR_DATA)
    camera = robot.create_publisher(CompressedImage, "image/compressed", qos_profile_sensor_data)
    robot.wait(lambda: camera.get_subscription_count() and overlays.get_publisher_count(), "the node")
    data = cv2.imencode(".png", frames[0].astype(np.uint16) << 4)[1].tobytes()

    def drawn():
        camera.publish(CompressedImage(header=robot.now(), format="png", data=data))
        return robot.received("overlay")

    robot.wait(drawn, "an overlay")
    overlay = np.frombuffer(robot.received("overlay")[0].data, np.uint8)
    assert np.median(overlay) == pytest.approx(np.median(frames[0]), abs=8)
