"""Times of a bag's images by their stamps, and by reception where those cannot be believed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.bags.timeline import Moment, moment_of, times_of

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND


def moments(*seconds: float, start: int = START) -> list[Moment]:
    """Images with stamps so many s after the start, 0 for None, received a second apart."""
    return [
        Moment(0 if after is None else start + round(after * SECOND), 5 * SECOND + index * SECOND, "fluoro")
        for index, after in enumerate(seconds)
    ]


def test_moment_is_that_of_the_message(image_cdr) -> None:
    cdr = image_cdr(np.zeros((3, 4), np.uint8), START + 7)
    assert moment_of(cdr, 42) == Moment(START + 7, 42, "fluoro")


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=20, unique=True))
def test_times_are_the_stamps_from_the_first(stamps) -> None:
    times, _ = times_of([Moment(START + stamp, 0) for stamp in stamps])
    assert times == pytest.approx([(stamp - stamps[0]) * 1e-9 for stamp in stamps])


@pytest.mark.parametrize(("stamps", "why"), [((None, None, None), "are 0"), ((1, 1, 1), "are the same")])
def test_stamps_that_say_nothing_give_way_to_reception(stamps, why) -> None:
    times, notes = times_of(moments(*stamps))
    assert times == [0, 1, 2]
    assert why in notes[0]


def test_without_any_times_a_rate_is_assumed() -> None:
    times, notes = times_of([Moment(0, 5)] * 3)
    assert times == [0, 1 / 15, 2 / 15]
    assert "15 frames/s are assumed" in notes[0]


@pytest.mark.parametrize(
    ("stamps", "times", "note"),
    [
        ((None, 1, 2), [0, 1, 2], "image 1 comes without a stamp"),
        ((0, 1, None, None), [0, 1, 2, 3], "2 images, the first of them number 3, come without a stamp"),
        ((0, 1, 1, 2), [0, 1, 1, 2], "image 3 comes with the stamp of the one before"),
        ((0, 1, 3601, 3602), [0, 1, 3601, 3602], "image 3 comes with a stamp more than 10 s after"),
        ((0, 1, -3600, -3599), [0, 1, -3600, -3599], "image 3 comes with a stamp before that of the one"),
    ],
)
def test_odd_stamps_are_noted_once_with_the_first_place(stamps, times, note) -> None:
    found, notes = times_of(moments(*stamps))
    assert found == pytest.approx(times)
    assert [text for text in notes if text.startswith(note)] == list(notes)


def test_good_stamps_need_no_note() -> None:
    assert times_of(moments(0, 0.1, 0.2, 0.5))[1] == ()


def test_images_of_several_frames_are_noted() -> None:
    _, notes = times_of([Moment(START, 0, "left"), Moment(START + 1, 1, "right")])
    assert "several frames ('left', 'right')" in notes[0]
