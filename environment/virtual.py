"""Virtual environments and the pinned packages in them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import machine
from home import Home, Part, digest

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"

_FOREIGN = (
    "PYTHONHOME",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "COLCON_PREFIX_PATH",
)


def environment_folder(home: Home, name: str) -> Path:
    """Where a virtual environment lies: clones that share a home share it where they ask for the same."""
    pinned = (file.read_text() for file in sorted(REQUIREMENTS.glob("*.txt")))
    return home.common(name, *pinned, sys.executable, sys.version)


def venv(
    home: Home,
    folder: Path,
    need_gb: float,
    checks: Iterable[Callable[[], None]],
    options: Sequence[str] = (),
) -> Part:
    """An empty virtual environment of the Python that runs this, if the machine passes ``checks``."""

    def make() -> None:
        for check in checks:
            check()
        machine.check_venv()
        machine.check_space(home.path, need_gb)
        shutil.rmtree(folder, ignore_errors=True)
        home.run("Creating a virtual environment", [sys.executable, "-m", "venv", *options, folder])
        (home.path / "python").write_text(f"{sys.executable}\n")

    key = digest(str(folder), sys.executable, sys.version)
    return Part(
        folder / "complete-venv", f"creating a virtual environment of Python {machine.VERSION}", key, make
    )


def packages(home: Home, folder: Path, names: Sequence[str], doing: str, without: Sequence[str] = ()) -> Part:
    """The pinned packages of some requirements files, but for some, in a virtual environment."""
    files = [REQUIREMENTS / f"{name}.txt" for name in names]

    # Of the content alone: another clone's files say the same at another place.
    key = digest(*(file.read_text() for file in files), *without)

    def make() -> None:
        options = ["--no-deps", "--no-input", "--no-compile", "--disable-pip-version-check"]
        wanted = folder / "requirements.txt"
        lines = [line for file in files for line in file.read_text().splitlines()]
        wanted.write_text("\n".join(line for line in lines if line.partition("==")[0] not in without) + "\n")
        pip = [folder / "bin/python", "-m", "pip", "install", "--progress-bar=off", *options]
        home.run("Installing packages", [*pip, f"--requirement={wanted}"], isolated())

    return Part(folder / "-".join(["complete", *names]), doing, key, make)


def compiling() -> dict[str, str]:
    """This process's variables, but byte code is kept: else each process would compile all it imports."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def isolated() -> dict[str, str]:
    """Those without the ones that let other Pythons or another ROS in."""
    return {name: value for name, value in compiling().items() if name not in _FOREIGN}
