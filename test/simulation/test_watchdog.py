"""The robot moves for a fresh, finite and sane command, and for nothing else."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.simulation.watchdog import Watchdog

TIMEOUT, LIMIT = 0.5, 0.03
inside = st.floats(-LIMIT, LIMIT)
outside = st.floats().filter(lambda value: not abs(value) <= LIMIT)


@pytest.fixture
def watchdog():
    return Watchdog(TIMEOUT, LIMIT)


def move(watchdog, advance=0.002, retraction=0.0, *, now=0.0, age=0.0):
    return watchdog.receive(advance, retraction, hold=False, now=now, age=age)


def test_it_holds_before_the_first_command(watchdog):
    assert watchdog.drive(0.0).hold and not watchdog.fault


def test_a_sane_command_is_followed_until_it_runs_out(watchdog):
    assert move(watchdog, 0.002, 0.001, now=10.0) == ""
    assert (watchdog.drive(10.5).advance, watchdog.drive(10.5).retraction) == (0.002, 0.001)
    assert watchdog.drive(10.501).hold


def test_the_time_that_a_command_was_under_way_counts(watchdog):
    assert move(watchdog, now=10.0, age=0.3) == ""
    assert watchdog.drive(10.19).advance == 0.002
    assert watchdog.drive(10.21).hold


@pytest.mark.parametrize("age", [0.6, 1e9, -0.6])
def test_a_command_from_the_past_or_the_future_is_not_followed(watchdog, age):
    assert "old" in move(watchdog, now=10.0, age=age)
    assert watchdog.drive(10.0).hold and not watchdog.fault


def test_a_late_command_does_not_keep_the_one_before_alive(watchdog):
    move(watchdog, now=10.0)
    move(watchdog, now=10.1, age=2.0)
    assert watchdog.drive(10.1).hold


@given(wrong=outside, other=inside, first=st.booleans())
def test_a_velocity_that_cannot_be_meant_is_a_fault_and_never_motion(wrong, other, first):
    watchdog = Watchdog(TIMEOUT, LIMIT)
    assert move(watchdog, *((wrong, other) if first else (other, wrong)))
    assert watchdog.drive(0.0).hold and watchdog.fault


def test_a_fault_lasts_until_a_command_says_hold(watchdog):
    move(watchdog, math.nan)
    assert "ignores" in move(watchdog, now=0.1)
    assert watchdog.drive(0.1).hold and watchdog.fault
    assert watchdog.receive(math.nan, 0.0, hold=True, now=0.2, age=0.0) == ""
    assert not watchdog.fault and watchdog.drive(0.2).hold
    assert move(watchdog, now=0.3) == ""
    assert watchdog.drive(0.3).advance == 0.002


def test_hold_stops_at_once(watchdog):
    move(watchdog)
    watchdog.receive(0.002, 0.002, hold=True, now=0.1, age=0.0)
    assert watchdog.drive(0.1).hold


def test_a_command_does_not_move_what_is_caught_up_from_before_it_came(watchdog):
    move(watchdog, 0.001, now=10.0)
    move(watchdog, 0.002, now=12.0)
    caught_up = [watchdog.drive(now).advance for now in (10.0, 10.4, 10.6, 11.9, 12.0, 12.1)]
    assert caught_up == [0.001, 0.001, 0.0, 0.0, 0.002, 0.002]


def test_a_command_to_hold_stops_what_is_still_to_be_caught_up(watchdog):
    move(watchdog, now=10.0)
    watchdog.receive(0.0, 0.0, hold=True, now=12.0, age=0.0)
    assert watchdog.drive(10.1).hold


def test_it_says_why_it_stands_still(watchdog):
    causes = [watchdog.drive(0.0).cause]
    move(watchdog)
    causes += [watchdog.drive(0.1).cause, watchdog.drive(0.6).cause]
    watchdog.receive(0.0, 0.0, hold=True, now=1.0, age=0.0)
    causes.append(watchdog.drive(1.0).cause)
    assert causes == ["no command yet", "", "no command for 0.5 s", "it is told to hold"]
