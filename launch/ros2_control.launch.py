"""The controller on a robot under ros2_control: controller manager, its controllers, and the bridge to them.

The packages of ros2_control have to be installed: docs/robot.md names them.
"""

from pathlib import Path

from launch_ros.actions import Node

from tavi_perception.nodes.launch_arguments import ROS2_CONTROL, absolute, loop_topics, own_parameters
from tavi_perception.nodes.launching import controller, described, enclave, remappings, values
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig

COMMANDED = {
    "velocity": ("delivery_velocity_controller", "commands"),
    "trajectory": ("delivery_trajectory_controller", "joint_trajectory"),
}
"""By what the bridge puts out: who takes it, and on which of its topics."""


def generate_launch_description():
    return described(ROS2_CONTROL, actions)


def actions(base, words):
    namespace = absolute(base, words["namespace"])
    if words["output"] not in COMMANDED:
        raise ValueError(
            f"output:={words['output']} needs no controller manager; take {' or '.join(COMMANDED)}, or start "
            "robot_bridge alone"
        )
    name, topic = COMMANDED[words["output"]]
    bridge = Node(
        package="tavi_perception",
        executable="robot_bridge",
        namespace=namespace,
        parameters=[values(own_parameters(RobotBridgeConfig, words))],
        remappings=remappings(
            {
                **loop_topics(namespace),
                "joint_states": "/joint_states",
                "joint_commands": f"/{name}/{topic}",
            }
        ),
        ros_arguments=enclave(namespace, "robot_bridge"),
        output="screen",
    )
    return [
        controller(namespace, words, words["deviation"]),
        bridge,
        *manager(words, ("joint_state_broadcaster", name)),
    ]


def manager(words, controllers):
    """The controller manager with these controllers; Jazzy's takes the description from its topic."""
    description = Path(words["robot_description"]).read_text(encoding="utf-8")
    parameters = words["controllers_file"]
    return [
        Node(
            package="robot_state_publisher",
            executable="robot_state_publisher",
            parameters=[values({"robot_description": description})],
            output="screen",
        ),
        Node(
            package="controller_manager",
            executable="ros2_control_node",
            parameters=[parameters],
            output="screen",
        ),
        Node(
            package="controller_manager",
            executable="spawner",
            arguments=[*controllers, "--param-file", parameters],
            output="screen",
        ),
    ]
