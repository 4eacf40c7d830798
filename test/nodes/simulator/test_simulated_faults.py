"""What the parameter ``fault`` lets go wrong is seen by those who listen, and told on /diagnostics."""

from itertools import pairwise

import pytest

from tavi_perception.simulation.fault import draw_fault

SEED = 960_520
"""Its fault begins after 2.1 s and lasts for 6.6 s."""


@pytest.fixture
def after_its_start(operator, make_simulator):
    """``after_its_start(fault)``: lets the fault begin; how many images and states came before."""

    def wait(fault):
        operator.find(make_simulator(seed=SEED, fault=fault))
        images, states = len(operator.received("image")), len(operator.states)
        begun = states + 50 * (draw_fault(SEED).start + 0.5)
        operator.wait(lambda: len(operator.states) >= begun, "the fault")
        return images, states

    return wait


def statuses(operator):
    return [status for array in operator.received("diagnostics") for status in array.status]


def test_an_image_of_another_size_arrives_and_the_fault_is_told(operator, after_its_start):
    after_its_start("image_size")
    assert {image.width for image in operator.received("image")} == {128, 64}
    told = [status.message for status in statuses(operator) if status.name == "simulated fault"]
    assert told and told[0] == "image of another size, from 2.1 s on"


def test_dropped_images_stay_away_while_the_robot_goes_on(operator, after_its_start):
    after_its_start("image_dropped")
    images, states = len(operator.received("image")), len(operator.states)
    operator.wait(lambda: len(operator.states) >= states + 50, "a second of the robot")
    assert len(operator.received("image")) <= images + 1


def test_stamps_are_wrong_by_the_same_time(operator, after_its_start):
    fault = draw_fault(SEED)
    after_its_start("stamps_wrong")
    stamps = [
        image.header.stamp.sec + 1e-9 * image.header.stamp.nanosec for image in operator.received("image")
    ]
    steps = [later - before for before, later in pairwise(stamps)]
    assert max(steps, key=abs) == pytest.approx(4.0 * (fault.size - 0.5), abs=0.2)


def test_without_a_fault_nothing_is_told(operator, make_simulator):
    operator.find(make_simulator(seed=SEED))
    operator.wait(lambda: statuses(operator), "diagnostics")
    assert not any(status.name == "simulated fault" for status in statuses(operator))
