"""The launch files start the nodes they promise; skipped where ROS 2's launch is not installed."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("launch_ros", reason="launch and launch_ros are not available as wheels")

from launch import LaunchService
from launch.actions import DeclareLaunchArgument
from launch.launch_description_sources import PythonLaunchDescriptionSource

from tavi_perception.nodes.launch_arguments import LAUNCH_FILES
from tavi_perception.nodes.start import NODES

LAUNCH = Path(__file__).resolve().parents[1] / "launch"
LAUNCHER = """
import sys
from launch import LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
words = [tuple(word.split(":=", 1)) for word in sys.argv[2:]]
service = LaunchService()
service.include_launch_description(
    IncludeLaunchDescription(PythonLaunchDescriptionSource(sys.argv[1]), launch_arguments=words)
)
sys.exit(service.run())
"""
DESCRIBED = "JointStateTopicSystem"
"""What the description of the robot holds."""

PATIENCE = 60.0
"""s for a launch to say what it is waited for."""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """An installation of the package's executables; RViz and ros2_control only say what they were given."""
    folder = tmp_path_factory.mktemp("prefix")
    module = "tavi_perception.nodes.start"
    scripts = {
        "tavi_perception": {name: f'exec "{sys.executable}" -m {module} {name} "$@"' for name in NODES},
        "rviz2": {"rviz2": 'echo "rviz $@"; cat "$2"; exec sleep 100'},
        "robot_state_publisher": {"robot_state_publisher": f'grep -h "{DESCRIBED}" "$3"; exec sleep 100'},
        "controller_manager": {
            "ros2_control_node": 'echo "manager $@"; exec sleep 100',
            "spawner": 'echo "spawner $@"',
        },
    }
    for package, executables in scripts.items():
        marker = folder / "share/ament_index/resource_index/packages" / package
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        for name, command in executables.items():
            script = folder / "lib" / package / name
            script.parent.mkdir(parents=True, exist_ok=True)
            script.write_text(f"#!/bin/sh\n{command}\n")
            script.chmod(0o755)
    return folder


@pytest.fixture
def launched(prefix, tmp_path):
    """Launches in a folder of its own until the output holds all patterns; gives output and exit code."""

    def run(name, *words, until=()):
        paths = [str(prefix), *filter(None, [os.environ.get("AMENT_PREFIX_PATH")])]
        variables = {"AMENT_PREFIX_PATH": os.pathsep.join(paths), "ROS_LOG_DIR": str(tmp_path / "log")}
        log = tmp_path / "output.txt"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", LAUNCHER, LAUNCH / f"{name}.launch.py", *words],
                cwd=tmp_path,
                env={**os.environ, **variables, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            end = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < end:
                if until and all(re.search(pattern, log.read_text()) for pattern in until):
                    break
                time.sleep(0.1)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            code = process.wait(timeout=30)
        return log.read_text(), code

    return run


@pytest.fixture
def picture(tmp_path):
    """Makes an image file of a name, in the folder of the launch."""

    def make(name):
        written = cv2.imencode(".png", np.full((64, 64), 120, np.uint8))[1]
        (tmp_path / name).write_bytes(written.tobytes())
        return name

    return make


@pytest.mark.parametrize("name", LAUNCH_FILES)
def test_every_launch_argument_is_described(name):
    description = PythonLaunchDescriptionSource(str(LAUNCH / name)).get_launch_description(
        LaunchService().context
    )
    arguments = [entity for entity in description.entities if isinstance(entity, DeclareLaunchArgument)]
    assert {argument.name for argument in arguments} == set(LAUNCH_FILES[name])
    assert all(argument.description for argument in arguments)


def assert_seen(output, *patterns):
    missing = [pattern for pattern in patterns if not re.search(pattern, output)]
    assert not missing, output


def test_the_perception_node_listens_where_it_is_told_in_its_own_namespace(launched):
    seen = (r"left\.perception\]: active, waiting for images on /cam/image",)
    output, _ = launched("perception", "namespace:=left", "image:=/cam/image", until=seen)
    assert_seen(output, *seen)


def test_compressed_images_are_taken_beside_the_remapped_topic(launched):
    seen = (r"waiting for images on /cam/image/compressed",)
    output, _ = launched("perception", "image:=/cam/image", "image_transport:=compressed", until=seen)
    assert_seen(output, *seen)


@pytest.mark.parametrize("source", ["123", "a: b", "x #1 (%) ü.png", "$(env HOME)", "1e3", "true", "~"])
def test_a_source_is_played_whatever_it_is_called_where_the_perception_node_listens(
    launched, picture, source
):
    seen = (
        re.escape(f"{source} waits for a subscriber of /left/fluoro/image"),
        r"left\.perception\]: active, waiting for images on /left/fluoro/image",
        re.escape(f"playing {source}"),
    )
    output, _ = launched("player", f"source:={picture(source)}", "namespace:=left", until=seen)
    assert_seen(output, *seen)


def test_player_and_perception_node_meet_on_another_topic(launched, picture):
    seen = ("waits for a subscriber of /cam/image", "waiting for images on /cam/image", "playing 0.png")
    output, _ = launched("player", f"source:={picture('0.png')}", "image:=/cam/image", until=seen)
    assert_seen(output, *seen)


def test_the_simulation_runs_the_script_that_the_simulator_has_by_default(launched):
    seen = ("script: procedure", "waiting for images on /fluoro/image")
    output, _ = launched("simulation", "size:=64", "duration:=1", until=seen)
    assert_seen(output, *seen)


def test_both_planes_of_a_biplane_system_are_played_and_shown_together(launched, picture):
    seen = (
        "waiting for images on /frontal/fluoro/image",
        "waiting for images on /lateral/fluoro/image",
        "playing a.png",
        "playing b.png",
        "Value: /frontal/overlay",
        "Value: /lateral/markers",
    )
    words = (f"frontal_source:={picture('a.png')}", f"lateral_source:={picture('b.png')}", "rviz:=true")
    output, _ = launched("biplane", *words, until=seen)
    assert_seen(output, *seen)


def test_rviz_shows_the_topics_of_the_namespace_and_the_image(launched):
    seen = ("Value: /left/overlay", "Value: /cam/image", "Value: /cam/camera_info", "Fixed Frame: c")
    words = ("namespace:=left", "image:=/cam/image", "frame_id:=c", "rviz:=true")
    output, _ = launched("perception", *words, until=seen)
    assert_seen(output, *seen)


def test_a_feeder_that_fails_ends_the_launch_with_the_path_it_looked_for(launched, tmp_path):
    output, code = launched("player", "source:=sub/nope.dcm")
    assert_seen(
        output, rf"sub/nope\.dcm: there is no such file or folder in {tmp_path}", "image_player has failed"
    )
    assert code == 1


def test_the_end_of_a_recording_leaves_the_perception_node_running(launched, picture):
    output, _ = launched("player", f"source:={picture('0.png')}", until=("is played to its end",))
    assert "has failed" not in output and "finished cleanly" not in output.split("to its end")[0]


def test_the_closed_loop_has_patient_perception_and_controller_in_one_namespace(launched):
    seen = (
        "script: none",
        r"left\.perception\]: active, waiting for images on /left/fluoro/image",
        r"left\.controller\]: hold: ",
    )
    words = ("size:=64", "namespace:=left", "controller_target_depth:=0.004")
    output, _ = launched("closed_loop", *words, until=seen)
    assert_seen(output, *seen)


def test_the_controller_starts_alone_with_its_own_parameters(launched):
    words = ("start_at_once:=false", "deviation:=/my/deviation", "namespace:=left")
    seen = (r"left\.controller\]: active, waiting for deviations on /my/deviation; ~/start begins",)
    output, _ = launched("controller", *words, until=seen)
    assert_seen(output, *seen)


@pytest.mark.parametrize(
    ("output", "controller"),
    [("velocity", "delivery_velocity_controller"), ("trajectory", "delivery_trajectory_controller")],
)
def test_ros2_control_gets_description_controllers_and_bridge(launched, output, controller):
    seen = (
        DESCRIBED,
        r"manager .*controllers\.yaml",
        rf"spawner joint_state_broadcaster {controller}",
        "no state of both joints on /joint_states",
        r"tavi\.controller\]: hold: ",
    )
    said, _ = launched("ros2_control", f"output:={output}", until=seen)
    assert_seen(said, *seen)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "there is no such file of parameters"),
        ("/**: {ros__parameters: {tracking: {target_dept: 0.003}}}", "did you mean tracking.target_depth"),
        ("/left/perception: {ros__parameters: {threads: 1}}", "none of its sections"),
    ],
)
def test_a_file_of_parameters_that_would_not_count_is_refused_by_its_path(launched, tmp_path, text, said):
    if text:
        (tmp_path / "a #1: b.yaml").write_text(text)
    output, code = launched("perception", "params_file:=a #1: b.yaml")
    assert_seen(output, rf"a #1: b\.yaml: .*{said}")
    assert code == 1 and "process started" not in output


def test_a_file_of_parameters_is_used_whatever_it_is_called(launched, tmp_path):
    (tmp_path / "$(x) 100% ü: #.yaml").write_text("/tavi/perception: {ros__parameters: {model: '123'}}")
    seen = ("model bundle 123",)
    output, _ = launched("perception", "params_file:=$(x) 100% ü: #.yaml", until=seen)
    assert_seen(output, *seen)


@pytest.mark.parametrize("model", ["a: b", "123", "c #1"])
def test_a_model_is_looked_for_by_the_name_that_was_given(launched, model):
    output, _ = launched("perception", f"model:={model}", until=(re.escape(f"model bundle {model}"),))
    assert_seen(output, re.escape(f"model bundle {model}"))


def test_the_level_of_the_log_is_that_of_the_node_alone(launched):
    output, _ = launched("perception", "log_level:=debug", until=("waiting for images",))
    assert_seen(output, "waiting for images")
    assert "[rcl" not in output
