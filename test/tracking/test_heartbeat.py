"""What swings with the heart is told from breath and noise, and what sways against the pigtail is learned."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavi_perception.landmarks import Landmark
from tavi_perception.tracking.annulus import AnnulusTracker
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.heartbeat import HeartBeat, cardiac_motion_of

CONFIG = TrackingConfig()


def components(rate_hz, frame_rate=15.0, seconds=12.0, amplitude=30.0):
    """(n,) times and (n, 4) what a point shows that swings along y."""
    beat, found = HeartBeat(), []
    times = np.arange(round(seconds * frame_rate)) / frame_rate
    for time in times:
        beat.update(np.array([200.0, 300.0 + amplitude * math.sin(math.tau * rate_hz * time)]), time)
        found.append(beat.components)
    return times, np.array(found)


@given(frame_rate=st.floats(7.0, 30.0), rate_hz=st.floats(0.9, 1.6))
@settings(max_examples=20, deadline=None)
def test_the_beat_is_seen_about_in_its_size_and_a_quarter_later_at_any_frame_rate(frame_rate, rate_hz):
    times, found = components(rate_hz, frame_rate)
    settled = times > 4.0
    swing = np.column_stack([np.sin(math.tau * rate_hz * times), np.cos(math.tau * rate_hz * times)])
    now, later = (np.linalg.lstsq(swing[settled], found[settled, k], rcond=None)[0] for k in (1, 3))
    assert 15.0 < math.hypot(*now) < 50.0
    assert 15.0 < math.hypot(*later) < 50.0
    turn = math.degrees(math.atan2(*now[::-1]) - math.atan2(*later[::-1])) % 360.0
    assert turn == pytest.approx(90.0, abs=45.0)
    assert np.allclose(found[:, [0, 2]], 0.0)


def test_breathing_hardly_shows():
    times, breath = components(0.25)
    _, heart = components(1.25)
    settled = times > 4.0
    assert np.abs(breath[settled]).max() < 0.2 * np.abs(heart[settled]).max()


def test_a_point_that_stands_still_or_is_not_seen_shows_no_beat():
    beat = HeartBeat()
    for i in range(30):
        beat.update(np.array([200.0, 300.0]) if i % 3 else None, i / 15)
    assert np.array_equal(beat.components, np.zeros(4))


def test_the_beat_dies_away_where_the_point_is_lost():
    beat = HeartBeat()
    for i in range(30):
        beat.update(np.array([200.0, 300.0 + 30 * math.sin(i / 2)]), i / 15)
    before = np.hypot(*beat.components[1::2])
    beat.update(None, 31.0 / 15 + 1.0)
    assert np.hypot(*beat.components[1::2]) < 0.05 * before


def test_a_sway_is_learned_from_noisy_places_with_a_few_bad_ones():
    rng = np.random.default_rng(3)
    _, beats = components(1.1, seconds=10.0)
    true = np.array([[0.0, 0.03, 0.0, 0.06], [0.0, -0.05, 0.0, 0.02]])
    places = np.array([40.0, -20.0]) + beats @ true.T + rng.normal(0.0, 0.5, (len(beats), 2))
    places[::17] += 60.0
    found = cardiac_motion_of(places, beats, sigma=0.5, expected=0.05)
    error = found.at(beats) - beats @ true.T
    assert np.sqrt(np.mean(error**2)) < 0.3 * np.sqrt(np.mean((beats @ true.T) ** 2))
    assert found.variance(beats[-1]) > 0.0


def test_nothing_is_learned_where_nothing_beats():
    places = np.random.default_rng(3).normal(0.0, 1.0, (40, 2))
    found = cardiac_motion_of(places, np.zeros((40, 4)), sigma=1.0, expected=0.05)
    assert np.array_equal(found.by_beat, np.zeros((2, 4)))
    assert np.allclose(found.covariance, 0.05**2 * np.eye(4))


def test_two_injections_that_taught_nothing_leave_as_much_open_as_one():
    one = cardiac_motion_of(np.zeros((10, 2)), np.zeros((10, 4)), sigma=1.0, expected=0.05)
    assert np.allclose(one.joined(one, 0.5).covariance, one.covariance)


def swaying(scene, time, **changes):
    """The root beats by 60 px, and the pigtail follows all of it but 4 px, a quarter of a beat late."""
    heart = math.tau * 1.2 * time
    x, y = scene.origin
    late = -2.0 * math.cos(heart)
    px, py = scene.pigtail
    return scene.but(origin=(x, y + 30.0 * math.sin(heart)), pigtail=(px, py + late), **changes)


def test_the_annulus_sways_against_the_pigtail_after_contrast_as_it_did_before(scene, geometry):
    tracker, errors = AnnulusTracker(), []
    for i in range(150):
        time, contrast = i / 15, 30 <= i < 90
        now = swaying(scene, time, contrast=contrast)
        annulus = tracker.update(now.keypoints(), time, geometry, CONFIG)
        if i >= 105:
            errors.append((annulus.x - now.origin[0], annulus.y - now.origin[1]))
    unlearned = 2.0 / math.sqrt(2.0)
    assert np.sqrt(np.mean(np.square(errors).sum(axis=1))) < 0.5 * unlearned


def test_what_the_sway_leaves_open_is_stated(scene, geometry):
    """Of few frames less is known: the standard deviation grows with the motion."""
    stated = []
    for frames in (6, 60):
        tracker = AnnulusTracker()
        for i in range(100 + frames):
            time = i / 15
            seen = swaying(scene, time, contrast=40 <= i < 40 + frames).keypoints()
            annulus = tracker.update(seen, time, geometry, CONFIG)
        stated.append(annulus.covariance[1, 1])
    assert seen.present[Landmark.PT]
    assert stated[0] > stated[1]
