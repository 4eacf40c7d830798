"""The perception node fed by the image player: a DICOM cine, a video, a folder of images or a bag."""

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
        "frame_rate": ("0.0", "frames a second; 0 takes the recorded rate"),
        "loop": ("false", "start again after the last frame"),
        "pixel_size_mm": (
            "0.0",
            "size of a pixel at the patient, above all that the file says; 0: not given",
        ),
        "sid_mm": ("0.0", "source to detector, together with the next two; 0: not given"),
        "sod_mm": ("0.0", "source to patient; 0: not given"),
        "imager_pixel_spacing_mm": ("0.0", "pitch of the image's pixels at the detector; 0: not given"),
    }
    return LaunchDescription(
        [
            DeclareLaunchArgument("source", description="DICOM file, video, image, folder of images, or bag"),
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
                executable="image_player",
                namespace="fluoro",
                parameters=[
                    {
                        "source": LaunchConfiguration("source"),
                        **{name: LaunchConfiguration(name) for name in arguments},
                    }
                ],
                output="screen",
            ),
        ]
    )
