"""Divides frames into training, validation and test."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.annotations.frame import AnnotatedFrame
from training.annotations.report import AnnotationError

By = Literal["procedure", "frame"]
Frames = tuple[AnnotatedFrame, ...]

PAPER_SHARES = (0.8, 0.2, 0.0)
"""2,984 of 3,730 frames for training (Danilov et al. 2021), by frame."""


@dataclass(frozen=True)
class Split:
    """Frames for each purpose, each in the order given."""

    training: Frames
    validation: Frames
    test: Frames

    @property
    def parts(self) -> tuple[Frames, Frames, Frames]:
        return self.training, self.validation, self.test


def split(
    frames: Sequence[AnnotatedFrame],
    shares: tuple[float, float, float] = (0.8, 0.2, 0.0),
    *,
    by: By = "procedure",
    seed: int = 0,
) -> Split:
    """Divides frames at random, the same way for the same seed whatever their order.

    Args:
        frames: all of them.
        shares: of the frames for training, validation and test; their sum is 1.
        by: ``procedure`` keeps all frames of one together, so that none is validated on what it was trained
            on; shares are met as closely as the procedures allow. ``frame`` is the paper's: neighbours of
            training frames are validated, which flatters.
        seed: of the random choice.

    Raises:
        AnnotationError: the shares make no sense, or there are too few frames or procedures for them.
    """
    if len(shares) != 3 or not all(s >= 0 for s in shares) or not math.isclose(sum(shares), 1, abs_tol=1e-6):
        raise AnnotationError(
            f"shares are {shares}; give three of 0 or more whose sum is 1, such as 0.8,0.2,0"
        )
    sizes = Counter(_group(frame, by) for frame in frames)
    wanted = sum(share > 0 for share in shares)
    if len(sizes) < wanted:
        remedy = (
            "tell procedures by a pattern on file names, or split by frame"
            if by == "procedure"
            else "give more"
        )
        raise AnnotationError(f"{len(sizes)} {by}s cannot be divided into {wanted} parts; {remedy}")
    part_of = _assigned(sizes, shares, seed)
    parts = [tuple(f for f in frames if part_of[_group(f, by)] == part) for part in range(3)]
    return Split(*parts)


def _group(frame: AnnotatedFrame, by: By) -> str:
    return frame.procedure if by == "procedure" else frame.name


def _assigned(sizes: Counter[str], shares: Sequence[float], seed: int) -> dict[str, int]:
    """A part for each group: in random order, each to the part that lacks most frames."""
    groups = sorted(sizes)
    order = [groups[i] for i in np.random.default_rng(seed).permutation(len(groups))]
    lacking = np.array(shares) * sizes.total()
    parts: dict[str, int] = {}
    for group in order:
        part = int(np.argmax(lacking))
        parts[group] = part
        lacking[part] -= sizes[group]
    for empty in (part for part in range(3) if shares[part] > 0):
        if empty not in parts.values():
            held = Counter(parts.values())
            movable = [group for group in order if held[parts[group]] > 1]
            parts[min(movable, key=lambda group: sizes[group])] = empty
    return parts
