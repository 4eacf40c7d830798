"""How the process of a node ends by itself."""

import subprocess
import sys

BROKEN = """
from rclpy.node import Node
from tavi_perception.nodes.process import run_node
class Broken(Node):
    failure = "the film is torn; splice it"
    def __init__(self):
        super().__init__("broken")
run_node(Broken, [])
"""


def test_a_node_that_has_failed_ends_its_process_with_its_sentence_alone():
    run = subprocess.run([sys.executable, "-c", BROKEN], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1] == "broken: the film is torn; splice it"
    assert "Traceback" not in run.stderr


HANGING = """
import os, signal, time
from rclpy.node import Node
from tavi_perception.nodes import process
process.ENDS_WITHIN = 0.5
class Hanging(Node):
    def destroy_node(self):
        while True:
            time.sleep(1.0)
process.run_node(lambda: Hanging("hanging"), [], start=lambda node: os.kill(os.getpid(), signal.SIGINT))
"""


def test_a_node_that_cannot_end_after_a_signal_says_what_it_does_and_ends():
    run = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60.0, check=False
    )
    assert run.returncode == 1
    assert "in destroy_node" in run.stderr
