"""Whether the catheter does what its drives do."""

from __future__ import annotations

import math
from collections import deque

from tavi_perception.control.average import Averaged
from tavi_perception.control.config import ControlConfig

_WITHIN = 3.0
"""s within which a difference must arise to count while the capsule moves: shortening and creep are slower
(unsourced)."""

_WHOLE = 0.9
"""Share of the time averaged over from which on the heart beat is averaged out."""

STANDS = 0.0003
"""Travel of the capsule (m) up to which it stands still: the stent neither shortens nor creeps then."""


class ResponseCheck:
    """Follows the averaged depth less what the drives have done, which stays put while all is well.

    Where it does not, the catheter is stuck, the stent has let go, or what is taken for the annulus moves
    along with the catheter.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The annulus has been measured anew: what the offset was does not count any more."""
        self._offsets: deque[tuple[float, float]] = deque()
        self._retraction = math.nan
        self._least, self._most = math.inf, -math.inf

    def broken(self, stamp: float, average: Averaged, retraction: float, config: ControlConfig) -> bool:
        """Whether the offset at ``stamp`` (s) has changed by more than slack and heart beat explain.

        Args:
            retraction: of the capsule (m).
        """
        offsets, offset = self._offsets, average.offset
        offsets.append((stamp, offset))
        while stamp - offsets[0][0] > _WITHIN:
            offsets.popleft()
        if not abs(retraction - self._retraction) <= STANDS:
            self._retraction, self._least, self._most = retraction, math.inf, -math.inf
        if average.span >= _WHOLE * config.averaged:
            self._least, self._most = min(self._least, offset), max(self._most, offset)
        values = [value for _, value in offsets]
        return (
            max(values) - min(values) > config.response or self._most - self._least > config.response_standing
        )
