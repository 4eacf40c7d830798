"""What the launch files have in common.

Their arguments are read once, as the words that were given: nothing evaluates them again, whatever letters
they hold.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, OpaqueFunction, RegisterEventHandler, SetEnvironmentVariable
from launch.event_handlers import OnProcessExit
from launch.events.process import ProcessExited
from launch.substitutions import EnvironmentVariable
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterFile

from tavi_perception.control.config import ControlConfig
from tavi_perception.nodes.controller_settings import ControllerNodeConfig
from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.launch_arguments import (
    LEVELS,
    Arguments,
    absolute,
    loop_topics,
    own_parameters,
    topics,
)
from tavi_perception.nodes.settings import NodeConfig
from tavi_perception.parameter_file import parameters_text, unknown_parameters
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
    """The perception node in a namespace, with the parameters that the words give; raises as ``_own``."""
    remapped = {"image": image, "carm_geometry": carm_geometry}
    return _own("perception_node", "perception", (NodeConfig, TrackingConfig), namespace, words, remapped)


def controller(namespace: str, words: Words, deviation: str = "deviation") -> Node:
    """The controller in a namespace, with the parameters that the words give; raises as ``_own``."""
    configs = (ControllerNodeConfig, ControlConfig)
    remapped = {**loop_topics(namespace), "deviation": absolute(namespace, deviation)}
    return _own("controller", "controller", configs, namespace, words, remapped)


def _own(
    executable: str,
    name: str,
    configs: tuple[type, ...],
    namespace: str,
    words: Words,
    remapped: Mapping[str, str],
) -> Node:
    """A node of this package that has a file of parameters; what the words give stands above it.

    Raises:
        ValueError: the file of parameters is missing, or says what the node does not know.
    """
    file = Path(words["params_file"])
    declared = {info.name for config in configs for info in node_parameters(config)}
    defects = unknown_parameters(file, declared, absolute(namespace, name))
    if defects:
        raise ValueError("\n".join(defects))
    given = {name: value for config in configs for name, value in own_parameters(config, words).items()}
    logger = absolute(namespace, name).strip("/").replace("/", ".")
    return Node(
        package="tavi_perception",
        executable=executable,
        namespace=namespace,
        name=name,
        parameters=[
            ParameterFile(file, allow_substs=False),
            values({**given, **_sim_time(words)}),
        ],
        remappings=remappings(remapped),
        ros_arguments=["--log-level", f"{logger}:={words['log_level']}", *enclave(namespace, name)],
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
        parameters=[values(own_parameters(config, words))],
        remappings=remappings(remapped),
        ros_arguments=enclave(namespace, executable),
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
            parameters=[values(_sim_time(words))],
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


def enclave(namespace: str, name: str) -> list[str]:
    """Each node has the enclave of its full name, which matters where SROS 2 is turned on."""
    return ["--enclave", absolute(namespace, name)]


def remappings(remapped: Mapping[str, str]) -> list[tuple[str, str]]:
    """Of the names that change."""
    return [(name, new) for name, new in remapped.items() if name != new]


def _sim_time(words: Words) -> dict[str, bool]:
    given = words["use_sim_time"].lower()
    return {"use_sim_time": given in ("true", "1")} if given else {}


def values(given: Mapping[str, bool | int | float | str]) -> ParameterFile:
    """Parameters of a node, whatever letters they hold."""
    return ParameterFile(_temporary(parameters_text(given), ".yaml"), allow_substs=False)


def _temporary(text: str, suffix: str) -> Path:
    with tempfile.NamedTemporaryFile(
        "w", prefix="tavi_", suffix=suffix, delete=False, encoding="utf-8"
    ) as made:
        made.write(text)
    return Path(made.name)


def fed_by(
    executable: str,
    config: type,
    arguments: Arguments,
    *,
    fixed: Words = MappingProxyType({}),
    beside: Callable[[str, Words], list[Action]] = lambda *_: [],
) -> LaunchDescription:
    """The perception node beside a node of this package that feeds it.

    Args:
        fixed: words for parameters of the feeder that are no arguments.
        beside: makes what else is started, from the namespace and the words.
    """

    def actions(base: str, words: Words) -> list[Action]:
        namespace = absolute(base, words["namespace"])
        named = topics(namespace, words["fluoro_namespace"], words["image"], words["carm_geometry"])
        fluoro = named.pop("fluoro")
        names = names_in_layout(namespace, named["image"], words["frame_id"])
        return [
            perception(namespace, words, named["image"], named["carm_geometry"]),
            *feeder(executable, config, {**words, **fixed}, named, namespace=fluoro),
            *beside(namespace, words),
            *rviz(namespace, words, "tavi.rviz", names),
        ]

    return described(arguments, actions)
