"""The simulator: a patient to look at, with truth, and a robot that moves for sane commands alone."""

import dataclasses
import re
import time
from pathlib import Path

import numpy as np
import pytest
from rcl_interfaces.srv import GetParameters
from rclpy.exceptions import ParameterException
from tavi_msgs.msg import (
    AnnulusFrame,
    CArmGeometry,
)

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.nodes import qos, simulated_patient

NODES_PAGE = Path(__file__).resolve().parents[3] / "docs" / "nodes.md"


def test_truth_has_the_stamps_of_the_images(operator, make_simulator):
    operator.find(make_simulator())
    topics = ("image", "truth/keypoints", "truth/annulus", "truth/deviation")
    operator.wait(lambda: all(len(operator.received(topic)) >= 10 for topic in topics), "ten frames")
    stamps = [[msg.header.stamp for msg in operator.received(topic)[:10]] for topic in topics]
    assert all(others == stamps[0] for others in stamps[1:])
    seconds = np.array([stamp.sec + 1e-9 * stamp.nanosec for stamp in stamps[0]])
    assert (np.diff(seconds) > 0).all()


def test_images_are_mono8_of_the_asked_size_in_the_asked_frame(operator, make_simulator):
    operator.find(make_simulator(frame_id="c_arm"))
    msg = operator.received("image")[0]
    assert (msg.encoding, msg.width, msg.height, msg.step) == ("mono8", 128, 128, 128)
    assert msg.header.frame_id == "c_arm"
    assert np.ptp(np.asarray(msg.data)) > 20


def test_sixteen_bits_are_published_as_mono16(operator, make_simulator):
    operator.find(make_simulator(bits=16))
    msg = operator.received("image")[0]
    assert (msg.encoding, msg.width, msg.step, len(msg.data)) == ("mono16", 128, 256, 2 * 128 * 128)
    pixels = np.frombuffer(msg.data, np.uint16)
    assert 255 < pixels.max() < 2**14


def test_the_geometry_is_calibrated_and_latched(operator, make_simulator, make_robot):
    operator.find(make_simulator())
    late = make_robot()
    late.listen(CArmGeometry, "carm_geometry", qos.LATCHED)
    late.wait(lambda: late.received("carm_geometry"), "the latched geometry")
    msg = late.received("carm_geometry")[0]
    assert msg.calibration != CArmGeometry.UNCALIBRATED
    assert (msg.image_width, msg.image_height) == (128, 128)


def test_the_geometry_is_published_again_only_when_it_changes(operator, make_simulator, monkeypatch):
    class Turning(simulated_patient.CommandedPatient):
        """Turns the C-arm after the fifth frame."""

        shown = 0

        def picture(self, moment):
            self.shown += 1
            view = super().picture(moment)
            angle = 0.1 if self.shown > 5 else 0.0
            return dataclasses.replace(view, geometry=dataclasses.replace(view.geometry, primary_angle=angle))

    monkeypatch.setitem(simulated_patient.PATIENTS, "none", Turning)
    operator.find(make_simulator())
    operator.wait_frames(12)
    assert [msg.primary_angle for msg in operator.received("carm_geometry")] == pytest.approx([0.0, 0.1])


def test_injections_show_the_annulus_at_once_and_again(operator, make_simulator):
    operator.find(make_simulator(injection_period=4.0, frame_rate=10.0))
    operator.wait(
        lambda: any(msg.source == AnnulusFrame.SOURCE_CONTRAST for msg in operator.received("truth/annulus")),
        "contrast in the annulus",
    )


def test_a_script_runs_by_itself_to_its_end_and_ignores_commands(operator, make_simulator):
    simulator = make_simulator(script="procedure", duration=1.0)
    operator.wait(lambda: simulator.count_subscribers("image"), "the operator")
    simulator.start()
    operator.command(advance=0.005)
    operator.wait(lambda: len(operator.received("image")) + simulator.late == 20, "the end")
    time.sleep(0.2)
    images, truths = operator.received("image"), operator.received("truth/deviation")
    assert [msg.header.stamp for msg in images] == [msg.header.stamp for msg in truths]
    assert len(images) + simulator.late == 20


def test_slow_rendering_leaves_frames_out_and_parameters_are_answered_all_the_same(
    operator, make_simulator, monkeypatch
):
    class Slow(simulated_patient.CommandedPatient):
        def picture(self, moment):
            time.sleep(0.3)
            return super().picture(moment)

    monkeypatch.setitem(simulated_patient.PATIENTS, "none", Slow)
    simulator = make_simulator()
    operator.find(simulator)
    client = operator.robot.create_client(GetParameters, "simulator/get_parameters")
    operator.wait(client.service_is_ready, "the parameter service")
    start = time.monotonic()
    answer = client.call_async(GetParameters.Request(names=["seed"]))
    operator.wait(answer.done, "an answer")
    assert time.monotonic() - start < 0.25
    operator.wait(lambda: simulator.late >= 5, "frames to be left out")


@pytest.mark.parametrize("wrong", [{"bits": 12}, {"frame_rate": 0.0}, {"script": "dance"}])
def test_a_parameter_that_is_not_allowed_is_refused(make_simulator, wrong):
    with pytest.raises((ValueError, ParameterException)):
        make_simulator(**wrong)


def test_the_topics_of_the_node_reference_are_those_that_the_node_has(make_simulator, namespace):
    simulator = make_simulator()
    ours = {entity.topic_name for entity in (*simulator.publishers, *simulator.subscriptions)}
    ours = {topic for topic in ours if topic.startswith(namespace)}
    section = NODES_PAGE.read_text().split("\n## simulator\n")[1].split("\n## ")[0]
    named = set(re.findall(r"^\| `([a-z_/]+)` \|", section, flags=re.MULTILINE))
    assert {f"{namespace}/{topic.removeprefix('/')}" for topic in named} == ours


def test_a_simulator_in_simulated_time_runs_before_its_clock_is_heard(operator, make_simulator):
    simulator = make_simulator(use_sim_time=True)
    operator.find(simulator)
    assert not simulator.failure
    assert all(stamp_ns(state) == 0 for state in operator.states)
