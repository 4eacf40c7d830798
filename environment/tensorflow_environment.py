"""The environment that models are trained in: TensorFlow, no ROS."""

from __future__ import annotations

import os
from pathlib import Path

import machine
from home import ROOT, Home
from prepared import Prepared, Variables, joined
from virtual import environment_folder, isolated, packages, venv

NEED_GB = 3.0
NEED_GB_WITH_CUDA = 12.0


def training(base: Path) -> Prepared:
    """TensorFlow with CUDA where there is an NVIDIA GPU, else for the CPU."""
    home = Home(base, "training")
    folder = environment_folder(home, "training")
    gpu = machine.has_nvidia_gpu()

    def variables() -> Variables:
        return isolated() | {
            "VIRTUAL_ENV": str(folder),
            "PATH": joined(folder / "bin", os.environ.get("PATH")),
            "PYTHONPATH": str(ROOT),
        }

    parts = (
        venv(home, folder, NEED_GB_WITH_CUDA if gpu else NEED_GB, [machine.check_platform]),
        packages(home, folder, ["training-gpu" if gpu else "training"], "installing TensorFlow for training"),
    )
    return Prepared(home, folder, parts, variables)
