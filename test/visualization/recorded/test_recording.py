"""How messages are put together into frames, and which frames the report shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.writer import BagWriter
from tavi_perception.visualization.filmstrip import PICTURES, choose_frames
from tavi_perception.visualization.recording import read_images, read_recording


def test_frame_joins_what_carries_its_stamp(run_bag) -> None:
    frame = read_recording(run_bag(frames=5)).frames[2]
    assert frame.has_image
    assert None not in (frame.found.keypoints, frame.found.annulus, frame.found.deviation, frame.truth)


def test_repeated_deviation_is_a_stale_report_and_not_a_frame(run_bag, tmp_path: Path) -> None:
    with BagReader(run_bag(frames=4)) as source, BagWriter(tmp_path / "copy") as copy:
        for topic in source.topics:
            copy.add_topic(topic.name, topic.type_name, topic.qos)
        messages = list(source.raw())
        last = [message for message in messages if message.topic == "/tavi/deviation"][-1]
        for message in (*messages, last, last):
            copy.write(message.topic, message.cdr, message.time_ns)
    recording = read_recording(tmp_path / "copy")
    assert (len(recording.frames), recording.stale_reports) == (4, 2)


@pytest.mark.parametrize("side", [1, -1])
def test_side_of_the_ventricle_is_known_without_calibration(run_bag, side: int) -> None:
    frames = read_recording(run_bag(frames=12, calibrated=False, side=side)).frames
    known = [frame.found.annulus for frame in frames if frame.found.annulus.valid]
    assert {annulus.ventricle_sign for annulus in known} == {side}


def test_images_are_found_by_their_stamps(run_bag) -> None:
    bag = run_bag(frames=5)
    stamp = read_recording(bag).frames[3].stamp_ns
    assert list(read_images(bag, {stamp})) == [stamp]


def test_film_strip_is_short_and_in_order(run_bag) -> None:
    chosen = choose_frames(read_recording(run_bag(frames=40)).frames)
    times = [frame.time for frame, _ in chosen]
    assert len(chosen) == PICTURES
    assert times == sorted(times)


def test_film_strip_shows_first_contrast_and_each_stage(run_bag) -> None:
    titles = [title for _, title in choose_frames(read_recording(run_bag(frames=40)).frames)]
    assert {"First frame", "First contrast", "Stage: retraction", "Stage: deployment", "Last frame"} <= set(
        titles
    )


def test_short_run_shows_every_frame_once(run_bag) -> None:
    assert len(choose_frames(read_recording(run_bag(frames=3)).frames)) == 3


def test_no_frames_make_no_film_strip() -> None:
    assert choose_frames([]) == []
