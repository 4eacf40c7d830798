"""A robot's workspace finds, builds and installs both packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = {"tavi_msgs", "tavi_perception"}
INSTALLED = ("launch", "config", "models")


@pytest.fixture
def colcon(tmp_path: Path):
    """Runs colcon in a folder, without the settings of the user, and gives its output."""

    def run(folder: Path, *arguments: str | Path) -> str:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("COLCON_")}
        return subprocess.run(
            [sys.executable, "-m", "colcon", "--log-base", str(tmp_path / "log"), *map(str, arguments)],
            cwd=folder,
            env={**variables, "COLCON_HOME": str(tmp_path / "colcon")},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    return run


def test_plain_colcon_finds_both_packages_in_a_clone(colcon, root):
    assert set(colcon(root, "list", "--names-only").split()) == PACKAGES


def test_colcon_finds_both_packages_in_a_workspace_with_the_paths_of_the_readme(colcon, root, tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/tavi_perception").symlink_to(root)

    found = colcon(tmp_path, "list", "--names-only", "--base-paths", "src", "src/tavi_perception/tavi_msgs")

    assert set(found.split()) == PACKAGES


def test_build_installs_launch_files_configuration_and_models(colcon, root, tmp_path):
    folders = ("--build-base", tmp_path / "build", "--install-base", tmp_path / "install")

    colcon(root, "build", *folders, "--packages-select", "tavi_perception")

    share = tmp_path / "install/tavi_perception/share/tavi_perception"
    assert (share / "package.xml").exists()
    assert {top: _files(share / top) for top in INSTALLED} == {top: _files(root / top) for top in INSTALLED}


def _files(folder: Path) -> set[Path]:
    files = (file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(folder) for file in files}
