"""The recount finds every motion that had no leave, and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tavi_perception.audit.motion import NS, Answers, Breach, Commands, Limits, Travel, recount

START = 1_700_000_000 * NS
FRAME = 66_666_667
"""ns between two images; the robot reports three times as often."""
ANSWERED, COMMANDED = 40_000_000, 50_000_000
"""ns from an image to its deviation, and to the command that answers it."""
REST = 2 * NS
"""Of the robot, after the last command."""


def course(steps: list[tuple[bool, float, float]]) -> tuple[Commands, Answers, Travel]:
    """One frame after the other: whether its deviation is valid, and the velocities (m/s) commanded then.

    The robot does at once what it is told; it is told to hold where the deviation is not valid.
    """
    valid, advance, retraction = (np.array(values) for values in zip(*steps, strict=True))
    stamp = START + FRAME * np.arange(len(steps), dtype=np.int64)
    commands = Commands(stamp + COMMANDED, stamp, advance, retraction, ~valid.astype(bool))
    answers = Answers(stamp + ANSWERED, stamp, valid.astype(bool))
    time = np.arange(START, stamp[-1] + COMMANDED + REST, FRAME // 3, dtype=np.int64)
    told = np.searchsorted(commands.received, time, side="right") - 1
    in_force = (told >= 0) & (time - stamp[told] < 0.2 * NS) & valid[told]
    drives = [
        np.cumsum(np.where(in_force, speed[told], 0.0)) * FRAME / 3 / NS for speed in (advance, retraction)
    ]
    return commands, answers, Travel(time, *drives)


def put(array: np.ndarray, index: int, value: float) -> np.ndarray:
    changed = array.copy()
    changed[index] = value
    return changed


speeds = st.floats(-0.03, 0.03)
steps = st.lists(st.tuples(st.booleans(), speeds, speeds), min_size=1, max_size=40)


@given(steps)
def test_course_that_keeps_to_the_rules_has_no_violation(steps):
    commands, answers, travel = course(steps)
    found = recount(commands, answers, travel)
    assert found.violations == ()
    assert (found.commands, found.moving) == (len(steps), int(commands.moving.sum()))


@given(steps, st.data())
@pytest.mark.parametrize(
    "breach", [Breach.UNANSWERED, Breach.INVALID, Breach.OLD, Breach.NOT_FINITE, Breach.TOO_FAST]
)
def test_one_command_without_leave_among_others_is_found_at_its_time(breach, steps, data):
    commands, answers, travel = course(steps)
    assume(commands.moving.any())
    bad = data.draw(st.sampled_from(np.flatnonzero(commands.moving).tolist()))
    if breach is Breach.UNANSWERED:
        commands = replace(commands, stamp=put(commands.stamp, bad, commands.stamp[bad] + 1))
    elif breach is Breach.INVALID:
        answers = replace(answers, valid=put(answers.valid, bad, False))
    elif breach is Breach.OLD:
        earlier = commands.stamp[bad] - 150_000_001
        commands = replace(commands, stamp=put(commands.stamp, bad, earlier))
        answers = replace(answers, stamp=put(answers.stamp, bad, earlier))
    else:
        wrong = np.nan if breach is Breach.NOT_FINITE else 0.0301
        commands = replace(commands, advance=put(commands.advance, bad, wrong))
    of_commands = [v for v in recount(commands, answers, travel).violations if v.breach is not Breach.UNASKED]
    assert [(v.breach, v.time) for v in of_commands] == [(breach, commands.received[bad])]


def test_stamp_in_the_future_is_no_fresh_deviation():
    commands, answers, travel = course([(True, 0.01, 0.0)])
    ahead = commands.stamp + NS
    found = recount(replace(commands, stamp=ahead), replace(answers, stamp=ahead), travel)
    assert found.counts[Breach.OLD] == 1


@given(steps, st.data())
def test_released_valve_is_advanced_by_every_command_that_answers_a_later_frame(steps, data):
    commands, answers, travel = course(steps)
    released = int(data.draw(st.sampled_from(commands.stamp.tolist())))
    advancing = commands.moving & (commands.advance > 0) & (commands.stamp >= released)
    assert recount(commands, answers, travel, released).counts[Breach.AFTER_RELEASE] == advancing.sum()


def test_system_may_be_withdrawn_after_the_release():
    commands, answers, travel = course([(True, -0.01, 0.0)])
    assert recount(commands, answers, travel, START).ok


def later_invalid(commanded: int) -> Breach | None:
    """What a command lacks, ``commanded`` ns after an image whose deviation is taken back at once."""
    commands, answers, travel = course([(True, 0.01, 0.0)])
    both = Answers(
        np.array([answers.received[0], answers.received[0] + 1]),
        np.array([answers.stamp[0], answers.stamp[0]]),
        np.array([True, False]),
    )
    found = recount(replace(commands, received=commands.stamp + commanded), both, travel)
    return next((v.breach for v in found.violations if v.breach is not Breach.UNASKED), None)


def test_command_that_comes_long_after_an_invalid_deviation_is_found():
    assert later_invalid(190_000_000) is Breach.SUPERSEDED


def test_command_that_crosses_an_invalid_deviation_on_its_way_is_none():
    assert later_invalid(50_000_000) is None


def moved_at_rest(metres: float, seconds: float = 0.0) -> bool:
    """Whether motion is found that begins 1 s after the last command, and takes so long."""
    commands, answers, travel = course([(True, 0.01, 0.0)] * 3)
    ramp = np.clip((travel.time - commands.received[-1] - NS) / (seconds * NS + 1), 0.0, 1.0)
    found = recount(commands, answers, replace(travel, retraction=travel.retraction + metres * ramp))
    return found.counts[Breach.UNASKED] > 0


def test_motion_without_a_command_is_found():
    assert moved_at_rest(6e-5)


def test_creeping_without_a_command_is_found():
    assert moved_at_rest(2e-4, seconds=0.8)


def test_play_of_a_drive_at_rest_is_no_motion():
    assert not moved_at_rest(4e-5)


def test_robot_may_come_to_rest_after_its_last_command():
    commands, answers, travel = course([(True, 0.01, 0.0)] * 3)
    since = np.maximum(travel.time - commands.received[-1], 0) / NS
    lagging = replace(travel, advance=travel.advance + 0.002 * (1.0 - np.exp(-since / 0.12)))
    assert recount(commands, answers, lagging).ok


def test_motion_under_a_command_that_had_no_leave_is_motion_without_one():
    commands, answers, travel = course([(False, 0.0, 0.0)] * 20)
    moving = replace(commands, hold=np.zeros(20, dtype=bool), advance=np.full(20, 0.01))
    travel = replace(travel, advance=0.01 * (travel.time - START) / NS)
    counts = recount(moving, answers, travel).counts
    assert counts[Breach.INVALID] == 20 and counts[Breach.UNASKED] == 1


def test_position_that_is_no_number_is_motion_without_a_command():
    commands, answers, travel = course([(False, 0.0, 0.0)])
    assert not recount(commands, answers, replace(travel, advance=put(travel.advance, 9, np.nan))).ok


def test_command_to_hold_needs_no_leave():
    commands, answers, travel = course([(False, 0.02, 0.02)])
    assert recount(replace(commands, stamp=commands.stamp * 0), answers, travel).ok


def test_limits_are_those_that_are_given():
    commands, answers, travel = course([(True, 0.01, 0.0)])
    assert recount(commands, answers, travel, limits=Limits(velocity=0.005)).counts[Breach.TOO_FAST] == 1
    assert recount(commands, answers, travel, limits=Limits(age=0.02)).counts[Breach.OLD] == 1
