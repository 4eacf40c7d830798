"""``./tavi run``, ``demo``, ``record`` and ``play`` as a user starts them, judged by the bags they leave."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import takewhile
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.bags.reader import BagReader
from tavi_perception.estimates import Reason
from tavi_perception.inference.bundle import default_bundle
from tavi_perception.nodes.graph import free_domain
from tavi_perception.nodes.session_graph import INPUTS, RESULTS, SHARED, VIEWS
from tavi_perception.stage_clock import TimedStage

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference"
CINE = REFERENCE / "coronary_xa_cine_96f.dcm"
TIMEOUT = 300.0
ARRIVAL = 3.0
"""s for the last messages to arrive on a busy machine."""


def environment(domain=None):
    """Of a user who told no domain, or this one."""
    own = {name: value for name, value in os.environ.items() if name != "ROS_DOMAIN_ID"}
    return own | ({"ROS_DOMAIN_ID": str(domain)} if domain else {})


def tavi(*words, domain=None):
    return subprocess.run(
        [sys.executable, "-m", "tavi_perception.cli", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        stdin=subprocess.DEVNULL,
        env=environment(domain),
    )


@pytest.fixture
def domain():
    number, lock = free_domain()
    yield number
    lock.close()


def messages(bag, *topics):
    with BagReader(bag) as reader:
        found = {topic: [] for topic in topics}
        for message in reader.messages(topics):
            found[message.topic].append(message.value)
    return found


@pytest.fixture(scope="module")
def cine(tmp_path_factory, longer):
    """A short DICOM cine of a synthetic procedure with contrast, without any calibration."""
    images = np.stack(longer)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    cine = Dataset()
    cine.file_meta = meta
    cine.SOPClassUID, cine.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    cine.Modality = "XA"
    cine.NumberOfFrames, cine.Rows, cine.Columns = images.shape
    cine.SamplesPerPixel, cine.PhotometricInterpretation = 1, "MONOCHROME2"
    cine.BitsAllocated = cine.BitsStored = 8
    cine.HighBit, cine.PixelRepresentation = 7, 0
    cine.FrameTime = "66.7"
    cine.PixelData = images.tobytes()
    path = tmp_path_factory.mktemp("cine") / "cine.dcm"
    cine.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture(scope="module")
def picture(frames, tmp_path_factory):
    """One frame of the procedure, for what does not depend on how many there are."""
    path = tmp_path_factory.mktemp("picture") / "frame.png"
    cv2.imwrite(str(path), frames[0])
    return path


@pytest.fixture(scope="module")
def uncalibrated_run(cine, tmp_path_factory):
    out = tmp_path_factory.mktemp("run")
    result = tavi("run", cine, "--out", out)
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def calibrated_run(cine, procedure, tmp_path_factory):
    """With the pixel size given, and a model whose folder has an awkward name."""
    out, model = tmp_path_factory.mktemp("calibrated"), tmp_path_factory.mktemp("models") / '123 "q": [ü #1'
    shutil.copytree(default_bundle().folder, model)
    given = ("--pixel-size-mm", procedure.geometry.metres_per_px * 1e3, "--model", model)
    result = tavi("run", cine, "--out", out, *given)
    assert result.returncode == 0, result.stderr
    return out


def test_run_records_every_image_and_one_answer_for_each_with_its_stamp(uncalibrated_run):
    found = messages(uncalibrated_run / "bag", "/fluoro/image", *RESULTS)
    stamps = [stamp_ns(image) for image in found["/fluoro/image"]]
    assert len(stamps) == 20
    for topic in RESULTS:
        assert [stamp_ns(message) for message in found[topic]] == stamps


def test_run_on_an_uncalibrated_cine_is_invalid_throughout_and_sends_no_transform(uncalibrated_run):
    found = messages(uncalibrated_run / "bag", "/tavi/deviation", "/tf")
    assert not any(deviation.valid for deviation in found["/tavi/deviation"])
    assert all(deviation.reasons & Reason.UNCALIBRATED for deviation in found["/tavi/deviation"])
    assert found["/tf"] == []


def test_run_with_a_given_pixel_size_gives_metres_where_the_annulus_is_seen(calibrated_run):
    found = messages(calibrated_run / "bag", "/tavi/annulus", "/tavi/deviation", "/tf")
    seen = [annulus for annulus in found["/tavi/annulus"] if annulus.valid]
    assert seen
    assert all(0.015 <= annulus.diameter <= 0.035 for annulus in seen)
    assert not any(deviation.reasons & Reason.UNCALIBRATED for deviation in found["/tavi/deviation"])
    assert len(found["/tf"]) == len(seen)


def test_run_writes_a_summary_that_agrees_with_its_bag(uncalibrated_run):
    summary = json.loads((uncalibrated_run / "summary.json").read_text())
    assert summary["images"] == 20 and summary["valid"] == 0
    assert "not a medical device" in (uncalibrated_run / "report.html").read_text().lower()


def test_run_tells_how_long_each_frame_took_on_every_stage(uncalibrated_run):
    timing = json.loads((uncalibrated_run / "summary.json").read_text())["timing_ms"]
    assert {name: durations["count"] for name, durations in timing.items()} == {
        stage.value: 20 for stage in TimedStage
    }


def test_the_bag_holds_every_topic_of_the_node(uncalibrated_run):
    with BagReader(uncalibrated_run / "bag") as reader:
        topics = {topic.name for topic in reader.topics}
    assert topics == {*INPUTS, *RESULTS, *VIEWS, *SHARED}


def test_run_uses_the_model_whatever_its_folder_is_called(calibrated_run):
    assert f"model {default_bundle().name}" in (calibrated_run / "perception.log").read_text()


@pytest.mark.skipif(importlib.util.find_spec("tensorflow"), reason="the model can run with TensorFlow here")
def test_a_run_whose_model_was_never_ready_is_a_failure(picture, tmp_path):
    result = tavi("run", picture, "--out", tmp_path, "--runtime", "tensorflow")
    assert result.returncode == 1
    assert "1 of 1 answers came without the model" in result.stderr


@pytest.mark.skipif(not CINE.exists(), reason="the reference cine is not beside this checkout")
def test_run_on_the_real_cine_answers_all_96_frames(tmp_path):
    result = tavi("run", CINE, "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    found = messages(tmp_path / "bag", "/fluoro/image", *RESULTS, "/tf")
    stamps = [stamp_ns(image) for image in found["/fluoro/image"]]
    assert len(stamps) == 96
    assert all([stamp_ns(m) for m in found[topic]] == stamps for topic in RESULTS)
    assert all(not d.valid and d.reasons & Reason.UNCALIBRATED for d in found["/tavi/deviation"])
    assert found["/tf"] == []


def test_a_played_bag_gives_a_second_node_the_same_keypoints(uncalibrated_run, tmp_path, domain):
    second = subprocess.Popen(
        [
            *(sys.executable, "-m", "tavi_perception.nodes.perception_node", "--ros-args"),
            *(
                "-r",
                "__ns:=/tavi",
                "-r",
                "image:=/fluoro/image",
                "-r",
                "carm_geometry:=/fluoro/carm_geometry",
            ),
            *("-p", "image_reliability:=reliable", "-p", "use_sim_time:=true", "-p", "stale_after:=30.0"),
        ],
        env=environment(domain),
        stderr=subprocess.PIPE,
        text=True,
    )
    recorder = subprocess.Popen(
        [sys.executable, "-m", "tavi_perception.cli", "record", tmp_path / "again", "--topics", *RESULTS],
        env=environment(domain),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert any("active" in line for line in second.stderr), "the second node ended"
        assert any("every topic is connected" in line for line in recorder.stderr), "the recorder ended"
        words = ("play", uncalibrated_run / "bag", "--rate", "0.2", "--clock", "--topics", "/fluoro/image")
        played = tavi(*words, domain=domain)
        assert played.returncode == 0, played.stderr
        time.sleep(ARRIVAL)
    finally:
        recorder.send_signal(signal.SIGINT)
        assert recorder.wait(30) == 0
        second.send_signal(signal.SIGINT)
        second.wait(30)
        for each in (second, recorder):
            each.stderr.close()
    first = messages(uncalibrated_run / "bag", "/tavi/keypoints")["/tavi/keypoints"]
    again = messages(tmp_path / "again", "/tavi/keypoints")["/tavi/keypoints"]
    assert {stamp_ns(m) for m in again} <= {stamp_ns(m) for m in first}
    # A busy machine leaves frames out, and what comes after them is tracked otherwise.
    same = [*takewhile(lambda pair: stamp_ns(pair[0]) == stamp_ns(pair[1]), zip(first, again, strict=False))]
    assert same
    for one, other in same:
        a, b = (np.array([(p.x, p.y) for p in m.keypoints]) for m in (one, other))
        np.testing.assert_allclose(a, b, atol=0.01)


def test_a_scripted_demo_records_images_answers_and_truth(tmp_path):
    result = tavi("demo", "--script", "--duration", "2", "--size", "256", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    found = messages(tmp_path / "bag", "/fluoro/image", "/truth/deviation", "/truth/keypoints", *RESULTS)
    counts = {topic: len(there) for topic, there in found.items()}
    assert counts["/fluoro/image"] == counts["/truth/deviation"] == counts["/truth/keypoints"] == 30
    assert counts["/tavi/deviation"] > 0
    # 0 is that of deviations before the first image.
    stamps = {0, *(stamp_ns(image) for image in found["/fluoro/image"])}
    assert all(stamp_ns(message) in stamps for topic in RESULTS for message in found[topic])


def test_an_existing_bag_is_not_overwritten(uncalibrated_run, cine):
    result = tavi("run", cine, "--out", uncalibrated_run)
    assert result.returncode != 0 and "exists already" in result.stderr.strip().splitlines()[-1]


def test_playing_a_topic_that_the_bag_lacks_names_what_it_holds(uncalibrated_run):
    result = tavi("play", uncalibrated_run / "bag", "--topics", "/nothing")
    assert result.returncode != 0 and "/fluoro/image" in result.stderr


def test_recording_nothing_is_a_failure(tmp_path, domain):
    result = tavi("record", tmp_path / "bag", "--topics", "/nothing", "--duration", "1", domain=domain)
    assert result.returncode != 0 and "/nothing" in result.stdout


def said_by_record(*words, domain):
    """What ``record`` says while it records: it is interrupted after its first line."""
    command = [sys.executable, "-m", "tavi_perception.cli", "record", *map(str, words)]
    pipe = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(domain), **pipe) as recorder:
        first = recorder.stderr.readline()
        recorder.send_signal(signal.SIGINT)
        return (first + recorder.stderr.read()).splitlines()


def test_record_says_when_every_named_topic_is_connected(tmp_path, domain):
    said = said_by_record(tmp_path / "bag", "--topics", "/rosout", domain=domain)
    assert said == ["every topic is connected"]


def test_record_names_the_topics_that_still_lack_a_publisher(tmp_path, domain):
    said = said_by_record(tmp_path / "bag", "--topics", "/rosout", "/nothing", domain=domain)
    assert said == ["still without a publisher: /nothing"]


def test_a_signal_that_comes_while_the_event_is_in_use_still_ends_a_recording():
    code = """
import os, signal
from tavi_perception.nodes.bag_commands import _stopped_by_signals
stop = _stopped_by_signals()
with stop._cond:  # as inside of stop.wait(), or of a handler for the signal before
    os.kill(os.getpid(), signal.SIGINT)
assert stop.wait(10)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_run_on_frames_that_no_fluoroscopy_has_fails_and_names_them(tmp_path):
    cv2.imwrite(str(tmp_path / "dark.png"), np.full((64, 64), 10, np.uint8))
    result = tavi("run", tmp_path, "--out", tmp_path / "out")
    assert result.returncode == 1
    assert "1 of 1 frames are not used; the first is frame 1: the frame is nearly black" in result.stderr


def test_a_bag_holds_what_rviz_needs_to_show_the_image_in_space(uncalibrated_run):
    found = messages(uncalibrated_run / "bag", "/tf_static", "/fluoro/camera_info")
    assert found["/tf_static"] and len(found["/fluoro/camera_info"]) > 0
