"""The pace of frames whose source records no times, and of recordings whose times jump."""

from __future__ import annotations

from tavi_perception.imaging.source import SourceError

DEFAULT_FRAME_RATE = 15.0
"""Frames/s assumed where nothing is recorded; a usual rate of fluoroscopy."""

MAX_FRAME_RATE = 1000.0

LONGEST_PAUSE = 10.0
"""s between two frames or messages that a replay waits for; what is longer is a jump of the clock."""

JUMP_PAUSE = 2.0
"""s that a replay waits instead: longer than ``max_gap``, so that the perception says TIME_JUMP."""


def pause_between(before: float, after: float) -> tuple[float, str]:
    """How long a replay waits (s) from what was recorded at ``before`` to what was at ``after`` (s).

    The sentence says why that is not the time between them; it is empty where it is.
    """
    step = after - before
    if 0 <= step <= LONGEST_PAUSE:
        return step, ""
    kind = f"jumps by {step:.0f} s" if step > 0 else f"goes back by {-step:.3f} s"
    return JUMP_PAUSE, f"the time {kind} at {before:.3f} s: {JUMP_PAUSE:g} s are waited instead"


def check_frame_rate(frame_rate: float | None) -> None:
    """Refuses what is no frame rate.

    Raises:
        SourceError: the rate is not between 0 and ``MAX_FRAME_RATE`` frames/s.
    """
    if frame_rate is not None and not 0 < frame_rate <= MAX_FRAME_RATE:
        raise SourceError(f"a frame rate of {frame_rate:g} frames/s is impossible; give one like 15")
