"""Frames are divided so that no procedure is on two sides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.annotations import AnnotatedFrame, AnnotationError, split


def frames_of(sizes: list[int]) -> tuple[AnnotatedFrame, ...]:
    """Procedures of so many frames each."""
    xy, visible = np.full((11, 2), np.nan), np.zeros(11, bool)
    return tuple(
        AnnotatedFrame(f"{p}/{i}.png", Path(f"{p}/{i}.png"), f"p{p}", 8, 8, xy, visible)
        for p, size in enumerate(sizes)
        for i in range(size)
    )


SIZES = st.lists(st.integers(1, 12), min_size=3, max_size=12)
SHARES = st.tuples(*[st.integers(0, 5)] * 3).filter(any).map(lambda s: tuple(x / sum(s) for x in s))


@given(sizes=SIZES, shares=SHARES, seed=st.integers(0, 1000))
def test_no_procedure_is_on_two_sides(sizes: list[int], shares: tuple[float, ...], seed: int) -> None:
    frames = frames_of(sizes)
    parts = split(frames, shares, seed=seed).parts
    procedures = [{frame.procedure for frame in part} for part in parts]
    assert sum(map(len, procedures)) == len(set.union(*procedures)) == len(sizes)
    assert sorted(frame.name for part in parts for frame in part) == sorted(frame.name for frame in frames)
    assert [bool(part) for part in parts] == [share > 0 for share in shares]


@given(sizes=SIZES, seed=st.integers(0, 1000))
def test_the_order_of_frames_does_not_change_a_split(sizes: list[int], seed: int) -> None:
    frames = frames_of(sizes)
    forward, backward = split(frames, seed=seed), split(frames[::-1], seed=seed)
    assert {frame.name for frame in forward.training} == {frame.name for frame in backward.training}


def test_another_seed_gives_another_split() -> None:
    frames = frames_of([5] * 20)
    splits = {tuple(frame.name for frame in split(frames, seed=seed).validation) for seed in range(10)}
    assert len(splits) > 5


def test_shares_are_met_closely_when_procedures_are_small() -> None:
    parts = split(frames_of([10] * 50), (0.7, 0.2, 0.1)).parts
    assert [len(part) for part in parts] == [350, 100, 50]


def test_by_frame_is_the_papers_split() -> None:
    parts = split(frames_of([100, 100]), (0.8, 0.2, 0.0), by="frame")
    assert [len(part) for part in parts.parts] == [160, 40, 0]
    assert {frame.procedure for frame in parts.validation} == {"p0", "p1"}


def test_one_procedure_cannot_be_split() -> None:
    with pytest.raises(AnnotationError, match="by a pattern on file names, or split by frame"):
        split(frames_of([30]))


@pytest.mark.parametrize("shares", [(0.5, 0.2, 0.1), (1.2, -0.2, 0.0), (float("nan"), 0.5, 0.5), (0.5, 0.5)])
def test_impossible_shares_are_refused(shares: tuple[float, float, float]) -> None:
    with pytest.raises(AnnotationError, match="shares"):
        split(frames_of([3, 3, 3]), shares)
