"""The messages keep the contract: fields and constants, each with a comment."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = sorted((ROOT / "tavi_msgs/msg").glob("*.msg"))
REASONS = {
    "MODEL_NOT_READY": 1,
    "IMAGE_STALE": 2,
    "IMAGE_REJECTED": 4,
    "UNCALIBRATED": 8,
    "NO_ANNULUS": 16,
    "ANNULUS_EXPIRED": 32,
    "DEVICE_NOT_VISIBLE": 64,
    "LOW_CONFIDENCE": 128,
    "IMPLAUSIBLE_GEOMETRY": 256,
    "TIME_JUMP": 512,
    "IDENTITY_DOUBTFUL": 1024,
    "CALIBRATION_DOUBTFUL": 2048,
    "PROCESSING_FAILED": 4096,
    "UNKNOWN_DEVICE": 8192,
}
LANDMARKS = ["AA1", "AA2", "STJ1", "STJ2", "CP", "CM", "CD", "CT", "PT", "FE1", "FE2", "COUNT"]
CONSTANTS = {
    "Keypoint": {name: index for index, name in enumerate(LANDMARKS)},
    "KeypointArray": {},
    "AnnulusFrame": {"SOURCE_NONE": 0, "SOURCE_CONTRAST": 1, "SOURCE_PIGTAIL": 2},
    "CatheterDeviation": {
        **{"STAGE_UNKNOWN": 0, "POSITIONING": 1, "RETRACTION": 2, "DEPLOYMENT": 3, "RELEASED": 4},
        **{"REFERENCE_NONE": 0, "REFERENCE_CAPSULE": 1, "REFERENCE_STENT": 2},
    },
    "CArmGeometry": {"UNCALIBRATED": 0, "USER": 1, "FIDUCIAL": 2, "GEOMETRY": 3, "MAGNIFICATION": 4},
    "ModelInfo": {},
    "Reason": REASONS,
    "DeliveryCommand": {},
    "DeliveryState": {},
    "ControllerState": {
        **{"IDLE": 0, "APPROACH": 1, "HOLD": 2, "CONTRAST": 3, "RETRACT": 4},
        **{"VERIFY": 5, "RECAPTURE": 6, "RELEASE": 7, "DONE": 8, "ABORTED": 9},
    },
}
FIELDS = {
    "Keypoint": "uint8 id, float presence, boolean present, boolean measured, double x, double y, "
    "double[3] covariance",
    "KeypointArray": "std_msgs/Header header, uint32 image_width, uint32 image_height, "
    "tavi_msgs/Keypoint[11] keypoints",
    "AnnulusFrame": "std_msgs/Header header, uint8 source, boolean valid, uint32 reasons, "
    "double contrast_age, double x, double y, double angle, double[9] covariance, "
    "double diameter, geometry_msgs/Pose pose",
    "CatheterDeviation": "std_msgs/Header header, boolean valid, uint32 reasons, uint8 stage, "
    "uint8 reference, double depth, double depth_sigma, double depth_error, double lateral, "
    "double lateral_sigma, double angle, double angle_sigma, double stent_tilt, double extraction, "
    "boolean within_tolerance, "
    "geometry_msgs/Point[11] landmarks, uint8 annulus_source, builtin_interfaces/Duration latency",
    "CArmGeometry": "std_msgs/Header header, double source_to_detector, double source_to_object, "
    "double imager_pixel_spacing, double primary_angle, double secondary_angle, uint32 image_width, "
    "uint32 image_height, uint8 calibration",
    "ModelInfo": "std_msgs/Header header, string name, string version, string sha256, string runtime, "
    "string device, uint32 input_width, uint32 input_height, float[11] presence_thresholds",
    "Reason": "",
    "DeliveryCommand": "std_msgs/Header header, double advance_velocity, double retraction_velocity, "
    "boolean hold, string reason",
    "DeliveryState": "std_msgs/Header header, double advance, double retraction, boolean moving, "
    "boolean fault",
    "ControllerState": "std_msgs/Header header, uint8 phase, boolean moving, boolean contrast_requested, "
    "double depth, double depth_sigma, double target_depth, string reason",
}
TF_MESSAGE_HASH = "RIHS01_e369d0f05a23ae52508854b66f6aa0437f3449d652e8cbf22d5abe85d020f087"
"""Of tf2_msgs/msg/TFMessage elsewhere, as `ros2 topic info --verbose /tf` prints it on other machines."""


def test_contract_names_every_message():
    assert {file.stem for file in MESSAGES} == set(CONSTANTS) == set(FIELDS)


@pytest.mark.parametrize("file", MESSAGES, ids=lambda file: file.stem)
def test_every_field_and_constant_has_a_comment(file):
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]

    assert lines
    assert [line for line in lines if not re.search(r"\S\s+# \S", line)] == []


@pytest.mark.parametrize("name", FIELDS)
def test_built_message_has_the_fields_of_the_contract_in_order(name):
    message = _message(name)

    fields = message.get_fields_and_field_types()

    assert ", ".join(f"{kind} {field}" for field, kind in fields.items()) == FIELDS[name]


@pytest.mark.parametrize("name", CONSTANTS)
def test_source_defines_exactly_the_constants_of_the_contract(name):
    source = (ROOT / f"tavi_msgs/msg/{name}.msg").read_text()

    defined = re.findall(r"^\w+ ([A-Z]\w*)=(\d+)", source, re.MULTILINE)

    assert {constant: int(value) for constant, value in defined} == CONSTANTS[name]


@pytest.mark.parametrize("name", [name for name, constants in CONSTANTS.items() if constants])
def test_built_message_has_the_constants_of_the_contract(name):
    message = _message(name)

    assert {constant: getattr(message, constant) for constant in CONSTANTS[name]} == CONSTANTS[name]


def test_transform_message_has_the_type_hash_of_other_ros_installations():
    index = pytest.importorskip("ament_index_python.packages")
    share = Path(index.get_package_share_directory("tf2_msgs"))

    described = json.loads((share / "msg/TFMessage.json").read_text())

    hashes = {entry["type_name"]: entry["hash_string"] for entry in described["type_hashes"]}
    assert hashes["tf2_msgs/msg/TFMessage"] == TF_MESSAGE_HASH


def _message(name):
    return getattr(pytest.importorskip("tavi_msgs.msg"), name)
