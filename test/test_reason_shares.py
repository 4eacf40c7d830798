"""Shares of valid frames and of each reason, of the last rounds."""

from __future__ import annotations

from tavi_perception.estimates import Reason
from tavi_perception.reason_shares import ROUNDS, ReasonShares

BOTH = Reason.NO_ANNULUS | Reason.UNCALIBRATED


def shares(*answers: Reason) -> ReasonShares:
    made = ReasonShares()
    for reasons in answers:
        made.add(reasons)
    return made


def test_a_frame_counts_for_each_of_its_reasons() -> None:
    newest = shares(BOTH, Reason.UNCALIBRATED, Reason.NONE).next_round()
    assert (newest.frames, newest.valid) == (3, 1)
    assert newest.reasons == {Reason.NO_ANNULUS: 1, Reason.UNCALIBRATED: 2}


def test_the_most_frequent_reason_is_named_first() -> None:
    newest = shares(BOTH, Reason.UNCALIBRATED).next_round()
    assert newest.in_words == "UNCALIBRATED 2, NO_ANNULUS 1"


def test_a_round_begins_with_no_answer() -> None:
    made = shares(BOTH)
    made.next_round()
    assert (made.next_round().frames, made.next_round().in_words) == (0, "none")


def test_recent_answers_are_those_of_the_last_rounds() -> None:
    made = shares(BOTH)
    for _ in range(ROUNDS):
        made.next_round()
        made.add(Reason.NONE)
    made.next_round()
    assert (made.recent().frames, made.recent().valid, made.recent().in_words) == (ROUNDS, ROUNDS, "none")
