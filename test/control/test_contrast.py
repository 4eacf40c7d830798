"""When contrast medium is asked for."""

import pytest

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.contrast import ContrastRequest
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, Reason

CONFIG = ControlConfig()
RATE = 15.0
GOOD = CatheterDeviation(valid=True, annulus_source=AnnulusSource.PIGTAIL)
UNCERTAIN = CatheterDeviation(reasons=Reason.LOW_CONFIDENCE)
UNKNOWN = CatheterDeviation(reasons=Reason.NO_ANNULUS)


def tell(request: ContrastRequest, deviation: CatheterDeviation, now: float) -> None:
    """What the controller tells of a deviation, fresh as it comes."""
    if deviation.valid:
        request.saw(deviation, now, now, CONFIG)
    else:
        request.missed(deviation, now, CONFIG)


def asked_after(pattern: list[CatheterDeviation], seconds: float) -> float | None:
    """Time (s) until contrast is asked for while deviations repeat a pattern; None: it is not, so long."""
    request = ContrastRequest()
    request.saw(GOOD, 0.0, 0.0, CONFIG)
    in_a_row = 0
    for i in range(1, round(seconds * RATE)):
        now, deviation = i / RATE, pattern[(i - 1) % len(pattern)]
        in_a_row = in_a_row + 1 if deviation.valid else 0
        tell(request, deviation, now)
        if in_a_row > CONFIG.agreeing:
            request.acted(1 / RATE)
        if request.open:
            return now
    return None


def test_it_is_asked_for_once_nothing_was_valid_for_the_patience():
    assert asked_after([UNCERTAIN], 10.0) == pytest.approx(CONFIG.contrast_patience, abs=2.0 / RATE)


def test_it_is_not_asked_for_where_most_time_is_acted():
    assert asked_after([GOOD] * 12 + [UNCERTAIN] * 3, 60.0) is None


def test_it_is_asked_for_where_validity_comes_and_goes_too_fast_to_act_on():
    assert asked_after([GOOD, GOOD, GOOD, UNCERTAIN], 60.0) == pytest.approx(
        4.0 * CONFIG.contrast_patience, abs=4.0 / RATE
    )


def test_silence_is_no_lack_of_contrast():
    request = ContrastRequest()
    for i in range(10):
        request.missed(UNCERTAIN, 10.0 * i, CONFIG)
    assert not request.open


def test_one_frame_without_an_annulus_asks_for_none_and_two_in_a_row_do():
    assert asked_after([GOOD] * 12 + [UNKNOWN], 60.0) is None
    assert asked_after([UNKNOWN], 10.0) == pytest.approx(2.0 / RATE)


@pytest.mark.parametrize("reason", [Reason.IMAGE_STALE, Reason.UNCALIBRATED, Reason.UNKNOWN_DEVICE])
def test_none_is_asked_for_where_it_would_be_wasted(reason):
    assert asked_after([CatheterDeviation(reasons=reason | Reason.NO_ANNULUS)], 60.0) is None


@pytest.mark.parametrize(("gap", "anew"), [(0.2, False), (0.8, False), (3.0, True)])
def test_hinge_points_that_are_unseen_for_a_moment_begin_no_other_injection(gap, anew):
    request = ContrastRequest()
    contrast = CatheterDeviation(valid=True, annulus_source=AnnulusSource.CONTRAST)
    assert request.saw(contrast, 1.0, 1.0, CONFIG)
    assert not request.saw(GOOD, 1.0 + gap / 2, 1.0 + gap / 2, CONFIG)
    assert request.saw(contrast, 1.0 + gap, 1.0 + gap, CONFIG) is anew


def _after_two_without_annulus(usable: list[CatheterDeviation], why: str = "") -> ContrastRequest:
    """Two deviations without an annulus, a check asked for where there is a ``why``, then ``usable``."""
    request = ContrastRequest()
    for i in range(2):
        request.missed(UNKNOWN, i / RATE, CONFIG)
    if why:
        request.ask(why, 2 / RATE)
    for i, deviation in enumerate(usable, start=3):
        tell(request, deviation, i / RATE)
    return request


_PATIENCE = round(CONFIG.contrast_patience * RATE)


def test_an_annulus_that_is_known_again_needs_no_contrast():
    assert _after_two_without_annulus([GOOD] * (_PATIENCE - 2)).open
    assert not _after_two_without_annulus([GOOD] * (_PATIENCE + 2)).open


def test_an_annulus_that_comes_and_goes_needs_contrast():
    assert _after_two_without_annulus(([GOOD] * (_PATIENCE - 2) + [UNCERTAIN]) * 5).open


def test_a_check_needs_contrast_however_well_the_annulus_is_known():
    assert _after_two_without_annulus([GOOD] * 10 * _PATIENCE, why="whether it is still there").open
