"""What is read from a bag of a controller's work, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tavi_perception.audit.motion import NS
from tavi_perception.audit.procedure import OF_MOTION, Contrast, Procedure, read_procedure
from tavi_perception.bags.topics import BagError
from tavi_perception.estimates import CatheterDeviation

START = 1_700_000_000 * NS


@pytest.fixture
def read(tmp_path: Path, bag_of: Callable[[Path], Any]) -> Callable[..., Procedure]:
    """Reads a bag with one command and one state of the robot, and whatever else is written into it."""

    def make(write: Callable[[Any], None] = lambda bag: None) -> Procedure:
        bag = bag_of(tmp_path / "bag")
        bag.writer.add_topic("/controller/state", "tavi_msgs/msg/ControllerState")
        header = bag.header(START)
        bag.write("/tavi/deviation", bag.deviation(header, CatheterDeviation()), START + 1)
        bag.write("/delivery/command", bag.make("DeliveryCommand", header, 0.0, 0.0, True, ""), START + 2)
        bag.write("/delivery/state", bag.make("DeliveryState", header, 0.0, 0.0, False, False), START + 3)
        write(bag)
        bag.close()
        return read_procedure(tmp_path / "bag")

    return make


def contrast(bag: Any, second: int, name: str, injections: str, ml: str) -> None:
    pairs = [
        bag.make("diagnostic_msgs/msg/KeyValue", *pair) for pair in (("injections", injections), ("ml", ml))
    ]
    header = bag.header(START + second * NS)
    status = bag.make("diagnostic_msgs/msg/DiagnosticStatus", 0, name, "", "", pairs)
    message = bag.make("diagnostic_msgs/msg/DiagnosticArray", header, [status])
    bag.write("/diagnostics", message, START + second * NS)


@pytest.mark.parametrize("stamp", [0, START - 3600 * NS, START + 3600 * NS])
def test_deviation_without_a_plausible_stamp_is_an_answer_but_no_frame(read, stamp: int) -> None:
    def write(bag: Any) -> None:
        bag.write("/tavi/deviation", bag.deviation(bag.header(stamp), CatheterDeviation()), START + 5)

    procedure = read(write)
    assert procedure.start == START
    assert (len(procedure.believed), len(procedure.answers.stamp)) == (1, 2)


def test_contrast_is_told_when_its_amount_changes(read) -> None:
    def write(bag: Any) -> None:
        for second, (injections, ml) in enumerate((("0", "0"), ("1", "11.5"), ("1", "11.5"), ("2", "?"))):
            contrast(bag, second, "patient: contrast", injections, ml)

    used = read(write).contrast
    assert [(one.time, one.injections) for one in used] == [(0.0, 0), (1.0, 1), (3.0, 2)]
    assert used[1] == Contrast(1.0, 1, 11.5) and used[2].ml != used[2].ml


@pytest.mark.parametrize(("name", "injections"), [("perception", "3"), ("contrast", "many")])
def test_diagnostics_of_something_else_are_no_contrast(read, name: str, injections: str) -> None:
    assert read(lambda bag: contrast(bag, 1, name, injections, "1")).contrast == ()


def test_phase_that_does_not_exist_is_refused_in_a_sentence(read) -> None:
    def write(bag: Any) -> None:
        nan = float("nan")
        state = bag.make("ControllerState", bag.header(START), 99, False, False, nan, nan, nan, "")
        bag.write("/controller/state", state, START + NS)

    with pytest.raises(BagError, match=r"phase 99 at 1.00 s is none of tavi_msgs/ControllerState"):
        read(write)


def test_bag_without_motion_names_each_topic_that_is_missing(run_bag) -> None:
    with pytest.raises(BagError, match="no /delivery/command and no /delivery/state, which"):
        read_procedure(run_bag(truth=False), OF_MOTION)
