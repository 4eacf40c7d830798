"""The frames that the node sends: of the C-arm from its angles, and none that tf2 would refuse."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Header

from tavi_perception.nodes import conversions
from tavi_perception.nodes.frame_names import transform_defect


def test_the_frame_of_the_images_exists_once_the_geometry_is_known(robot, procedure, namespace):
    frame_id = f"fluoro{namespace[1:]}"
    robot.announce(procedure.geometry, frame_id)
    robot.wait(lambda: robot.transforms(frame_id, "/tf_static"), "the static transform")
    (transform,) = robot.transforms(frame_id, "/tf_static")
    assert transform.header.frame_id == "c_arm"
    distance = np.linalg.norm([getattr(transform.transform.translation, axis) for axis in "xyz"])
    assert distance == pytest.approx(procedure.geometry.source_to_object)


def test_the_frame_of_uncalibrated_images_exists_from_the_first_of_them_on(robot, frames, namespace):
    frame_id = f"fluoro{namespace[1:]}"
    robot.ask(frames[0], robot.now(frame_id))
    robot.wait(lambda: robot.transforms(frame_id, "/tf_static"), "the static transform")


def test_the_frame_follows_a_turn_of_the_c_arm(robot, procedure, namespace):
    frame_id = f"fluoro{namespace[1:]}"
    for number, angle in enumerate((0.0, 0.5), start=1):
        robot.announce(procedure.geometry, frame_id, primary_angle=angle)
        robot.wait(lambda n=number: len(robot.transforms(frame_id, "/tf_static")) == n, "the transform")
    first, second = (t.transform.rotation.y for t in robot.transforms(frame_id, "/tf_static"))
    assert second - first == pytest.approx(np.sin(0.25), abs=0.1)


@pytest.mark.parametrize("frame_id", ["", "/fluoro"])
def test_no_transform_is_sent_from_a_frame_that_tf2_refuses(perception, robot, procedure, frames, frame_id):
    robot.announce(procedure.geometry)
    robot.wait(lambda: robot.geometry.get_subscription_count(), "the node")
    answers = robot.film(frames[:8], frame_id)
    assert any(annulus.valid for _, annulus, _ in answers)
    robot.hear(perception, "no transform is sent", DiagnosticStatus.WARN)
    assert not robot.transforms(perception.get_parameter("annulus_frame_id").value)
    assert not robot.transforms(frame_id, "/tf_static")


def test_no_frame_becomes_its_own_parent():
    assert "its own parent" in transform_defect("fluoro", "fluoro")
    assert not transform_defect("fluoro", "aortic_annulus")


@pytest.mark.parametrize("name", ["annulus_frame_id", "c_arm_frame_id"])
def test_a_parameter_that_names_no_frame_is_refused(make_perception, name):
    with pytest.raises(ValueError, match=f"{name} is '/up'"):
        make_perception(**{name: "/up"})


def test_the_c_arms_own_frame_is_left_to_others_on_request(make_perception, make_robot, frames, namespace):
    make_perception(c_arm_frame_id="")
    robot = make_robot()
    robot.wait(lambda: robot.images.get_subscription_count(), "the node")
    robot.ask(frames[0], robot.now(f"fluoro{namespace[1:]}"))
    assert not robot.transforms(f"fluoro{namespace[1:]}", "/tf_static")


def test_the_source_lies_beneath_the_patient_in_an_ap_view(procedure):
    import dataclasses

    frontal = dataclasses.replace(procedure.geometry, primary_angle=0.0, secondary_angle=0.0)
    msg = conversions.c_arm_to_msg(frontal, Header(frame_id="fluoro"), "c_arm")
    assert msg.transform.translation.z == pytest.approx(-frontal.source_to_object)
    assert msg.transform.rotation.w == 1.0
