"""The perception node alone: for a stack that brings its own images."""

from launch import LaunchDescription
from launch.actions import SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import EnvironmentVariable, LaunchConfiguration
from launch_ros.actions import Node

from tavi_perception.nodes.launching import declared
from tavi_perception.resources import share_directory


def generate_launch_description():
    share = share_directory()
    profile = str(share / "config" / "fastdds.xml")
    arguments = {
        "namespace": ("tavi", "namespace of the node and of its outputs"),
        "image": ("/fluoro/image", "topic of the fluoroscopy images"),
        "carm_geometry": ("/fluoro/carm_geometry", "topic of the C-arm geometry"),
        "params_file": (str(share / "config" / "perception.yaml"), "parameters of the node"),
        "model": ("", "folder of a model bundle; empty: the shipped one"),
        "use_sim_time": ("false", "take the time from /clock, as for a replayed bag"),
        "rviz": ("false", "open RViz beside it"),
        "log_level": ("info", "debug, info, warn or error"),
    }
    return LaunchDescription(
        [
            *declared(arguments),
            # The default shared-memory segment of Fast DDS is smaller than one image.
            *(
                SetEnvironmentVariable(name, EnvironmentVariable(name, default_value=profile))
                for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
            ),
            Node(
                package="tavi_perception",
                executable="perception_node",
                namespace=LaunchConfiguration("namespace"),
                parameters=[
                    LaunchConfiguration("params_file"),
                    {
                        "model": LaunchConfiguration("model"),
                        "use_sim_time": LaunchConfiguration("use_sim_time"),
                    },
                ],
                remappings=[
                    ("image", LaunchConfiguration("image")),
                    ("carm_geometry", LaunchConfiguration("carm_geometry")),
                ],
                ros_arguments=["--log-level", LaunchConfiguration("log_level")],
                output="screen",
            ),
            Node(
                package="rviz2",
                executable="rviz2",
                arguments=["-d", str(share / "config" / "rviz" / "tavi.rviz")],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
