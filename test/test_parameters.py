from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.parameters import check_parameters, constant, parameter, parameters_of


@dataclass(frozen=True)
class Example:
    speed: float = parameter(1.0, "How fast.", unit="m/s", minimum=0.0, maximum=2.0)
    mode: str = parameter("a", "Which way.", choices=("a", "b"), read_only=True)
    length: float = parameter(float("nan"), "How long.", unit="m", minimum=0.0)
    wheel_diameter: float = parameter(0.5, "How large.", group="wheel", minimum=0.1)
    gravity: float = constant(9.81, "How heavy.", minimum=9.7)

    def __post_init__(self) -> None:
        check_parameters(self)


def test_parameters_carry_their_names_and_what_was_declared():
    speed, mode, *_ = parameters_of(Example)
    assert (speed.name, speed.unit, speed.range_text) == ("speed", "m/s", "0 … 2")
    assert (mode.name, mode.range_text, mode.read_only) == ("mode", "a, b", True)


def test_the_name_of_a_grouped_parameter_says_its_group_once():
    assert [info.name for info in parameters_of(Example)][-2:] == ["wheel.diameter", "gravity"]


def test_a_refusal_names_the_parameter_as_users_write_it():
    with pytest.raises(ValueError, match=r"^wheel\.diameter is 0"):
        Example(wheel_diameter=0.0)


def test_constants_are_checked_like_parameters():
    with pytest.raises(ValueError, match="gravity is 1"):
        Example(gravity=1.0)


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
