"""What a figure was measured on: the processor, the memory, and the versions of what took part."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tavi_perception

_PACKAGES = ("numpy", "opencv-python-headless", "ai-edge-litert", "tensorflow-cpu", "tensorflow", "keras")


def describe_machine() -> dict[str, Any]:
    """Processor, cores that this process may use, memory (GB), and versions of software; for JSON."""
    return {
        "processor": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            "tavi_perception": tavi_perception.__version__,
            **{name: found for name in _PACKAGES if (found := _version(name))},
        },
    }


def processor_name() -> str:
    """As the system calls it; its architecture where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next((name for name in names if name), platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
