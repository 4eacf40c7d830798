"""How a frame follows the one before: it alone decides what of a procedure may still be remembered."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from tavi_perception.carm import CArmGeometry
from tavi_perception.tracking.config import TrackingConfig


class Continuation(IntEnum):
    """How a frame continues the procedure, and so what is forgotten before it is processed."""

    FIRST = 0
    """The first frame: nothing is remembered yet."""
    CONTINUED = 1
    """The next frame of the same view: nothing is forgotten."""
    VIEW_CHANGED = 2
    """The C-arm has moved, or the image has another size: all that was learned in pixels is forgotten."""
    AFTER_GAP = 3
    """More than ``max_gap`` later: the same is forgotten."""
    STEPPED_BACK = 4
    """More than ``max_gap`` earlier: another procedure, everything is forgotten."""
    OUT_OF_ORDER = 5
    """A repeated or late frame, by at most ``max_gap``: it is answered, but updates nothing."""

    @property
    def new_view(self) -> bool:
        """What was learned in the view before is forgotten."""
        return self in (Continuation.VIEW_CHANGED, Continuation.AFTER_GAP, Continuation.STEPPED_BACK)

    @property
    def new_procedure(self) -> bool:
        """What was learned about the device is forgotten too."""
        return self is Continuation.STEPPED_BACK

    @property
    def time_jump(self) -> bool:
        """The stamp does not follow the one before."""
        return self in (Continuation.AFTER_GAP, Continuation.STEPPED_BACK, Continuation.OUT_OF_ORDER)


@dataclass(frozen=True)
class _View:
    """What pixels refer to; ``size``: (width, height) of the image (px)."""

    geometry: CArmGeometry
    size: tuple[int, int]


class Continuity:
    """Remembers the last stamp and the view, and compares each frame with them."""

    def __init__(self) -> None:
        self._stamp = -math.inf
        self._view: _View | None = None

    def of(
        self, stamp: float, geometry: CArmGeometry, size: tuple[int, int], config: TrackingConfig
    ) -> Continuation:
        """How the frame taken at ``stamp`` (s), of ``size`` (width, height) px, follows the one before.

        Raises:
            ValueError: the stamp is not finite.
        """
        if not math.isfinite(stamp):
            raise ValueError(f"tracking: stamp is {stamp}; give the capture time of the frame in seconds")
        before, view = self._view, _View(geometry, size)
        found = self._compared(before, view, stamp - self._stamp, config)
        if found is not Continuation.OUT_OF_ORDER:
            self._stamp = stamp
            # Compared with where the view began, so that a slow drift adds up to a move.
            self._view = before if found is Continuation.CONTINUED else view
        return found

    def _compared(
        self, before: _View | None, view: _View, step: float, config: TrackingConfig
    ) -> Continuation:
        if before is None:
            return Continuation.FIRST
        if step < -config.max_gap:
            return Continuation.STEPPED_BACK
        if step <= 0.0:
            return Continuation.OUT_OF_ORDER
        if step > config.max_gap:
            return Continuation.AFTER_GAP
        if view.size != before.size or _moved(before.geometry, view.geometry, config):
            return Continuation.VIEW_CHANGED
        return Continuation.CONTINUED


def _moved(before: CArmGeometry, after: CArmGeometry, config: TrackingConfig) -> bool:
    """The same points of the patient may fall on other pixels; NaN equals NaN, as both are unknown."""
    if (before.calibrated, before.image_width, before.image_height) != (
        after.calibrated,
        after.image_width,
        after.image_height,
    ):
        return True
    turns = (
        math.remainder(after.primary_angle - before.primary_angle, math.tau),
        math.remainder(after.secondary_angle - before.secondary_angle, math.tau),
    )
    if any(abs(turn) > config.carm_angle_tolerance for turn in turns):
        return True
    ratios = (
        after.source_to_detector / before.source_to_detector,
        after.source_to_object / before.source_to_object,
        after.imager_pixel_spacing / before.imager_pixel_spacing,
    )
    return any(abs(ratio - 1.0) > config.carm_length_tolerance for ratio in ratios)
