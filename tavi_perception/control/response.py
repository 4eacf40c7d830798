"""Whether the catheter does what its drives do, and the annulus is where contrast has shown it."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.depth import DepthEstimator
from tavi_perception.control.drives import STANDS

_WITHIN = 3.0
"""s within which a difference must arise to count while the capsule moves: shortening and creep are slower
(unsourced)."""

WHOLE = 0.9
"""Share of the time averaged over from which on the heart beat is averaged out."""


@dataclass(frozen=True)
class _Shown:
    """What a contrast has shown: depth − advance, and retraction² / folded length (m)."""

    apart: float = math.nan
    opened: float = math.nan

    def beside(self, other: _Shown, depth: DepthEstimator) -> float:
        """By how much (m) the two differ, whatever the stent may have shortened between them."""
        opened = self.opened - other.opened
        difference = self.apart - other.apart + depth.shortening * opened
        return max(abs(difference) - depth.shortening_reach * abs(opened), 0.0)


_NOTHING = _Shown()


class ResponseCheck:
    """Follows the averaged depth less what the drives have done, which stays put while all is well.

    Where it does not, either perception is wrong, since the pigtail that carries the annulus has slipped or a
    landmark is mistaken, or the catheter does something else than its drives. Contrast tells which.

    Attributes:
        doubtful: the difference has changed by more than slack and creep explain.
        warned: a contrast before this one has shown that.
    """

    def __init__(self) -> None:
        self._first = self._before = _NOTHING
        """What the first contrast has shown that shows nothing wrong, and the last such one."""
        self._settled, self._reference, self._shown = False, math.nan, _NOTHING
        self.warned = self._left = False
        """``_left``: this contrast shows another difference."""
        self.restart()

    @property
    def broken(self) -> bool:
        """A second contrast shows it, too: the catheter is stuck, or the stent has let go."""
        return self._left and self.warned

    def unchanged(self, depth: DepthEstimator, config: ControlConfig) -> bool:
        """Whether this contrast shows the catheter where the last one did."""
        return self._shown.beside(self._before, depth) <= config.displaced

    def restart(self) -> None:
        """The annulus is being measured anew: what the offset was since the last time does not count."""
        if self._left:
            self.warned = True
        elif self._settled:
            self._before = self._shown
            if self._first is _NOTHING:
                self._first = self._shown
        self.doubtful = self._settled = self._left = False
        self._reference, self._shown = math.nan, _NOTHING
        self._offsets: deque[tuple[float, float]] = deque()
        self._retraction = math.nan
        self._least, self._most = math.inf, -math.inf

    def update(
        self, stamp: float, depth: DepthEstimator, measured: bool, retraction: float, config: ControlConfig
    ) -> None:
        """Takes the depth at ``stamp`` (s).

        Args:
            measured: contrast shows the annulus.
            retraction: of the capsule (m).
        """
        average = depth.value
        offset, whole = average.offset, average.span >= WHOLE * config.averaged
        if measured or not self._settled:
            self._reference, self._settled = offset, whole
            self._shown = _Shown(offset - depth.shortening * average.opened, average.opened)
            leaves = self._leaves(stamp, offset, whole, retraction, config)
            self._left |= leaves or (whole and self._moved(depth, config))
            self.doubtful = self._left
        elif whole and abs(offset - self._reference) > config.displaced:
            self.doubtful = True

    def _moved(self, depth: DepthEstimator, config: ControlConfig) -> bool:
        """Whether the offset is another than at the last contrast, or at the first one."""
        since_last, since_first = (self._shown.beside(shown, depth) for shown in (self._before, self._first))
        return since_last > config.response_standing or since_first > config.response

    def _leaves(
        self, stamp: float, offset: float, whole: bool, retraction: float, config: ControlConfig
    ) -> bool:
        """Whether the offset changes by more than slack and heart beat explain."""
        offsets = self._offsets
        offsets.append((stamp, offset))
        while stamp - offsets[0][0] > _WITHIN:
            offsets.popleft()
        if not abs(retraction - self._retraction) <= STANDS:
            self._retraction, self._least, self._most = retraction, math.inf, -math.inf
        if whole:
            self._least, self._most = min(self._least, offset), max(self._most, offset)
        values = [value for _, value in offsets]
        return (
            max(values) - min(values) > config.response or self._most - self._least > config.response_standing
        )
