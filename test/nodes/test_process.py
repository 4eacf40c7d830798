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
