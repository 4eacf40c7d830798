"""What the single-frame network saw at each landmark, carried over to the patch of a later frame."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT
from training.refinement import PATCH, PATCH_STRIDE

CELLS = PATCH // PATCH_STRIDE
"""Side of a patch's heat map."""

UNKNOWN = -float(np.log(CELLS * CELLS))
"""Log-probability of a cell of which nothing is known."""

FRAMES = 4
"""Frames of a clip, the present one included."""


@dataclass(frozen=True)
class Seen:
    """Attributes:
    heat: (11, CELLS, CELLS) log-probabilities over each landmark's patch.
    corner: (11, 2) top left pixel of each patch (px of the network's input).
    """

    heat: NDArray[np.float32]
    corner: NDArray[np.float32]


class Memory:
    """The last frames of a stream; forgets all at a cut."""

    def __init__(self, frames: int = FRAMES) -> None:
        self._frames = frames
        self._seen: deque[Seen] = deque(maxlen=frames)

    def forget(self) -> None:
        """Begin anew: what follows is another view, or much later."""
        self._seen.clear()

    def add(self, seen: Seen) -> NDArray[np.float32]:
        """The clip (11, CELLS, CELLS, frames) that ends with this frame, the newest map first.

        Older maps lie where the present patches do; cells that they do not cover, and frames that there
        were not, are unknown.
        """
        self._seen.appendleft(seen)
        maps = [moved(old, seen.corner) for old in self._seen]
        missing = self._frames - len(maps)
        maps += [np.full((COUNT, CELLS, CELLS), UNKNOWN, np.float32)] * missing
        return np.stack(maps, axis=-1)


def moved(seen: Seen, corner: NDArray[np.float32]) -> NDArray[np.float32]:
    """Heat maps (11, CELLS, CELLS) of ``seen`` on patches at other corners (11, 2)."""
    shift = np.round((corner - seen.corner) / PATCH_STRIDE).astype(int)
    if not shift.any():
        return seen.heat
    result = np.full_like(seen.heat, UNKNOWN)
    for index, (x, y) in enumerate(np.clip(shift, -CELLS, CELLS)):
        (to_x, from_x), (to_y, from_y) = _overlap(x), _overlap(y)
        result[index, to_y, to_x] = seen.heat[index, from_y, from_x]
    return result


def _overlap(shift: int) -> tuple[slice, slice]:
    """Cells along an axis of the new and of the old map that are the same place."""
    kept = CELLS - abs(shift)
    new, old = max(-shift, 0), max(shift, 0)
    return slice(new, new + kept), slice(old, old + kept)
