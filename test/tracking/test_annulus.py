import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import AnnulusSource, Reason
from tavi_perception.landmarks import ANNULUS, JUNCTION, Landmark
from tavi_perception.tracking.annulus import AnnulusTracker, annulus_from
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.pose import measured_pose

CONFIG = TrackingConfig()
turns = st.floats(-3.1, 3.1)
sides = st.sampled_from([1, -1])
RATE = 15.0


def after_injection(scene, geometry, frames=10):
    """A tracker that has just seen the last frame of an injection, and the stamp of that frame."""
    tracker = AnnulusTracker()
    stamps = 10.0 + np.arange(frames) / RATE
    for stamp in stamps:
        tracker.update(scene.keypoints(), stamp, geometry, CONFIG)
    return tracker, stamps[-1]


@given(turn=turns, side=sides, x=st.floats(300, 700), y=st.floats(300, 700))
@settings(max_examples=50, deadline=None)
def test_annulus_is_measured_from_both_hinge_points_in_any_pose(scene, geometry, turn, side, x, y):
    annulus = annulus_from(scene.but(turn=turn, side=side, origin=(x, y)).keypoints(), geometry, CONFIG)
    assert annulus.valid
    assert (annulus.x, annulus.y, annulus.angle) == pytest.approx((x, y, turn))
    assert annulus.ventricle_sign == side
    assert annulus.diameter == pytest.approx(scene.diameter * scene.metres_per_px)


@given(turn=turns, side=sides)
@settings(max_examples=50, deadline=None)
def test_orientation_has_x_along_the_annulus_and_y_into_the_ventricle(scene, geometry, turn, side):
    moved = scene.but(turn=turn, side=side)
    annulus = annulus_from(moved.keypoints(), geometry, CONFIG)
    axes = Rotation.from_quat(annulus.orientation).as_matrix()
    assert np.allclose(axes[:2, 0], [math.cos(turn), math.sin(turn)])
    assert np.allclose(axes[:2, 1], moved.in_image(np.array([0.0, 1.0])) - moved.origin)
    assert np.allclose(axes[:, 2], np.cross(axes[:, 0], axes[:, 1]))


def test_position_is_the_origin_at_the_depth_of_the_object(scene, geometry):
    annulus = annulus_from(scene.keypoints(), geometry, CONFIG)
    assert np.allclose(geometry.project(annulus.position), scene.origin)
    assert annulus.position[2] == geometry.source_to_object


def test_stated_covariance_matches_the_scatter_of_noisy_hinge_points(scene):
    rng = np.random.default_rng(1)
    noisy = [
        scene.but(sigma=2.0).keypoints(
            shift={p: tuple(rng.normal(0.0, 2.0, 2)) for p in (Landmark.AA1, Landmark.AA2)}
        )
        for _ in range(2500)
    ]
    poses = [measured_pose(k) for k in noisy]
    scatter = np.cov(np.array([[*p.origin, p.angle] for p in poses]).T)
    stated = measured_pose(scene.but(sigma=2.0).keypoints()).covariance
    assert np.sqrt(np.diag(stated)) == pytest.approx(np.sqrt(np.diag(scatter)), rel=0.06)


@pytest.mark.parametrize("side", [1, -1])
def test_catheter_tells_the_ventricle_when_the_junction_was_never_seen(scene, geometry, side):
    annulus = annulus_from(scene.but(side=side).keypoints(hide=JUNCTION), geometry, CONFIG)
    assert (annulus.valid, annulus.ventricle_sign) == (True, side)


def test_annulus_is_unknown_when_neither_junction_nor_catheter_tells_the_ventricle(scene, geometry):
    annulus = annulus_from(scene.keypoints(hide=(*JUNCTION, Landmark.CT)), geometry, CONFIG)
    assert annulus.reasons == Reason.NO_ANNULUS
    assert math.isnan(annulus.x)


def test_junction_is_remembered_when_it_is_hidden_and_the_catheter_points_elsewhere(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    turned = scene.but(lean=math.pi)
    annulus = tracker.update(turned.keypoints(hide=JUNCTION), last + 1 / RATE, geometry, CONFIG)
    assert annulus.ventricle_sign == scene.side


@pytest.mark.parametrize("diameter", [0.013, 0.037])
def test_an_annulus_of_impossible_size_is_implausible(scene, geometry, diameter):
    wrong = scene.but(diameter=diameter / scene.metres_per_px)
    assert annulus_from(wrong.keypoints(), geometry, CONFIG).reasons == Reason.IMPLAUSIBLE_GEOMETRY


def test_an_uncertain_origin_is_low_confidence(scene, geometry):
    annulus = annulus_from(scene.but(sigma=40.0).keypoints(), geometry, CONFIG)
    assert annulus.reasons == Reason.LOW_CONFIDENCE


def test_an_uncalibrated_annulus_is_valid_in_pixels_and_has_no_metres(scene):
    annulus = annulus_from(scene.keypoints(), uncalibrated(1000, 1000), CONFIG)
    assert annulus.valid
    assert (annulus.x, annulus.y) == pytest.approx(scene.origin)
    assert np.isfinite(annulus.orientation).all()
    assert math.isnan(annulus.diameter)
    assert np.isnan(annulus.position).all()


def test_pigtail_carries_the_annulus_after_contrast(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    moved = scene.but(contrast=False, origin=(545.0, 530.0))
    annulus = tracker.update(moved.keypoints(), last + 1.0, geometry, CONFIG)
    assert annulus.valid
    assert annulus.source is AnnulusSource.PIGTAIL
    assert (annulus.x, annulus.y, annulus.angle) == pytest.approx((545.0, 530.0, scene.turn))
    assert annulus.contrast_age == pytest.approx(1.0)
    assert annulus.diameter == pytest.approx(scene.diameter * scene.metres_per_px)


def test_contrast_age_is_zero_while_measured_and_unknown_before(scene, geometry):
    tracker = AnnulusTracker()
    before = tracker.update(scene.but(contrast=False).keypoints(), 1.0, geometry, CONFIG)
    during = tracker.update(scene.keypoints(), 1.1, geometry, CONFIG)
    assert math.isnan(before.contrast_age)
    assert before.reasons == Reason.NO_ANNULUS
    assert during.contrast_age == 0.0


def test_a_carried_annulus_grows_uncertain_with_time(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    after = scene.but(contrast=False).keypoints()
    spreads = [
        tracker.update(after, last + age, geometry, CONFIG).covariance.diagonal() for age in (1, 10, 50)
    ]
    assert (spreads[0] < spreads[1]).all()
    assert (spreads[1] < spreads[2]).all()


def test_scatter_during_the_injection_is_in_the_covariance_afterwards(scene, geometry):
    tracker = AnnulusTracker()
    rng = np.random.default_rng(5)
    for i in range(100):
        beat = tuple(rng.normal(0.0, 8.0, 2))
        keypoints = scene.keypoints(shift={Landmark.AA1: beat, Landmark.AA2: beat})
        tracker.update(keypoints, i / RATE, geometry, CONFIG)
    annulus = tracker.update(scene.but(contrast=False).keypoints(), 100 / RATE, geometry, CONFIG)
    assert np.sqrt(annulus.covariance.diagonal()[:2]) == pytest.approx([8.0, 8.0], rel=0.25)


def test_a_few_bad_frames_do_not_shift_the_binding(scene, geometry):
    tracker = AnnulusTracker()
    for i in range(20):
        bad = {Landmark.AA1: (60.0, 30.0)} if i in (4, 5, 11) else {}
        tracker.update(scene.keypoints(shift=bad), i / RATE, geometry, CONFIG)
    annulus = tracker.update(scene.but(contrast=False).keypoints(), 20 / RATE, geometry, CONFIG)
    assert (annulus.x, annulus.y) == pytest.approx(scene.origin, abs=0.01)


def test_binding_expires_with_its_own_reason(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    after = scene.but(contrast=False).keypoints()
    assert tracker.update(after, last + CONFIG.binding_timeout - 0.1, geometry, CONFIG).valid
    expired = tracker.update(after, last + CONFIG.binding_timeout + 0.1, geometry, CONFIG)
    assert expired.reasons == Reason.ANNULUS_EXPIRED
    assert math.isnan(expired.x)


def test_next_injection_revives_an_expired_annulus(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    for i in range(CONFIG.binding_frames + 2):
        tracker.update(scene.keypoints(), last + 100.0 + i / RATE, geometry, CONFIG)
    annulus = tracker.update(scene.but(contrast=False).keypoints(), last + 101.0, geometry, CONFIG)
    assert (annulus.valid, annulus.source) == (True, AnnulusSource.PIGTAIL)


@pytest.mark.parametrize("rate", [3.75, 15.0, 30.0])
@pytest.mark.parametrize(("shown_s", "replaced"), [(0.8, True), (0.3, False)])
def test_next_injection_replaces_the_binding_if_it_is_steady(scene, geometry, rate, shown_s, replaced):
    """Of each 0.8 s, contrast is shown for ``shown_s``."""
    tracker, last = after_injection(scene, geometry, frames=60)
    slipped = scene.but(pigtail=(-50.0, 40.0))
    frames = round(2.0 * CONFIG.pigtail_patience * rate)
    for i in range(frames):
        shown = slipped.but(contrast=i / rate % 0.8 < shown_s)
        tracker.update(shown.keypoints(), last + 10.0 + i / rate, geometry, CONFIG)
    after = slipped.but(contrast=False).keypoints()
    annulus = tracker.update(after, last + 10.0 + frames / rate, geometry, CONFIG)
    assert (math.dist((annulus.x, annulus.y), scene.origin) < 1.0) == replaced


def test_a_patience_that_is_changed_holds_for_the_injection_already_learned(scene, geometry):
    tracker, last = after_injection(scene, geometry, frames=60)
    slipped = scene.but(pigtail=(-50.0, 40.0))
    for i in range(12):
        tracker.update(slipped.keypoints(), last + 10.0 + i / RATE, geometry, CONFIG)
    after, stamp = slipped.but(contrast=False).keypoints(), last + 10.0 + 12 / RATE
    found = [
        tracker.update(after, stamp + i / RATE, geometry, replace(CONFIG, device_patience=patience))
        for i, patience in enumerate((CONFIG.device_patience, 0.5))
    ]
    off = [math.dist((each.x, each.y), scene.origin) for each in found]
    assert off[0] > 10.0 and off[1] < 1.0


def test_uncertain_hinge_points_do_not_overrule_what_certain_ones_taught(scene, geometry):
    tracker, last = after_injection(scene, geometry, frames=30)
    late = dict.fromkeys(ANNULUS, (10.0, 12.0))
    for i in range(1, 300):
        tracker.update(scene.but(sigma=3.0).keypoints(shift=late), last + i / RATE, geometry, CONFIG)
    annulus = tracker.update(scene.but(contrast=False).keypoints(), last + 300 / RATE, geometry, CONFIG)
    assert math.dist((annulus.x, annulus.y), scene.origin) < 2.0


def next_injection(tracker, scene, geometry, stamp, frames=CONFIG.binding_frames):
    """The last annulus of another injection, whose pigtail is misassociated."""
    elsewhere = scene.but(pigtail=(-40.0, -60.0))
    tracker.update(elsewhere.but(contrast=False).keypoints(), stamp + 5.0, geometry, CONFIG)
    for number in range(frames):
        at = stamp + 5.0 + (1 + number) / RATE
        found = tracker.update(elsewhere.keypoints(), at, geometry, CONFIG, contradicted=True)
    return found


def test_hinge_points_are_the_annulus_although_the_pigtail_contradicts_the_catheter(scene, geometry):
    tracker, stamp = after_injection(scene, geometry)
    found = next_injection(tracker, scene, geometry, stamp)
    assert found.valid and (found.x, found.y) == pytest.approx(scene.origin)


def test_hinge_points_without_a_pigtail_that_fits_need_as_many_frames_as_a_binding(scene, geometry):
    tracker, stamp = after_injection(scene, geometry)
    found = next_injection(tracker, scene, geometry, stamp, CONFIG.binding_frames - 1)
    assert found.reasons == Reason.LOW_CONFIDENCE


def test_a_misassociated_pigtail_teaches_no_binding(scene, geometry):
    tracker, stamp = after_injection(scene, geometry)
    next_injection(tracker, scene, geometry, stamp, 40)
    found = tracker.update(scene.but(contrast=False).keypoints(), stamp + 8.0, geometry, CONFIG)
    assert (found.x, found.y) == pytest.approx(scene.origin)


@pytest.mark.parametrize("hidden", [0, 20])
def test_a_pigtail_that_did_not_fit_where_it_was_seen_carries_no_annulus(scene, geometry, hidden):
    tracker, stamp = after_injection(scene, geometry)
    without, unseen = scene.but(contrast=False).keypoints(), scene.keypoints(hide=(Landmark.PT,))
    assert tracker.update(without, stamp + 1.0, geometry, CONFIG).valid
    next_injection(tracker, scene, geometry, stamp, 10)
    for i in range(hidden):
        tracker.update(unseen, stamp + 6.0 + i / RATE, geometry, CONFIG)
    assert tracker.update(without, stamp + 8.0, geometry, CONFIG).reasons == Reason.IDENTITY_DOUBTFUL


def test_a_pigtail_carries_the_annulus_again_once_an_injection_fits_it(scene, geometry):
    tracker, stamp = after_injection(scene, geometry)
    next_injection(tracker, scene, geometry, stamp, 10)
    for i in range(10):
        tracker.update(scene.keypoints(), stamp + 12.0 + i / RATE, geometry, CONFIG)
    assert tracker.update(scene.but(contrast=False).keypoints(), stamp + 13.0, geometry, CONFIG).valid


def test_before_any_injection_has_bound_it_nobody_knows_whether_pigtail_or_catheter_is_wrong(scene, geometry):
    tracker = AnnulusTracker()
    for number in range(10):
        found = tracker.update(scene.keypoints(), number / RATE, geometry, CONFIG, contradicted=number == 9)
    assert found.valid
    fresh = AnnulusTracker().update(scene.keypoints(), 0.0, geometry, CONFIG, contradicted=True)
    assert Reason.IDENTITY_DOUBTFUL in fresh.reasons


def test_without_pigtail_there_is_no_annulus_after_contrast(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    keypoints = scene.but(contrast=False).keypoints(hide=(Landmark.PT,))
    annulus = tracker.update(keypoints, last + 1 / RATE, geometry, CONFIG)
    assert annulus.reasons == Reason.NO_ANNULUS


def test_too_short_an_injection_binds_nothing(scene, geometry):
    tracker, last = after_injection(scene, geometry, frames=CONFIG.binding_frames - 1)
    annulus = tracker.update(scene.but(contrast=False).keypoints(), last + 1 / RATE, geometry, CONFIG)
    assert annulus.reasons == Reason.NO_ANNULUS


def test_a_bridged_hinge_point_is_not_a_measurement(scene, geometry):
    tracker = AnnulusTracker()
    keypoints = scene.keypoints()
    keypoints.measured[Landmark.AA2] = False
    assert tracker.update(keypoints, 0.0, geometry, CONFIG).reasons == Reason.NO_ANNULUS


def test_swapped_hinge_points_within_an_injection_are_implausible(scene, geometry):
    tracker, last = after_injection(scene, geometry)
    ends = scene.in_image(scene.annulus_points())[:2]
    swap = {Landmark.AA1: tuple(ends[1] - ends[0]), Landmark.AA2: tuple(ends[0] - ends[1])}
    annulus = tracker.update(scene.keypoints(shift=swap), last + 1 / RATE, geometry, CONFIG)
    assert annulus.reasons == Reason.IDENTITY_DOUBTFUL
    assert not annulus.valid
