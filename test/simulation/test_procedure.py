"""A scripted procedure is a deterministic, calibrated source of frames with a consistent truth."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavi_perception.estimates import AnnulusSource, Stage
from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.distributions import Chance, LogUniform, Normal, Uniform
from tavi_perception.simulation.documentation import field_texts
from tavi_perception.simulation.labels import Grade
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.robot import Command
from tavi_perception.simulation.samples import samples
from tavi_perception.simulation.seeds import DEMO_SEED


def test_same_seed_gives_the_same_bytes(procedure: RenderedProcedure) -> None:
    again = RenderedProcedure(DEMO_SEED, duration=8.0, frame_rate=5.0, size=500)
    for index in (33, 0, 5):
        assert again.frame(index).image.tobytes() == procedure.frame(index).image.tobytes()


def test_another_seed_gives_another_image(procedure: RenderedProcedure) -> None:
    other = RenderedProcedure(DEMO_SEED + 1, duration=8.0, frame_rate=5.0, size=500)
    assert (other.frame(0).image != procedure.frame(0).image).mean() > 0.5


def test_iteration_gives_every_frame_in_order_of_time(procedure: RenderedProcedure) -> None:
    frames = list(procedure)
    assert len(frames) == procedure.frame_count == 40
    assert [frame.time for frame in frames] == pytest.approx([index / 5 for index in range(40)])
    assert all(frame.image.shape == (500, 500) and frame.image.dtype == np.uint8 for frame in frames)


@pytest.mark.parametrize("size", [512, 1000, 1024])
def test_size_of_the_images_is_the_wanted_one(size: int) -> None:
    procedure = RenderedProcedure(DEMO_SEED, duration=1.0, size=size)
    assert procedure.frame(0).image.shape == (size, size)
    geometry = procedure.geometry
    assert (geometry.image_width, geometry.image_height) == (size, size)


def test_sixteen_bits_hold_the_same_frame_in_finer_steps() -> None:
    fine = RenderedProcedure(DEMO_SEED, duration=1.0, size=256, bits=16)
    assert fine.image(0).dtype == np.uint16
    assert fine.image(0).max() > 255
    assert fine.frame(0).image.dtype == np.uint8


def test_course_runs_from_positioning_to_release(procedure: RenderedProcedure) -> None:
    stages = [procedure.truth(index).deviation.stage for index in range(procedure.frame_count)]
    assert stages[0] is Stage.POSITIONING
    assert stages[-1] is Stage.RELEASED
    assert stages == sorted(stages)


def test_operator_brings_the_device_close_to_the_target(procedure: RenderedProcedure) -> None:
    depths = [procedure.truth(index).spatial_depth for index in range(15, 17)]
    assert np.mean(depths) == pytest.approx(0.003, abs=0.002)


def test_contrast_shows_the_root_early_and_again_before_the_release() -> None:
    procedure = RenderedProcedure(DEMO_SEED + 1, duration=20.0, frame_rate=5.0, size=256)
    shown = [
        bool(procedure.truth(index).keypoints.present[list(ANNULUS)].all())
        for index in range(procedure.frame_count)
    ]
    changes = np.flatnonzero(np.diff(np.array([False, *shown, False]).astype(int)))
    assert len(changes) == 4
    assert changes[0] < 0.1 * len(shown)
    assert procedure.truth(int(changes[2])).deviation.stage is Stage.DEPLOYMENT


def test_annulus_is_known_without_contrast() -> None:
    procedure = RenderedProcedure(DEMO_SEED + 1, duration=20.0, frame_rate=5.0, size=256)
    truth = procedure.truth(40)
    assert truth.grades[Landmark.AA1] == Grade.HIDDEN
    assert truth.annulus.valid
    assert truth.annulus.source is AnnulusSource.PIGTAIL
    assert truth.annulus.contrast_age > 0


def test_pigtail_stays_with_the_root_while_both_move(procedure: RenderedProcedure) -> None:
    places = [procedure.truth(index) for index in range(0, 40, 3)]
    apart = np.array([t.points_mm[Landmark.PT] - t.points_mm[list(ANNULUS)].mean(axis=0) for t in places])
    moved = np.array([t.points_mm[Landmark.PT] for t in places])
    assert np.ptp(apart, axis=0).max() < 2.5 < np.ptp(moved, axis=0).max()


def test_frame_outside_the_procedure_is_refused(procedure: RenderedProcedure) -> None:
    with pytest.raises(IndexError, match="frames 0 to 39"):
        procedure.truth(40)


def test_length_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="must all be positive"):
        RenderedProcedure(DEMO_SEED, duration=0.0)


def test_same_commands_give_the_same_bytes_and_others_another_course() -> None:
    first, second, other = (LiveProcedure(DEMO_SEED, size=128) for _ in range(3))
    for live, velocity in ((first, 5.0), (second, 5.0), (other, -5.0)):
        live.inject()
        for _ in range(10):
            live.step(1 / 15, Command(advance_velocity_mm_s=velocity, hold=False))
    assert first.image().tobytes() == second.image().tobytes()
    assert first.truth().spatial_depth > other.truth().spatial_depth + 0.003


def test_advance_deepens_the_device() -> None:
    live = LiveProcedure(DEMO_SEED, size=128)
    before = live.robot.depth_mm
    for _ in range(30):
        live.step(1 / 15, Command(advance_velocity_mm_s=4.0, hold=False))
    assert 5.0 < live.robot.depth_mm - before < 8.0


def test_injection_shows_the_root_and_clears_again() -> None:
    live = LiveProcedure(DEMO_SEED + 1, size=128)
    live.inject()
    shown = []
    for _ in range(120):
        live.step(1 / 15, Command())
        shown.append(bool(live.truth().keypoints.present[Landmark.AA1]))
    assert any(shown[:30])
    assert not shown[-1]


def test_independent_samples_of_a_patient_are_the_same_each_time_and_differ_in_stage() -> None:
    once, again = list(samples(5, 128, 6)), list(samples(5, 128, 6))
    assert all(a.tobytes() == b.tobytes() for (a, _), (b, _) in zip(once, again, strict=True))
    assert len({truth.grades.tobytes() for _, truth in once}) > 1


def _corner(config: SimulationConfig, rng: np.random.Generator) -> SimulationConfig:
    """The configuration with every distribution narrowed to one of its ends."""
    groups = {}
    for group in fields(config):
        values = getattr(config, group.name)
        ends = {
            field.name: end
            for field in fields(values)
            if (end := _end(getattr(values, field.name), rng)) is not None
        }
        groups[group.name] = replace(values, **ends)
    return replace(config, **groups)


def _end(distribution: object, rng: np.random.Generator) -> object:
    match distribution:
        case Uniform(low, high) | LogUniform(low, high):
            end = low if rng.random() < 0.5 else high
            return type(distribution)(end, end)
        case Normal(_, _, low, high):
            end = low if rng.random() < 0.5 else high
            return Normal(end, 0.0, end, end)
        case Chance(p):
            return Chance(float(rng.random() < 0.5) if 0.0 < p < 1.0 else p)
    return None


@given(seed=st.integers(0, 2**31))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_corners_of_the_configuration_render_with_labels_within_their_rules(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config = SimulationConfig()
    # The angles decide whether the annulus can be seen from the side at all: they stay as they are.
    corner = _corner(config, rng)
    root = replace(corner.root, angulation=config.root.angulation, azimuth=config.root.azimuth)
    corner = replace(corner, view=config.view, root=root)
    for image, truth in samples(seed, 96, 2, corner):
        assert image.shape == (96, 96)
        assert image.dtype == np.uint8
        shown = truth.keypoints.present
        assert (shown == (truth.grades >= Grade.FAINT)).all()
        assert ((truth.keypoints.xy[shown] >= 0) & (truth.keypoints.xy[shown] <= 95)).all()
        assert np.isnan(truth.keypoints.xy[~shown]).all()


def test_every_field_of_the_configuration_says_what_it_means() -> None:
    config = SimulationConfig()
    for group in fields(config):
        texts = field_texts(type(getattr(config, group.name)))
        assert all(texts.values()), [name for name, text in texts.items() if not text]
