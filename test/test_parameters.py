from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.parameters import check_parameters, parameter, parameters_of


@dataclass(frozen=True)
class Example:
    speed: float = parameter(1.0, "How fast.", unit="m/s", minimum=0.0, maximum=2.0)
    mode: str = parameter("a", "Which way.", choices=("a", "b"), read_only=True)
    length: float = parameter(float("nan"), "How long.", unit="m", minimum=0.0)

    def __post_init__(self) -> None:
        check_parameters(self)


def test_parameters_carry_their_names_and_what_was_declared():
    speed, mode, _ = parameters_of(Example)
    assert (speed.name, speed.unit, speed.range_text) == ("speed", "m/s", "0 … 2")
    assert (mode.name, mode.range_text, mode.read_only) == ("mode", "a, b", True)


@given(st.floats(0.0, 2.0))
def test_values_within_the_range_are_allowed(value):
    assert Example(speed=value).speed == value


@given(st.floats(allow_nan=False).filter(lambda value: not 0.0 <= value <= 2.0))
def test_values_out_of_range_are_refused_with_name_unit_and_range(value):
    with pytest.raises(ValueError, match=r"speed is .* m/s; allowed: 0 … 2"):
        Example(speed=value)


def test_a_word_that_is_no_choice_is_refused_with_the_choices():
    with pytest.raises(ValueError, match="mode is 'c'; choose one of a, b"):
        Example(mode="c")


def test_unknown_is_allowed_as_nan():
    assert Example(length=float("nan")).length != 0.0
