"""Each image of a bag has the geometry recorded last before it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tavi_perception.bags.source import open_bag_source
from tavi_perception.bags.writer import BagWriter
from tavi_perception.calibration import UserCalibration
from tavi_perception.carm import CArmGeometry
from tavi_perception.imaging.source import SourceError

IMAGE, GEOMETRY = "sensor_msgs/msg/Image", "tavi_msgs/msg/CArmGeometry"
SECOND = 1_000_000_000
CLOCK = 1_700_000_000 * SECOND
"""ns between the clock of the stamps and that of the recorder."""

WIDE, NEAR = 3e-4, 2e-4
"""m between pixels at the detector, before and after a zoom."""


@pytest.fixture
def geometries(tmp_path: Path, image_cdr, geometry_cdr) -> Callable[..., list[CArmGeometry]]:
    """The geometries of images taken at 1, 2, 3 and 4 s, received 0.1 s later.

    Each change is (topic, spacing, stamp in s or None, received in s).
    """

    def read(*changes: tuple, calibration: UserCalibration | None = None) -> list[CArmGeometry]:
        with BagWriter(tmp_path / "bag") as bag:
            bag.add_topic("/fluoro/image", IMAGE)
            for topic, spacing, stamp, received in changes:
                bag.add_topic(topic, GEOMETRY)
                stamp_ns = 0 if stamp is None else round(stamp * SECOND)
                message = geometry_cdr(
                    1.1, 0.8, spacing, 0.1, 0.2, width=40, height=30, calibration=3, stamp_ns=stamp_ns
                )
                bag.write(topic, message, CLOCK + round(received * SECOND))
            for second in (1, 2, 3, 4):
                cdr = image_cdr(np.full((30, 40), 100, np.uint8), second * SECOND)
                bag.write("/fluoro/image", cdr, CLOCK + second * SECOND + SECOND // 10)
        read.source = open_bag_source(tmp_path / "bag", calibration)
        return [frame.geometry for frame in read.source]

    return read


def spacings(found: list[CArmGeometry]) -> list[float]:
    return [geometry.imager_pixel_spacing for geometry in found]


OURS = "/fluoro/carm_geometry"


@pytest.mark.parametrize(
    ("stamp", "received"),
    [
        (2.5, 2.6),  # in order
        (2.5, 3.2),  # received after an image that was taken later
        (None, 2.6),  # without a stamp: by reception
        (9e8, 2.6),  # of another clock: by reception
    ],
)
def test_change_holds_from_its_time_on(geometries, stamp, received) -> None:
    found = geometries((OURS, WIDE, 0.5, 0.6), (OURS, NEAR, stamp, received))
    assert spacings(found) == [WIDE, WIDE, NEAR, NEAR]


def test_first_geometry_holds_for_earlier_images_too(geometries) -> None:
    assert spacings(geometries((OURS, NEAR, 3.5, 3.6))) == [NEAR] * 4


def test_geometries_are_the_same_when_the_source_is_read_again(geometries) -> None:
    first = geometries((OURS, WIDE, 0.5, 0.6), (OURS, NEAR, 2.5, 2.6))
    assert [frame.geometry for frame in geometries.source] == first


def test_geometry_of_the_images_namespace_is_used(geometries) -> None:
    found = geometries(("/a/carm_geometry", NEAR, 0.5, 0.6), (OURS, WIDE, 0.5, 0.6))
    assert spacings(found) == [WIDE] * 4
    assert any(f"that on {OURS} is used" in note for note in geometries.source.notes)


def test_geometries_none_of_which_is_the_images_are_not_used(geometries) -> None:
    found = geometries(("/a/carm_geometry", NEAR, 0.5, 0.6), ("/b/carm_geometry", WIDE, 0.5, 0.6))
    assert not any(geometry.calibrated for geometry in found)
    assert "none of the geometries on /a/carm_geometry, /b/carm_geometry" in geometries.source.notes[0]


def test_geometry_that_cannot_be_leaves_images_uncalibrated_with_a_note(geometries) -> None:
    found = geometries((OURS, WIDE, 0.5, 0.6), (OURS, 430.0, 2.5, 2.6), (OURS, NEAR, 3.5, 3.6))
    assert [geometry.calibrated for geometry in found] == [True, True, False, True]
    assert any("1 of 3 recorded geometries cannot be" in note for note in geometries.source.notes)


def test_first_geometry_that_cannot_be_is_refused_with_a_remedy(geometries) -> None:
    with pytest.raises(SourceError, match=r"imager_pixel_spacing is 430 m.*--pixel-size-mm"):
        geometries((OURS, 430.0, 0.5, 0.6))


def test_stated_pixel_size_holds_for_all_with_a_note_of_the_changes(geometries) -> None:
    found = geometries(
        (OURS, WIDE, 0.5, 0.6), (OURS, NEAR, 2.5, 2.6), calibration=UserCalibration(pixel_size_mm=0.2)
    )
    assert [geometry.metres_per_px for geometry in found] == pytest.approx([2e-4] * 4)
    assert [geometry.primary_angle for geometry in found] == pytest.approx([0.1] * 4)
    assert any("2 geometries are recorded" in note for note in geometries.source.notes)


def test_stated_distance_is_combined_with_what_was_recorded(geometries) -> None:
    found = geometries(
        (OURS, WIDE, 0.5, 0.6), (OURS, NEAR, 2.5, 2.6), calibration=UserCalibration(source_to_patient_mm=550)
    )
    assert [geometry.metres_per_px for geometry in found] == pytest.approx([WIDE / 2] * 2 + [NEAR / 2] * 2)
