"""Which ROS 2 a command runs on, and the variables it gets."""

from __future__ import annotations

import os
import shutil

import pytest

import home
import virtual
from ros_environment import FASTDDS_PROFILE, PROFILES, runtime


def test_ros_comes_from_wheels_where_none_is_sourced(tmp_path, monkeypatch):
    monkeypatch.delenv("ROS_DISTRO", raising=False)

    assert runtime(tmp_path).home.path == tmp_path


def test_sourced_ros_is_used_and_kept_apart_from_the_wheels(tmp_path, monkeypatch):
    pytest.importorskip("rclpy")
    monkeypatch.setenv("ROS_DISTRO", "jazzy")

    environment = runtime(tmp_path)

    assert environment.home.path == tmp_path / "ros-jazzy"
    assert os.environ["AMENT_PREFIX_PATH"] in environment.variables()["AMENT_PREFIX_PATH"]


def test_every_process_uses_the_shared_memory_profile_and_stays_on_this_machine(tmp_path, monkeypatch):
    for name in (*PROFILES, "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        monkeypatch.delenv(name, raising=False)

    variables = runtime(tmp_path).variables()

    assert FASTDDS_PROFILE.exists()
    assert {variables[name] for name in PROFILES} == {str(FASTDDS_PROFILE)}
    assert variables["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"


def test_profile_and_discovery_range_of_the_user_are_kept(tmp_path, monkeypatch):
    monkeypatch.delenv(PROFILES[1], raising=False)
    monkeypatch.setenv(PROFILES[0], "mine.xml")
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")

    variables = runtime(tmp_path).variables()

    assert variables[PROFILES[0]] == "mine.xml"
    assert PROFILES[1] not in variables
    assert variables["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"


@pytest.mark.parametrize("distribution", [None, "jazzy"])
def test_byte_code_is_kept_whatever_the_user_has_set(tmp_path, monkeypatch, distribution):
    pytest.importorskip("rclpy")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    if distribution:
        monkeypatch.setenv("ROS_DISTRO", distribution)

    assert "PYTHONDONTWRITEBYTECODE" not in runtime(tmp_path).variables()


def test_clones_with_the_same_pins_share_an_environment_but_not_what_they_build(tmp_path, monkeypatch):
    monkeypatch.delenv("ROS_DISTRO", raising=False)
    first = runtime(tmp_path)
    copy = tmp_path / "copy/requirements"
    shutil.copytree(virtual.REQUIREMENTS, copy)
    monkeypatch.setattr(virtual, "REQUIREMENTS", copy)
    monkeypatch.setattr(home, "ROOT", tmp_path / "copy")

    second = runtime(tmp_path)

    assert second.folder == first.folder
    common = [(a, b) for a, b in zip(first.parts, second.parts, strict=True) if a.record == b.record]
    assert len(common) == 4
    assert all(a.key == b.key for a, b in common)
