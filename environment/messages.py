"""Builds tavi_msgs, and tf2_msgs where ROS lacks it, with colcon."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

import machine
from home import ROOT, Home, Part, digest

TAVI_MSGS = ROOT / "tavi_msgs"

_TF2_MSGS = {
    "msg/TFMessage.msg": "geometry_msgs/TransformStamped[] transforms\n",
    "CMakeLists.txt": """\
cmake_minimum_required(VERSION 3.16)
project(tf2_msgs)
find_package(ament_cmake REQUIRED)
find_package(geometry_msgs REQUIRED)
find_package(rosidl_default_generators REQUIRED)
rosidl_generate_interfaces(${PROJECT_NAME} msg/TFMessage.msg DEPENDENCIES geometry_msgs)
ament_export_dependencies(rosidl_default_runtime)
ament_package()
""",
    "package.xml": """\
<package format="3">
  <name>tf2_msgs</name>
  <version>0.36.0</version>
  <description>The transform message of tf2, for a ROS 2 that comes without it.</description>
  <maintainer email="maintainers@tavi-perception.invalid">tavi_perception maintainers</maintainer>
  <license>BSD-3-Clause</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  <depend>geometry_msgs</depend>
  <exec_depend>rosidl_default_runtime</exec_depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
""",
}
"""The same definition has the same type hash, so /tf interoperates with every other ROS 2."""


def messages(
    home: Home, venv: Path, names: tuple[str, ...], variables: Callable[[], Mapping[str, str]], ros: str
) -> Part:
    """The message packages ``names``, built against the ROS that ``variables`` point to.

    Args:
        ros: changes when the messages have to be built anew for another ROS.
    """
    build, install = home.own / "build", home.own / "install"

    def make() -> None:
        shutil.rmtree(build, ignore_errors=True)
        shutil.rmtree(install, ignore_errors=True)
        install.mkdir(parents=True)
        if not names:
            return
        machine.check_compiler()
        # In the home: its path can be chosen to suit the build tools, that of the clone cannot.
        sources = build / "sources"
        shutil.copytree(TAVI_MSGS, sources / "tavi_msgs")
        overlay = sources / "tf2_msgs"
        for name, text in _TF2_MSGS.items():
            (overlay / name).parent.mkdir(parents=True, exist_ok=True)
            (overlay / name).write_text(text)
        home.run(
            "Building the messages",
            [
                *(venv / "bin/colcon", "--log-base", build / "log", "build", "--merge-install"),
                *("--base-paths", sources, "--packages-select", *names),
                *("--build-base", build, "--install-base", install),
                *("--event-handlers", "console_direct+", "desktop_notification-"),
                *("--cmake-args", "-GNinja", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF"),
                *(f"-DPython3_EXECUTABLE={venv / 'bin/python'}", "-DPython3_FIND_VIRTUALENV=ONLY"),
            ],
            {**variables(), "COLCON_HOME": str(build), "COLCON_DEFAULTS_FILE": str(build / "none.yaml")},
        )

    key = digest(TAVI_MSGS, Path(__file__), str(install), *names, ros)
    return Part(install / "complete", f"building {' and '.join(names) or 'no messages'}", key, make)


def mend_exported_targets(venv: Path) -> None:
    """Point the CMake targets of the ROS wheels at this Python; they name the one that built them."""
    numpy = next(venv.glob("lib/python3*/site-packages")) / "numpy/_core/include"
    version = machine.VERSION
    tag = f"cp{version.replace('.', '')}"
    origin = f"/opt/python/{tag}-{tag}"
    for file in venv.glob("share/**/*.cmake"):
        text = file.read_text()
        if "/opt/python/" not in text:
            continue
        text = text.replace(f"{origin}/lib/python{version}/site-packages/numpy/_core/include", str(numpy))
        file.write_text(text.replace(f"{origin}/include/python{version}", sysconfig.get_path("include")))
