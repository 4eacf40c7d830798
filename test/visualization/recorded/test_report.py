"""The report says what the bag holds, whatever the bag lacks."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter
from tavi_perception.estimates import AnnulusFrame
from tavi_perception.visualization.recording import read_recording
from tavi_perception.visualization.report import write_report
from tavi_perception.visualization.summary import Summary, summarise
from tavi_perception.visualization.words import NOTICE


def recorded(bag: Path, topic: str) -> list:
    with BagReader(bag) as reader:
        return [message.value for message in reader.messages([topic])]


@dataclass(frozen=True)
class Report:
    """A bag, the folder that its report is in, and what writing it gave."""

    bag: Path
    out: Path
    summary: Summary

    @property
    def page(self) -> str:
        return (self.out / "report.html").read_text(encoding="utf-8")

    @property
    def figures(self) -> dict:
        return json.loads((self.out / "summary.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report(run_bag, tmp_path_factory: pytest.TempPathFactory):
    """The report of a synthetic run; keyword arguments as ``run_bag``."""

    @cache
    def written(**options: Any) -> Report:
        bag, out = run_bag(**options), tmp_path_factory.mktemp("report")
        return Report(bag, out, write_report(bag, out))

    return written


def test_counts_equal_those_of_the_bag(report) -> None:
    made = report()
    summary = made.summary
    deviations = recorded(made.bag, "/tavi/deviation")
    assert summary.images == len(recorded(made.bag, "/fluoro/image"))
    assert summary.processed == len(deviations)
    assert summary.valid == sum(deviation.valid for deviation in deviations)
    assert summary.within_tolerance == sum(deviation.within_tolerance for deviation in deviations)


def test_reasons_equal_those_of_the_bag(report) -> None:
    made = report()
    bits = np.array([deviation.reasons for deviation in recorded(made.bag, "/tavi/deviation")])
    assert made.figures["reasons"] == {
        "NO_ANNULUS": int(np.sum(bits & 16 > 0)),
        "ANNULUS_EXPIRED": int(np.sum(bits & 32 > 0)),
    }


def test_reasons_come_with_what_to_do_about_them(report) -> None:
    made = report()
    assert "inject contrast medium with the pigtail in view" in made.page


def test_outages_are_the_runs_of_invalid_deviations_in_the_bag(report) -> None:
    made = report()
    valid = [deviation.valid for deviation in recorded(made.bag, "/tavi/deviation")]
    first, last = valid.index(True) / 15, (valid[::-1].index(True) - 1) / 15
    assert made.figures["outages_s"] == pytest.approx(
        {"count": 2, "median": (first + last) / 2, "p95": 0.95 * first + 0.05 * last, "longest": first}
    )


def test_run_without_a_processed_frame_had_no_outage(report) -> None:
    made = report(frames=1, dropped=1)
    assert made.figures["outages_s"] == {"count": 0, "median": None, "p95": None, "longest": None}


def test_latencies_equal_those_of_the_bag(report) -> None:
    made = report()
    latency = made.summary.latency_ms
    recorded_ms = [
        1e3 * d.latency.sec + 1e-6 * d.latency.nanosec for d in recorded(made.bag, "/tavi/deviation")
    ]
    expected = np.percentile(recorded_ms, (50, 95, 99))
    np.testing.assert_allclose((latency.median, latency.p95, latency.p99), expected)


def test_times_of_the_stages_are_those_of_the_diagnostics(report, stage_times) -> None:
    made = report()
    timing = made.figures["timing_ms"]
    assert list(timing) == [stage.value for stage in stage_times]
    for stage, seconds in stage_times.items():
        found = timing[stage.value]
        assert found["count"] == len(recorded(made.bag, "/diagnostics"))
        assert found["max"] == pytest.approx(1e3 * seconds)
        assert found["median"] == pytest.approx(1e3 * seconds, rel=0.03)
        assert f"<tr><td>{stage.value}</td><td>{found['median']:.1f}</td>" in made.page


def test_depth_errors_equal_those_recomputed_from_the_bag(report) -> None:
    made = report()
    accuracy = made.summary.accuracy
    pairs = zip(recorded(made.bag, "/tavi/deviation"), recorded(made.bag, "/truth/deviation"), strict=True)
    errors = np.array([1e3 * (found.depth - truth.depth) for found, truth in pairs if found.valid])
    assert accuracy.depth_mm.count == len(errors)
    assert accuracy.depth_mm.median == pytest.approx(np.median(np.abs(errors)))
    assert accuracy.depth_bias_mm == pytest.approx(np.mean(errors))


def test_landmark_errors_equal_those_recomputed_from_the_bag(report) -> None:
    made = report()
    landmark = made.summary.accuracy.landmarks[6]
    pairs = zip(recorded(made.bag, "/tavi/keypoints"), recorded(made.bag, "/truth/keypoints"), strict=True)
    errors = [
        np.hypot(f.keypoints[6].x - t.keypoints[6].x, f.keypoints[6].y - t.keypoints[6].y) for f, t in pairs
    ]
    assert landmark.px.p95 == pytest.approx(np.percentile(errors, 95))


def test_landmark_missed_while_it_is_there_lowers_its_recall(report) -> None:
    made = report()
    landmark = made.summary.accuracy.landmarks[0]
    seen = [array.keypoints[0].present for array in recorded(made.bag, "/tavi/keypoints")]
    assert landmark.recall == pytest.approx(np.mean(seen))


def test_calibrated_sigmas_hold_about_their_share_of_errors(run_bag) -> None:
    accuracy = summarise(read_recording(run_bag(frames=60))).accuracy
    assert accuracy.points_in_68 == pytest.approx(0.683, abs=0.06)
    assert accuracy.depth_in_2_sigma == pytest.approx(0.954, abs=0.08)


def test_target_depth_is_told_by_the_bag(report) -> None:
    assert report().summary.target_depth_mm == pytest.approx(3.0)


def test_errors_against_truth_are_called_synthetic(report) -> None:
    made = report()
    assert "synthetic" in made.page
    assert made.figures["accuracy"]["synthetic"] is True


def test_run_without_truth_shows_no_accuracy(report) -> None:
    made = report(truth=False)
    assert made.figures["accuracy"] is None
    assert 'id="accuracy"' not in made.page


def test_uncalibrated_run_without_a_valid_frame_has_a_report(report) -> None:
    made = report(calibrated=False)
    summary = made.summary
    assert (summary.valid, summary.calibrated) == (0, False)
    assert "no calibration" in made.page


def test_single_frame_has_a_report(report) -> None:
    assert report(frames=1).summary.processed == 1


def test_run_without_images_says_so(report) -> None:
    made = report(images=False)
    summary = made.summary
    assert (summary.images, summary.processed) == (0, 30)
    assert "holds no images" in made.page


def test_unanswered_images_are_counted_as_dropped(run_bag) -> None:
    assert summarise(read_recording(run_bag(frames=12, dropped=5))).dropped == 5


def test_bag_of_images_alone_has_a_report(report) -> None:
    made = report(frames=6, dropped=6, truth=False)
    summary = made.summary
    assert (summary.processed, summary.dropped) == (0, 6)


def test_bag_of_something_else_has_a_report(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/words", "std_msgs/msg/String")
        writer.write("/words", b"\x00\x01\x00\x00\x02\x00\x00\x00a\x00", 1)
    summary = write_report(tmp_path / "bag", tmp_path)
    assert [(count.name, count.count) for count in summary.messages] == [("/words", 1)]


def test_page_needs_nothing_from_outside(report) -> None:
    made = report()
    references = re.findall(r'(?:src|href)="([^"]*)"', made.page)
    assert references
    assert all(reference.startswith(("data:", "#")) for reference in references)


def test_page_says_that_this_is_no_medical_device(report) -> None:
    made = report()
    assert NOTICE in made.page


def test_text_from_the_bag_cannot_become_markup(run_bag, tmp_path: Path) -> None:
    shutil.copytree(run_bag(frames=2), tmp_path / "<b>bag")
    write_report(tmp_path / "<b>bag", tmp_path)
    assert "<b>bag" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_unknown_figures_are_null(report) -> None:
    made = report(calibrated=False)
    assert made.figures["target_depth_mm"] is None


def test_missing_bag_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="does not exist"):
        write_report(tmp_path / "nowhere", tmp_path)


def test_names_and_texts_of_a_bag_are_no_markup_in_the_report(tmp_path: Path, bag_of) -> None:
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    bag = bag_of(tmp_path / "<img src=x onerror=alert(1)>")
    header = bag.header(10**18)
    model = bag.model(header)
    model.name = model.version = model.runtime = model.device = model.sha256 = hostile
    bag.write("/tavi/model_info", model, 10**18)
    status = bag.make("diagnostic_msgs/msg/DiagnosticStatus", 0, hostile, hostile, hostile, [])
    bag.write("/diagnostics", bag.make("diagnostic_msgs/msg/DiagnosticArray", header, [status]), 10**18)
    bag.writer.add_topic(f"/{hostile}", "std_msgs/msg/String")
    bag.write(f"/{hostile}", bag.make("std_msgs/msg/String", hostile), 10**18)
    bag.close()
    write_report(tmp_path / "<img src=x onerror=alert(1)>", tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page and "<img src=x" not in page


def test_message_that_no_node_of_ours_sends_is_refused_in_one_sentence(tmp_path: Path, bag_of) -> None:
    bag = bag_of(tmp_path / "bag")
    annulus = AnnulusFrame()
    message = bag.annulus(bag.header(10**18), annulus)
    message.source = 99
    bag.write("/tavi/annulus", message, 10**18)
    bag.close()
    with pytest.raises(BagError, match=r"bag .*bag holds a message that no node"):
        read_recording(tmp_path / "bag")
