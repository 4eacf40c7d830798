"""What a controller's author relies on: stamps, one answer for each frame, validity, reasons, transforms."""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tavi_msgs.msg import CArmGeometry, KeypointArray, ModelInfo, Reason

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.nodes import conversions, qos

RELIABLE = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)


@pytest.fixture
def calibrated_robot(robot, procedure):
    """A robot whose images are calibrated and show contrast in the first second."""
    robot.geometry.publish(conversions.geometry_to_msg(procedure.geometry, robot.now()))
    robot.wait(lambda: robot.geometry.get_subscription_count(), "the node to subscribe to the geometry")
    return robot


def ask_until_calibrated(robot, images):
    """Answers to the images, from the first that knows the geometry on."""
    answers = robot.film(images)
    return [a for a in answers if not a[2].reasons & Reason.UNCALIBRATED]


def test_every_output_carries_the_stamp_and_frame_of_its_image(robot, frames):
    header = robot.send(frames[0])
    robot.wait(lambda: robot.received("deviation"), "an answer")
    for topic in ("keypoints", "annulus", "deviation"):
        assert robot.received(topic)[0].header == header


def test_every_processed_frame_has_one_keypoint_array_annulus_and_deviation(robot, frames):
    sent = [keypoints.header for keypoints, _, _ in robot.film(frames)]
    for topic in ("keypoints", "annulus", "deviation"):
        assert [msg.header for msg in robot.received(topic)] == sent


def test_keypoints_hold_all_landmarks_in_their_order_and_the_size_of_the_image(robot, frames):
    keypoints, _, _ = robot.ask(frames[0])
    assert [point.id for point in keypoints.keypoints] == list(range(11))
    assert (keypoints.image_height, keypoints.image_width) == frames[0].shape


def test_keypoints_not_present_have_no_coordinates(robot):
    keypoints, _, _ = robot.ask(np.full((400, 500), 128, np.uint8))
    absent = [point for point in keypoints.keypoints if not point.present]
    assert absent
    assert all(np.isnan(point.x) and np.isnan(point.y) for point in absent)


def test_uncalibrated_images_are_answered_invalid_and_send_no_transform(perception, robot, frames):
    answers = robot.film(frames)
    assert not any(deviation.valid for _, _, deviation in answers)
    assert all(deviation.reasons & Reason.UNCALIBRATED for _, _, deviation in answers)
    assert not robot.transforms(perception.get_parameter("annulus_frame_id").value)


def test_uncalibrated_images_still_give_the_annulus_in_pixels(robot, frames):
    valid = [annulus for _, annulus, _ in robot.film(frames) if annulus.valid]
    assert valid
    assert np.isfinite(valid[-1].x) and np.isnan(valid[-1].diameter) and np.isnan(valid[-1].pose.position.x)


def test_calibrated_images_with_contrast_give_metric_outputs_and_the_transform(
    perception, calibrated_robot, frames
):
    answers = ask_until_calibrated(calibrated_robot, frames)
    valid = [(annulus, deviation) for _, annulus, deviation in answers if deviation.valid]
    assert valid
    annulus, deviation = valid[-1]
    child = perception.get_parameter("annulus_frame_id").value

    def sent():
        # Later frames may have a valid annulus, and a transform, but no valid deviation.
        return [t for t in calibrated_robot.transforms(child) if t.header == annulus.header]

    calibrated_robot.wait(sent, "the transform")
    (transform,) = sent()
    assert transform.header.frame_id == "fluoro"
    assert transform.transform.translation.z == annulus.pose.position.z > 0
    assert 0.015 <= annulus.diameter <= 0.035
    assert np.isfinite([deviation.depth, deviation.depth_sigma, deviation.lateral, deviation.angle]).all()


def test_transforms_are_sent_only_for_frames_with_a_valid_annulus(perception, calibrated_robot, frames):
    blank = np.full_like(frames[0], 128)
    answers = calibrated_robot.film([*frames, blank, blank])
    metric = [a.header.stamp for _, a, d in answers if a.valid and not d.reasons & Reason.UNCALIBRATED]
    child = perception.get_parameter("annulus_frame_id").value
    calibrated_robot.wait(lambda: len(calibrated_robot.transforms(child)) >= len(metric), "the transforms")
    assert [t.header.stamp for t in calibrated_robot.transforms(child)] == metric


@pytest.mark.parametrize(
    "damage",
    [
        {"encoding": "32FC1"},
        {"encoding": "no such encoding"},
        {"step": 10},
        {"data": b""},
        {"height": 0},
        {"height": 4000},
    ],
    ids=lambda damage: " ".join(f"{k}={v!r}" for k, v in damage.items()),
)
def test_an_unreadable_image_is_answered_invalid_with_image_rejected(robot, frames, damage):
    msg = conversions.image_to_msg(frames[0], robot.now())
    for field, value in damage.items():
        setattr(msg, field, value)
    _, annulus, deviation = robot.ask(msg)
    assert not deviation.valid and not annulus.valid
    assert deviation.reasons == annulus.reasons == Reason.IMAGE_REJECTED


def test_the_node_lives_on_after_an_unreadable_image(robot, frames):
    robot.ask(Image(header=robot.now(), encoding="mono8", height=5, width=5, step=5))
    _, _, deviation = robot.ask(frames[0])
    assert not deviation.reasons & Reason.IMAGE_REJECTED


def test_an_image_with_an_old_stamp_is_answered_invalid_with_image_stale(robot, frames):
    _, annulus, deviation = robot.ask(frames[0], Header(stamp=Time(sec=1_000), frame_id="fluoro"))
    assert not deviation.valid and not annulus.valid
    assert deviation.reasons & Reason.IMAGE_STALE


def test_an_image_from_the_future_is_answered_invalid_with_image_stale(robot, frames):
    header = robot.now()
    header.stamp.sec += 3600
    _, _, deviation = robot.ask(frames[0], header)
    assert deviation.reasons & Reason.IMAGE_STALE and not deviation.valid


def test_stamps_that_run_backwards_are_answered_invalid_with_time_jump(robot, frames):
    first = robot.now()
    robot.ask(frames[0], first)
    earlier = Header(stamp=Time(sec=first.stamp.sec - 1), frame_id="fluoro")
    _, _, deviation = robot.ask(frames[1], earlier)
    assert deviation.reasons & Reason.TIME_JUMP and not deviation.valid


def test_stale_deviations_follow_when_images_stop(make_perception, make_robot, frames):
    make_perception(stale_after=0.3)
    robot = make_robot()
    robot.wait(lambda: robot.images.get_subscription_count(), "the node")
    robot.wait(lambda: robot.send(frames[0]) and robot.received("keypoints"), "a first answer")
    first = robot.received("keypoints")[0]
    robot.forget()  # what came before the first image
    robot.wait(
        lambda: sum(bool(d.reasons & Reason.IMAGE_STALE) for d in robot.received("deviation")) > 2,
        "stale deviations",
    )
    stale = robot.received("deviation")[-1]
    assert not stale.valid and np.isnan(stale.depth)
    assert stamp_ns(stale) >= stamp_ns(first)


def test_latency_is_the_time_from_stamp_to_publication(robot, frames):
    header = robot.now()
    _, _, deviation = robot.ask(frames[0], header)
    arrived = robot.get_clock().now().nanoseconds
    latency = deviation.latency.sec * 1e9 + deviation.latency.nanosec
    assert 0 < latency <= arrived - stamp_ns(deviation)


def test_a_contradictory_geometry_is_refused_and_leaves_the_images_uncalibrated(perception, robot, frames):
    broken = CArmGeometry(
        source_to_detector=0.7,
        source_to_object=1.0,
        imager_pixel_spacing=2e-4,
        image_width=1000,
        image_height=1000,
        calibration=CArmGeometry.USER,
    )
    robot.geometry.publish(broken)
    robot.wait(
        lambda: robot.status(perception) and "source_to_object" in robot.status(perception).message,
        "the diagnostic to name the field",
    )
    _, _, deviation = robot.ask(frames[0])
    assert deviation.reasons & Reason.UNCALIBRATED


def test_the_model_in_use_is_told_to_late_subscribers(perception, robot):
    robot.listen(ModelInfo, "model_info", qos.LATCHED)
    robot.wait(lambda: robot.received("model_info"), "the latched model info")
    info = robot.received("model_info")[0]
    assert len(info.sha256) == 64 and info.name and info.runtime in ("litert", "tensorflow")


def test_the_overlay_is_drawn_only_while_somebody_looks(robot, frames):
    robot.ask(frames[0])
    # An overlay follows its deviation: only with the second answer is the first frame's surely past.
    robot.ask(frames[0])
    subscription = robot.listen(Image, "overlay", qos.SENSOR_DATA)
    robot.wait(lambda: subscription.get_publisher_count(), "the overlay's publisher")
    robot.wait(lambda: robot.ask(frames[1]) and robot.received("overlay"), "an overlay")
    overlay = robot.received("overlay")[0]
    assert overlay.encoding == "bgr8" and (overlay.height, overlay.width) == frames[1].shape
    assert overlay.header.stamp != robot.received("deviation")[0].header.stamp


def test_camera_info_describes_the_calibrated_pinhole(calibrated_robot, procedure, frames):
    calibrated_robot.listen(CameraInfo, "camera_info", qos.SENSOR_DATA)
    calibrated_robot.wait(
        lambda: (
            calibrated_robot.ask(frames[0])
            and any(info.k[0] > 0 for info in calibrated_robot.received("camera_info"))
        ),
        "a calibrated camera info",
    )
    info = calibrated_robot.received("camera_info")[-1]
    assert np.allclose(np.reshape(info.k, (3, 3)), procedure.geometry.camera_matrix)


def test_compressed_images_give_nearly_the_same_keypoints(make_perception, make_robot, frames):
    import cv2
    from sensor_msgs.msg import CompressedImage

    make_perception(image_transport="compressed")
    robot = make_robot()
    publisher = robot.create_publisher(CompressedImage, "image/compressed", RELIABLE)
    robot.wait(publisher.get_subscription_count, "the node")
    data = cv2.imencode(".png", frames[0])[1].tobytes()
    header = robot.now()
    robot.wait(
        lambda: (
            publisher.publish(CompressedImage(header=header, format="png", data=data))
            or robot.received("keypoints")
        ),
        "an answer",
    )
    answer: KeypointArray = robot.received("keypoints")[0]
    assert (answer.image_height, answer.image_width) == frames[0].shape
    assert any(point.present for point in answer.keypoints)
