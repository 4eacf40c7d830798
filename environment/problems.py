"""What can go wrong while an environment is prepared, each as one sentence that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

NO_SPACE = "No space left on device"
NO_NETWORK = (
    "Could not find a version that satisfies",
    "No matching distribution found",
    "Failed to establish a new connection",
    "Max retries exceeded",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Read timed out",
    "ProxyError",
    "SSLError",
    "HTTP error 4",
    "HTTP error 5",
    "no such index",
)


class SetupError(Exception):
    """The message is one sentence for the user."""


def of_command(what: str, output: str, log: Path) -> SetupError:
    """Why a command failed, read from its output."""
    if NO_SPACE in output:
        return disk_full(log.parent)
    if any(sign in output for sign in NO_NETWORK):
        return SetupError(
            f"{what} failed because packages could not be downloaded: check the network and the settings of "
            f"pip (pip config list), then run ./tavi again; details are in {log}."
        )
    return SetupError(f"{what} failed: the reason stands at the end of {log}; run ./tavi again to resume.")


def of_os_error(error: OSError, home: Path) -> SetupError:
    """Why the folder for the environments could not be written."""
    if error.errno == errno.ENOSPC:
        return disk_full(home)
    return SetupError(
        f"{error.filename or home} cannot be written ({error.strerror}): "
        "set TAVI_HOME to a folder that can, then run ./tavi again."
    )


def disk_full(home: Path) -> SetupError:
    return SetupError(
        f"The disk that holds {home} is full: free some space or set TAVI_HOME to a folder on another disk, "
        "then run ./tavi again."
    )
