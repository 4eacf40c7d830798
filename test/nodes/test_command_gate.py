"""The robot moves for a fresh, finite and sane command, and for nothing else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.nodes.command_gate import HOLD, CommandGate

TIMEOUT, LIMIT = 0.5, 0.03
inside = st.floats(-LIMIT, LIMIT)
outside = st.floats().filter(lambda value: not abs(value) <= LIMIT)


@pytest.fixture
def gate():
    return CommandGate(TIMEOUT, LIMIT)


def move(gate, advance=0.002, retraction=0.0, *, now=0.0, age=0.0):
    return gate.receive(advance, retraction, hold=False, now=now, age=age)


def test_it_holds_before_the_first_command(gate):
    assert gate.drive(0.0) == HOLD and not gate.fault


def test_a_sane_command_is_followed_until_it_runs_out(gate):
    assert move(gate, 0.002, 0.001, now=10.0) == ""
    assert (gate.drive(10.5).advance, gate.drive(10.5).retraction) == (0.002, 0.001)
    assert gate.drive(10.501) == HOLD


def test_the_time_that_a_command_was_under_way_counts(gate):
    assert move(gate, now=10.0, age=0.3) == ""
    assert gate.drive(10.19).advance == 0.002
    assert gate.drive(10.21) == HOLD


@pytest.mark.parametrize("age", [0.6, 1e9, -0.6])
def test_a_command_from_the_past_or_the_future_is_not_followed(gate, age):
    assert "old" in move(gate, now=10.0, age=age)
    assert gate.drive(10.0) == HOLD and not gate.fault


def test_a_late_command_does_not_keep_the_one_before_alive(gate):
    move(gate, now=10.0)
    move(gate, now=10.1, age=2.0)
    assert gate.drive(10.1) == HOLD


@given(wrong=outside, other=inside, first=st.booleans())
def test_a_velocity_that_cannot_be_meant_is_a_fault_and_never_motion(wrong, other, first):
    gate = CommandGate(TIMEOUT, LIMIT)
    assert move(gate, *((wrong, other) if first else (other, wrong)))
    assert gate.drive(0.0) == HOLD and gate.fault


def test_a_fault_lasts_until_a_command_says_hold(gate):
    move(gate, math.nan)
    assert "ignores" in move(gate, now=0.1)
    assert gate.drive(0.1) == HOLD and gate.fault
    assert gate.receive(math.nan, 0.0, hold=True, now=0.2, age=0.0) == ""
    assert not gate.fault and gate.drive(0.2) == HOLD
    assert move(gate, now=0.3) == ""
    assert gate.drive(0.3).advance == 0.002


def test_hold_stops_at_once(gate):
    move(gate)
    gate.receive(0.002, 0.002, hold=True, now=0.1, age=0.0)
    assert gate.drive(0.1) == HOLD
