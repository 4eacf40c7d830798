"""Whether the catheter does what its drives do."""

from __future__ import annotations

from collections import deque

from tavi_perception.control.config import ControlConfig

_WITHIN = 3.0
"""s within which a difference must arise to count: shortening and creep are slower (unsourced)."""


class ResponseCheck:
    """Follows the averaged depth less what the drives have done, which stays put while all is well."""

    def __init__(self) -> None:
        self._offsets: deque[tuple[float, float]] = deque()

    def restart(self) -> None:
        """The annulus has been measured anew: what the offset was does not count any more."""
        self._offsets.clear()

    def broken(self, stamp: float, offset: float, config: ControlConfig) -> bool:
        """Whether the offset (m) at ``stamp`` (s) has changed by more than slack and heart beat explain."""
        offsets = self._offsets
        offsets.append((stamp, offset))
        while stamp - offsets[0][0] > _WITHIN:
            offsets.popleft()
        values = [value for _, value in offsets]
        return max(values) - min(values) > config.response
