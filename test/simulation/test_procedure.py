"""A scripted procedure is a deterministic, calibrated source of frames with a consistent truth."""

from __future__ import annotations

import numpy as np
import pytest

from tavi_perception.estimates import AnnulusSource, Stage
from tavi_perception.landmarks import ANNULUS, FRAME_EDGE, Landmark
from tavi_perception.simulation.delivery import draw_delivery
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import BENCHMARK_START, TRAINING, VALIDATION


def test_same_seed_gives_the_same_bytes(procedure: RenderedProcedure) -> None:
    again = RenderedProcedure(BENCHMARK_START, duration=4.0, frame_rate=10.0, size=500)
    for index in (0, 5, 33):
        assert again.frame(index).image.tobytes() == procedure.frame(index).image.tobytes()


def test_another_seed_gives_another_image(procedure: RenderedProcedure) -> None:
    other = RenderedProcedure(BENCHMARK_START + 1, duration=4.0, frame_rate=10.0, size=500)
    assert (other.frame(0).image != procedure.frame(0).image).mean() > 0.5


def test_iteration_gives_every_frame_in_order_of_time(procedure: RenderedProcedure) -> None:
    frames = list(procedure)
    assert len(frames) == procedure.frame_count == 40
    assert [frame.time for frame in frames] == pytest.approx([index / 10 for index in range(40)])
    assert all(frame.image.shape == (500, 500) and frame.image.dtype == np.uint8 for frame in frames)


def test_annulus_diameter_in_metres_agrees_with_its_pixels(procedure: RenderedProcedure) -> None:
    annulus = procedure.truth(3).annulus
    assert 0.017 <= annulus.diameter <= 0.030


def test_calibration_agrees_with_the_drawn_capsule() -> None:
    """The canvas of the capsule alone is 6 mm wide across its middle."""
    procedure = RenderedProcedure(BENCHMARK_START + 2, duration=1.0)
    scene = procedure._scene
    canvas = np.zeros((1000, 1000), dtype=np.uint8)
    state = DeviceState(advance=0.0)
    draw_delivery(
        canvas, Layer(1000), scene.device, state, scene.route, np.zeros((2, 2)), scene.patient.scale
    )
    middle = -0.3 * scene.device.capsule_length
    offsets = np.arange(-40, 40.1, 0.1)
    points = np.round(scene.route.at(middle) + offsets[:, None] * scene.route.lateral_at(middle)).astype(int)
    width_px = (canvas[points[:, 1], points[:, 0]] > 20).sum() * 0.1
    assert width_px * procedure.geometry.metres_per_px == pytest.approx(0.006, abs=0.0004)


def test_course_runs_from_positioning_to_release(procedure: RenderedProcedure) -> None:
    stages = [procedure.truth(index).deviation.stage for index in range(procedure.frame_count)]
    assert stages[0] is Stage.POSITIONING
    assert stages[-1] is Stage.RELEASED
    assert stages == sorted(stages)


def test_contrast_shows_the_root_early_and_again_before_the_release(procedure: RenderedProcedure) -> None:
    shown = [
        bool(procedure.truth(index).keypoints.present[list(ANNULUS)].all())
        for index in range(procedure.frame_count)
    ]
    changes = np.flatnonzero(np.diff(np.array([False, *shown, False]).astype(int)))
    assert len(changes) == 4
    assert changes[0] < 0.1 * len(shown)
    assert procedure.truth(int(changes[2])).deviation.stage is Stage.DEPLOYMENT


def test_annulus_is_known_without_contrast(procedure: RenderedProcedure) -> None:
    truth = procedure.truth(12)
    assert not truth.keypoints.present[Landmark.AA1]
    assert truth.annulus.valid
    assert truth.annulus.source is AnnulusSource.PIGTAIL
    assert truth.annulus.contrast_age > 0


def test_annulus_y_axis_points_into_the_ventricle(procedure: RenderedProcedure) -> None:
    truth = procedure.truth(15)
    local = truth.annulus.to_annulus(truth.keypoints.xy)
    assert local[Landmark.CT, 1] > local[Landmark.CD, 1] > local[Landmark.CP, 1]


def test_depth_is_that_of_the_frame_edge_once_it_is_out(procedure: RenderedProcedure) -> None:
    truth = procedure.truth(30)
    corners = truth.annulus.to_annulus(truth.keypoints.xy)[list(FRAME_EDGE), 1]
    expected = corners.mean() * procedure.geometry.metres_per_px
    assert truth.deviation.depth == pytest.approx(expected, abs=1e-6)


def test_pigtail_moves_with_the_root(procedure: RenderedProcedure) -> None:
    offsets = [
        procedure.truth(index).keypoints.xy[Landmark.PT]
        - [procedure.truth(index).annulus.x, procedure.truth(index).annulus.y]
        for index in (0, 7, 20, 39)
    ]
    assert np.ptp(np.array(offsets), axis=0).max() < 1e-9
    positions = [procedure.truth(index).keypoints.xy[Landmark.PT] for index in range(20)]
    assert np.ptp(np.array(positions), axis=0).max() > 1.0


def test_frame_outside_the_procedure_is_refused(procedure: RenderedProcedure) -> None:
    with pytest.raises(IndexError, match="frames 0 to 39"):
        procedure.truth(40)


def test_length_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="must all be positive"):
        RenderedProcedure(BENCHMARK_START, duration=0.0)


def test_seed_ranges_do_not_overlap() -> None:
    assert max(TRAINING) < min(VALIDATION)
    assert max(VALIDATION) < BENCHMARK_START
