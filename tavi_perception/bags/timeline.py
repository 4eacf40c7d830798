"""When the images of a bag were taken, by their stamps, as far as those can be believed."""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from tavi_perception.imaging.pace import DEFAULT_FRAME_RATE, LONGEST_PAUSE


@dataclass(frozen=True)
class Moment:
    """When a message was taken and received (ns), and the frame of reference in its header.

    ``stamp_ns`` is 0 where it has none.
    """

    stamp_ns: int
    received_ns: int
    frame_id: str = ""

    @property
    def delay_ns(self) -> int:
        return self.received_ns - self.stamp_ns


def moment_of(cdr: bytes, received_ns: int) -> Moment:
    """Of a serialised message that begins with a std_msgs/Header, without deserialising its pixels.

    Raises:
        struct.error: it is too short.
    """
    order = "<" if cdr[1:2] == b"\x01" else ">"
    seconds, nanoseconds, length = struct.unpack_from(f"{order}iII", cdr, 4)
    frame_id = cdr[16 : 16 + length].rstrip(b"\0").decode("utf-8", "replace")
    return Moment(max(seconds * 1_000_000_000 + nanoseconds, 0), received_ns, frame_id)


def times_of(moments: Sequence[Moment]) -> tuple[list[float], tuple[str, ...]]:
    """Times (s since the first) by the stamps, and what to tell the user.

    Where all stamps are 0 or the same, times are those of reception, and where those are the same too, they
    are 15 frames/s apart. Single stamps of 0 get the time of reception.
    """
    stamps = {moment.stamp_ns for moment in moments}
    if len(moments) > 1 and (len(stamps) == 1 or stamps == {0}):
        same = "0" if stamps == {0} else "the same"
        return _received(moments, f"all its stamps are {same}")
    times = _believed(moments)
    return times, tuple(filter(None, (*_about_zeros(moments), *_about_steps(moments, times))))


def _received(moments: Sequence[Moment], why: str) -> tuple[list[float], tuple[str, ...]]:
    first, last = moments[0].received_ns, moments[-1].received_ns
    if first == last:
        return [index / DEFAULT_FRAME_RATE for index in range(len(moments))], (
            f"{why}, and so are its times of reception: {DEFAULT_FRAME_RATE:g} frames/s are assumed",
        )
    return [(moment.received_ns - first) * 1e-9 for moment in moments], (
        f"{why}: the times when its images were received are used",
    )


def _believed(moments: Sequence[Moment]) -> list[float]:
    """By the stamps; without one, as long after the last image with one as it was received after that."""
    anchor = next((moment for moment in moments if moment.stamp_ns), moments[0])
    taken = []
    for moment in moments:
        anchor = moment if moment.stamp_ns else anchor
        taken.append(moment.received_ns - anchor.delay_ns)
    return [(ns - taken[0]) * 1e-9 for ns in taken]


def _about_zeros(moments: Sequence[Moment]) -> tuple[str, ...]:
    zeros = [index for index, moment in enumerate(moments, start=1) if not moment.stamp_ns]
    if not zeros:
        return ()
    return (f"{_images(zeros)} without a stamp: the time of reception is used",)


def _about_steps(moments: Sequence[Moment], times: Sequence[float]) -> tuple[str, ...]:
    steps = [(number, after - before) for number, (before, after) in enumerate(itertools.pairwise(times), 2)]
    repeated = [number for number, step in steps if step == 0]
    back = [number for number, step in steps if step < 0]
    jumps = [number for number, step in steps if step > LONGEST_PAUSE]
    frames = sorted({moment.frame_id for moment in moments})
    return (
        f"{_images(repeated)} with the stamp of the one before" if repeated else "",
        f"{_images(back)} with a stamp before that of the one before" if back else "",
        f"{_images(jumps)} with a stamp more than {LONGEST_PAUSE:g} s after the one before" if jumps else "",
        f"its images are of several frames ({', '.join(map(repr, frames))}): several publishers may have "
        "sent on this topic, whose images are played as one sequence"
        if len(frames) > 1
        else "",
    )


def _images(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"image {numbers[0]} comes"
    return f"{len(numbers)} images, the first of them number {numbers[0]}, come"
