"""What ./tavi says and does when something is missing, and when nothing is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from commands import COMMANDS

NO_NETWORK = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": "/dev/null"}


def complaint(result) -> str:
    """The one sentence after the lines of progress, of a run that failed."""
    assert result.returncode != 0
    lines = [line for line in result.stderr.splitlines() if not line.startswith("tavi [")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("tavi: ")
    return lines[0]


def test_help_lists_every_command_without_preparing_anything(tavi, tmp_path):
    result = tavi("--help", TAVI_HOME=tmp_path / "home")

    assert result.returncode == 0
    assert all(f"\n  {name} " in result.stdout for name in COMMANDS)
    assert not (tmp_path / "home").exists()


def test_unknown_command_is_answered_with_the_list_of_commands(tavi, tmp_path):
    sentence = complaint(tavi("dance", TAVI_HOME=tmp_path / "home"))

    assert "'dance'" in sentence
    assert all(name in sentence for name in COMMANDS)


def test_missing_compiler_is_named(tavi, tmp_path, bare_path):
    result = tavi("predict", PATH=bare_path, CC=None, CXX=None, TAVI_HOME=tmp_path / "home")

    assert "compiler" in complaint(result)
    assert "apt install gcc g++" in complaint(result)


def test_missing_python_is_named_with_the_versions_that_suit(tavi, tmp_path, bare_path):
    (bare_path / "python3").unlink()

    result = tavi("predict", PATH=bare_path, TAVI_HOME=tmp_path / "home")

    assert "Python 3.10 to 3.13" in complaint(result)


def test_python_that_is_too_old_is_not_taken(tavi, tmp_path, bare_path):
    (bare_path / "python3").unlink()
    (bare_path / "python3").write_text("#!/bin/sh\nexit 1\n")  # fails the question for its version
    (bare_path / "python3").chmod(0o755)

    result = tavi("predict", PATH=bare_path, TAVI_HOME=tmp_path / "home")

    assert "Python 3.10 to 3.13" in complaint(result)


@pytest.mark.parametrize("place", ["file/home", "/proc/tavi_home"])
def test_folder_that_cannot_be_written_leads_to_tavi_home(tavi, tmp_path, place):
    (tmp_path / "file").touch()

    sentence = complaint(tavi("predict", TAVI_HOME=tmp_path / place))

    assert "cannot be written" in sentence
    assert "TAVI_HOME" in sentence


def test_unreachable_package_index_is_named_with_the_log(tavi, tmp_path):
    home = tmp_path / "home"

    sentence = complaint(tavi("predict", TAVI_HOME=home, **NO_NETWORK))

    assert "could not be downloaded" in sentence
    assert str(home / "setup.log") in sentence


def test_prepared_environment_runs_the_command_at_once(tavi, root):
    result = tavi("predict", "--help")

    assert result.returncode == 0
    assert "tavi [" not in result.stderr


def test_script_can_be_called_through_a_link_from_another_folder(root: Path, tmp_path: Path):
    (tmp_path / "tavi").symlink_to(root / "tavi")

    result = subprocess.run(["./tavi", "--help"], cwd=tmp_path, capture_output=True, text=True)

    assert result.stdout.startswith("usage: ./tavi")
