"""What /diagnostics tells of input, model, validity and timing of a running perception node."""

import threading

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from sensor_msgs.msg import Image

from tavi_perception.estimates import Reason
from tavi_perception.histogram import Histogram
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.nodes.image_input import ImageInput
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.stage_clock import TimedStage
from tavi_perception.timing_values import newest_times

TIMEOUT = 20.0
"""s to wait for anything."""


def values(status):
    return {pair.key: pair.value for pair in status.values} if status else {}


def told(robot, node, part):
    """All values of a part of the node, message by message."""
    name = f"{node.get_fully_qualified_name()}: {part}"
    return [values(s) for msg in robot.received("/diagnostics") for s in msg.status if s.name == name]


@pytest.fixture(scope="module")
def sent():
    """How many frames are sent, of which the last cannot be read."""
    return 6


@pytest.fixture
def watched(perception, robot, frames, sent):
    """The robot once the node has told of all its answers."""
    for image in frames[: sent - 1]:
        robot.ask(image)
    robot.ask(Image(header=robot.now(), encoding="32FC1", height=2, width=2, step=8, data=bytes(16)))
    robot.wait(
        lambda: values(robot.status(perception, "timing")).get("waiting count") == str(sent),
        "the diagnostics of all frames",
    )
    return robot


def test_diagnostics_tell_rate_age_and_fate_of_the_images(perception, watched, sent):
    found = values(watched.status(perception, "input"))
    assert found["topic"] == perception.resolve_topic_name("image")
    assert float(found["rate Hz"]) > 0 and 0 <= float(found["age of the newest image s"]) < 60
    counts = {key.removeprefix("images "): int(value) for key, value in found.items() if "images" in key}
    assert counts == {
        **{"received": sent, "processed": sent - 1, "rejected": 1},
        **{"lost on the way": 0, "dropped": 0, "failed": 0},
    }
    assert watched.status(perception, "input").level == DiagnosticStatus.ERROR


def test_diagnostics_tell_the_share_of_frames_of_each_reason(perception, watched, sent):
    found = values(watched.status(perception, "validity"))
    assert {f"{reason.name} %" for reason in Reason if reason} < found.keys()
    assert float(found["IMAGE_REJECTED %"]) == pytest.approx(100 / sent, abs=0.1)
    assert float(found["UNCALIBRATED %"]) == pytest.approx(100 * (sent - 1) / sent, abs=0.1)
    assert float(found["valid %"]) == 0.0


def test_diagnostics_tell_of_each_stage_the_frames_that_came_to_it(perception, watched, sent):
    sums = {stage: Histogram() for stage in TimedStage}
    for each in told(watched, perception, "timing"):
        for stage, newest in newest_times(each).items():
            sums[stage] = Histogram.sum((sums[stage], newest))
    seen = {
        TimedStage.INFERENCE, TimedStage.REGISTRATION, TimedStage.TRACKING, TimedStage.DISPLAY,
        TimedStage.FORESIGHT,
    }  # fmt: skip
    assert {stage: histogram.durations().count for stage, histogram in sums.items()} == {
        stage: 0 if stage is TimedStage.DRAWING else sent - 1 if stage in seen else sent
        for stage in TimedStage
    }  # nobody looks
    figures = values(watched.status(perception, "timing"))
    assert figures["inference count"] == str(sent - 1)
    median, p99, longest = (float(figures[f"inference {name} ms"]) for name in ("median", "p99", "max"))
    assert 0 < median <= p99 <= longest


def test_the_stages_of_a_frame_add_up_to_its_latency(perception, robot, frames):
    _, _, deviation = robot.ask(frames[0])
    robot.wait(lambda: any(told(robot, perception, "timing")), "the timing")
    stages = newest_times(next(filter(None, told(robot, perception, "timing"))))
    after = (TimedStage.LATENCY, TimedStage.DISPLAY, TimedStage.FORESIGHT, TimedStage.DRAWING)
    whole = sum(histogram.durations().max for stage, histogram in stages.items() if stage not in after)
    latency = 1e3 * deviation.latency.sec + 1e-6 * deviation.latency.nanosec
    assert stages[TimedStage.LATENCY].durations().max == pytest.approx(latency, rel=0.001)
    publication = stages[TimedStage.PUBLICATION].durations().max
    assert latency - 1.0 < whole < latency + publication + 1.0  # ms; latency is told before its publication


def test_diagnostics_name_the_model(perception, robot):
    robot.wait(lambda: robot.status(perception, "model"), "the diagnostics")
    found, bundle = values(robot.status(perception, "model")), default_bundle()
    assert (found["name"], found["version"], found["sha256"]) == (bundle.name, bundle.version, bundle.sha256)


def test_images_that_never_came_are_counted(make_robot, frames):
    """While the executor is busy, the queue keeps the newest one only."""
    robot, arrivals, sent, busy = make_robot(), [], [], threading.Event()

    def take(arrival):
        arrivals.append(arrival)
        busy.wait(TIMEOUT)

    images = ImageInput(robot, NodeConfig(), take, pytest.fail, pytest.fail)
    robot.wait(robot.images.get_subscription_count, "the subscription")
    robot.wait(lambda: sent.append(robot.send(frames[0])) or arrivals, "a first image")
    sent += [robot.send(frames[0]) for _ in range(10)]
    busy.set()
    robot.wait(lambda: arrivals[-1].header == sent[-1], "the newest image")
    images.destroy()
    assert arrivals[-1].lost > 0
    # Of what was sent before the first one that came, nothing can be known.
    known = len(sent) - sent.index(arrivals[0].header)
    assert len(arrivals) + sum(arrival.lost for arrival in arrivals) == known
