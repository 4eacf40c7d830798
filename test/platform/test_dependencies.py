"""What the package imports is brought by rosdep or by pip: each by exactly one of them."""

import ast
import re
import sys
from xml.etree import ElementTree

import pytest

ROSDEP_KEYS = {
    "PIL": "python3-pil",
    "cv2": "python3-opencv",
    "jinja2": "python3-jinja2",
    "matplotlib": "python3-matplotlib",
    "numpy": "python3-numpy",
    "scipy": "python3-scipy",
    "tqdm": "python3-tqdm",
    "yaml": "python3-yaml",
}
"""By what is imported: its key in https://github.com/ros/rosdistro/blob/master/rosdep/python.yaml, looked up
in August 2026 for Ubuntu and Debian. pydicom, pylibjpeg, LiteRT, markupsafe, zstd, dask and distributed have
none; that of rosbags calls pip, which Ubuntu 24.04 refuses outside a virtual environment."""

ROS_PACKAGES = {
    *("builtin_interfaces", "diagnostic_msgs", "geometry_msgs", "rcl_interfaces", "rosgraph_msgs"),
    *("sensor_msgs", "std_msgs", "std_srvs", "tf2_msgs", "trajectory_msgs", "visualization_msgs"),
    *("launch", "launch_ros", "lifecycle_msgs", "rclpy"),
    *("ament_cmake", "rosidl_default_generators", "rosidl_default_runtime"),
}
"""Listed in https://github.com/ros/rosdistro/blob/master/jazzy/distribution.yaml."""

OWN = {"tavi_msgs"}
PIP = {
    "ai_edge_litert": "ai-edge-litert",
    "backports": "backports.zstd",
    "dask": None,  # an option: for studies of the closed loop, in a clone
    "distributed": None,
    "isal": None,  # an option: faster where it is installed
    "lz4": "lz4",  # rosbags brings it
    "markupsafe": "markupsafe",
    "pydicom": "pydicom",
    "rosbags": "rosbags",
    "tensorflow": None,  # an option: for a GPU
}
"""By what is imported: the package that pip brings."""

CLONE_ONLY = {"benchmarks", "training"}
"""Commands of a clone; never installed."""


def imported(root):
    for file in (root / "tavi_perception").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.split(".")[0]


def depended_on(manifest):
    return {
        element.text
        for element in ElementTree.parse(manifest).getroot()
        if element.tag.endswith("depend") and element.tag != "test_depend"
    }


def pip_packages(root):
    lines = (root / "environment/requirements/robot.in").read_text().splitlines()
    return {match[0] for line in lines if (match := re.match(r"[\w.-]+", line))}


def test_every_import_is_brought_by_rosdep_or_by_pip(root):
    keys, packages = depended_on(root / "package.xml"), pip_packages(root)
    ours = {"tavi_perception", *CLONE_ONLY, *sys.stdlib_module_names, "compression"}
    brought = {
        name: (ROSDEP_KEYS.get(name, name) in keys) + (PIP.get(name, name) in packages)
        for name in set(imported(root)) - ours
        if name not in PIP or PIP[name] is not None
    }
    assert {name: times for name, times in brought.items() if times != 1} == {}


@pytest.mark.parametrize("manifest", ["package.xml", "tavi_msgs/package.xml"])
def test_every_key_is_one_that_rosdep_knows(root, manifest):
    assert depended_on(root / manifest) <= {*ROSDEP_KEYS.values(), *ROS_PACKAGES, *OWN}


def test_nothing_is_demanded_that_is_not_imported(root):
    names = set(imported(root))
    assert depended_on(root / "package.xml") <= {ROSDEP_KEYS.get(name, name) for name in names}
