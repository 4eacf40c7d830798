"""Cases of the fault campaign in the real graph, as ``./tavi faults`` runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tavi_perception.faults.outcome import Outcome, Verdict

CASES = (
    *("images_stop", "contradictory_fields", "half", "same_picture", "size_changes", "flickering_geometry"),
    *("stamps_go_back", "clock_set_back", "model_truncated", "node_killed", "node_stopped", "disk_full"),
    "garbage_datagrams",
)
"""Those that no other test has; what the others are about is tested in one process, in test/nodes."""

SLOWER = "2"
"""The machine may be busy with other tests."""


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Of the cases that are asked for, in one graph."""
    asked = [
        item.callspec.params["case"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.fspath == request.node.fspath
    ]
    file = tmp_path_factory.mktemp("faults") / "outcomes.json"
    command = [sys.executable, "-m", "tavi_perception.cli", "faults", "--slower", SLOWER, "--json", str(file)]
    run = subprocess.run(
        [*command, "--only", ",".join(asked)], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert file.exists(), run.stderr
    return {values["case"]: Outcome.of_json(values) for values in json.loads(file.read_text())["cases"]}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_has_its_stated_outcome(outcomes: dict[str, Outcome], case: str) -> None:
    assert outcomes[case].verdict is Verdict.OK, outcomes[case].sentences
