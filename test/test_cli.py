"""Each broken input ends in one clear sentence and a non-zero exit code."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.cli import main
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.landmarks import NAMES
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import DEMO_SEED

FRAME = Path(__file__).resolve().parents[2] / "shared" / "reference" / "tavi_positioning_frame.png"


def started(*words):
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "tavi_perception.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def tavi(capfd):
    """Runs a command in this process: its exit code, and what it wrote."""

    def run(*words):
        capfd.readouterr()
        try:
            code = main([*map(str, words)])
        except SystemExit as end:  # of the parser
            code = end.code
        return subprocess.CompletedProcess(words, code, *capfd.readouterr())

    return run


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


def assert_one_complaint(result, name):
    """As ``assert_one_sentence``, beside what the runtime of the model says."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("tavi ")]
    assert result.returncode != 0
    assert len(lines) == 1 and name in lines[0], result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["predict", "run"])
@pytest.mark.parametrize("name", ["notes.txt", "empty.png", "truncated.dcm", "truncated.png", "missing.dcm"])
def test_a_broken_input_ends_in_one_sentence_that_names_it(tavi, broken_inputs, command, name):
    assert_one_sentence(tavi(command, broken_inputs / name), name)


def test_nothing_else_is_said_by_a_process_of_its_own(broken_inputs):
    assert_one_sentence(started("run", broken_inputs / "notes.txt"), "notes.txt")


@pytest.mark.parametrize("command", ["predict", "run"])
def test_a_bundle_with_one_changed_byte_is_refused(tavi, tmp_path, picture, command):
    folder = tmp_path / "tampered"
    shutil.copytree(default_bundle().folder, folder)
    weights = next(folder.glob("*.tflite"))
    data = bytearray(weights.read_bytes())
    data[100] ^= 1
    weights.write_bytes(data)
    assert_one_sentence(tavi(command, picture, "--model", folder), weights.name)


@pytest.mark.parametrize("command", ["predict", "run"])
def test_a_bundle_for_other_landmarks_is_refused(tavi, tmp_path, picture, command):
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
def test_a_given_calibration_that_the_file_does_not_complete_is_refused(tavi, picture, given):
    result = tavi("run", picture, *given)
    assert_one_sentence(result, "--sid-mm, --sod-mm and --imager-pixel-spacing-mm together")
    assert result.returncode == 2


def test_predict_writes_the_keypoints_of_each_image_as_json(tavi, tmp_path, picture):
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


def test_predict_goes_on_after_an_image_that_cannot_be_read(tavi, tmp_path, picture, broken_inputs):
    result = tavi("predict", broken_inputs / "notes.txt", picture, "--json", tmp_path / "out.json")
    assert result.returncode != 0
    assert len(json.loads((tmp_path / "out.json").read_text())) == 1


def test_predict_draws_the_keypoints_when_asked(tavi, tmp_path, picture):
    assert tavi("predict", picture, "--json", tmp_path / "o.json", "--overlay", tmp_path).returncode == 0
    drawn = cv2.imread(str(tmp_path / "frame_keypoints.png"))
    assert drawn.shape == (1000, 1000, 3)
    assert np.any(drawn[..., 0] != drawn[..., 2])


def test_images_of_one_name_each_get_an_overlay(tavi, tmp_path, picture):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(picture, tmp_path / folder / "x.png")
    shutil.copy(picture, tmp_path / "x_keypoints.png")
    images = [tmp_path / "a/x.png", tmp_path / "b/x.png", tmp_path / "x_keypoints.png"]
    result = tavi("predict", *images, "--json", tmp_path / "o.json", "--overlay", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "x_keypoints_2.png" in result.stderr and "x_keypoints_3.png" in result.stderr
    assert (tmp_path / "x_keypoints.png").read_bytes() == picture.read_bytes()
    for name in ("x_keypoints_2", "x_keypoints_3", "x_keypoints_keypoints"):
        assert (tmp_path / f"{name}.png").exists()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (8193, 4)])
def test_an_image_of_an_impossible_size_does_not_end_the_batch(tavi, tmp_path, picture, size):
    cv2.imwrite(str(tmp_path / "odd.png"), np.zeros(size, np.uint8))
    result = tavi("predict", picture, tmp_path / "odd.png", picture, "--json", tmp_path / "o.json")
    assert_one_complaint(result, "odd.png")
    assert len(json.loads((tmp_path / "o.json").read_text())) == 2


def test_results_that_cannot_be_written_are_said_and_printed(tavi, tmp_path, picture):
    (tmp_path / "file").write_text("")
    result = tavi("predict", picture, "--json", tmp_path / "file/k.json", "--overlay", tmp_path / "file")
    assert result.returncode == 1
    complaints = [line for line in result.stderr.splitlines() if line.startswith("tavi predict:")]
    assert len(complaints) == 2 and all(str(tmp_path / "file") in line for line in complaints)
    assert len(json.loads(result.stdout)) == 1


def test_predict_takes_names_that_are_not_utf8(tmp_path, picture):
    image = tmp_path / os.fsdecode(b"caf\xe9 a:b.png")
    shutil.copy(picture, image)
    result = started("predict", image, "--json", tmp_path / "o.json", "--overlay", tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / "o.json").read_text())[0]["file"] == str(image)
    assert (tmp_path / f"{image.stem}_keypoints.png").exists()


@pytest.mark.skipif(not FRAME.exists(), reason="the reference frame is not beside this checkout")
def test_predict_works_on_the_real_frame(tavi, tmp_path):
    assert tavi("predict", FRAME, "--json", tmp_path / "out.json").returncode == 0
    written = json.loads((tmp_path / "out.json").read_text())[0]
    assert (written["width"], written["height"]) == (749, 752)


def test_an_unknown_command_names_the_known_ones():
    result = started("fly")
    assert result.returncode != 0 and "demo" in result.stderr
