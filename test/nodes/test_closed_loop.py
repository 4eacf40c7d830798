"""``./tavi demo`` in closed loop, as a user starts it, judged by its exit code, its words and its bag."""

import json
import subprocess
import sys

import pytest

from tavi_perception.bags.reader import BagReader
from tavi_perception.control.decision import Phase
from tavi_perception.nodes.closed_loop import DELIVERY
from tavi_perception.nodes.session_graph import INPUTS, RESULTS, SHARED, TRUTH, VIEWS

GIVES_UP = """
import rclpy
from rclpy.node import Node
from tavi_msgs.msg import CatheterDeviation, ControllerState, DeliveryCommand

rclpy.init()
node = Node("controller")
commands = node.create_publisher(DeliveryCommand, "/delivery/command", 10)
states = node.create_publisher(ControllerState, "/controller/state", 10)
answers = 0

def answer(deviation):
    global answers
    answers += deviation.header.stamp.sec > 0
    phase = ControllerState.ABORTED if answers > 10 else ControllerState.HOLD
    commands.publish(DeliveryCommand(header=deviation.header, hold=True, reason="only looks"))
    states.publish(ControllerState(header=deviation.header, phase=phase, reason="has seen enough"))

node.create_subscription(CatheterDeviation, "/tavi/deviation", answer, 10)
try:
    rclpy.spin(node)
except KeyboardInterrupt:
    pass
"""


def demo(*words):
    """As small as can be: what is tested here does not depend on what the perception sees."""
    return subprocess.run(
        [sys.executable, "-m", "tavi_perception.cli", "demo", "--size", "256", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=200,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def controller(tmp_path):
    """Writes a controller; its file."""

    def write(text):
        file = tmp_path / "own.py"
        file.write_text(text)
        return file

    return write


def test_a_controller_of_ones_own_is_followed_until_it_gives_up(controller, tmp_path):
    result = demo("--controller", controller(GIVES_UP), "--out", tmp_path / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ABORTED" in result.stdout and "Aborted before the release: has seen enough" in result.stdout
    with BagReader(tmp_path / "out" / "bag") as bag:
        assert {topic.name for topic in bag.topics} >= {
            *(INPUTS + RESULTS + VIEWS + TRUTH + SHARED + DELIVERY)
        }
        phases = [message.value.phase for message in bag.messages(["/controller/state"])]
    assert phases[-1] == Phase.ABORTED
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["outcome"] == "ABORTED"


def test_our_controller_is_told_to_abort_when_the_time_is_up(tmp_path):
    result = demo("--duration", "2", "--out", tmp_path)
    assert result.returncode == 1
    assert "Not finished within 2 s. Aborted before the release: aborted by the operator" in result.stdout


def test_a_controller_that_is_killed_begins_again_and_the_report_names_the_fault(tmp_path):
    # The fault of this seed begins after 2.2 s.
    result = demo("--seed", 960_532, "--fault", "controller_restarts", "--duration", "10", "--out", tmp_path)
    assert "simulated fault: controller restarts, from 2.2 s on" in result.stderr
    # Its log, not the bag: what it says first, it says before the recorder has heard of it.
    log = (tmp_path / "controller.log").read_text()
    assert log.count("active, waiting for deviations") == 2
    assert json.loads((tmp_path / "summary.json").read_text())["fault"].startswith("controller restarts")
    assert "Simulated fault" in (tmp_path / "report.html").read_text()


def test_a_controller_that_ends_at_once_is_named_with_its_last_words(controller, tmp_path):
    file = controller("raise SystemExit('there is no robot')")
    result = demo("--controller", file, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert f"the controller {file} has ended (exit code 1): there is no robot" in result.stderr


def test_a_controller_that_is_no_file_is_refused_before_anything_starts(tmp_path):
    result = demo("--controller", tmp_path / "none.py", "--out", tmp_path / "out")
    assert result.returncode == 1 and not (tmp_path / "out").exists()
    assert result.stderr.splitlines() == [
        f"tavi demo: {tmp_path / 'none.py'}: there is no such file; give the Python file of a controller"
    ]
