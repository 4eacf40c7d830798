"""The oracle finds every violation that is planted in a record, and none in a clean one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tavi_perception.audit.motion import NS, Answers, Commands, Travel
from tavi_perception.estimates import Reason
from tavi_perception.faults.oracle import MB, Answer, Record, Rule, SentImage, judge

BEGIN = 1_700_000_000 * NS
FRAME = 66_666_667
"""ns between two images."""
LATENCY = 40_000_000
"""ns from an image to its deviation."""
BEFORE, AFTER = 20, 20
"""Good images before and after the fault."""


def clean(bad: int, pause: int = 0) -> Record:
    """Good images, so many bad ones, ``pause`` repetitions of the last deviation, good images again."""
    images, answers, keypoints, now = [], [], [], BEGIN
    start = end = BEGIN
    for number in range(BEFORE + bad + AFTER):
        good = not BEFORE <= number < BEFORE + bad
        if number == BEFORE:
            start = now - FRAME // 2
        if number == BEFORE + bad:
            for _ in range(pause):
                now += NS // 5
                answers.append(Answer(images[-1].stamp, now, False, Reason.IMAGE_STALE))
            end = now - FRAME // 2
        images.append(SentImage(now, now, good))
        keypoints.append(now)
        reasons = Reason.NONE if good else Reason.IMAGE_REJECTED
        answers.append(Answer(now, now + LATENCY, good, reasons))
        now += FRAME
    recovered = next(a.received for a in answers if a.valid and a.stamp > end)
    return Record(
        start,
        end,
        tuple(images),
        tuple(keypoints),
        tuple(answers),
        speaking=((BEGIN, now),),
        memory=(300 * MB, 310 * MB),
        recovered_at=recovered,
    )


records = st.builds(clean, st.integers(1, 20), st.integers(0, 5))


def rules(record: Record) -> set[Rule]:
    return {violation.rule for violation in judge(record)}


def changed(record: Record, index: int, **fields: object) -> Record:
    """With fields of one answer changed."""
    answers = list(record.answers)
    answers[index] = replace(answers[index], **fields)
    return replace(record, answers=tuple(answers))


@given(records)
def test_a_clean_record_has_no_violation(record: Record) -> None:
    assert judge(record) == ()


@given(records, st.data())
def test_a_valid_deviation_of_a_bad_image_is_found(record: Record, data: st.DataObject) -> None:
    invalid = [i for i, a in enumerate(record.answers) if a.reasons == Reason.IMAGE_REJECTED]
    record = changed(record, data.draw(st.sampled_from(invalid)), valid=True, reasons=Reason.NONE)
    assert rules(record) == {Rule.BAD_INPUT}


@given(records)
def test_a_valid_deviation_of_no_image_is_found(record: Record) -> None:
    stranger = Answer(BEGIN - 5, BEGIN + 5, True, Reason.NONE)
    assert rules(replace(record, answers=(stranger, *record.answers))) == {Rule.UNKNOWN_IMAGE}


@given(records, st.integers(0, BEFORE - 1))
def test_an_image_that_is_answered_twice_is_found(record: Record, index: int) -> None:
    twice = replace(
        record,
        keypoints=(*record.keypoints, record.keypoints[index]),
        answers=(*record.answers[: index + 1], *record.answers[index:]),
    )
    assert Rule.NOT_ONCE in rules(twice)


@given(records, st.integers(0, BEFORE - 1))
def test_a_keypoint_array_without_its_deviation_is_found(record: Record, index: int) -> None:
    answers = tuple(a for a in record.answers if a.stamp != record.keypoints[index])
    assert rules(replace(record, answers=answers)) == {Rule.NOT_ONCE}


def test_an_answer_that_was_sent_while_nobody_could_hear_it_is_not_missed() -> None:
    record = clean(5)
    stamp = record.images[BEFORE + 2].stamp
    quiet = replace(record, answers=tuple(a for a in record.answers if a.stamp != stamp), hold_up=1.0)
    assert rules(quiet) == {Rule.NOT_ONCE}
    ((begin, end),) = record.speaking
    assert rules(replace(quiet, speaking=((begin, stamp), (stamp + NS // 5, end)))) == set()


@given(records, st.integers(0, BEFORE - 1))
def test_a_valid_deviation_that_repeats_itself_is_found(record: Record, index: int) -> None:
    again = record.answers[index]
    assert rules(replace(record, answers=(*record.answers, again))) == {Rule.NOT_ONCE}


@pytest.mark.parametrize(("silence", "found"), [(0.24, False), (0.26, True)])
def test_silence_is_found_beyond_its_limit(silence: float, found: bool) -> None:
    record = clean(3, pause=1)
    at = next(i for i, a in enumerate(record.answers) if a.reasons == Reason.IMAGE_STALE)
    before = record.answers[at - 1].received
    gap = before + round(silence * NS)
    answers = [replace(a, received=max(a.received, gap) if i >= at else a.received)
               for i, a in enumerate(record.answers)]  # fmt: skip
    assert (Rule.SILENCE in rules(replace(record, answers=tuple(answers)))) == found


def test_silence_is_none_while_the_node_is_down() -> None:
    record = clean(3)
    middle = record.answers[BEFORE + 1].received
    quiet = tuple(a for a in record.answers if abs(a.received - middle) > NS // 5)
    kept = tuple(a.stamp for a in quiet)
    down = (middle - NS // 4, middle + NS // 4)
    (begin, end) = record.speaking[0]
    record = replace(record, answers=quiet, keypoints=kept, images=(), speaking=((begin, end),))
    assert Rule.SILENCE in rules(record)
    spoken = ((begin, down[0]), (down[1], end))
    assert Rule.SILENCE not in rules(replace(record, speaking=spoken))


def test_silence_while_the_machine_itself_was_held_up_is_excused() -> None:
    record = clean(3)
    late = tuple(replace(a, received=a.received + NS) for a in record.answers[BEFORE:])
    begin, end = record.speaking[0]
    record = replace(record, answers=record.answers[:BEFORE] + late, speaking=((begin, end + NS),))
    assert rules(record) == {Rule.SILENCE}
    assert rules(replace(record, hold_up=1.0)) == set()


@given(records)
def test_recovery_that_comes_too_late_or_never_is_found(record: Record) -> None:
    for at in (None, record.end + round(2.1 * NS)):
        assert rules(replace(record, recovered_at=at)) == {Rule.RECOVERY}


@given(records)
def test_memory_that_grows_is_found(record: Record) -> None:
    assert rules(replace(record, memory=(300 * MB, 351 * MB))) == {Rule.MEMORY}


@given(records, st.data())
def test_an_image_lost_outside_of_the_fault_is_found(record: Record, data: st.DataObject) -> None:
    """Unless the node says that it has dropped it, or the fault has taken it."""
    index = data.draw(st.integers(0, len(record.images) - 1))
    image = record.images[index]
    taken = record.start - round(0.15 * NS) <= image.sent <= record.end
    lost = replace(
        record,
        keypoints=tuple(stamp for stamp in record.keypoints if stamp != image.stamp),
        answers=tuple(a for a in record.answers if a.stamp != image.stamp),
        speaking=(),
    )
    assert (Rule.LOSS in rules(lost)) == (not taken)
    assert Rule.LOSS not in rules(replace(lost, accounted=1))


def driven(stamp: int, velocity: float = 0.01) -> Record:
    """A clean record whose robot is commanded once, 50 ms after an image."""
    record = clean(3)
    one = lambda value: np.array([value])  # noqa: E731
    commanded = stamp + 50_000_000
    time = np.arange(BEGIN, BEGIN + 4 * NS, NS // 50)
    moved = velocity * np.clip((time - commanded) / NS, 0.0, 0.2)
    answers = record.answers
    return replace(
        record,
        commands=Commands(one(commanded), one(stamp), one(velocity), one(0.0), one(False)),
        deviations=Answers(
            np.array([a.received for a in answers]),
            np.array([a.stamp for a in answers]),
            np.array([a.valid for a in answers]),
        ),
        travel=Travel(time, moved, np.zeros(len(time))),
    )


def test_motion_on_a_valid_deviation_is_none_and_on_an_invalid_one_is_found() -> None:
    record = clean(3)
    assert rules(driven(record.images[2].stamp)) == set()
    assert rules(driven(record.images[BEFORE].stamp)) == {Rule.MOTION}


def test_motion_that_a_case_provokes_has_to_be_found() -> None:
    invalid = driven(clean(3).images[BEFORE].stamp)
    span = ((invalid.start - NS, invalid.end),)
    assert rules(replace(invalid, provoked=span)) == set()
    lawful = driven(clean(3).images[2].stamp)
    assert rules(replace(lawful, provoked=span)) == {Rule.MOTION}


@pytest.mark.parametrize(("waited", "found"), [(0.0, True), (0.3, False), (5.0, False)])
def test_an_old_command_is_excused_where_the_machine_kept_it_waiting(waited: float, found: bool) -> None:
    record = driven(clean(3).images[2].stamp)
    assert record.commands is not None
    late = replace(record.commands, received=record.commands.received + 3 * NS // 10)
    old = replace(record, commands=late, hold_up=waited)
    assert (Rule.MOTION in rules(old)) == found


def test_waiting_for_the_machine_does_not_excuse_a_command_that_is_a_second_old() -> None:
    record = driven(clean(3).images[2].stamp)
    assert record.commands is not None
    late = replace(record.commands, received=record.commands.received + NS)
    assert Rule.MOTION in rules(replace(record, commands=late, hold_up=5.0))


@given(records, st.integers(1, 5))
def test_a_sentence_says_what_was_expected_and_what_happened(record: Record, seconds: int) -> None:
    assume(record.recovered_at is not None)
    (violation,) = judge(replace(record, recovered_at=record.end + (2 + seconds) * NS))
    assert f"{2 + seconds}.00 s" in violation.sentence and "expected 2.0 s" in violation.sentence
