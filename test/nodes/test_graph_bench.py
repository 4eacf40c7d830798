"""``./tavi bench --graph`` counts every frame of a real graph; nothing here judges its times."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from tavi_msgs.msg import CatheterDeviation

from benchmarks.graph.answers import Stopwatch
from benchmarks.graph.arms import ARMS, DEVIATION
from benchmarks.graph.camera import there_and_back, write_frames
from benchmarks.graph.camera_control import Camera
from benchmarks.graph.measure import measure, wake
from benchmarks.graph.naive_node import NaiveNode
from benchmarks.graph.plan import Cell, Company
from benchmarks.graph.tensorflow_python import REMEDY, find
from benchmarks.naive import naive
from tavi_perception.carm import uncalibrated
from tavi_perception.commands import bench as command
from tavi_perception.estimates import Reason
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.nodes import qos
from tavi_perception.nodes.graph import GraphError
from tavi_perception.nodes.session_graph import INPUTS
from tavi_perception.stage_clock import StageClock, StageTimes, TimedStage
from tavi_perception.timing_values import timing_values

SIZE = 64
CELL = Cell(SIZE, 60.0, False, 0.3)
NOWHERE = "/nowhere/python"


@pytest.fixture(scope="module")
def camera(graph, tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    write_frames(folder, SIZE, np.zeros((3, SIZE, SIZE), dtype=np.uint8))
    with Camera(folder, folder / "camera.log") as running:
        yield running


@pytest.fixture
def add(graph):
    """Adds a node to the graph for the time of the test."""
    nodes = []

    def add(node):
        graph.add(node)
        nodes.append(node)
        return node

    yield add
    graph.check()
    for node in nodes:
        graph.remove(node)


@pytest.fixture
def stopwatch(add):
    made = Stopwatch(DEVIATION, uncalibrated(SIZE, SIZE))
    add(made.node)
    return made


@pytest.fixture
def under_test(add):
    """Adds a node under test that answers every frame, or none."""

    def under_test(*, answers):
        node = add(rclpy.create_node("perception", namespace="tavi"))
        publisher = node.create_publisher(CatheterDeviation, DEVIATION, qos.OUTPUT)

        def on_image(image):
            if answers:
                publisher.publish(CatheterDeviation(header=image.header))

        node.create_subscription(Image, INPUTS[0], on_image, qos.image_qos("best_effort"))

    return under_test


def test_every_frame_that_was_sent_is_answered_or_lost(graph, camera, stopwatch, under_test):
    under_test(answers=True)
    wake(camera, stopwatch, graph, SIZE, 1, patience=20.0)
    it = measure(camera, stopwatch, os.getpid(), CELL, drain=10.0)
    assert it.answered > 0
    assert it.answered + it.lost == it.sent
    assert 0.0 < it.median_ms <= it.p99_ms <= it.max_ms
    assert it.memory_mb > 0.0


def test_node_that_never_answers_loses_every_frame_and_does_not_hang(graph, camera, stopwatch, under_test):
    under_test(answers=False)
    while True:  # it is told from one that has not subscribed yet
        try:
            wake(camera, stopwatch, graph, SIZE, 1, patience=0.5)
            break
        except GraphError:
            continue
    it = measure(camera, stopwatch, os.getpid(), CELL, drain=0.2)
    assert it.lost == it.sent > 0
    assert (it.median_ms, it.answered_hz) == (None, 0.0)


def test_graph_in_which_nobody_listens_is_one_sentence(graph, camera, stopwatch):
    with pytest.raises(GraphError, match=f"of 9 have subscribed to {INPUTS[0]}"):
        wake(camera, stopwatch, graph, SIZE, 9, patience=0.1)


def test_first_answer_to_a_frame_counts_with_what_it_says(add, make_robot, stopwatch):
    robot = make_robot()
    publisher = add(rclpy.create_node("speaker")).create_publisher(CatheterDeviation, DEVIATION, qos.OUTPUT)
    robot.wait(lambda: publisher.get_subscription_count(), "the stopwatch")
    late, broken = Reason.IMAGE_STALE, Reason.MODEL_NOT_READY
    for nanosec, reasons in ((1, Reason(0)), (1, broken), (2, late), (3, broken | late)):
        header = Header(frame_id="fluoro")
        header.stamp.sec, header.stamp.nanosec = 5, nanosec
        publisher.publish(CatheterDeviation(header=header, reasons=int(reasons)))
    robot.wait(lambda: stopwatch.count == 3, "answers to three frames")
    told = {stamp: (answer.failed, answer.stale) for stamp, answer in stopwatch.take().items()}
    assert told == {
        5_000_000_001: (False, False),
        5_000_000_002: (False, True),
        5_000_000_003: (True, True),
    }
    assert stopwatch.take() == {}


def test_stages_are_added_up_from_what_the_node_says_after_the_first_message(add, make_robot, stopwatch):
    robot, times = make_robot(), StageTimes()
    node = add(rclpy.create_node("speaker"))
    publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.OUTPUT)
    robot.wait(lambda: publisher.get_subscription_count(), "the stopwatch")
    for inference in (0.5, 0.002, 0.004, 0.004):
        clock = StageClock()
        clock.took(TimedStage.INFERENCE, inference)
        times.add(clock)
        values = [KeyValue(key=key, value=value) for key, value in timing_values(times).items()]
        publisher.publish(DiagnosticArray(status=[DiagnosticStatus(name="it: timing", values=values)]))
    robot.wait(lambda: stopwatch.told == 4, "four messages")
    (durations,) = stopwatch.take_stages().values()
    assert durations.count == 3
    assert durations.median == pytest.approx(4.0, rel=0.03)
    assert stopwatch.take_stages() == {}


def test_naive_node_answers_with_what_the_naive_pipeline_says(add, make_robot, namespace):
    bundle = default_bundle()
    node = add(NaiveNode(bundle, "litert", namespace=namespace))
    robot = make_robot()
    (publisher,) = (each for each in node.publishers if each.topic_name == f"{namespace}/keypoints")
    robot.wait(
        lambda: robot.images.get_subscription_count() and publisher.get_subscription_count(),
        "the naive node and the robot to find each other",
    )
    image = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE), dtype=np.uint8)
    header = robot.send(image)
    robot.wait(lambda: robot.answers("keypoints", header.stamp), "its answer")
    (answer,) = robot.answers("keypoints", header.stamp)
    expected = naive(bundle)(image)
    xy = expected[bundle.manifest.tensors.xy][0] * SIZE / bundle.input_width
    assert np.array([(k.x, k.y) for k in answer.keypoints]) == pytest.approx(xy, abs=1e-3)


def test_frames_go_there_and_back_without_a_repetition():
    shown = [there_and_back(number, 4) for number in range(9)]
    assert shown == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert there_and_back(7, 1) == 0


def test_python_without_tensorflow_is_named_with_the_remedy():
    found = find(Path(NOWHERE))
    assert found.words == ()
    assert NOWHERE in found.missing and REMEDY in found.missing


def test_command_offers_what_can_be_measured():
    assert tuple(ARMS) == command.ARMS
    assert tuple(company.value for company in Company) == command.COMPANIES


def test_run_leaves_table_and_json_with_machine_and_versions(tmp_path):
    """The node of this project alone: what needs TensorFlow is left out, and that is said."""
    words = ["--graph", "--arms", "node", "naive", "--tensorflow-python", NOWHERE, "--out", tmp_path]
    plan = ["--sizes", SIZE, "--rates", 20, "--seconds", 0.5, "--company", "alone", "--no-flood"]
    done = subprocess.run(
        [sys.executable, "-m", "tavi_perception.cli", "bench", *map(str, (*words, *plan))],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"},
    )
    found = json.loads((tmp_path / "figures.json").read_text())
    assert {"python", "tavi_perception", "numpy"} <= found["machine"]["versions"].keys()
    assert found["machine"]["processor"] in done.stdout
    assert found["machine"]["ros"]["middleware"] in done.stdout
    (cell,) = found["cells"]
    assert (cell["arm"], cell["size_px"], cell["rate_hz"], cell["company"]) == ("node", SIZE, 20.0, "alone")
    assert cell["sent"] == cell["answered"] + cell["lost"] > 0
    assert done.returncode == (0 if cell["answered"] else 1), done.stderr  # none, on a busy machine
    assert ARMS["node"].title in done.stdout
    (left_out,) = found["left_out"]
    assert ARMS["naive"].title in left_out and f"left out: {left_out}" in done.stdout
    assert {"table.txt", "rate-alone.png", "size-alone.png"} <= {file.name for file in tmp_path.iterdir()}
    assert (tmp_path / "table.txt").read_text().strip() in done.stdout
    assert not [*tmp_path.glob("scratch-*")]
