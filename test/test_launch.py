"""The launch files start the nodes they promise; skipped where ROS 2's launch is not installed."""

from pathlib import Path

import pytest

pytest.importorskip("launch_ros", reason="launch and launch_ros are not available as wheels")

from launch import LaunchService
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_ros.actions import Node

LAUNCH = Path(__file__).resolve().parents[1] / "launch"


def entities(name):
    """Everything a launch file describes, included files as well."""
    service = LaunchService()
    pending = list(
        PythonLaunchDescriptionSource(str(LAUNCH / name)).get_launch_description(service.context).entities
    )
    while pending:
        entity = pending.pop()
        yield entity
        if isinstance(entity, IncludeLaunchDescription):
            source = entity.launch_description_source
            pending += source.get_launch_description(service.context).entities


def executables(name):
    return {entity.node_executable for entity in entities(name) if isinstance(entity, Node)}


def test_the_perception_launch_file_starts_the_perception_node():
    assert "perception_node" in executables("perception.launch.py")


def test_the_player_launch_file_starts_player_and_perception_node():
    assert {"image_player", "perception_node"} <= executables("player.launch.py")


def test_the_simulation_launch_file_starts_simulator_and_perception_node():
    assert {"simulator", "perception_node"} <= executables("simulation.launch.py")


@pytest.mark.parametrize("name", ["perception.launch.py", "player.launch.py", "simulation.launch.py"])
def test_every_launch_argument_is_described(name):
    arguments = [entity for entity in entities(name) if isinstance(entity, DeclareLaunchArgument)]
    assert arguments
    assert all(argument.description for argument in arguments)
