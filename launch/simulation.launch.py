"""The perception node fed by the simulator: a synthetic patient, truth, and a delivery robot to command."""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node


def generate_launch_description():
    share = Path(get_package_share_directory("tavi_perception"))
    arguments = {
        "seed": ("1000000", "which synthetic patient and procedure"),
        "script": (
            "procedure",
            "procedure: it runs by itself; none: commands on /delivery/command move the device",
        ),
        "duration": ("20.0", "length of the procedure that a script runs (s)"),
        "frame_rate": ("15.0", "frames a second"),
        "size": ("1000", "side of the images (px)"),
        "injection_period": ("0.0", "s between contrast injections where no script injects; 0: never"),
    }
    return LaunchDescription(
        [
            *(
                DeclareLaunchArgument(name, default_value=default, description=description)
                for name, (default, description) in arguments.items()
            ),
            # Declares the arguments of perception.launch.py too (namespace, model, rviz, …).
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(share / "launch" / "perception.launch.py"))
            ),
            Node(
                package="tavi_perception",
                executable="simulator",
                namespace="fluoro",
                parameters=[{name: LaunchConfiguration(name) for name in arguments}],
                output="screen",
            ),
        ]
    )
