"""Who may import whom, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "tavi_perception"
FILES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for folder in ("tavi_perception", "training", "benchmarks", "fuzzing")
    for file in sorted((ROOT / folder).rglob("*.py"))
}

SHELL = (
    *("tavi_perception.nodes", "tavi_perception.cli", "tavi_perception.commands"),
    *("training", "benchmarks", "fuzzing"),
)
"""What may import everything, and what nothing else may import."""

ROS = (
    *("rclpy", "std_msgs", "sensor_msgs", "geometry_msgs", "diagnostic_msgs", "visualization_msgs"),
    *("tf2_msgs", "tavi_msgs", "builtin_interfaces", "rcl_interfaces", "rosgraph_msgs"),
    *("std_srvs", "trajectory_msgs"),
    "ament_index_python",
)
SIMULATION = "tavi_perception.simulation"
EVALUATION = "tavi_perception.evaluation"
JUDGED = ("tavi_perception.tracking", "tavi_perception.control", "tavi_perception.pipeline")
"""What the simulator's truth is compared with."""

LONGEST = 300


def within(name: str, parts: tuple[str, ...] | str) -> bool:
    parts = (parts,) if isinstance(parts, str) else parts
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def imports_of(file: Path) -> Iterator[str]:
    """Modules that a file imports anywhere, those for type checking alone included."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(importers: list[str], forbidden: tuple[str, ...]) -> list[str]:
    return [
        f"{name} imports {found}"
        for name in importers
        for found in imports_of(FILES[name])
        if within(found, forbidden)
    ]


def core() -> list[str]:
    return [name for name in FILES if not within(name, (*SHELL, SIMULATION, EVALUATION))]


def test_the_core_imports_neither_ros_nor_what_is_built_on_it():
    assert offenders(core(), (*ROS, *SHELL, SIMULATION, EVALUATION)) == []


def test_the_simulation_imports_nothing_that_is_judged_by_its_truth():
    simulation = [name for name in FILES if within(name, SIMULATION)]
    assert simulation
    assert offenders(simulation, (*JUDGED, *ROS, *SHELL, EVALUATION)) == []


def test_the_evaluation_imports_neither_ros_nor_training():
    evaluation = [name for name in FILES if within(name, EVALUATION)]
    assert evaluation
    assert offenders(evaluation, (*ROS, *SHELL, "tensorflow", "keras")) == []


@pytest.mark.parametrize("name", ["tavi_perception.landmarks", "tavi_perception.carm"])
def test_the_vocabulary_imports_nothing_of_the_project(name):
    assert offenders([name], ("tavi_perception",)) == []


@pytest.mark.parametrize(
    ("imported", "unwanted"),
    [
        ("tavi_perception.nodes.perception_node", (SIMULATION, "matplotlib", "tensorflow", "pandas")),
        ("tavi_perception.tracking.tracker", ("pydicom", "tavi_perception.imaging", "rclpy")),
        ("tavi_perception.pipeline", ("pydicom", "rclpy", SIMULATION)),
        (EVALUATION, ("tensorflow", "keras", "training", "benchmarks")),
        ("tavi_perception.simulation.dataset.options", ("numpy", "scipy")),
    ],
)
def test_an_import_reaches_only_what_it_needs(imported, unwanted):
    code = f"import sys, {imported}; print('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert imported in loaded
    assert [name for name in loaded if within(name, unwanted)] == []


@pytest.mark.parametrize(
    "folder",
    ["tavi_perception", "training", "benchmarks", "fuzzing", "environment", "launch", "test", "examples"],
)
def test_no_file_needs_more_than_300_lines(folder):
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines())
        for file in (ROOT / folder).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
