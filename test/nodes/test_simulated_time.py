"""The simulator's robot has its own rate, says why it stands still, and contrast comes on request."""

import math
import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from tavi_msgs.msg import AnnulusFrame, ControllerState

from tavi_perception.nodes import qos, simulated_patient


def stamps(messages):
    return np.array([msg.header.stamp.sec * 10**9 + msg.header.stamp.nanosec for msg in messages])


def status(operator, name):
    """The last one of the name; None before the first."""
    found = [s for msg in operator.received("diagnostics") for s in msg.status if s.name == name]
    return found[-1] if found else None


def wait_status(operator, name, words, level):
    def found():
        last = status(operator, name)
        return last and words in last.message and last.level == level

    operator.wait(found, f"{name}: {words}")


def test_the_robot_reports_fifty_times_a_second_while_rendering_takes_four_frames(
    operator, make_simulator, monkeypatch
):
    class Slow(simulated_patient.CommandedPatient):
        def picture(self, moment):
            time.sleep(4 / 15)
            return super().picture(moment)

    monkeypatch.setitem(simulated_patient.PATIENTS, "none", Slow)
    operator.find(make_simulator(frame_rate=15.0))
    operator.wait_frames(4)
    states = stamps(operator.states)
    assert len(states) - 1 == pytest.approx(50 * np.ptp(states) * 1e-9, abs=1)
    assert (np.diff(stamps(operator.received("image"))) * 1e-9 > 0.1).all()


def test_a_frame_is_taken_when_the_robot_is_measured(operator, make_simulator):
    operator.find(make_simulator(frame_rate=15.0))
    operator.wait_frames(20)
    taken, measured = stamps(operator.received("image"))[1:], stamps(operator.states)
    between = taken[(taken >= measured[0]) & (taken <= measured[-1])]
    apart = np.abs(between[:, None] - measured).min(axis=1)
    assert len(between) > 10 and (apart * 1e-9 < 9e-3).all()


def test_the_robot_says_why_it_stands_still(operator, make_simulator):
    operator.find(make_simulator())
    wait_status(operator, "delivery robot", "no command yet", DiagnosticStatus.OK)
    operator.command(hold=True)
    wait_status(operator, "delivery robot", "told to hold", DiagnosticStatus.OK)
    operator.command(advance=0.002)
    wait_status(operator, "delivery robot", "no command for 0.2 s", DiagnosticStatus.WARN)
    operator.command(advance=math.nan)
    wait_status(operator, "delivery robot", "nan m/s", DiagnosticStatus.ERROR)


def test_contrast_comes_when_the_controller_asks_for_it_and_is_counted(operator, make_simulator):
    operator.find(make_simulator(injection_delay=0.1, injections_max=1, injection_volume=12.0))
    asking = operator.robot.create_publisher(ControllerState, "controller/state", qos.OUTPUT)
    operator.wait(asking.get_subscription_count, "the simulator")
    asking.publish(ControllerState(contrast_requested=True))
    wait_status(operator, "contrast", "1 injection, 12 ml, no more", DiagnosticStatus.WARN)
    values = {pair.key: pair.value for pair in status(operator, "contrast").values}
    assert values == {"injections": "1", "ml": "12"}
    operator.wait(
        lambda: any(msg.source == AnnulusFrame.SOURCE_CONTRAST for msg in operator.received("truth/annulus")),
        "contrast in the annulus",
    )
