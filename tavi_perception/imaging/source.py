"""A sequence of grey frames with their times, whatever it was read from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import GreyImage as GreyImage
from tavi_perception.sentence import InputError


@dataclass(frozen=True)
class Frame:
    """One grey frame.

    Attributes:
        image: (height, width) uint8.
        time: s since the first frame of its source.
        geometry: of the C-arm when it was taken; uncalibrated when unknown.
        stamp_ns: its stamp as it was recorded; None unless it is to be played with that.
    """

    image: GreyImage
    time: float
    geometry: CArmGeometry
    stamp_ns: int | None = None


class FrameSource(Protocol):
    """Frames in order of time; iterating it again starts from the first."""

    @property
    def name(self) -> str:
        """What the user knows it by, for messages: a file name or a description."""

    @property
    def frame_count(self) -> int:
        """Number of frames; for a video, as its container states it."""

    @property
    def geometry(self) -> CArmGeometry:
        """C-arm geometry of the first frame; each frame says its own."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences the user should see: assumptions made, contradictions found; iterating may add some."""

    @property
    def losses(self) -> tuple[str, ...]:
        """Sentences about what the input holds, or should hold, and no frame was made of.

        Iterating may add some. Where there are any, a command has not done the whole of its job.
        """

    def __iter__(self) -> Iterator[Frame]: ...


def shown(path: Path) -> str:
    """A file's name as it can be printed and published; what is not UTF-8 or not printable is escaped."""
    name = os.fsencode(path.name or path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


class SourceError(InputError):
    """An input cannot be read; the message names it, the reason and the remedy in one sentence."""
