"""What launch files make of their words; needs no launch."""

import string
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.launch_arguments import BIPLANE, PERCEPTION, SIMULATION, own_parameters, topics
from tavi_perception.nodes.settings import NodeConfig, PlayerConfig
from tavi_perception.nodes.simulator_settings import SimulatorConfig

namespaces = st.text(string.ascii_lowercase, min_size=1).map(lambda name: f"/{name}")


def test_the_default_namespace_has_the_topics_that_all_tools_expect():
    found = topics("/tavi", "", "", "")
    assert (found["image"], found["carm_geometry"]) == ("/fluoro/image", "/fluoro/carm_geometry")
    assert all(name == new for name, new in found.items() if name.startswith("/"))


@given(st.lists(namespaces, min_size=2, max_size=4, unique=True))
def test_two_namespaces_share_no_topic(names):
    for one, other in combinations(names, 2):
        assert not set(topics(one, "", "", "").values()) & set(topics(other, "", "", "").values())


def test_a_moved_image_moves_for_both_ends():
    assert topics("/tavi", "", "/cam/image", "")["image"] == "/cam/image"
    assert topics("/tavi", "", "cam/image", "")["image"] == "/tavi/cam/image"
    assert topics("/tavi", "/lab", "", "")["carm_geometry"] == "/lab/carm_geometry"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_a_string_stays_the_word_that_was_given(word):
    assert own_parameters(PlayerConfig, {"source": word}) == {"source": word}


@pytest.mark.parametrize(("word", "value"), [("15", 15.0), ("7.5", 7.5), ("1e1", 10.0)])
def test_a_number_gets_the_type_that_is_declared(word, value):
    found = own_parameters(PlayerConfig, {"frame_rate": word, "loop": "True"})
    assert found == {"frame_rate": value, "loop": True}
    assert isinstance(found["frame_rate"], float)


@pytest.mark.parametrize("words", [{"seed": "7.5"}, {"frame_rate": "fast"}, {"image_reliability": "\udce9"}])
def test_a_word_that_is_no_value_is_refused_by_the_name_of_the_argument(words):
    [name] = words
    with pytest.raises(ValueError, match=f"{name}:="):
        own_parameters(SimulatorConfig, words)


def test_the_simulation_starts_with_the_defaults_of_the_simulator():
    words = {name: default for name, (default, _) in SIMULATION.items()}
    found = own_parameters(SimulatorConfig, words)
    assert all(
        found.get(info.name, info.default) == info.default for info in node_parameters(SimulatorConfig)
    )


@pytest.mark.parametrize("arguments", [PERCEPTION, BIPLANE])
def test_an_argument_that_is_not_given_leaves_the_file_of_parameters_its_say(arguments):
    assert own_parameters(NodeConfig, {name: default or "" for name, (default, _) in arguments.items()}) == {}


def test_every_parameter_of_the_node_can_be_given():
    assert {info.name for info in node_parameters(NodeConfig)} <= set(PERCEPTION)
    assert own_parameters(NodeConfig, {"image_transport": "compressed"}) == {"image_transport": "compressed"}
