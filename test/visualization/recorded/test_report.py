"""The report says what the bag holds, whatever the bag lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.bags.writer import BagWriter
from tavi_perception.visualization.report import write_report
from tavi_perception.visualization.words import NOTICE


def recorded(bag: Path, topic: str) -> list:
    with BagReader(bag) as reader:
        return [message.value for message in reader.messages([topic])]


def page(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


def figures(out: Path) -> dict:
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def test_counts_equal_those_of_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    summary = write_report(bag, tmp_path)
    deviations = recorded(bag, "/tavi/deviation")
    assert summary.images == len(recorded(bag, "/fluoro/image"))
    assert summary.processed == len(deviations)
    assert summary.valid == sum(deviation.valid for deviation in deviations)
    assert summary.within_tolerance == sum(deviation.within_tolerance for deviation in deviations)


def test_reasons_equal_those_of_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    write_report(bag, tmp_path)
    bits = np.array([deviation.reasons for deviation in recorded(bag, "/tavi/deviation")])
    assert figures(tmp_path)["reasons"] == {
        "NO_ANNULUS": int(np.sum(bits & 16 > 0)),
        "ANNULUS_EXPIRED": int(np.sum(bits & 32 > 0)),
    }


def test_reasons_come_with_what_to_do_about_them(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(), tmp_path)
    assert "inject contrast medium with the pigtail in view" in page(tmp_path)


def test_outages_are_the_runs_of_invalid_deviations_in_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    write_report(bag, tmp_path)
    valid = [deviation.valid for deviation in recorded(bag, "/tavi/deviation")]
    first, last = valid.index(True) / 15, (valid[::-1].index(True) - 1) / 15
    assert figures(tmp_path)["outages_s"] == pytest.approx(
        {"count": 2, "median": (first + last) / 2, "p95": 0.95 * first + 0.05 * last, "longest": first}
    )


def test_run_without_a_processed_frame_had_no_outage(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(frames=1, dropped=1), tmp_path)
    assert figures(tmp_path)["outages_s"] == {"count": 0, "median": None, "p95": None, "longest": None}


def test_latencies_equal_those_of_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    latency = write_report(bag, tmp_path).latency_ms
    recorded_ms = [1e3 * d.latency.sec + 1e-6 * d.latency.nanosec for d in recorded(bag, "/tavi/deviation")]
    expected = np.percentile(recorded_ms, (50, 95, 99))
    np.testing.assert_allclose((latency.median, latency.p95, latency.p99), expected)


def test_depth_errors_equal_those_recomputed_from_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    accuracy = write_report(bag, tmp_path).accuracy
    pairs = zip(recorded(bag, "/tavi/deviation"), recorded(bag, "/truth/deviation"), strict=True)
    errors = np.array([1e3 * (found.depth - truth.depth) for found, truth in pairs if found.valid])
    assert accuracy.depth_mm.count == len(errors)
    assert accuracy.depth_mm.median == pytest.approx(np.median(np.abs(errors)))
    assert accuracy.depth_bias_mm == pytest.approx(np.mean(errors))


def test_landmark_errors_equal_those_recomputed_from_the_bag(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    landmark = write_report(bag, tmp_path).accuracy.landmarks[6]
    pairs = zip(recorded(bag, "/tavi/keypoints"), recorded(bag, "/truth/keypoints"), strict=True)
    errors = [
        np.hypot(f.keypoints[6].x - t.keypoints[6].x, f.keypoints[6].y - t.keypoints[6].y) for f, t in pairs
    ]
    assert landmark.px.p95 == pytest.approx(np.percentile(errors, 95))


def test_landmark_missed_while_it_is_there_lowers_its_recall(run_bag, tmp_path: Path) -> None:
    bag = run_bag()
    landmark = write_report(bag, tmp_path).accuracy.landmarks[0]
    seen = [array.keypoints[0].present for array in recorded(bag, "/tavi/keypoints")]
    assert landmark.recall == pytest.approx(np.mean(seen))


def test_calibrated_sigmas_hold_about_their_share_of_errors(run_bag, tmp_path: Path) -> None:
    accuracy = write_report(run_bag(frames=60), tmp_path).accuracy
    assert accuracy.points_in_68 == pytest.approx(0.683, abs=0.06)
    assert accuracy.depth_in_2_sigma == pytest.approx(0.954, abs=0.08)


def test_target_depth_is_told_by_the_bag(run_bag, tmp_path: Path) -> None:
    assert write_report(run_bag(), tmp_path).target_depth_mm == pytest.approx(3.0)


def test_errors_against_truth_are_called_synthetic(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(), tmp_path)
    assert "synthetic" in page(tmp_path)
    assert figures(tmp_path)["accuracy"]["synthetic"] is True


def test_run_without_truth_shows_no_accuracy(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(truth=False), tmp_path)
    assert figures(tmp_path)["accuracy"] is None
    assert 'id="accuracy"' not in page(tmp_path)


def test_uncalibrated_run_without_a_valid_frame_has_a_report(run_bag, tmp_path: Path) -> None:
    summary = write_report(run_bag(calibrated=False), tmp_path)
    assert (summary.valid, summary.calibrated) == (0, False)
    assert "no calibration" in page(tmp_path)


def test_single_frame_has_a_report(run_bag, tmp_path: Path) -> None:
    assert write_report(run_bag(frames=1), tmp_path).processed == 1


def test_run_without_images_says_so(run_bag, tmp_path: Path) -> None:
    summary = write_report(run_bag(images=False), tmp_path)
    assert (summary.images, summary.processed) == (0, 30)
    assert "holds no images" in page(tmp_path)


def test_unanswered_images_are_counted_as_dropped(run_bag, tmp_path: Path) -> None:
    assert write_report(run_bag(frames=12, dropped=5), tmp_path).dropped == 5


def test_bag_of_images_alone_has_a_report(run_bag, tmp_path: Path) -> None:
    summary = write_report(run_bag(frames=6, dropped=6, truth=False), tmp_path)
    assert (summary.processed, summary.dropped) == (0, 6)


def test_bag_of_something_else_has_a_report(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as writer:
        writer.add_topic("/words", "std_msgs/msg/String")
        writer.write("/words", b"\x00\x01\x00\x00\x02\x00\x00\x00a\x00", 1)
    summary = write_report(tmp_path / "bag", tmp_path)
    assert [(count.name, count.count) for count in summary.messages] == [("/words", 1)]


def test_page_needs_nothing_from_outside(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(), tmp_path)
    references = re.findall(r'(?:src|href)="([^"]*)"', page(tmp_path))
    assert references
    assert all(reference.startswith(("data:", "#")) for reference in references)


def test_page_says_that_this_is_no_medical_device(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(frames=2), tmp_path)
    assert NOTICE in page(tmp_path)


def test_text_from_the_bag_cannot_become_markup(run_bag, tmp_path: Path) -> None:
    bag = run_bag(frames=2)
    bag.rename(tmp_path / "<b>bag")
    write_report(tmp_path / "<b>bag", tmp_path)
    assert "<b>bag" not in page(tmp_path)


def test_unknown_figures_are_null(run_bag, tmp_path: Path) -> None:
    write_report(run_bag(calibrated=False), tmp_path)
    assert figures(tmp_path)["target_depth_mm"] is None


def test_missing_bag_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="does not exist"):
        write_report(tmp_path / "nowhere", tmp_path)
