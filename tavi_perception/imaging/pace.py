"""The pace of frames whose source records no times, and of recordings whose times jump."""

from __future__ import annotations

from tavi_perception.imaging.source import SourceError

DEFAULT_FRAME_RATE = 15.0
"""Frames/s assumed where nothing is recorded; a usual rate of fluoroscopy."""

MAX_FRAME_RATE = 1000.0

LONGEST_PAUSE = 10.0
"""s between two recorded moments that are waited for; more is a jump of the clock, or nobody's patience."""

JUMP_PAUSE = 2.0
"""s waited instead, long enough for whoever listens to notice."""


def check_frame_rate(frame_rate: float | None) -> None:
    """Refuses what is no frame rate.

    Raises:
        SourceError: the rate is not between 0 and ``MAX_FRAME_RATE`` frames/s.
    """
    if frame_rate is not None and not 0 < frame_rate <= MAX_FRAME_RATE:
        raise SourceError(f"a frame rate of {frame_rate:g} frames/s is impossible; give one like 15")
