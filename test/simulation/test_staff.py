"""The staff inject when they are asked to: after a human's delay, not too often, and so many times."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tavi_perception.simulation.staff import Staff, StaffConfig

STEP = 0.05
"""s between two looks at the request."""


def injections(staff, requested):
    """When injections begin (s), the requests being looked at every ``STEP``."""
    return [index * STEP for index, asked in enumerate(requested) if staff.asked(index * STEP, asked)]


def staff(seed=0, **config):
    return Staff(np.random.default_rng(seed), StaffConfig(**config))


requests = st.lists(st.tuples(st.booleans(), st.integers(1, 300)), max_size=12).map(
    lambda runs: [asked for asked, length in runs for _ in range(length)]
)


def test_nobody_injects_unasked():
    assert injections(staff(), [False] * 1000) == []


@given(st.integers(0, 2**31), st.floats(0.1, 3.0))
def test_an_injection_follows_a_request_after_a_delay_of_which_seven_to_thirteen_tenths_are_drawn(
    seed, delay
):
    first = injections(staff(seed, delay_s=delay), [True] * 100)[0]
    assert 0.7 * delay <= first + 1e-9 and first < 1.3 * delay + STEP + 1e-9


def test_a_request_of_one_message_is_enough():
    assert len(injections(staff(), [True] + [False] * 100)) == 1


def test_a_request_that_ends_soon_after_the_injection_leads_to_no_second_one():
    assert len(injections(staff(), [True] * 60 + [False] * 400)) == 1


def test_a_request_that_persists_leads_to_the_next_injection_when_the_interval_is_over():
    times = injections(staff(interval_s=8.0), [True] * 400)
    np.testing.assert_allclose(np.diff(times), 8.0, atol=STEP + 1e-9)


@given(requests, st.integers(0, 2**31), st.integers(0, 4), st.floats(0.0, 10.0))
def test_injections_keep_their_interval_and_are_limited(requested, seed, most, interval):
    group = staff(seed, injections_max=most, interval_s=interval)
    times = injections(group, requested)
    assert len(times) == group.injections <= most
    assert (np.diff(times) >= interval - 1e-9).all()
    assert group.volume_ml == 15.0 * len(times)


@given(requests, st.integers(0, 2**31))
def test_the_same_seed_and_requests_give_the_same_injections(requested, seed):
    assert injections(staff(seed), requested) == injections(staff(seed), requested)


def test_the_heart_is_paced_from_when_the_stent_opens_until_a_second_after_the_release():
    group = staff()
    assert not group.paces(1.0, 0.0, False)
    assert group.paces(2.0, 0.05, False)
    assert not group.paces(3.0, 0.01, False)
    assert group.paces(10.0, 0.97, True) and group.paces(10.9, 0.97, True)
    assert not group.paces(11.1, 0.97, True)
