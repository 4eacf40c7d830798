"""A bundle that was changed, or is for something else, is refused in one sentence before anything runs."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tavi_perception.inference.bundle import ModelContractError, default_bundle, load_bundle
from tavi_perception.landmarks import NAMES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(default_bundle().folder, tmp_path / "model"))


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "model.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_shipped_bundle_loads_and_describes_itself() -> None:
    bundle = default_bundle()
    assert bundle.name == bundle.folder.name
    assert bundle.input_height == bundle.input_width == 512
    assert bundle.presence_thresholds.shape == (len(NAMES),)
    assert len(bundle.sha256) == 64


def test_shipped_bundle_is_smaller_than_20_mb() -> None:
    files = [path for path in default_bundle().folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20_000_000


def test_one_changed_byte_is_noticed(folder: Path) -> None:
    weights = folder / "model.tflite"
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelContractError, match=r"model\.tflite was changed"):
        load_bundle(folder)


def test_missing_file_is_noticed(folder: Path) -> None:
    (folder / "model.tflite").unlink()
    with pytest.raises(ModelContractError, match=r"model\.tflite is missing"):
        load_bundle(folder)


def test_missing_description_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(ModelContractError, match=r"model\.json is missing"):
        load_bundle(tmp_path)


def test_description_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / "model.json").write_text("weights: yes")
    with pytest.raises(ModelContractError, match="is not JSON"):
        load_bundle(folder)


def test_other_order_of_landmarks_is_refused(folder: Path) -> None:
    edit(folder, lambda content: content["landmarks"].reverse())
    with pytest.raises(ModelContractError, match="in this order"):
        load_bundle(folder)


def test_other_landmarks_are_refused(folder: Path) -> None:
    edit(folder, lambda content: content.update(landmarks=["nose", "ear"]))
    with pytest.raises(ModelContractError, match="its landmarks are"):
        load_bundle(folder)


def test_unknown_format_version_is_refused(folder: Path) -> None:
    edit(folder, lambda content: content.update(format_version=99))
    with pytest.raises(ModelContractError, match="format version 99 is unknown"):
        load_bundle(folder)


def test_unknown_preparation_of_the_image_is_refused(folder: Path) -> None:
    edit(folder, lambda content: content["input"].update(fit="stretch"))
    with pytest.raises(ModelContractError, match="prepared as 'stretch'"):
        load_bundle(folder)


def test_missing_threshold_is_refused(folder: Path) -> None:
    edit(folder, lambda content: content["presence_thresholds"].pop("CT"))
    with pytest.raises(ModelContractError, match="presence_thresholds does not give one number"):
        load_bundle(folder)


def test_file_outside_the_bundle_is_refused(folder: Path) -> None:
    edit(folder, lambda content: content["files"].update({"../other": {"sha256": "0"}}))
    with pytest.raises(ModelContractError, match="lies outside the bundle"):
        load_bundle(folder)


@pytest.mark.parametrize("key", ["input", "outputs", "files", "covariance_calibration", "name"])
def test_missing_field_is_refused(folder: Path, key: str) -> None:
    edit(folder, lambda content: content.pop(key))
    with pytest.raises(ModelContractError, match="lacks or garbles a field"):
        load_bundle(folder)


def test_every_refusal_is_one_sentence(folder: Path) -> None:
    edit(folder, lambda content: content.update(landmarks=[]))
    with pytest.raises(ModelContractError) as error:
        load_bundle(folder)
    assert "\n" not in str(error.value)
    assert str(folder) in str(error.value)


def test_file_of_the_saved_model_that_is_not_listed_is_noticed(folder: Path) -> None:
    (folder / "saved_model" / "assets").mkdir(exist_ok=True)
    (folder / "saved_model" / "assets" / "more").write_text("loaded without being asked for")
    with pytest.raises(ModelContractError, match=r"saved_model/assets/more is not listed"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["model.tflite", "model.json"])
def test_pipe_in_place_of_a_file_is_not_waited_for(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ModelContractError, match=rf"{re.escape(name)} is missing"):
        load_bundle(folder)


@pytest.mark.parametrize("name", ["../model.tflite", "/etc/passwd", "saved_model/../../x", "a\0b"])
def test_file_that_is_listed_outside_of_the_bundle_is_refused(folder: Path, name: str) -> None:
    edit(folder, lambda content: content["files"].update({name: {"sha256": "0" * 64}}))
    with pytest.raises(ModelContractError, match="lies outside the bundle"):
        load_bundle(folder)


@pytest.mark.parametrize("key", ["scale", "offset"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 10**400])
def test_input_that_would_become_no_finite_number_is_refused(folder: Path, key: str, value: float) -> None:
    edit(folder, lambda content: content["input"].update({key: value}))
    with pytest.raises(ModelContractError, match=r"finite|garbles"):
        load_bundle(folder)


def test_description_that_is_nested_without_end_is_refused(folder: Path) -> None:
    (folder / "model.json").write_text("[" * 100_000)
    with pytest.raises(ModelContractError, match="is not JSON"):
        load_bundle(folder)
