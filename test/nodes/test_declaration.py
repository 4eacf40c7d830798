"""Parameters as people write them: integers for floats, words that are none, names that do not exist."""

import re

import pytest
from rclpy.parameter import Parameter


@pytest.mark.parametrize(("name", "written", "value"), [("stale_after", 1, 1.0), ("overlay_rate", 2, 2.0)])
def test_an_integer_is_taken_where_a_float_is_declared(make_perception, name, written, value):
    node = make_perception(**{name: written})
    assert getattr(node._config, name) == value and type(getattr(node._config, name)) is float


def test_an_integer_may_be_set_at_run_time_too(perception):
    (result,) = perception.set_parameters([Parameter("stale_after", value=2)])
    assert result.successful and perception._config.stale_after == 2.0


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("stale_after", "soon", "stale_after is 'soon'; give a number"),
        ("threads", 2.5, "threads is 2.5; give an integer"),
        ("threads", True, "threads is True; give an integer"),
        ("publish_tf", 1, "publish_tf is 1; give true or false"),
        ("model", 123, "model is 123; give a string"),
        ("tracking.target_depth", 3, "target_depth is 3 m; allowed: -0.02 … 0.03"),
    ],
)
def test_a_value_that_is_none_of_a_parameter_is_refused_in_a_sentence(
    make_perception, name, written, sentence
):
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make_perception(**{name: written})


def test_a_value_of_another_type_is_refused_at_run_time_and_changes_nothing(perception):
    (result,) = perception.set_parameters([Parameter("threads", value="many")])
    assert not result.successful and "give an integer" in result.reason
    assert perception.get_parameter("threads").value == 2


def test_a_parameter_that_does_not_exist_is_named_with_the_one_that_is_meant(make_perception, make_robot):
    robot = make_robot()
    node = make_perception(**{"target_depth": 0.004})
    robot.hear(node, "there is no parameter target_depth, what was given for it has no effect; "
               "is tracking.target_depth meant?")  # fmt: skip
