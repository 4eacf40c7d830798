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
    *("images_stop", "same_message", "same_picture", "half", "size_changes", "flicker"),
    *("flickering_geometry", "equal_stamps", "stamps_before_1970", "slow_stamps", "clock_set_back"),
    *("model_truncated", "node_killed", "node_stopped", "recorder_stopped", "disk_full", "garbage_datagrams"),
    *("flickering_validity", "controller_killed", "controller_stopped", "lawless_commands"),
    *("stuttering_controller", "robot_killed", "robot_stopped", "overshoots", "late_reports"),
    *("stuttering_robot", "all_stop", "stuttering_machine"),
)

IMPOSSIBLE = "test_a_geometry_that_no_c_arm_has_is_an_error_and_leaves_the_images_uncalibrated"
BROKEN = "test_a_bundle_that_breaks_its_contract_gives_errors_and_invalid_deviations_but_a_living_node"

MAD = "test_a_velocity_that_cannot_be_meant_holds_with_a_fault"
RESPONSE = "test_a_catheter_that_does_not_follow_its_drive_is_looked_at_with_contrast_and_aborts"

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
    "deviations_stop": "test_nothing_moves_any_more_when_deviations_stop",
    "garbage_deviations": "test_no_message_ends_the_node_or_moves_anything",
    "slow_deviations": "test_nothing_moves_any_more_when_deviations_stop",
    "old_deviations": "test_an_old_deviation_moves_nothing",
    "nan_command": MAD,
    "mad_command": MAD,
    "future_commands": "test_a_command_from_the_past_or_the_future_is_not_followed",
    "slow_commands": "test_an_expired_command_stops_the_robot",
    "old_commands": "test_a_command_with_an_old_stamp_is_not_followed",
    "axis_sticks": RESPONSE,
    "runs_backwards": RESPONSE,
    "nan_travel": "test_a_robot_that_reports_no_number_is_not_listened_to",
    "garbage_joints": "test_a_message_whose_arrays_do_not_belong_together_is_refused_and_the_next_one_taken",
    "impossible_travel": "test_a_robot_whose_travel_leaps_aborts",
    "robot_fault": "test_a_fault_of_the_robot_that_lasts_aborts",
    "slow_reports": "test_a_robot_that_is_not_heard_of_is_not_moved",
}
"""Cases whose fault and outcome are a test already."""

BY_THE_COMMAND_ALONE = {
    "publisher_killed": "for the node it is images_stop",
    "slow_stream": "for the node it is images_stop, again and again",
    "bursts": "the same",
    "noise": "for the node it is one more picture without a valve",
    "late_geometry": "node_killed starts a node in a stream of images, geometry_withdrawn mends its geometry",
    "clock_stands": "for the node it is equal_stamps",
    "killed_again_and_again": "it is node_killed, and takes a minute",
    "recorder_killed": "what its bag is then is a test of test/bags; nobody waits for it: recorder_stopped",
    "network_cut": "it takes a network namespace, which not every machine permits",
    "network_flaps": "the same",
    "cpu_starved": "it would starve the tests that run beside it",
}
"""And why."""

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
    assert all(BY_THE_COMMAND_ALONE.values())


def test_every_test_that_stands_for_a_case_exists() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "test").rglob("test_*.py"))
    assert [name for name in IN_ONE_PROCESS.values() if f"def {name}(" not in text] == []
