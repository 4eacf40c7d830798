"""What the launch files can be told; needs no launch, so that the documentation is checked without one.

An argument that is a node's parameter has the name and the meaning that the node declares. Left empty, it
leaves the parameter at what ``params_file``, or else the declaration, says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tavi_perception.control.config import ControlConfig
from tavi_perception.nodes.controller_settings import ControllerNodeConfig
from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig
from tavi_perception.nodes.settings import ImagePublisherConfig, NodeConfig, PlayerConfig
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.parameters import ParameterInfo
from tavi_perception.resources import share_directory

Arguments = Mapping[str, tuple[str | None, str]]
"""By the name of a launch argument: its default, None where it must be given, and what it is."""

NAMESPACE = "tavi"
PLANES = ("frontal", "lateral")
LEVELS = ("debug", "info", "warn", "error", "fatal")


def own_parameters(config: type, given: Mapping[str, str]) -> dict[str, bool | int | float | str]:
    """The node's parameters among the given arguments, with the types that it declares.

    Raises:
        ValueError: a word is no value of such a parameter.
    """
    return {
        info.name: _typed(info, given[info.name])
        for info in node_parameters(config)
        if given.get(info.name, "") != ""
    }


def topics(namespace: str, fluoro_namespace: str, image: str, carm_geometry: str) -> dict[str, str]:
    """Full names of what passes between the perception node and who feeds it.

    Beside the default namespace lie the topics that all tools expect; beside another one, its own ones.

    Args:
        namespace: of the perception node, with a leading slash.
        fluoro_namespace, image, carm_geometry: empty, or a name; a relative one is seen from ``namespace``.
    """
    prefix = "" if namespace.strip("/") in ("", NAMESPACE) else namespace
    fluoro = absolute(namespace, fluoro_namespace or f"{prefix}/fluoro")
    own = ("truth/keypoints", "truth/annulus", "truth/deviation")
    own += ("delivery/command", "delivery/state", "delivery/joint_states", "controller/state")
    return {
        "fluoro": fluoro,
        "image": absolute(namespace, image or f"{fluoro}/image"),
        "carm_geometry": absolute(namespace, carm_geometry or f"{fluoro}/carm_geometry"),
        **{f"/{topic}": f"{prefix}/{topic}" for topic in own},
    }


def absolute(namespace: str, name: str) -> str:
    """A topic's or a namespace's full name."""
    return name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"


def _typed(info: ParameterInfo, word: str) -> bool | int | float | str:
    kind = type(info.default)
    try:
        if kind is bool:
            return {"true": True, "false": False}[word.lower()]
        if kind is str:
            word.encode()
        return kind(word)
    except UnicodeEncodeError:
        raise ValueError(f"{info.name}:={word!a} is no UTF-8, which ROS needs; rename it") from None
    except (ValueError, KeyError):
        wanted = {bool: "true or false", int: "a whole number"}.get(kind, "a number")
        raise ValueError(f"{info.name}:={word} is not {wanted}") from None


def _of(infos: Iterable[ParameterInfo], *, shown: bool, required: tuple[str, ...] = ()) -> Arguments:
    """Arguments for parameters, with their defaults shown, or empty."""
    return {info.name: (_default(info, shown, required), _meaning(info)) for info in infos}


def _default(info: ParameterInfo, shown: bool, required: tuple[str, ...]) -> str | None:
    if info.name in required:
        return None
    text = str(info.default)
    return (text.lower() if isinstance(info.default, bool) else text) if shown else ""


def _meaning(info: ParameterInfo) -> str:
    facts = "; ".join(filter(None, (info.unit, info.range_text)))
    return f"{info.description} ({facts})" if facts else info.description


_FRAME = [info for info in node_parameters(ImagePublisherConfig) if info.name == "frame_id"]

_EVERY: Arguments = {
    "params_file": (str(share_directory() / "config" / "perception.yaml"), "Parameters of the node."),
    "use_sim_time": (
        "",
        "true takes the time from /clock, as for a replayed bag; empty: what params_file says.",
    ),
    "rviz": ("false", "Open RViz beside it."),
    "log_level": ("info", f"Of the node itself: {', '.join(LEVELS)}."),
}

PERCEPTION: Arguments = {
    "namespace": (NAMESPACE, "Namespace of the node and of its outputs."),
    "image": ("/fluoro/image", "Topic of the fluoroscopy images."),
    "carm_geometry": ("/fluoro/carm_geometry", "Topic of the C-arm geometry."),
    **_of(_FRAME, shown=True),
    **_EVERY,
    **_of(node_parameters(NodeConfig), shown=False),
}

_FED: Arguments = {
    **PERCEPTION,
    "fluoro_namespace": (
        "",
        f"Namespace of who publishes the images; empty: /fluoro, or NAMESPACE/fluoro where namespace is not "
        f"{NAMESPACE}. /truth and /delivery are moved likewise.",
    ),
    "image": ("", "Topic of the fluoroscopy images, of both nodes; empty: image in fluoro_namespace."),
    "carm_geometry": ("", "Topic of the C-arm geometry; empty: carm_geometry in fluoro_namespace."),
}

PLAYER: Arguments = {
    **_of(node_parameters(PlayerConfig), shown=True, required=("source",)),
    **_FED,
}
SIMULATION: Arguments = {**_of(node_parameters(SimulatorConfig), shown=True), **_FED}

BIPLANE: Arguments = {
    **{
        f"{plane}_{name}": (default, f"{meaning} Of the {plane} plane.")
        for plane in PLANES
        for name, (default, meaning) in {
            "source": ("", "DICOM file, video, folder or bag to play; empty: a fluoroscope publishes."),
            "image": (f"/{plane}/fluoro/image", "Topic of the images."),
            "carm_geometry": (f"/{plane}/fluoro/carm_geometry", "Topic of the C-arm geometry."),
            "frame_id": (f"{plane}_fluoro", "Frame of the images that are played."),
            "annulus_frame_id": (f"{plane}_aortic_annulus", "Name of the annulus frame."),
        }.items()
    },
    **_EVERY,
    **{
        name: argument
        for name, argument in _of(node_parameters(NodeConfig), shown=False).items()
        if name != "annulus_frame_id"
    },
}

_CONTROLLER_PARAMETERS = [
    *node_parameters(ControllerNodeConfig),
    *(info for info in node_parameters(ControlConfig) if not info.group),
]
"""Those that a user sets; the groups are for the file of parameters."""

_CONTROLLER_FILE = (str(share_directory() / "config" / "controller.yaml"), "Parameters of the controller.")

CONTROLLER: Arguments = {
    "namespace": (NAMESPACE, "Namespace of the controller."),
    "deviation": ("deviation", "Topic of the deviations; a relative one is seen from namespace."),
    "params_file": _CONTROLLER_FILE,
    **{name: _EVERY[name] for name in ("use_sim_time", "log_level")},
    **_of(_CONTROLLER_PARAMETERS, shown=False),
}

CLOSED_LOOP: Arguments = {
    **{name: argument for name, argument in SIMULATION.items() if name != "script"},
    **{
        f"controller_{name}": (default, f"{meaning} Of the controller.")
        for name, (default, meaning) in _of(_CONTROLLER_PARAMETERS, shown=False).items()
    },
    "controller_params_file": _CONTROLLER_FILE,
}

ROS2_CONTROL: Arguments = {
    **CONTROLLER,
    **_of(node_parameters(RobotBridgeConfig), shown=True),
    "robot_description": (
        str(share_directory() / "config" / "robot" / "delivery_robot.urdf"),
        "URDF file with the <ros2_control> of the robot.",
    ),
    "controllers_file": (
        str(share_directory() / "config" / "robot" / "controllers.yaml"),
        "Parameters of the controller manager and its controllers.",
    ),
}

LAUNCH_FILES = {
    "perception.launch.py": PERCEPTION,
    "player.launch.py": PLAYER,
    "simulation.launch.py": SIMULATION,
    "biplane.launch.py": BIPLANE,
    "closed_loop.launch.py": CLOSED_LOOP,
    "controller.launch.py": CONTROLLER,
    "ros2_control.launch.py": ROS2_CONTROL,
}
