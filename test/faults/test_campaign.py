"""Cases of the fault campaign in the real graph, as ``./tavi faults`` runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tavi_perception.faults.cases import CASES
from tavi_perception.faults.outcome import Outcome, Verdict

ROOT = Path(__file__).parents[2]

HERE = (
    *("images_stop", "same_picture", "half", "size_changes", "flicker", "flickering_geometry"),
    *("clock_set_back", "model_truncated", "node_stopped", "disk_full", "garbage_datagrams"),
)

IMPOSSIBLE = "test_a_geometry_that_no_c_arm_has_is_an_error_and_leaves_the_images_uncalibrated"
BROKEN = "test_a_bundle_that_breaks_its_contract_gives_errors_and_invalid_deviations_but_a_living_node"

IN_ONE_PROCESS = {
    "contradictory_fields": "test_an_unreadable_image_is_answered_invalid_with_image_rejected",
    "flood": "test_frames_that_came_too_fast_are_counted_as_dropped",
    "other_c_arm": "test_the_geometry_of_another_c_arm_is_not_used",
    "late_images": "test_an_image_with_an_old_stamp_is_answered_invalid_with_image_stale",
    "black": "test_a_frame_without_a_picture_is_rejected",
    "saturated": "test_a_frame_without_a_picture_is_rejected",
    "encoding_changes": "test_a_frame_whose_upper_bits_are_empty_is_named_and_not_valid",
    "geometry_withdrawn": "test_uncalibrated_images_are_answered_invalid_and_send_no_transform",
    "nan_geometry": IMPOSSIBLE,
    "geometry_in_millimetres": IMPOSSIBLE,
    "geometry_of_another": "test_the_geometry_of_another_c_arm_is_not_used",
    "zero_stamps": "test_old_stamps_are_named_in_the_diagnostics",
    "clock_behind": "test_an_image_with_an_old_stamp_is_answered_invalid_with_image_stale",
    "future_stamps": "test_an_image_from_the_future_is_answered_invalid_with_image_stale",
    "stamps_go_back": "test_stamps_that_run_backwards_are_answered_invalid_with_time_jump",
    "model_missing": BROKEN,
    "model_replaced": BROKEN,
    "node_deactivated": "test_a_deactivated_node_is_silent",
    "parameter_refused": "test_a_refused_set_changes_nothing",
    "incompatible_qos": "test_an_incompatible_subscriber_is_reported_by_name_and_topic",
}
"""Cases whose fault and outcome are a test of test/nodes already."""

BY_THE_COMMAND_ALONE = {
    *("publisher_killed", "same_message", "slow_stream", "bursts", "noise", "late_geometry", "equal_stamps"),
    *("clock_stands", "stamps_before_1970", "slow_stamps", "killed_again_and_again", "recorder_killed"),
    *("recorder_stopped", "network_cut", "network_flaps", "cpu_starved"),
    "node_killed",
}
"""For which the tests have no time; a node that is killed needs about the 2 s that the oracle grants it."""

SLOWER = os.environ.get("TAVI_FAULTS_SLOWER", "2")
"""The machine may be busy with other tests."""


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Of the cases that are asked for, in one graph."""
    asked = [
        item.callspec.params["case"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    file = tmp_path_factory.mktemp("faults") / "outcomes.json"
    command = [sys.executable, "-m", "tavi_perception.cli", "faults", "--slower", SLOWER, "--json", str(file)]
    run = subprocess.run(
        [*command, "--only", ",".join(asked)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert file.exists(), run.stderr
    return {values["case"]: Outcome.of_json(values) for values in json.loads(file.read_text())["cases"]}


@pytest.mark.parametrize("case", HERE)
def test_a_fault_has_its_stated_outcome(outcomes: dict[str, Outcome], case: str) -> None:
    assert outcomes[case].verdict is Verdict.OK, outcomes[case].sentences


def test_every_case_is_run_here_or_tested_elsewhere_or_left_to_the_command() -> None:
    named = [*HERE, *IN_ONE_PROCESS, *BY_THE_COMMAND_ALONE]
    assert sorted(named) == sorted(case.name for case in CASES)


def test_every_test_that_stands_for_a_case_exists() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "test" / "nodes").glob("test_*.py"))
    assert [name for name in IN_ONE_PROCESS.values() if f"def {name}(" not in text] == []
