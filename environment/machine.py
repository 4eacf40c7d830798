"""What the machine must bring along, checked before anything is prepared."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import sysconfig
from pathlib import Path

from problems import SetupError

OLDEST_GLIBC = (2, 28)
"""The wheels of ROS 2 are built for it (manylinux_2_28)."""
UNFIT = (os.pathsep, ";", "\n", '"', "\\", "$")
"""What takes a path apart: in search paths, in lists of CMake, or in the files that build tools write."""
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def check_platform() -> None:
    """Raises SetupError where there are no wheels of ROS 2."""
    found = f"{platform.system()} on {platform.machine()}"
    if found != "Linux on x86_64":
        raise SetupError(
            f"This machine is {found}, but ROS 2 comes as wheels for Linux on x86_64 only: use such a "
            "machine or container, or install ROS 2 Jazzy and source it before ./tavi."
        )
    name, version = platform.libc_ver()
    if name != "glibc" or tuple(map(int, version.split(".")[:2])) < OLDEST_GLIBC:
        raise SetupError(
            f"The C library is {name or 'not glibc'} {version}, but the wheels of ROS 2 need glibc 2.28: "
            "use a newer distribution, or install ROS 2 Jazzy and source it before ./tavi."
        )


def check_paths(*paths: Path) -> None:
    """Raises SetupError where a path cannot be an entry of PYTHONPATH, AMENT_PREFIX_PATH and the like."""
    for path in paths:
        wrong = [sign for sign in UNFIT if sign in str(path)]
        if wrong or str(path).encode(errors="surrogateescape").decode(errors="ignore") != str(path):
            sign = f"{wrong[0]!r}" if wrong else "a name that is not UTF-8"
            raise SetupError(
                f"The path {str(path)!r} has {sign} in it, which search paths and build tools cannot hold: "
                "rename or move the folder, then run ./tavi again."
            )


def check_home(home: Path) -> None:
    """Raises SetupError where CMake would cut the home's path, or close a string in the midst of it."""
    if not str(home).isascii() or "'" in str(home):
        raise SetupError(
            f"The path {str(home)!r} has letters at which build tools stumble (' or beyond ASCII): "
            "set TAVI_HOME to a folder without them, then run ./tavi again."
        )


def check_venv() -> None:
    """Raises SetupError where Python cannot make virtual environments."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupError(
            f"{sys.executable} cannot make virtual environments: install its venv module, on Debian and "
            f"Ubuntu with 'sudo apt install python{VERSION}-venv', then run ./tavi again."
        )


def check_compiler() -> None:
    """Raises SetupError where the messages cannot be compiled."""
    for variable, commands in (("CC", ("cc", "gcc", "clang")), ("CXX", ("c++", "g++", "clang++"))):
        wanted = [os.environ[variable].split()[0]] if os.environ.get(variable, "").strip() else commands
        if not any(map(shutil.which, wanted)):
            raise SetupError(
                f"No {'C' if variable == 'CC' else 'C++'} compiler was found ({', '.join(wanted)}): install "
                "one, on Debian and Ubuntu with 'sudo apt install gcc g++', then run ./tavi again."
            )
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        raise SetupError(
            f"The C headers of {sys.executable} are missing: install them, on Debian and Ubuntu with "
            f"'sudo apt install python{VERSION}-dev', then run ./tavi again."
        )


def check_space(home: Path, need_gb: float) -> None:
    """Raises SetupError where fewer than ``need_gb`` gigabytes are free."""
    free_gb = shutil.disk_usage(home).free / 1e9
    if free_gb < need_gb:
        raise SetupError(
            f"{home} has {free_gb:.1f} GB free, and {need_gb:.1f} GB are needed: free some space or set "
            "TAVI_HOME to a folder on another disk, then run ./tavi again."
        )


def has_nvidia_gpu() -> bool:
    """Whether this machine or container sees one."""
    return any(Path("/dev").glob("nvidia[0-9]*"))
