"""Whether the stent still hangs on the catheter: the one moves as the other does."""

from __future__ import annotations

from collections import deque

import numpy as np

from tavi_perception.control.drives import SHEATHED, STANDS
from tavi_perception.estimates import FloatArray
from tavi_perception.landmarks import INFLOW_EDGE, Landmark

_TRAVEL = 0.0015
"""Of the catheter's drive (m), beyond which it is seen whether the stent follows: a corner may drift by
0.3 mm, and slack may keep 0.6 mm from the catheter (both simulated)."""

_LEFT_BEHIND = -0.6
"""Change of a corner's lead over CP for each metre that the catheter is advanced: 0 of a stent that hangs on
it, -1 of one that has let go; where that of both corners lies below, it is the latter: one alone is a corner
that is mistaken."""

_FRAMES = 15
"""With both seen, at least: a second."""

_KEPT = 450
"""Frames: half a minute."""


class Attachment:
    """Compares how far the inflow edge's corners lie ahead of CP with how far the catheter was advanced.

    Both in the annulus frame: an annulus that moves along with the catheter moves them alike. A sheathed
    stent cannot let go, whatever is seen of it.
    """

    def __init__(self) -> None:
        self._frames: deque[tuple[float, float, float]] = deque(maxlen=_KEPT)
        self._retraction = np.nan

    @property
    def lost(self) -> bool:
        """The catheter has moved, and the stent has not gone with it."""
        if len(self._frames) < _FRAMES:
            return False
        advance, *leads = np.array(self._frames).T
        off = advance - advance.mean()
        if np.ptp(advance) < _TRAVEL:
            return False
        return all(off @ lead < _LEFT_BEHIND * (off @ off) for lead in leads)

    def update(self, landmarks: FloatArray, advance: float, retraction: float) -> None:
        """Takes a frame.

        Args:
            landmarks: (11, 3) annulus coordinates (m); NaN where unknown.
            advance, retraction: travel of the drives by then (m).
        """
        if retraction <= SHEATHED or not abs(retraction - self._retraction) <= STANDS:
            self._retraction = retraction
            self._frames.clear()
        leads = landmarks[list(INFLOW_EDGE), 1] - landmarks[Landmark.CP, 1]
        if np.isfinite(leads).all() and np.isfinite(advance):
            self._frames.append((advance, *leads.tolist()))
