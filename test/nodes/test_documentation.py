"""What README and docs name exists, and what they copy from the code is up to date."""

import argparse
import re
import subprocess
from pathlib import Path

import pytest

from tavi_perception.cli import APART
from tavi_perception.cli import _parser as command_parser
from tavi_perception.landmarks import NAMES
from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.launch_arguments import LAUNCH_FILES
from tavi_perception.nodes.reference import (
    CONTROLLER,
    PERCEPTION,
    configuration_page,
    controller_file,
    parameter_page,
    perception_file,
    safety_page,
    validity_page,
)
from tavi_perception.parameters import parameters_of
from tavi_perception.tracking.config import TrackingConfig

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def commands():
    (choices,) = (action.choices for action in command_parser()._actions if action.choices)
    return set(choices) | {"test"}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config/perception.yaml", perception_file),
        ("config/controller.yaml", controller_file),
        ("docs/parameters.md", parameter_page),
        ("docs/validity.md", validity_page),
        ("docs/simulator_configuration.md", configuration_page),
        ("docs/safety.md", safety_page),
    ],
)
def test_what_is_written_from_the_declarations_is_up_to_date(file, content):
    assert (ROOT / file).read_text() == content(), "run: python -m tavi_perception.nodes.reference"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_on_a_page_exists(page):
    named = set(re.findall(r"\./tavi ([a-z]+)", page.read_text()))
    assert named <= commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_option_that_a_page_shows_exists_in_its_command(page):
    shown = re.findall(rf"(?:\./tavi |`)({'|'.join(commands())}) (?!\w+=)([^`#\n]*)", page.read_text())
    for command, words in shown:
        unknown = set(re.findall(r"--[a-z-]+", words)) - options(command)
        assert not unknown, f"./tavi {command} {words}"


def options(command):
    """The long options of a command; those of training are read, since TensorFlow may be missing."""
    if command in APART:
        source = text_of(APART[command][0])
        for module in re.findall(r"^from ([\w.]+\.(?:command|options)) import", source, flags=re.MULTILINE):
            source += text_of(module)
        planned = re.search(r"^_OVERRIDES = \((.*?)\)", source, flags=re.MULTILINE | re.DOTALL)
        names = re.findall(r'"(\w+)"', planned[1]) if planned else ()
        listed = re.findall(r'add_argument\(\s*"(--[a-z-]+)"', source)
        return {"--help", *listed, *(f"--{name.replace('_', '-')}" for name in names)}
    (parsers,) = (a for a in command_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return set(parsers.choices[command]._option_string_actions) if command in parsers.choices else set()


def text_of(module):
    return (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_launch_argument_that_a_page_shows_exists_in_its_launch_file(page):
    shown = re.findall(r"ros2 launch tavi_perception (\w+\.launch\.py)([^`#\n]*)", page.read_text())
    for launch_file, words in shown:
        assert set(re.findall(r"(\w+):=", words)) <= set(LAUNCH_FILES[launch_file]), words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_grouped_parameter_on_a_page_exists(page):
    infos = [info for config in (*PERCEPTION, *CONTROLLER) for info in node_parameters(config)]
    known, groups = {info.name for info in infos}, "|".join({info.group for info in infos if info.group})
    assert set(re.findall(rf"`((?:{groups})\.\w+)`", page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_names_a_parameter_by_its_field(page):
    others = {info.name for config in CONTROLLER for info in node_parameters(config)}
    fields = {info.field for info in node_parameters(TrackingConfig)} - others
    assert not set(re.findall(r"`(\w+)`", page.read_text())) & fields


def test_every_constant_on_the_page_of_the_tracker_exists():
    text = (ROOT / "docs" / "tracking.md").read_text()
    named = set(re.findall(r"`([a-z]+_[a-z_]+)`", text))
    assert named
    assert named <= {info.field for info in parameters_of(TrackingConfig)}


def test_every_file_that_the_page_of_the_tracker_names_exists():
    text = (ROOT / "docs" / "tracking.md").read_text()
    files = set(re.findall(r"`(\w+\.py)`", text))
    assert files
    assert all((ROOT / "tavi_perception" / "tracking" / file).exists() for file in files)


def test_the_readme_explains_every_landmark_before_anything_uses_it():
    explained, _ = (ROOT / "README.md").read_text().split("## Two commands")
    rows = " ".join(re.findall(r"^\| ([A-Z0-9, ]+) \|", explained, flags=re.MULTILINE))
    assert rows.replace(",", "").split() == list(NAMES)


def test_the_script_and_the_command_line_know_the_same_commands():
    usage = subprocess.run([ROOT / "tavi", "--help"], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  ([a-z]+)  ", usage, flags=re.MULTILINE)) == commands()


def test_the_readme_names_every_command():
    text = (ROOT / "README.md").read_text()
    assert all(f"./tavi {command}" in text for command in commands())
    assert set(APART) <= commands()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_on_a_page_leads_to_a_file(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert all((page.parent / target).exists() for target in targets), targets


def test_the_topics_of_the_node_reference_are_those_that_the_node_has(graph_topics):
    text = (ROOT / "docs" / "nodes.md").read_text()
    perception = text.split("## image_player")[0]
    named = set(re.findall(r"^\| `([a-z_/]+)` \|", perception, flags=re.MULTILINE))
    assert named - {"image/compressed"} == graph_topics


def test_the_topics_of_the_readme_are_those_of_the_node_in_its_namespace(graph_topics):
    named = set(re.findall(r"`(/[a-z_/]+)`", (ROOT / "README.md").read_text()))
    inputs = {"/fluoro/image": "image", "/fluoro/carm_geometry": "carm_geometry"}
    local = {inputs.get(topic, topic.removeprefix("/tavi/")) for topic in named}
    assert local == graph_topics


@pytest.fixture
def graph_topics(perception, namespace):
    """Relative names of the topics of a running perception node."""
    ours = {publisher.topic_name for publisher in perception.publishers}
    ours |= {subscription.topic_name for subscription in perception.subscriptions}
    ignored = {"/rosout", "/parameter_events", "/clock", f"{namespace}/perception/transition_event"}
    return {topic.removeprefix(f"{namespace}/") for topic in ours - ignored}
