"""The example of a controller of one's own, started as its documentation says."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tavi_msgs.msg import ControllerState

from tavi_perception.estimates import CatheterDeviation, Reason, Stage

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "hold_depth.py"


@pytest.fixture
def example(theatre, arguments):
    process = subprocess.Popen([sys.executable, EXAMPLE, *arguments], stderr=subprocess.PIPE, text=True)
    theatre.wait(lambda: theatre.say(theatre.no_annulus) and theatre.commands, "an answer")
    yield theatre
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 0 and not errors


@pytest.mark.parametrize(("depth", "direction"), [(-0.01, 1), (0.003, 0)])
def test_the_example_steers_to_the_target_and_stands_still_there(example, depth, direction):
    command, state = example.ask(example.sheathed(depth))
    assert (command.advance_velocity > 0) == (not command.hold) == state.moving == bool(direction)
    assert state.depth == depth


def test_the_example_holds_at_once_and_asks_for_contrast_where_that_helps(example):
    old = example.robot.now()
    old.stamp.sec -= 1
    answers = {
        "no annulus": example.ask(example.no_annulus),
        "no image": example.ask(CatheterDeviation(reasons=Reason.IMAGE_STALE)),
        "old": example.ask(example.sheathed(-0.01), old),
        "open": example.ask(example.sheathed(-0.01, stage=Stage.RETRACTION)),
    }
    assert all(command.hold and not command.advance_velocity for command, _ in answers.values())
    assert [name for name, (_, state) in answers.items() if state.contrast_requested] == ["no annulus"]
    assert answers["no annulus"][1].phase == ControllerState.CONTRAST
