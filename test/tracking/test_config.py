import math

import pytest

from tavi_perception.parameters import parameters_of
from tavi_perception.tracking.config import TrackingConfig


def test_every_parameter_says_what_it_is_and_where_its_default_comes_from():
    assert all(info.description and info.source and info.range_text for info in parameters_of(TrackingConfig))


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("target_depth", 0.003),
        ("depth_tolerance", 0.002),
        ("binding_timeout", 60.0),
        ("annulus_diameter_min", 0.015),
        ("annulus_diameter_max", 0.035),
    ],
)
def test_clinical_defaults_are_those_of_the_design(name, default):
    assert getattr(TrackingConfig(), name) == default


def test_a_value_out_of_range_is_refused_by_name():
    with pytest.raises(ValueError, match=r"^gate_probability is 1\.5"):
        TrackingConfig(gate_probability=1.5)


def test_contradicting_limits_are_refused_by_name():
    with pytest.raises(ValueError, match=r"annulus\.diameter_min .* must be below annulus\.diameter_max"):
        TrackingConfig(annulus_diameter_min=0.04)


def test_parameters_of_a_node_have_a_group_and_constants_have_none():
    assert all(bool(info.group) != info.constant for info in parameters_of(TrackingConfig))


def test_no_two_fields_have_the_same_name():
    names = [info.name for info in parameters_of(TrackingConfig)]
    assert len(names) == len(set(names))


def test_only_what_can_be_learned_may_be_unknown():
    assert math.isnan(TrackingConfig(sheathed_length=math.nan).sheathed_length)
    with pytest.raises(ValueError, match=r"tracking\.target_depth is NaN"):
        TrackingConfig(target_depth=math.nan)
