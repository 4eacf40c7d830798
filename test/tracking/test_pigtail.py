"""The pigtail is followed against the catheter, and what is not the pigtail is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tavi_perception.landmarks import ANNULUS, Landmark
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.pigtail import PigtailFilter

CONFIG = TrackingConfig()
RATE = 15.0


def beat(time):
    """Motion of the heart (px): 110 px from end to end at 80 beats/min."""
    return 55.0 * math.sin(2 * math.pi * 80 / 60 * time)


def moved(scene, time, **changes):
    x, y = scene.origin
    return scene.but(origin=(x, y + beat(time)), **changes)


def follow(scene, begin=0.0, end=2.0, found=None, **seen):
    found = found or PigtailFilter()
    answers = []
    for i in range(round(begin * RATE), round(end * RATE)):
        time = i / RATE
        answers.append(found.update(moved(scene, time).keypoints(**seen), time, CONFIG))
    return found, answers


def pigtail_error(scene, answer, time):
    return math.dist(answer.xy[Landmark.PT], moved(scene, time).keypoints().xy[Landmark.PT])


def test_a_pigtail_that_beats_with_the_catheter_is_followed_without_lag(scene):
    _, answers = follow(scene)
    errors = [pigtail_error(scene, answer, i / RATE) for i, answer in enumerate(answers)]
    assert max(errors) == pytest.approx(0.0, abs=1e-6)


def test_noise_of_the_pigtail_is_averaged_although_the_heart_beats(scene):
    rng, found = np.random.default_rng(4), PigtailFilter()
    noise, errors = rng.normal(0.0, 5.0, (150, 2)), []
    for i, shift in enumerate(noise):
        shown = moved(scene.but(sigma=5.0), i / RATE).keypoints(shift={Landmark.PT: tuple(shift)})
        true = moved(scene, i / RATE).keypoints().xy[Landmark.PT]
        errors.append(found.update(shown, i / RATE, CONFIG).xy[Landmark.PT] - true)
    assert np.std(errors[15:]) < 0.8 * np.std(noise[15:])


def test_a_misassociated_pigtail_is_rejected_and_bridged(scene):
    found, _ = follow(scene)
    _, answers = follow(scene, 2.0, 2.4, found, shift={Landmark.PT: (80.0, -60.0)})
    for i, answer in enumerate(answers):
        assert answer.present[Landmark.PT] and not answer.measured[Landmark.PT]
        assert pigtail_error(scene, answer, 2.0 + i / RATE) < 1.0


def test_after_the_bridging_time_there_is_no_pigtail_until_it_is_back(scene):
    found, _ = follow(scene)
    _, answers = follow(scene, 2.0, 6.0, found, shift={Landmark.PT: (80.0, -60.0)}, hide=ANNULUS)
    assert not answers[-1].present[Landmark.PT]
    assert np.isnan(answers[-1].xy[Landmark.PT]).all()
    assert not found.slipped
    _, back = follow(scene, 6.0, 6.2 + CONFIG.pigtail_patience, found)
    assert not back[0].present[Landmark.PT]
    assert back[-1].measured[Landmark.PT]


def test_what_passes_by_where_a_lost_pigtail_was_is_not_taken_for_it(scene):
    found, _ = follow(scene)
    away = {"shift": {Landmark.PT: (80.0, -60.0)}, "hide": ANNULUS}
    follow(scene, 2.0, 3.4, found, **away)
    _, passing = follow(scene, 3.4, 3.8, found, hide=ANNULUS)
    _, answers = follow(scene, 3.8, 4.4, found, **away)
    assert not any(answer.present[Landmark.PT] for answer in passing + answers)
    _, back = follow(scene, 4.4, 6.0, found, hide=ANNULUS)
    assert pigtail_error(scene, back[-1], 6.0 - 1 / RATE) < 1.0


def test_a_pigtail_that_was_lost_for_long_is_accepted_after_an_injection_alone(scene):
    found, _ = follow(scene)
    follow(scene, 2.0, 6.0, found, shift={Landmark.PT: (80.0, -60.0)}, hide=ANNULUS)
    _, bare = follow(scene, 6.0, 10.0, found, hide=ANNULUS)
    assert not any(answer.present[Landmark.PT] for answer in bare)
    _, injected = follow(scene, 10.0, 12.0, found)
    assert injected[-1].measured[Landmark.PT]


def test_a_pigtail_hidden_by_medium_keeps_its_place_across_the_catheter(scene):
    """The network guesses to one side while there is contrast."""
    found, _ = follow(scene, hide=ANNULUS)
    x, y = scene.in_image(np.array([[12.0, 0.0]]))[0] - scene.in_image(np.zeros((1, 2)))[0]
    _, answers = follow(scene, 2.0, 5.0, found, shift={Landmark.PT: (x, y)})
    assert pigtail_error(scene, answers[-1], 5.0 - 1 / RATE) < 6.0


def test_a_slipped_pigtail_is_noticed_and_not_followed_without_contrast(scene):
    found, _ = follow(scene)
    slipped = scene.but(pigtail=(-70.0, 60.0), contrast=False)
    _, answers = follow(slipped, 2.0, 8.0, found)
    assert not any(answer.measured[Landmark.PT] for answer in answers)
    assert not answers[-1].present[Landmark.PT]


def test_the_next_injection_tells_that_the_pigtail_has_slipped(scene):
    found, _ = follow(scene)
    slipped, said = scene.but(pigtail=(-70.0, 60.0)), []
    for i in range(30, 60):
        answer = found.update(moved(slipped, i / RATE).keypoints(), i / RATE, CONFIG)
        said.append(found.slipped)
    assert said.count(True) == 1
    assert answer.measured[Landmark.PT]
    assert pigtail_error(slipped, answer, 59 / RATE) < 1.0


def test_without_the_catheter_the_pigtail_is_what_it_is_by_itself(scene):
    shown = scene.keypoints(hide=(Landmark.CD,))
    answer = PigtailFilter().update(shown, 0.0, CONFIG)
    assert (answer.xy[Landmark.PT] == shown.xy[Landmark.PT]).all()


def test_a_pigtail_that_often_turned_up_elsewhere_is_trusted_where_it_was_once_it_stays_there(scene):
    found, rng = PigtailFilter(), np.random.default_rng(5)
    for i in range(300):
        away = i % 6 == 0 and i > 0
        shift = {Landmark.PT: tuple(rng.uniform(40.0, 80.0, 2) * rng.choice([-1, 1], 2))} if away else None
        found.update(moved(scene, i / RATE).keypoints(hide=ANNULUS, shift=shift), i / RATE, CONFIG)
        assert not away or found.contradicted
    _, answers = follow(scene, 20.0, 20.0 + 2 * CONFIG.bridging_time, found)
    assert answers[-1].measured[Landmark.PT]
    assert not found.contradicted


def test_what_was_seen_elsewhere_once_is_forgotten(scene):
    found, _ = follow(scene)
    follow(scene, 2.0, 2.2, found, shift={Landmark.PT: (80.0, -60.0)})
    assert found.contradicted
    follow(scene, 2.2, 2.2 + CONFIG.pigtail_memory + 0.5, found, hide=(Landmark.PT,))
    assert not found.contradicted


@pytest.fixture
def moved_on(scene):
    """A pigtail that was followed along the catheter by 40 px while something else was seen in between."""
    found, _ = follow(scene, hide=ANNULUS)
    keypoints = scene.keypoints()
    along = keypoints.xy[Landmark.CD] - keypoints.xy[Landmark.CP]
    along /= math.hypot(*along)
    for i in range(30, 50):
        away = np.array([80.0, -60.0]) if i % 2 else along * 2.0 * (i - 30)
        shown = moved(scene, i / RATE).keypoints(hide=ANNULUS, shift={Landmark.PT: tuple(away)})
        found.update(shown, i / RATE, CONFIG)
    shift = tuple(along * 40.0)
    _, answers = follow(scene, 50 / RATE, 6.0, found, hide=ANNULUS, shift={Landmark.PT: shift})
    assert answers[-1].measured[Landmark.PT]
    return found, shift


def test_a_pigtail_that_was_followed_to_another_place_while_contradicted_is_not_trusted_there(moved_on):
    found, _ = moved_on
    assert found.contradicted


def test_a_pigtail_that_is_back_where_it_was_before_it_was_contradicted_is_trusted(moved_on, scene):
    found, (x, y) = moved_on
    for i in range(90, 150):
        left = max(0.0, 1.0 - (i - 90) / 40)
        shown = moved(scene, i / RATE).keypoints(hide=ANNULUS, shift={Landmark.PT: (left * x, left * y)})
        found.update(shown, i / RATE, CONFIG)
    assert not found.contradicted


def test_a_pigtail_that_is_back_while_the_capsule_is_drawn_back_is_trusted(scene):
    found, _ = follow(scene, hide=ANNULUS)
    for i in range(30, 60):
        # 4 mm/s; for a fifth of a second something else is seen.
        drawn = 4e-3 * (i - 30) / RATE / scene.metres_per_px / scene.sheathed
        away = {Landmark.PT: (80.0, -60.0)} if 40 <= i < 43 else None
        shown = moved(scene, i / RATE, extraction=drawn).keypoints(hide=ANNULUS, shift=away)
        found.update(shown, i / RATE, CONFIG)
        assert found.contradicted is (40 <= i < 43)


def test_a_pigtail_that_is_seen_where_it_was_between_outliers_is_trusted_then(scene):
    found, _ = follow(scene, hide=ANNULUS)
    for i in range(30, 60):
        away = {Landmark.PT: (80.0, -60.0)} if i % 3 == 0 else None
        found.update(moved(scene, i / RATE).keypoints(hide=ANNULUS, shift=away), i / RATE, CONFIG)
        assert found.contradicted is (i % 3 == 0)


def test_hinge_points_that_agree_tell_that_the_pigtail_may_be_trusted_where_it_is(moved_on, scene):
    found, shift = moved_on
    found.update(moved(scene, 6.0).keypoints(shift={Landmark.PT: shift}), 6.0, CONFIG, anchored=True)
    assert not found.contradicted


def test_a_patience_that_is_changed_holds_from_the_next_frame_on(scene):
    found, _ = follow(scene)
    shift = {Landmark.PT: (80.0, -60.0)}
    measured = []
    for i, patience in enumerate([10.0] * 30 + [1.0] * 2):
        shown = moved(scene, 2.0 + i / RATE).keypoints(shift=shift)
        config = replace(CONFIG, device_patience=patience)
        answer = found.update(shown, 2.0 + i / RATE, config, anchored=True)
        measured.append(bool(answer.measured[Landmark.PT]))
    assert measured == [False] * 30 + [True] * 2


def test_one_outlier_within_the_gate_does_not_make_outliers_of_those_after_it(scene):
    found, _ = follow(scene.but(contrast=False))
    outlier, begin = {Landmark.PT: (13.0, -13.0)}, 2.0 + 1.0 / RATE
    _, (answer,) = follow(scene.but(contrast=False), 2.0, begin, found, shift=outlier)
    assert answer.measured[Landmark.PT]
    _, answers = follow(scene.but(contrast=False), begin, 2.6, found)
    assert all(answer.measured[Landmark.PT] for answer in answers)
    assert not found.contradicted


def test_a_pigtail_that_has_stayed_where_it_was_is_found_though_the_catheter_has_moved_meanwhile(scene):
    still = scene.but(contrast=False)
    found, _ = follow(still)
    follow(still, 2.0, 2.4, found, shift={Landmark.PT: (150.0, -60.0)})
    _, answers = follow(still.but(depth=still.depth + 60.0), 2.4, 4.4, found)
    found_again = [bool(answer.measured[Landmark.PT]) for answer in answers]
    assert not any(found_again[: round(CONFIG.device_patience * RATE)])
    assert all(found_again[round(CONFIG.device_patience * RATE) + 2 :])


def test_another_thing_to_which_the_catheter_has_moved_is_not_taken_for_the_pigtail(scene):
    still = scene.but(contrast=False)
    found, _ = follow(still)
    follow(still, 2.0, 2.4, found, shift={Landmark.PT: (150.0, -60.0)})
    beside = {Landmark.PT: (40.0, 0.0)}
    _, answers = follow(still.but(depth=still.depth + 60.0), 2.4, 4.4, found, shift=beside)
    assert not any(answer.measured[Landmark.PT] for answer in answers)
