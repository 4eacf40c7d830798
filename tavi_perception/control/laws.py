"""How fast catheter and capsule are to move: pure functions of what is known at a moment."""

from __future__ import annotations

from tavi_perception.control.config import ControlConfig

_SLOWS_FROM, _STOPS_AT = 0.0005, 0.0015
"""Depth error (m) from which on the capsule opens more slowly, and at which it waits (unsourced)."""

_BEGINS, _ENDS = 2.0, 0.33
"""Times ``close_enough``, where a motion of the catheter begins (unsourced) and ends. One that ended at 1
left the valve 0.2 mm short of where it was to be let go, in 172 closed-loop procedures, tuning seeds."""

_SLOWEST = 0.0005
"""m/s: slower motion does not come to an end (unsourced)."""


def correction(
    error: float, limit: float, moving: bool, config: ControlConfig, begins: float = _BEGINS
) -> float:
    """Velocity of the catheter (m/s) for a depth error (aim − depth, m); 0 where it is close enough.

    A catheter that stands still is left alone until the error is ``begins`` times as large: every reversal
    costs the slack of the catheter in the arch.
    """
    if abs(error) <= config.close_enough * (_ENDS if moving else begins):
        return 0.0
    velocity = min(max(config.gain * abs(error), _SLOWEST), limit)
    return velocity if error > 0 else -velocity


def opening(error: float, extraction: float, config: ControlConfig) -> float:
    """Velocity of the capsule (m/s) while the depth error (m) and the extraction are what they are."""
    share = (_STOPS_AT - abs(error)) / (_STOPS_AT - _SLOWS_FROM)
    last = extraction >= config.last_extraction
    return (config.release_velocity if last else config.retraction_velocity) * min(max(share, 0.0), 1.0)


def following(
    retraction: float, retraction_velocity: float, shortening: float, config: ControlConfig
) -> float:
    """Velocity of the catheter (m/s) that keeps the inflow edge where it is while the stent shortens.

    The edge's depth changes with −shortening · retraction² / folded length: see ``Shortening``.
    """
    return 2.0 * shortening * retraction / config.folded_length * retraction_velocity


def bounded(advance: float, limit: float) -> float:
    """``advance`` (m/s), within ±``limit``."""
    return min(max(advance, -limit), limit)
