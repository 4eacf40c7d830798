"""What the tests of the platform share: the repository, and ./tavi run as a newcomer runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "environment"))

Tavi = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def root() -> Path:
    """Root of the repository."""
    return ROOT


@pytest.fixture
def tavi() -> Tavi:
    """Runs ./tavi with arguments, and with variables changed (None: removed)."""

    def run(*arguments: str, **changes: str | Path | None) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, **{name: str(value) for name, value in changes.items()}}
        variables = {name: value for name, value in variables.items() if changes.get(name, "") is not None}
        return subprocess.run(
            ["/bin/sh", str(ROOT / "tavi"), *arguments],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder for PATH that holds what ./tavi itself needs and a Python, but no compiler."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("dirname", "readlink"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    (folder / "python3").symlink_to(Path(sys.base_prefix) / "bin/python3")
    return folder
