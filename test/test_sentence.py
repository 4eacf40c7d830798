"""What is said of an input is one line that can be printed, whatever the input holds."""

from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.sentence import LONGEST, InputError, one_sentence


@given(st.text(max_size=3 * LONGEST) | st.text(alphabet="\x1b[2J\n\r\0\ud800é", max_size=40))
def test_whatever_is_quoted_the_sentence_is_one_short_line_that_can_be_printed(text: str) -> None:
    sentence = one_sentence(text)
    assert sentence.isprintable()
    assert len(sentence) <= LONGEST + 3


def test_escape_sequences_of_a_terminal_are_shown() -> None:
    assert one_sentence("a\x1b[2Jb") == r"a\x1b[2Jb"


def test_an_ordinary_sentence_stays_as_it_is() -> None:
    assert str(InputError("Bildgröße 3×4: “zu klein”; give more")) == "Bildgröße 3×4: “zu klein”; give more"


def test_the_middle_of_a_long_sentence_is_left_out() -> None:
    sentence = one_sentence(f"first {'x' * 100_000} last")
    assert sentence.startswith("first ") and sentence.endswith(" last") and len(sentence) <= LONGEST + 3


def test_escape_sequences_make_a_sentence_no_longer_than_others() -> None:
    sentence = one_sentence(f"first {chr(0) * 5_000} last")
    assert sentence.startswith(r"first \x00") and sentence.endswith(r"\x00 last")
    assert len(sentence) <= LONGEST + 3
