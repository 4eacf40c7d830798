"""Each broken input ends in one clear sentence and a non-zero exit code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.inference.bundle import default_bundle
from tavi_perception.landmarks import NAMES
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED

FRAME = Path(__file__).resolve().parents[2] / "shared" / "reference" / "tavi_positioning_frame.png"


def tavi(*words):
    return subprocess.run(
        [sys.executable, "-m", "tavi_perception.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "frame.png"
    procedure = RenderedProcedure(DEMO_SEED, duration=1.0)
    cv2.imwrite(str(path), next(iter(procedure)).image)
    return path


@pytest.fixture
def broken_inputs(tmp_path):
    (tmp_path / "notes.txt").write_text("patient moved during the run\n")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "truncated.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0\0\0UL")
    (tmp_path / "truncated.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0")
    return tmp_path


def assert_one_sentence(result, name):
    lines = result.stderr.strip().splitlines()
    assert result.returncode != 0
    assert len(lines) == 1, result.stderr
    assert name in lines[0] and "Traceback" not in lines[0]


@pytest.mark.parametrize("command", ["predict", "run"])
@pytest.mark.parametrize("name", ["notes.txt", "empty.png", "truncated.dcm", "truncated.png", "missing.dcm"])
def test_a_broken_input_ends_in_one_sentence_that_names_it(broken_inputs, command, name):
    assert_one_sentence(tavi(command, broken_inputs / name), name)


@pytest.mark.parametrize("command", ["predict", "run"])
def test_a_bundle_with_one_changed_byte_is_refused(tmp_path, picture, command):
    folder = tmp_path / "tampered"
    shutil.copytree(default_bundle().folder, folder)
    weights = next(folder.glob("*.tflite"))
    data = bytearray(weights.read_bytes())
    data[100] ^= 1
    weights.write_bytes(data)
    assert_one_sentence(tavi(command, picture, "--model", folder), weights.name)


@pytest.mark.parametrize("command", ["predict", "run"])
def test_a_bundle_for_other_landmarks_is_refused(tmp_path, picture, command):
    folder = tmp_path / "foreign"
    shutil.copytree(default_bundle().folder, folder)
    description = json.loads((folder / "model.json").read_text())
    description["landmarks"][-1] = "TOE"
    (folder / "model.json").write_text(json.dumps(description))
    assert_one_sentence(tavi(command, picture, "--model", folder), "TOE")


@pytest.mark.parametrize(
    "given",
    [
        ["--sid-mm", "1100"],
        ["--sid-mm", "1100", "--sod-mm", "780"],
        ["--imager-pixel-spacing-mm", "0.2"],
        ["--pixel-size-mm", "50"],
    ],
    ids=" ".join,
)
def test_a_given_calibration_that_the_file_does_not_complete_is_refused(picture, given):
    result = tavi("run", picture, *given)
    assert_one_sentence(result, "--sid-mm, --sod-mm and --imager-pixel-spacing-mm together")
    assert result.returncode == 2


def test_predict_writes_the_keypoints_of_each_image_as_json(tmp_path, picture):
    result = tavi("predict", picture, picture, "--json", tmp_path / "out.json")
    assert result.returncode == 0, result.stderr
    written = json.loads((tmp_path / "out.json").read_text())
    assert [item["file"] for item in written] == [str(picture)] * 2
    assert (written[0]["width"], written[0]["height"]) == (1000, 1000)
    assert [point["name"] for point in written[0]["keypoints"]] == list(NAMES)
    for point in written[0]["keypoints"]:
        assert 0 <= point["presence"] <= 1
        assert (point["x"] is not None) == point["present"]
        assert len(point["covariance"]) == 3


def test_predict_goes_on_after_an_image_that_cannot_be_read(tmp_path, picture, broken_inputs):
    result = tavi("predict", broken_inputs / "notes.txt", picture, "--json", tmp_path / "out.json")
    assert result.returncode != 0
    assert len(json.loads((tmp_path / "out.json").read_text())) == 1


def test_predict_draws_the_keypoints_when_asked(tmp_path, picture):
    assert tavi("predict", picture, "--json", tmp_path / "o.json", "--overlay", tmp_path).returncode == 0
    drawn = cv2.imread(str(tmp_path / "frame_keypoints.png"))
    assert drawn.shape == (1000, 1000, 3)
    assert np.any(drawn[..., 0] != drawn[..., 2])


@pytest.mark.skipif(not FRAME.exists(), reason="the reference frame is not beside this checkout")
def test_predict_works_on_the_real_frame(tmp_path):
    assert tavi("predict", FRAME, "--json", tmp_path / "out.json").returncode == 0
    written = json.loads((tmp_path / "out.json").read_text())[0]
    assert (written["width"], written["height"]) == (749, 752)


def test_an_unknown_command_names_the_known_ones():
    result = tavi("fly")
    assert result.returncode != 0 and "demo" in result.stderr
