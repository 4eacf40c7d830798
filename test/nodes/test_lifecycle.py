"""Lifecycle, parameters, diagnostics and quality of service of the perception node."""

import json
import shutil
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import CatheterDeviation, Reason

from tavi_perception.inference.bundle import default_bundle
from tavi_perception.nodes import conversions

SUCCESS = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def broken_bundle(tmp_path):
    """The shipped bundle with one byte of its weights changed."""
    folder = tmp_path / "broken"
    shutil.copytree(default_bundle().folder, folder)
    weights = next(folder.glob("*.tflite"))
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    return folder


@pytest.fixture
def foreign_bundle(tmp_path):
    """The shipped bundle, claiming other landmarks."""
    folder = tmp_path / "foreign"
    shutil.copytree(default_bundle().folder, folder)
    description = json.loads((folder / "model.json").read_text())
    description["landmarks"][0] = "NOSE"
    (folder / "model.json").write_text(json.dumps(description))
    return folder


def values(status):
    return {item.key: item.value for item in status.values}


def test_a_deactivated_node_is_silent(perception, robot, frames):
    robot.ask(frames[0])
    assert perception.trigger_deactivate() == SUCCESS
    robot.forget()
    for image in frames[:5]:
        robot.send(image)
        time.sleep(0.05)
    assert not any(robot.received(topic) for topic in ("keypoints", "annulus", "deviation", "/tf"))


def test_a_deactivated_node_answers_again_when_activated(perception, robot, frames):
    perception.trigger_deactivate()
    assert perception.trigger_activate() == SUCCESS
    robot.wait(lambda: robot.images.get_subscription_count(), "the subscription")
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")


def test_a_node_without_autostart_waits_for_its_manager(make_perception, make_robot, frames):
    node = make_perception(autostart=False)
    robot = make_robot()
    assert robot.images.get_subscription_count() == 0
    assert node.trigger_configure() == SUCCESS and node.trigger_activate() == SUCCESS
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")


def test_a_node_can_be_cleaned_up_and_configured_again(perception, robot, frames):
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert getattr(perception, f"trigger_{transition}")() == SUCCESS
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")


@pytest.mark.parametrize("fixture", ["broken_bundle", "foreign_bundle"])
def test_a_bundle_that_breaks_its_contract_gives_errors_and_invalid_deviations_but_a_living_node(
    make_perception, make_robot, frames, request, fixture
):
    folder = request.getfixturevalue(fixture)
    node = make_perception(model=str(folder))
    robot = make_robot()
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")
    deviation = robot.received("deviation")[0]
    assert not deviation.valid and deviation.reasons == Reason.MODEL_NOT_READY
    robot.wait(lambda: robot.status(node), "diagnostics")
    assert robot.status(node).level == DiagnosticStatus.ERROR
    assert str(folder) in robot.status(node).message


def test_a_node_recovers_from_a_broken_bundle_when_configured_with_a_good_one(
    make_perception, make_robot, frames, broken_bundle
):
    node = make_perception(model=str(broken_bundle))
    robot = make_robot()
    assert node.set_parameters([Parameter("model", value="")])[0].successful
    for transition in ("deactivate", "cleanup", "configure", "activate"):
        assert getattr(node, f"trigger_{transition}")() == SUCCESS
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")
    assert not robot.received("deviation")[-1].reasons & Reason.MODEL_NOT_READY


def test_an_unreadable_image_gives_an_error_diagnostic_that_names_the_encoding(perception, robot):
    robot.ask(Image(header=robot.now(), encoding="32FC1", height=2, width=2, step=8, data=bytes(16)))
    robot.wait(
        lambda: robot.status(perception) and robot.status(perception).level == DiagnosticStatus.ERROR,
        "the error",
    )
    assert "32FC1" in robot.status(perception).message
    assert values(robot.status(perception, "input"))["images rejected"] == "1"


def test_the_error_diagnostic_goes_when_images_are_readable_again(perception, robot, frames):
    robot.ask(Image(header=robot.now(), encoding="32FC1", height=2, width=2, step=8, data=bytes(16)))
    robot.ask(frames[0])
    robot.forget()
    robot.wait(lambda: robot.status(perception), "diagnostics")
    assert robot.status(perception).level == DiagnosticStatus.OK


def test_old_stamps_are_named_in_the_diagnostics(perception, robot, frames):
    robot.ask(frames[0], Header(frame_id="fluoro"))
    robot.wait(
        lambda: robot.status(perception) and "use_sim_time" in robot.status(perception).message, "the warning"
    )


def test_frames_that_came_too_fast_are_counted_as_dropped(make_perception, make_robot, frames):
    perception = make_perception(image_reliability="reliable")
    robot = make_robot(image_qos=QoSProfile(depth=50, reliability=ReliabilityPolicy.RELIABLE))
    robot.wait(robot.images.get_subscription_count, "the node")
    for _ in range(40):
        robot.send(frames[0])

    def every_image_is_accounted_for():
        status = robot.status(perception, "input")
        if status is None:
            return False
        counts = {key: int(value) for key, value in values(status).items() if key.startswith("images")}
        answered = counts["images processed"] == len(robot.received("deviation"))
        return answered and counts["images received"] == counts["images processed"] + counts["images dropped"]

    robot.wait(
        lambda: (
            every_image_is_accounted_for()
            and values(robot.status(perception, "input"))["images dropped"] != "0"
        ),
        "every image to be answered or counted as dropped",
    )


def test_images_from_a_reliable_publisher_are_taken_too(make_perception, make_robot, frames):
    make_perception()
    robot = make_robot(image_qos=QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE))
    robot.wait(lambda: robot.send(frames[0]) and robot.received("deviation"), "an answer")


def test_an_incompatible_image_publisher_is_reported_by_topic_and_policy(make_perception, make_robot, frames):
    node = make_perception(image_reliability="reliable")
    robot = make_robot()
    robot.wait(
        lambda: robot.status(node) and "reliable subscription" in robot.status(node).message,
        "the mismatch to be reported",
    )
    topic = node.resolve_topic_name("image")
    assert f"{robot.get_fully_qualified_name()} publishes {topic}" in robot.status(node).message
    assert robot.status(node).level == DiagnosticStatus.WARN


def test_an_incompatible_publisher_that_is_gone_is_reported_no_longer(make_perception, make_robot):
    node = make_perception(image_reliability="reliable")
    robot = make_robot()
    robot.hear(node, "incompatible quality of service", DiagnosticStatus.WARN, "input")
    robot.destroy_publisher(robot.images)

    def gone():
        return values(robot.status(node, "input"))["incompatible QoS"] == "none"

    robot.wait(gone, "the warning to end")


def test_an_incompatible_subscriber_is_reported_by_name_and_topic(make_perception, make_robot):
    node = make_perception()
    robot = make_robot()
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    robot.listen(CatheterDeviation, "deviation", latched)
    topic = node.resolve_topic_name("deviation")
    robot.hear(
        node,
        f"{robot.get_fully_qualified_name()} subscribes to {topic} with an incompatible quality of service",
        DiagnosticStatus.WARN,
        "output",
    )


def test_subscribers_that_match_are_not_reported_beside_one_that_does_not(make_perception, make_robot):
    node = make_perception()
    robot = make_robot()
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    robot.listen(CatheterDeviation, "deviation", latched)
    robot.hear(node, "incompatible quality of service", DiagnosticStatus.WARN, "output")
    message = robot.status(node, "output").message
    assert message.count("incompatible quality of service") == 1
    assert message.count(robot.get_fully_qualified_name()) == 1


def test_every_parameter_has_a_description(perception):
    own = [
        name
        for name in perception.list_parameters([], 0).names
        if not name.startswith(("qos_overrides.", "start_type_description")) and name != "use_sim_time"
    ]
    assert own
    assert all(perception.describe_parameter(name).description for name in own)


def test_constants_of_the_tracker_are_no_parameters(perception):
    assert not perception.has_parameter("gate_probability")


def test_read_only_parameters_cannot_be_changed(perception):
    assert not perception.set_parameters([Parameter("annulus_frame_id", value="other")])[0].successful


def test_a_parameter_out_of_range_is_refused(perception):
    result = perception.set_parameters([Parameter("stale_after", value=-1.0)])[0]
    assert not result.successful and "stale_after" in result.reason


def test_a_refused_set_changes_nothing(perception, robot, frames, procedure):
    robot.geometry.publish(conversions.geometry_to_msg(procedure.geometry, robot.now()))
    wrong = [Parameter("tracking.target_depth", value=0.01), Parameter("annulus.diameter_min", value=0.05)]
    result = perception.set_parameters_atomically(wrong)
    assert not result.successful
    assert "annulus.diameter_min (0.05) must be below annulus.diameter_max (0.035)" in result.reason
    assert perception.get_parameter("tracking.target_depth").value == 0.003
    known = [d for _, _, d in robot.film(frames[5:]) if np.isfinite(d.depth)]
    assert known[-1].depth - known[-1].depth_error == pytest.approx(0.003)


def test_values_that_are_only_allowed_together_can_be_set_together(perception):
    wide = [Parameter("annulus.diameter_min", value=0.04), Parameter("annulus.diameter_max", value=0.05)]
    assert not perception.set_parameters([wide[0]])[0].successful
    assert perception.set_parameters_atomically(wide).successful
    assert perception.get_parameter("annulus.diameter_min").value == 0.04


def test_a_set_that_a_later_check_refuses_does_not_reach_the_frames(perception, robot, frames, procedure):
    def refuse(_):
        return SetParametersResult(successful=False, reason="not today")

    # The last of the list is asked last, when the node's own check has passed.
    perception._on_set_parameters_callbacks.append(refuse)
    robot.geometry.publish(conversions.geometry_to_msg(procedure.geometry, robot.now()))
    assert not perception.set_parameters([Parameter("tracking.target_depth", value=0.01)])[0].successful
    known = [d for _, _, d in robot.film(frames[5:]) if np.isfinite(d.depth)]
    assert known[-1].depth - known[-1].depth_error == pytest.approx(0.003)


def test_a_new_target_depth_counts_from_the_next_frame_on(perception, robot, frames, procedure):
    robot.geometry.publish(conversions.geometry_to_msg(procedure.geometry, robot.now()))
    errors = {}
    for target in (0.003, 0.005):
        assert perception.set_parameters([Parameter("tracking.target_depth", value=target)])[0].successful
        known = [d for _, _, d in robot.film(frames[5:]) if np.isfinite(d.depth)]
        errors[target] = known[-1].depth - known[-1].depth_error
    assert errors == pytest.approx({0.003: 0.003, 0.005: 0.005})
