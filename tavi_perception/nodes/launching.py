"""What the launch files have in common: their arguments, and a node that feeds the perception node."""

from __future__ import annotations

from collections.abc import Mapping

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from tavi_perception.resources import share_directory

Arguments = Mapping[str, tuple[str | None, str]]
"""By the name of a launch argument: its default, None where it must be given, and what it is."""


def declared(arguments: Arguments) -> list[DeclareLaunchArgument]:
    return [
        DeclareLaunchArgument(name, default_value=default, description=description)
        for name, (default, description) in arguments.items()
    ]


def fed_by(executable: str, arguments: Arguments, included: str) -> LaunchDescription:
    """A node of this package, whose parameters the arguments are, beside another launch file.

    The arguments of the included launch file are declared too.
    """
    source = PythonLaunchDescriptionSource(str(share_directory() / "launch" / included))
    node = Node(
        package="tavi_perception",
        executable=executable,
        namespace="fluoro",
        parameters=[{name: LaunchConfiguration(name) for name in arguments}],
        output="screen",
    )
    return LaunchDescription([*declared(arguments), IncludeLaunchDescription(source), node])
