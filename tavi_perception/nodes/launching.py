"""What the launch files have in common.

Their arguments are read once, as the words that were given: nothing evaluates them again, whatever letters
they hold.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler, SetEnvironmentVariable
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import EnvironmentVariable
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile

from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.launch_arguments import LEVELS, Arguments, absolute, own_parameters, topics
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.parameter_file import unknown_parameters
from tavi_perception.resources import share_directory
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.visualization.layout import rewritten_layout

Words = Mapping[str, str]
"""By the name of a launch argument: what was given for it, or its default."""


def described(arguments: Arguments, actions: Callable[[str, Words], list[Action]]) -> LaunchDescription:
    """A launch file with these arguments.

    ``actions`` makes what it starts, from the full name of the namespace it was included in and the words.
    """

    def start(context: LaunchContext) -> list[Action]:
        words = {name: context.launch_configurations[name] for name in arguments}
        return actions(absolute("/", context.launch_configurations.get("ros_namespace", "")), words)

    # The default shared-memory segment of Fast DDS is smaller than one image.
    profile = str(share_directory() / "config" / "fastdds.xml")
    return LaunchDescription(
        [
            *(_declared(name, *argument) for name, argument in arguments.items()),
            *(
                SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
                for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
            ),
            OpaqueFunction(function=start),
        ]
    )


def _declared(name: str, default: str | None, description: str) -> DeclareLaunchArgument:
    choices = list(LEVELS) if name == "log_level" else None
    return DeclareLaunchArgument(name, default_value=default, description=description, choices=choices)


def perception(namespace: str, words: Words, image: str, carm_geometry: str) -> Node:
    """The perception node in a namespace, with the parameters that the words give.

    Raises:
        ValueError: the file of parameters is missing, or says what the node does not know.
    """
    name = "perception"
    file = Path(words["params_file"])
    declared = {info.name for config in (NodeConfig, TrackingConfig) for info in node_parameters(config)}
    defects = unknown_parameters(file, declared, absolute(namespace, name))
    if defects:
        raise ValueError("\n".join(defects))
    logger = absolute(namespace, name).strip("/").replace("/", ".")
    return Node(
        package="tavi_perception",
        executable="perception_node",
        namespace=namespace,
        name=name,
        parameters=[
            ParameterFile(file, allow_substs=False),
            _values({**own_parameters(NodeConfig, words), **_sim_time(words)}),
        ],
        remappings=[("image", image), ("carm_geometry", carm_geometry)],
        ros_arguments=["--log-level", f"{logger}:={words['log_level']}"],
        output="screen",
    )


def feeder(
    executable: str, config: type, words: Words, remapped: Mapping[str, str], *, namespace: str
) -> list[Action]:
    """A node that publishes the images; ``remapped`` names its topics.

    When it fails, so does the launch. Its normal end leaves the other nodes running.
    """
    node = Node(
        package="tavi_perception",
        executable=executable,
        namespace=namespace,
        name=executable,
        parameters=[_values(own_parameters(config, words))],
        remappings=[(name, new) for name, new in remapped.items() if name != new],
        output="screen",
    )

    def ended(event: ProcessExited, context: LaunchContext) -> list[Action]:
        if event.returncode == 0 or context.is_shutdown:
            return []
        raise RuntimeError(
            f"{executable} has failed with exit code {event.returncode}: no images come any more; its own "
            "words above say why"
        )

    return [RegisterEventHandler(OnProcessExit(target_action=node, on_exit=ended)), node]


def rviz(namespace: str, words: Words, layout: str, names: Mapping[str, str]) -> list[Action]:
    """RViz, where ``rviz:=true``, with a shipped layout in which ``names`` replace topics and frames."""
    if words["rviz"].lower() not in ("true", "1"):
        return []
    file = share_directory() / "config" / "rviz" / layout
    if any(name != new for name, new in names.items()):
        file = _temporary(rewritten_layout(file, names), ".rviz")
    return [
        Node(
            package="rviz2",
            executable="rviz2",
            namespace=namespace,
            arguments=["-d", str(file)],
            parameters=[_values(_sim_time(words))],
            output="screen",
        )
    ]


def names_in_layout(namespace: str, image: str, frame_id: str) -> dict[str, str]:
    """What the layout of one plane calls otherwise."""
    return {
        "/tavi": namespace.rstrip("/"),
        "/fluoro/image": image,
        "/fluoro/camera_info": f"{image.rpartition('/')[0]}/camera_info",
        "fluoro": frame_id,
    }


def _sim_time(words: Words) -> dict[str, bool]:
    given = words["use_sim_time"].lower()
    return {"use_sim_time": given in ("true", "1")} if given else {}


def _values(values: Mapping[str, bool | int | float | str]) -> ParameterFile:
    """A file that sets them, strings in quotation marks.

    launch_ros's own leaves those out where Python's YAML needs none; rcl's then reads 1e3 as a number.
    """
    text = json.dumps({"/**": {"ros__parameters": dict(values)}}, ensure_ascii=False)  # JSON is YAML
    return ParameterFile(_temporary(text, ".yaml"), allow_substs=False)


def _temporary(text: str, suffix: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="tavi_", suffix=suffix, delete=False, encoding="utf-8"
    ) as made:
        made.write(text)
    return Path(made.name)


def fed_by(executable: str, config: type, arguments: Arguments) -> LaunchDescription:
    """The perception node beside a node of this package that feeds it."""

    def actions(base: str, words: Words) -> list[Action]:
        namespace = absolute(base, words["namespace"])
        named = topics(namespace, words["fluoro_namespace"], words["image"], words["carm_geometry"])
        fluoro = named.pop("fluoro")
        names = names_in_layout(namespace, named["image"], words["frame_id"])
        return [
            perception(namespace, words, named["image"], named["carm_geometry"]),
            *feeder(executable, config, words, named, namespace=fluoro),
            *rviz(namespace, words, "tavi.rviz", names),
        ]

    return described(arguments, actions)
