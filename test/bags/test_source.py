"""Frames from bags: which topic, at what times, with which geometry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from tavi_perception.bags.source import open_bag_source
from tavi_perception.bags.writer import BagWriter
from tavi_perception.calibration import UserCalibration
from tavi_perception.carm import Calibration
from tavi_perception.imaging.opening import open_source
from tavi_perception.imaging.source import SourceError

from .conftest import header

IMAGE = "sensor_msgs/msg/Image"
GEOMETRY = "tavi_msgs/msg/CArmGeometry"


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (4, 30, 40), dtype=np.uint8)


@pytest.fixture
def write(tmp_path: Path, image_cdr, images) -> Callable[..., Path]:
    """Writes the images to topics, received long after their stamps; optionally with a geometry."""

    def record(*topics: str, geometry: bytes = b"") -> Path:
        with BagWriter(tmp_path / "bag") as bag:
            if geometry:
                bag.add_topic("/fluoro/carm_geometry", GEOMETRY)
                bag.write("/fluoro/carm_geometry", geometry, 1)
            for topic in topics:
                bag.add_topic(topic, IMAGE)
                for index, image in enumerate(images):
                    stamp = 5_000_000_000 + index * 66_000_000
                    bag.write(topic, image_cdr(image, stamp), 10**18 + index)
        return tmp_path / "bag"

    return record


def test_frames_are_the_recorded_images(write, images) -> None:
    frames = list(open_bag_source(write("/camera")))
    np.testing.assert_array_equal([frame.image for frame in frames], images)


def test_times_come_from_the_stamps(write) -> None:
    times = [frame.time for frame in open_bag_source(write("/camera"))]
    assert times == pytest.approx([0.0, 0.066, 0.132, 0.198])


def test_iterating_again_starts_from_the_first_frame(write) -> None:
    source = open_bag_source(write("/camera"))
    assert [f.time for f in source] == [f.time for f in source]


def test_fluoroscopy_topic_is_preferred(write) -> None:
    assert open_bag_source(write("/camera", "/fluoro/image")).name == "bag:/fluoro/image"


def test_ambiguous_topics_are_listed(write) -> None:
    with pytest.raises(SourceError, match="/left, /right"):
        open_bag_source(write("/left", "/right"))


def test_bag_without_images_is_refused(tmp_path: Path, geometry_cdr) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/fluoro/carm_geometry", GEOMETRY)
        bag.write(
            "/fluoro/carm_geometry",
            geometry_cdr(1.1, 0.8, 2e-4, 0.0, 0.0, width=40, height=30, calibration=1),
            1,
        )
    with pytest.raises(SourceError, match="holds no images"):
        open_bag_source(tmp_path / "bag")


def test_missing_bag_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        open_bag_source(tmp_path / "nowhere")


def test_recorded_geometry_is_used(write, geometry_cdr) -> None:
    path = write(
        "/camera", geometry=geometry_cdr(1.1, 0.8, 2e-4, 0.1, 0.2, width=40, height=30, calibration=3)
    )
    geometry = open_bag_source(path).geometry
    assert (geometry.calibration, geometry.source_to_detector) == (Calibration.GEOMETRY, 1.1)


def test_users_calibration_is_trusted_before_the_recorded_one(write, geometry_cdr) -> None:
    path = write(
        "/camera", geometry=geometry_cdr(1.1, 0.8, 2e-4, 0.1, 0.2, width=40, height=30, calibration=3)
    )
    geometry = open_bag_source(path, UserCalibration(pixel_size_mm=0.17)).geometry
    assert (geometry.calibration, geometry.metres_per_px) == (Calibration.USER, pytest.approx(0.17e-3))


def test_without_any_calibration_the_source_says_so(write) -> None:
    source = open_bag_source(write("/camera"))
    assert not source.geometry.calibrated
    assert any("uncalibrated" in note for note in source.notes)


def test_impossible_recorded_geometry_is_a_source_error(write, geometry_cdr) -> None:
    path = write(
        "/camera", geometry=geometry_cdr(0.8, 1.1, 2e-4, 0.0, 0.0, width=40, height=30, calibration=1)
    )
    with pytest.raises(SourceError, match="exceeds source_to_detector"):
        open_bag_source(path)


def test_broken_image_is_reported_with_bag_and_topic(tmp_path: Path, store, image_cdr) -> None:
    whole = store.deserialize_cdr(image_cdr(np.zeros((30, 40), np.uint8)), IMAGE)
    whole.data = whole.data[:100]
    with BagWriter(tmp_path / "bag") as bag:
        bag.add_topic("/camera", IMAGE)
        bag.write("/camera", bytes(store.serialize_cdr(whole, IMAGE)), 1)
    with pytest.raises(SourceError, match="bag:/camera"):
        open_bag_source(tmp_path / "bag")


def test_bag_is_recognised_among_all_sources(write) -> None:
    assert open_source(write("/fluoro/image")).frame_count == 4


@pytest.fixture
def deep(tmp_path: Path, store, images) -> Path:
    """A bag of 16-bit images that carry 12 bits, the second of them broken."""
    with BagWriter(tmp_path / "deep") as bag:
        bag.add_topic("/fluoro/image", IMAGE)
        for index, image in enumerate(np.rint(images / 255 * 4095).astype("<u2")):
            data = image.view(np.uint8).ravel()[: 100 if index == 1 else None]
            fields = (header(store, 1 + index), 30, 40, "mono16", 0, 80, data)
            message = store.types[IMAGE](*fields)
            bag.write("/fluoro/image", bytes(store.serialize_cdr(message, IMAGE)), index)
    return tmp_path / "deep"


def test_broken_images_among_others_are_a_loss(deep, images) -> None:
    source = open_bag_source(deep, bits_stored=12)
    np.testing.assert_array_equal([frame.image for frame in source], images[[0, 2, 3]])
    assert len(source.losses) == 1
    assert source.losses[0].startswith("1 of 4 images cannot be used, first number 2: image 40x30")


def test_dark_16_bit_images_are_noted_with_the_option_that_helps(deep) -> None:
    assert any("--bits-stored 12" in note for note in open_bag_source(deep).notes)


def test_bits_stored_reach_bags_through_every_opening(deep, images) -> None:
    np.testing.assert_array_equal(next(iter(open_source(deep, bits_stored=12))).image, images[0])


def stamp_of(index: int) -> int:
    """Of an image of a live run (ns)."""
    return 5_000_000_000 + index * 100_000_000


@pytest.fixture
def live(tmp_path: Path, store, image_cdr, images) -> Callable[..., Path]:
    """A bag of images of which only some were answered, given by their numbers."""

    def record(*answered: int) -> Path:
        keypoint = store.types["tavi_msgs/msg/Keypoint"](0, 0.0, False, False, 0.0, 0.0, np.zeros(3))
        with BagWriter(tmp_path / "live") as bag:
            bag.add_topic("/fluoro/image", "sensor_msgs/msg/Image")
            bag.add_topic("/tavi/keypoints", "tavi_msgs/msg/KeypointArray")
            for index, image in enumerate(images):
                stamp = stamp_of(index)
                bag.write("/fluoro/image", image_cdr(image, stamp), stamp)
            for index in answered:
                stamp = stamp_of(index)
                points = [keypoint] * 11
                message = store.types["tavi_msgs/msg/KeypointArray"](header(store, stamp), 8, 8, points)
                cdr = bytes(store.serialize_cdr(message, "tavi_msgs/msg/KeypointArray"))
                bag.write("/tavi/keypoints", cdr, stamp + 1)
        return tmp_path / "live"

    return record


def test_as_recorded_plays_the_images_that_were_answered_with_their_stamps(live, images) -> None:
    frames = list(open_bag_source(live(0, 2), as_recorded=True))
    assert [frame.stamp_ns for frame in frames] == [stamp_of(0), stamp_of(2)]
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.2])
    np.testing.assert_array_equal([frame.image for frame in frames], images[[0, 2]])


def test_as_recorded_begins_with_the_first_image_that_was_answered(live, images) -> None:
    first = next(iter(open_bag_source(live(1, 2), as_recorded=True)))
    np.testing.assert_array_equal(first.image, images[1])


def test_every_image_is_played_unless_that_is_asked_for(live, images) -> None:
    frames = list(open_bag_source(live(1)))
    assert len(frames) == len(images) and {frame.stamp_ns for frame in frames} == {None}


def test_answers_to_images_that_are_not_there_cannot_be_played_as_recorded(live) -> None:
    with pytest.raises(SourceError, match="1 of 2 answers"):
        open_bag_source(live(0, 9), as_recorded=True)


def test_what_is_no_bag_holds_no_answers(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "frame.png"), np.zeros((8, 8), np.uint8))
    with pytest.raises(SourceError, match="only a bag holds answers"):
        open_source(tmp_path / "frame.png", as_recorded=True)
