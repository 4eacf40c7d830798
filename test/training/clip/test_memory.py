"""What was seen before is laid where the present patch lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tensorflow", reason="training needs TensorFlow; ./tavi train installs it")

from training.clip.memory import CELLS, UNKNOWN, Memory, Seen, moved
from training.refinement import PATCH_STRIDE

CORNERS = st.tuples(st.integers(0, 12), st.integers(0, 12))


def seen_at(corner: tuple[int, int], place: tuple[int, int]) -> Seen:
    """Maps on patches at ``corner`` (8 px units) whose peak is at ``place`` (cells of the whole input)."""
    heat = np.full((11, CELLS, CELLS), -20.0, np.float32)
    column, row = place[0] - 2 * corner[0], place[1] - 2 * corner[1]
    if 0 <= column < CELLS and 0 <= row < CELLS:
        heat[:, row, column] = 0.0
    return Seen(heat, np.tile(np.array(corner, np.float32) * 8, (11, 1)))


@given(CORNERS, CORNERS, st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_peak_stays_where_it_was_in_the_image(
    before: tuple[int, int], now: tuple[int, int], place: tuple[int, int]
) -> None:
    old = seen_at(before, place)
    corner = np.tile(np.array(now, np.float32) * 8, (11, 1))
    found = moved(old, corner)[0]
    row, column = place[1] - 2 * now[1], place[0] - 2 * now[0]
    in_old = old.heat.max() == 0.0
    in_new = 0 <= column < CELLS and 0 <= row < CELLS
    if in_old and in_new:
        assert found[row, column] == 0.0
    else:
        assert found.max() < 0.0


def test_cells_that_the_old_patch_did_not_cover_are_unknown() -> None:
    old = seen_at((4, 4), (10, 10))
    found = moved(old, np.tile(np.array([40.0, 32.0], np.float32), (11, 1)))
    assert (found[:, :, -8 // PATCH_STRIDE :] == np.float32(UNKNOWN)).all()


def test_clip_begins_with_the_present_frame_and_unknown_past() -> None:
    memory = Memory(frames=3)
    first, second = seen_at((4, 4), (10, 10)), seen_at((4, 4), (12, 10))
    assert (memory.add(first)[..., 1:] == np.float32(UNKNOWN)).all()
    clip = memory.add(second)
    assert np.array_equal(clip[..., 0], second.heat)
    assert np.array_equal(clip[..., 1], first.heat)


def test_nothing_is_remembered_across_a_cut() -> None:
    memory = Memory(frames=2)
    memory.add(seen_at((4, 4), (10, 10)))
    memory.forget()
    assert (memory.add(seen_at((4, 4), (10, 10)))[..., 1] == np.float32(UNKNOWN)).all()
