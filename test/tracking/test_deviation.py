import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import AnnulusFrame, DepthReference, Reason, Stage
from tavi_perception.landmarks import CATHETER, COUNT, Landmark
from tavi_perception.tracking.annulus import annulus_from
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.deviation import deviation_from

CONFIG = TrackingConfig(sheathed_length=0.0612)
EXACT = replace(CONFIG, calibration_sigma=0.0, view_tilt=0.0)
"""Nothing is hidden by the projection."""

poses = {
    "turn": st.floats(-3.1, 3.1),
    "side": st.sampled_from([1, -1]),
    "origin": st.tuples(st.floats(300, 700), st.floats(300, 700)),
}
devices = {
    "depth": st.floats(-40.0, 60.0),
    "lateral": st.floats(-40.0, 40.0),
    "lean": st.floats(-0.6, 0.6),
}


def deviation_of(scene, geometry, config=CONFIG, **seen):
    keypoints = scene.keypoints(**seen)
    return deviation_from(keypoints, annulus_from(keypoints, geometry, config), geometry, config)


@given(**poses, **devices)
@settings(max_examples=100, deadline=None)
def test_depth_lateral_and_angle_are_the_device_s_in_any_pose_of_the_image(scene, geometry, **placed):
    placed_scene = scene.but(**placed)
    deviation = deviation_of(placed_scene, geometry)
    assert deviation.depth == pytest.approx(placed["depth"] * scene.metres_per_px, abs=1e-9)
    assert deviation.lateral == pytest.approx(placed["lateral"] * scene.metres_per_px, abs=1e-9)
    assert deviation.angle == pytest.approx(placed["lean"], abs=1e-9)


@given(**poses, **devices)
@settings(max_examples=50, deadline=None)
def test_a_mirrored_image_gives_the_same_deviation(scene, geometry, **placed):
    keypoints = scene.but(**placed).keypoints()
    mirrored = replace(keypoints, xy=keypoints.xy * [-1.0, 1.0] + [999.0, 0.0])
    first, second = (
        deviation_from(k, annulus_from(k, geometry, CONFIG), geometry, CONFIG) for k in (keypoints, mirrored)
    )
    for name in ("depth", "depth_sigma", "lateral", "lateral_sigma", "angle", "angle_sigma"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=1e-9)


@given(scale=st.floats(0.25, 3.0))
@settings(max_examples=30, deadline=None)
def test_an_image_of_another_resolution_gives_the_same_metres(scene, geometry, scale):
    keypoints = scene.keypoints()
    scaled = replace(
        keypoints,
        width=round(1000 * scale),
        height=round(1000 * scale),
        xy=keypoints.xy * round(1000 * scale) / 1000,
        covariance=keypoints.covariance * (round(1000 * scale) / 1000) ** 2,
    )
    first, second = (
        deviation_from(k, annulus_from(k, geometry, CONFIG), geometry, CONFIG) for k in (keypoints, scaled)
    )
    assert second.depth == pytest.approx(first.depth)
    assert second.lateral_sigma == pytest.approx(first.lateral_sigma)


def test_depth_is_positive_in_the_ventricle_and_counts_against_the_target(scene, geometry):
    deviation = deviation_of(scene.but(depth=20.0), geometry)
    assert deviation.depth == pytest.approx(0.0034)
    assert deviation.depth_error == pytest.approx(0.0004)


@pytest.mark.parametrize(("depth_mm", "within"), [(0.9, False), (1.1, True), (4.9, True), (5.1, False)])
def test_tolerance_is_around_the_target(scene, geometry, depth_mm, within):
    deviation = deviation_of(scene.but(depth=depth_mm / 0.17), geometry)
    assert (deviation.valid, deviation.within_tolerance) == (True, within)


def test_an_invalid_deviation_is_never_within_tolerance(scene, geometry):
    deviation = deviation_of(scene.but(sigma=15.0), geometry)
    assert abs(deviation.depth_error) < CONFIG.depth_tolerance
    assert not deviation.within_tolerance


@pytest.mark.parametrize("edge", [False, True])
def test_stated_sigmas_match_the_scatter_of_noisy_landmarks_and_annulus(scene, geometry, edge):
    rng = np.random.default_rng(11)
    device = scene.but(sigma=2.0, edge=edge, extraction=0.5 if edge else 0.0, lean=0.3, lateral=20.0)
    annulus = annulus_from(device.keypoints(), geometry, CONFIG)
    keypoints = device.keypoints()
    stated = deviation_from(keypoints, annulus, geometry, EXACT)
    samples = []
    for _ in range(2500):
        noisy = replace(keypoints, xy=keypoints.xy + rng.normal(0.0, 2.0, (COUNT, 2)))
        dx, dy, turn = rng.multivariate_normal(np.zeros(3), annulus.covariance)
        shifted = replace(annulus, x=annulus.x + dx, y=annulus.y + dy, angle=annulus.angle + turn)
        sample = deviation_from(noisy, shifted, geometry, CONFIG)
        samples.append((sample.depth, sample.lateral, sample.angle))
    scatter = np.std(samples, axis=0)
    assert (stated.depth_sigma, stated.lateral_sigma, stated.angle_sigma) == pytest.approx(scatter, rel=0.06)


def test_landmarks_are_given_in_annulus_coordinates_and_unknown_where_not_seen(scene, geometry):
    deviation = deviation_of(scene, geometry)
    seen = [p for p in Landmark if p not in (Landmark.FE1, Landmark.FE2)]
    expected = scene.annulus_points()[seen] * scene.metres_per_px
    assert np.allclose(deviation.landmarks[seen, :2], expected)
    assert (deviation.landmarks[seen, 2] == 0.0).all()
    assert np.isnan(deviation.landmarks[[Landmark.FE1, Landmark.FE2]]).all()


def test_inflow_edge_is_the_reference_once_both_corners_are_seen(scene, geometry):
    deviation = deviation_of(scene.but(edge=True, extraction=0.5, edge_tilt=12.0), geometry)
    assert deviation.reference is DepthReference.STENT
    assert deviation.depth == pytest.approx(20.0 * scene.metres_per_px)
    assert deviation.stent_tilt == pytest.approx(12.0 * scene.metres_per_px)
    assert math.isnan(deviation_of(scene, geometry).stent_tilt)


@pytest.mark.parametrize("extraction", [0.0, 0.03, 0.06, 0.12])
def test_depth_stays_while_the_capsule_withdraws_and_the_inflow_edge_is_not_seen_yet(
    scene, geometry, extraction
):
    deviation = deviation_of(scene.but(extraction=extraction), geometry)
    noise = CONFIG.extraction_noise * scene.sheathed * scene.metres_per_px
    assert deviation.valid and deviation.reference is DepthReference.CAPSULE
    assert deviation.depth == pytest.approx(deviation_of(scene, geometry).depth, abs=1.2 * noise)


@pytest.mark.parametrize("hidden", [(Landmark.CM,), (Landmark.CM, Landmark.CP), (Landmark.CP, Landmark.CT)])
def test_another_segment_of_the_catheter_stands_in_for_a_hidden_one(scene, geometry, hidden):
    deviation = deviation_of(scene, geometry, hide=hidden)
    assert deviation.valid
    assert deviation.angle == pytest.approx(scene.lean)


@pytest.mark.parametrize(
    ("changes", "seen", "reason"),
    [
        ({"contrast": False}, {}, Reason.NO_ANNULUS),
        ({}, {"hide": (Landmark.CD,)}, Reason.DEVICE_NOT_VISIBLE),
        ({}, {"hide": (Landmark.CP, Landmark.CM, Landmark.CT)}, Reason.DEVICE_NOT_VISIBLE),
        ({}, {"hide": CATHETER}, Reason.DEVICE_NOT_VISIBLE),
        ({"lean": 1.55}, {}, Reason.DEVICE_NOT_VISIBLE),
        ({"sigma": 12.0}, {}, Reason.LOW_CONFIDENCE),
        ({"sheathed": 700.0}, {}, Reason.IMPLAUSIBLE_GEOMETRY),
        (
            {"sheathed": 60.0},
            {},
            Reason.IMPLAUSIBLE_GEOMETRY | Reason.DEVICE_NOT_VISIBLE | Reason.LOW_CONFIDENCE,
        ),
        ({"extraction": 0.3}, {}, Reason.DEVICE_NOT_VISIBLE),
        ({"diameter": 220.0}, {}, Reason.IMPLAUSIBLE_GEOMETRY),
        ({"lean": math.pi + 0.1}, {}, Reason.IMPLAUSIBLE_GEOMETRY),
    ],
)
def test_each_defect_makes_the_deviation_invalid_with_its_reason(scene, geometry, changes, seen, reason):
    deviation = deviation_of(scene.but(**changes), geometry, **seen)
    assert not deviation.valid
    assert deviation.reasons == reason


def test_a_depth_beyond_reach_is_implausible(scene, geometry):
    keypoints = scene.keypoints()
    annulus = annulus_from(keypoints, geometry, CONFIG)
    deviation = deviation_from(keypoints, annulus, geometry, CONFIG, depth_range=(0.0, 0.001))
    assert deviation.reasons == Reason.IMPLAUSIBLE_GEOMETRY


def test_unknown_covariance_is_low_confidence(scene, geometry):
    keypoints = scene.keypoints()
    annulus = replace(annulus_from(keypoints, geometry, CONFIG), covariance=np.full((3, 3), np.nan))
    assert deviation_from(keypoints, annulus, geometry, CONFIG).reasons == Reason.LOW_CONFIDENCE


def test_exact_truth_is_valid_with_sigmas_of_zero(scene, geometry):
    deviation = deviation_of(scene.but(sigma=0.0), geometry, EXACT)
    assert deviation.valid
    assert deviation.depth_sigma == 0.0


def test_what_the_projection_hides_grows_with_depth_and_lateral(scene, geometry):
    device = scene.but(sigma=0.0, depth=-100.0, lateral=20.0, lean=0.0)
    found = deviation_of(device, geometry)
    share = math.hypot(CONFIG.calibration_sigma, 1.0 - math.cos(CONFIG.view_tilt))
    assert found.depth_sigma == pytest.approx(share * 100.0 * scene.metres_per_px)
    assert found.lateral_sigma == pytest.approx(share * 20.0 * scene.metres_per_px)


def test_an_annulus_that_was_never_made_is_no_annulus(scene, geometry):
    deviation = deviation_from(scene.keypoints(), AnnulusFrame(), geometry, CONFIG)
    assert deviation.reasons == Reason.NO_ANNULUS


def test_uncalibrated_gives_no_metres_but_angle_and_stage(scene):
    config = TrackingConfig()
    geometry = uncalibrated(1000, 1000)
    deviation = deviation_of(scene.but(edge=True, extraction=0.5), geometry, config)
    assert deviation.reasons == Reason.UNCALIBRATED
    assert math.isnan(deviation.depth)
    assert np.isnan(deviation.landmarks).all()
    assert deviation.angle == pytest.approx(scene.lean)
    assert deviation.stage is Stage.DEPLOYMENT


@given(
    seen=st.lists(st.booleans(), min_size=COUNT, max_size=COUNT),
    sigma=st.sampled_from([0.0, 1.0, 5.0, 20.0, math.nan]),
    calibrated=st.booleans(),
    places=st.lists(st.floats(-300, 300), min_size=2 * COUNT, max_size=2 * COUNT),
    spoil=st.floats(0.0, 1.0),
)
@settings(max_examples=200, deadline=None)
def test_valid_means_no_reason_and_no_unknown_number(scene, geometry, seen, sigma, calibrated, places, spoil):
    hidden = tuple(p for p in Landmark if not seen[p])
    shift = {p: (spoil * places[2 * p], spoil * places[2 * p + 1]) for p in Landmark}
    keypoints = scene.but(sigma=sigma, edge=True).keypoints(hide=hidden, shift=shift)
    carm = geometry if calibrated else uncalibrated(1000, 1000)
    annulus = annulus_from(keypoints, carm, CONFIG)
    deviation = deviation_from(keypoints, annulus, carm, CONFIG)
    assert annulus.valid == (annulus.reasons == Reason.NONE)
    assert deviation.valid == (deviation.reasons == Reason.NONE)
    if annulus.valid:
        numbers = [annulus.x, annulus.y, annulus.angle, *annulus.covariance.flat, *annulus.orientation]
        assert np.isfinite(numbers).all()
    if deviation.valid:
        assert calibrated
        assert annulus.valid
        numbers = [deviation.depth, deviation.depth_sigma, deviation.depth_error, deviation.lateral]
        numbers += [deviation.lateral_sigma, deviation.angle, deviation.angle_sigma]
        assert np.isfinite(numbers).all()
