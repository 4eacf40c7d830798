"""A frame whose processing or drawing fails is answered once, and the next starts afresh."""

import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image
from tavi_msgs.msg import Reason

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.nodes import qos


@pytest.fixture
def predict_fails(perception, monkeypatch):
    """An event: while it is set, the loaded model cannot be run."""
    failing = threading.Event()
    foresight = perception._pipeline._foresight
    keypoints = foresight.keypoints

    def perhaps(*frame):
        if failing.is_set():
            raise RuntimeError("no memory left")
        return keypoints(*frame)

    monkeypatch.setattr(foresight, "keypoints", perhaps)
    return failing


def test_a_frame_whose_processing_fails_is_answered_once_and_says_so(robot, frames, predict_fails, capfd):
    predict_fails.set()
    keypoints, annulus, deviation = robot.ask(frames[0])
    assert not any(point.present for point in keypoints.keypoints)
    assert not annulus.valid and not deviation.valid
    assert annulus.reasons == deviation.reasons == Reason.PROCESSING_FAILED
    predict_fails.clear()
    robot.ask(frames[1])
    stamps = [stamp_ns(msg) for msg in robot.received("deviation")]
    assert len(stamps) == len(set(stamps)) == 2
    assert "Traceback" in capfd.readouterr().err


def test_the_frame_after_a_failure_knows_nothing_of_those_before(robot, frames, predict_fails):
    blank = np.full_like(frames[0], 128)
    *_, (_, before, _) = robot.film([*frames[:8], blank])
    predict_fails.set()
    robot.ask(blank + 1)
    predict_fails.clear()
    _, after, deviation = robot.ask(blank + 2)
    assert np.isfinite(before.contrast_age) and np.isnan(after.contrast_age)
    assert not deviation.reasons & Reason.PROCESSING_FAILED


def test_a_failure_is_named_in_the_diagnostics_even_when_the_next_frame_is_good(
    perception, robot, frames, predict_fails
):
    predict_fails.set()
    robot.ask(frames[0])
    predict_fails.clear()
    robot.ask(frames[1])
    robot.wait(
        lambda: robot.status(perception) and "no memory left" in robot.status(perception).message,
        "the failure to be named",
    )
    assert robot.status(perception).level == DiagnosticStatus.ERROR
    robot.wait(lambda: robot.status(perception).level == DiagnosticStatus.OK, "the failure to be over")
    assert {item.key: item.value for item in robot.status(perception, "input").values}["images failed"] == "1"


def test_a_frame_whose_overlay_fails_is_answered_once_all_the_same(robot, frames, monkeypatch):
    drawn = []

    def fail(*_, **__):
        drawn.append(True)
        raise RuntimeError("no paint left")

    monkeypatch.setattr("tavi_perception.nodes.outputs.draw_overlay", fail)
    subscription = robot.listen(Image, "overlay", qos.SENSOR_DATA)
    robot.wait(lambda: subscription.get_publisher_count(), "the overlay's publisher")
    robot.wait(lambda: robot.ask(frames[0]) and drawn, "an overlay to fail")
    last = robot.ask(frames[1])[2]
    stamps = [stamp_ns(msg) for msg in robot.received("deviation")]
    assert len(stamps) == len(set(stamps))
    assert not last.reasons & Reason.PROCESSING_FAILED


def test_no_answer_waits_for_a_picture(robot, frames, monkeypatch):
    drawing, enough = threading.Event(), threading.Event()

    def draw(image, *_, **__):
        drawing.set()
        enough.wait(20.0)

    monkeypatch.setattr("tavi_perception.nodes.outputs.draw_overlay", draw)
    subscription = robot.listen(Image, "overlay", qos.SENSOR_DATA)
    robot.wait(lambda: subscription.get_publisher_count(), "the overlay's publisher")
    try:
        robot.wait(lambda: robot.ask(frames[0]) and drawing.is_set(), "a picture to be begun")
        assert robot.ask(frames[1]) and robot.ask(frames[0])
        assert not robot.received("overlay")
    finally:
        enough.set()
    robot.wait(lambda: robot.received("overlay"), "the picture")
