"""Ctrl-C at any moment ends the node in order: while it imports, loads its model, waits, or is at work."""

import random
import signal
import subprocess
import sys
import time

import pytest

INTERRUPTS = 15
AT_ONCE = 3
"""Processes that run beside each other, as on a busy machine."""

TIMEOUT = 60.0
"""s for anything: the machine may be busy."""

UNWANTED = ("Traceback", "FATAL", "terminate called", "InvalidHandle", "Error")


@pytest.fixture
def camera(make_robot, frames):
    """Publishes images at 30 frames/s as long as a condition holds."""
    robot = make_robot()

    def film_while(condition):
        end = time.monotonic() + TIMEOUT
        while condition() and time.monotonic() < end:
            robot.send(frames[0])
            time.sleep(1 / 30)

    return robot, film_while


def lasting(seconds):
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def test_no_interrupt_makes_the_node_abort_or_complain(camera, namespace):
    robot, film_while = camera
    rng = random.Random(17)
    for batch in range(INTERRUPTS // AT_ONCE):
        nodes = [start(f"{namespace}_{number}", f"{namespace}/image") for number in range(AT_ONCE)]
        if batch % 3:  # at work, else within the imports or while the model is loaded
            film_while(lambda: robot.images.get_subscription_count() < AT_ONCE)
        for node in nodes:
            film_while(lasting(rng.uniform(0.0, 0.4 if batch % 3 else 2.0)))
            node.send_signal(signal.SIGINT)
        for node in nodes:
            _, errors = node.communicate(timeout=TIMEOUT)
            assert node.returncode in (0, 130), errors
            assert not any(word in errors for word in UNWANTED), errors
        film_while(lambda: robot.images.get_subscription_count() > 0)


def start(namespace, images):
    """A perception node whose own module has taken over from the interpreter."""
    node = subprocess.Popen(
        [
            *(sys.executable, "-c", STARTED, "--ros-args", "-r", f"__ns:={namespace}"),
            *("-r", f"image:={images}"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert node.stdout.readline()
    return node


STARTED = """
from tavi_perception.nodes import start
taken = start.signal.signal
def tell(number, handler):
    taken(number, handler)
    if number == start.signal.SIGTERM and handler is start._leave:
        print("ready", flush=True)
start.signal.signal = tell
start.perception_node()
"""
