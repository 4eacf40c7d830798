"""What a file of parameters says in vain is said, before a node starts without it."""

from pathlib import Path

import pytest

from tavi_perception.parameter_file import unknown_parameters

DECLARED = {"model", "tracking.target_depth", "device.sheathed_length"}
NODE = "/tavi/perception"


@pytest.fixture
def found(tmp_path):
    """The sentences about a file of the given text."""

    def check(text, name="parameters.yaml"):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return unknown_parameters(file, DECLARED, NODE)

    return check


@pytest.mark.parametrize(
    "section", ["/**", "/tavi/perception", "tavi/perception", "/*/perception", "/**/perception", "/tavi/*"]
)
def test_a_section_for_the_node_is_looked_into(found, section):
    [sentence] = found(f"{section}: {{ros__parameters: {{tracking: {{target_dept: 0.003}}}}}}")
    assert "tracking.target_dept;" in sentence and "did you mean tracking.target_depth?" in sentence


def test_namespaces_may_be_nested(found):
    assert found("tavi: {perception: {ros__parameters: {wrong: 1}}}")


@pytest.mark.parametrize(
    "section", ["/perception", "perception", "/left/perception", "/tavi/preception", "/*"]
)
def test_a_file_that_is_for_other_nodes_alone_is_named_with_the_right_name(found, section):
    [sentence] = found(f"{section}: {{ros__parameters: {{model: a}}}}")
    assert section.strip("/") in sentence and NODE in sentence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/**: {ros__parameters: {model: a, tracking.target_depth: 0.003}}",
        "/**: {ros__parameters: {use_sim_time: true, qos_overrides: {/tf: {publisher: {depth: 1}}}}}",
        "{/tavi/perception: {ros__parameters: {model: a}}, /other/node: {ros__parameters: {any: 1}}}",
    ],
)
def test_what_reaches_the_node_or_is_for_others_is_left_alone(found, text):
    assert found(text) == []


@pytest.mark.parametrize("text", ["{", "- a\n- b", "model: fast", "\t"])
def test_what_is_no_file_of_parameters_is_refused_by_name(found, text):
    with pytest.raises(ValueError, match=r"a #1: b\.yaml"):
        found(text, "a #1: b.yaml")


def test_a_missing_file_is_named_with_the_folder_it_was_looked_for_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match="nope.yaml: there is no such file of parameters in .*" + tmp_path.name
    ):
        unknown_parameters(Path("nope.yaml"), DECLARED, NODE)
