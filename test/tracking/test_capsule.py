"""The capsule's width is measured in the image, and tells a wrong calibration."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.robot import Command
from tavi_perception.tracking.capsule import NOT_MEASURED, CapsuleGauge, capsule_widths
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.validity import ANNULUS_RULES, AnnulusEvidence, judge

SEEDS = range(951_000, 951_003)


def band(width: float, turn: float, size: int = 800) -> tuple[np.ndarray, Keypoints]:
    """A dark band through the middle of a bright image, with two walls that are darker."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    across = np.abs(rows * math.cos(turn) - columns * math.sin(turn))
    edge = np.clip(width / 2 - across + 0.5, 0.0, 1.0)
    core = np.clip(width / 4 - across + 0.5, 0.0, 1.0)
    image = (200.0 * (1.0 - 0.3 * edge) * (1.0 - 0.3 * core)).astype(np.uint8)
    found = Keypoints.absent(size, size)
    xy, present = found.xy.copy(), found.present.copy()
    along = np.array([math.cos(turn), math.sin(turn)])
    xy[Landmark.CM], xy[Landmark.CD] = size / 2 - 80 * along, size / 2 + 80 * along
    present[[Landmark.CM, Landmark.CD]] = True
    return image, replace(found, xy=xy, present=present, measured=present)


@pytest.mark.parametrize("width", [16.0, 24.0, 35.0, 44.0])
@pytest.mark.parametrize("turn", [0.0, 0.7, 2.0, -1.3])
def test_width_is_that_of_the_outer_edges_in_any_direction(width: float, turn: float) -> None:
    image, keypoints = band(width, turn)
    assert capsule_widths(image, keypoints)[0, 1] == pytest.approx(width, abs=1.5)


def test_width_survives_landmarks_that_are_a_little_off() -> None:
    image, keypoints = band(35.0, 0.7)
    off = replace(keypoints, xy=keypoints.xy + np.array([2.0, -2.0]))
    assert capsule_widths(image, off)[0, 1] == pytest.approx(35.0, abs=1.5)


def test_width_is_known_between_the_pixels() -> None:
    widths = np.arange(16.0, 20.0, 0.5)
    found = np.array([capsule_widths(*band(width, 0.4))[0] for width in widths])
    assert np.std(found[:, 1] - widths) < 0.25
    assert np.array_equal(found[:, 0], found[:, 1])


def test_an_edge_that_a_wire_makes_broad_leaves_open_how_wide_the_capsule_is() -> None:
    image, keypoints = band(24.0, 0.0)
    rows = np.arange(800) - 400.0
    # Evenly darker over 8 px, from where the wire begins to where the capsule does.
    image[rows < 0] = np.interp(rows[rows < 0], [-20.0, -12.0], [200.0, 140.0]).astype(np.uint8)[:, None]
    least, most = capsule_widths(image, keypoints)[0]
    assert least < most
    assert least - 1.5 <= 24.0 <= most + 1.5


def test_a_catheter_beside_the_capsule_is_none_of_it() -> None:
    image, keypoints = band(18.0, 0.0)
    beside, _ = band(10.0, 0.0)
    image = np.minimum(image, np.roll(beside, 18, axis=0))
    xy, present = keypoints.xy.copy(), keypoints.present.copy()
    for landmark, along in ((Landmark.CP, -160.0), (Landmark.CT, 80.0)):
        xy[landmark], present[landmark] = [400.0 + along, 400.0], True
    found = capsule_widths(image, replace(keypoints, xy=xy, present=present, measured=present))
    assert found[0, 1] == pytest.approx(18.0, abs=1.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_width_in_rendered_frames_is_the_device_s(seed: int) -> None:
    procedure, gauge = RenderedProcedure(seed, 20.0, 15.0, 1000), CapsuleGauge()
    scale = procedure.geometry.metres_per_px
    for index in range(0, 120, 10):
        frame = procedure.frame(index)
        gauge.update(capsule_widths(frame.image, procedure.truth(index).keypoints) * scale)
    diameter = 1e-3 * procedure.scene.device.capsule_width
    assert gauge.fits(0.96 * diameter, 1.04 * diameter)
    assert not gauge.fits(1.04 * diameter, 1.2 * diameter)
    assert not gauge.fits(0.8 * diameter, 0.96 * diameter)


def test_nothing_is_measured_where_the_capsule_is_not_seen() -> None:
    image = np.full((500, 500), 128, np.uint8)
    assert np.isnan(capsule_widths(image, Keypoints.absent(500, 500))).all()


def test_an_empty_image_has_no_capsule() -> None:
    _, keypoints = band(35.0, 0.7)
    assert np.isnan(capsule_widths(np.full((800, 800), 128, np.uint8), keypoints)).all()


def seen(*widths: float) -> np.ndarray:
    """What one frame shows (m)."""
    return np.concatenate([np.repeat(widths, 2).reshape(-1, 2), NOT_MEASURED[len(widths) :]])


def test_every_capsule_fits_before_the_gauge_has_enough_frames() -> None:
    gauge = CapsuleGauge()
    for width in [math.nan, 0.1] + [0.006] * 8:
        gauge.update(seen(width))
        assert gauge.fits(0.002, 0.003)
    gauge.update(seen(0.006))
    assert not gauge.fits(0.002, 0.003)
    assert gauge.fits(0.0059, 0.0061)


def test_a_full_gauge_asks_for_one_frame_in_eight() -> None:
    gauge = CapsuleGauge()
    asked = []
    for _ in range(45 + 16):
        asked.append(gauge.due)
        gauge.update(seen(0.006))
    assert all(asked[:45])
    assert sum(asked[45:]) == 2


def test_a_pigtail_along_the_capsule_does_not_hide_its_edges() -> None:
    procedure, gauge = LiveProcedure(975_054, 512), CapsuleGauge()
    for _ in range(45):
        found = procedure.truth().keypoints
        # The network takes CM and CD to lie towards the pigtail there.
        towards = {Landmark.CM: np.array([-1.5, 1.1]), Landmark.CD: np.array([-0.9, 0.6])}
        for landmark, px in towards.items():
            found.xy[landmark] += px
        widths = capsule_widths(np.asarray(procedure.image(), dtype=np.uint8), found)
        gauge.update(widths * procedure.geometry.metres_per_px)
        procedure.step(1.0 / 15.0, Command())
    diameter = 1e-3 * procedure.scene.device.capsule_width
    assert gauge.fits(0.94 * diameter, 1.06 * diameter)


@pytest.mark.parametrize(
    ("widths", "doubtful"),
    [
        ([(0.006,)], False),
        ([(0.006,), (0.0078,), (0.0078,)], False),  # a catheter beside it hides its edges in most frames
        ([(0.0078, 0.006)], False),  # and in none
        ([(0.0042,), (0.006, 0.0042), (0.006,)], False),  # what is folded inside
        ([(0.0066,)], True),
        ([(0.0066,), (0.0078, 0.0066), (0.0078, 0.0066)], True),
        ([(0.0042,)], True),
    ],
)
def test_the_calibration_is_doubted_where_no_capsule_fits_what_is_seen(widths, doubtful) -> None:
    gauge = CapsuleGauge()
    for index in range(45):
        gauge.update(seen(*widths[index % len(widths)]))
    verdict = judge(ANNULUS_RULES, AnnulusEvidence(located=True, capsule=gauge), TrackingConfig())
    assert ("capsule width" in verdict.rules) == doubtful


@pytest.mark.parametrize("side", [256, 512, 576, 660, 880, 960, 1000, 1024, 2048])
def test_the_width_is_measured_in_images_of_any_size(side: int) -> None:
    image, found = band(0.03 * side, 0.4, side)
    assert capsule_widths(image, found)[0, 1] == pytest.approx(0.03 * side, abs=2.5)
