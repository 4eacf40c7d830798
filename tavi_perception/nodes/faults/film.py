"""What the campaign's camera shows: a procedure under contrast, there and back without a jump."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tavi_perception.estimates import GreyImage
from tavi_perception.simulation.procedure import RenderedProcedure

SEED = 1_000_002
"""Of the procedure: no model was trained or chosen on it, and small frames of it give valid deviations."""

SIZE = 256
"""Side of the images (px)."""

RATE = 15.0
"""frames/s"""

LENGTH = 24
"""Frames, the first of a procedure, all of them with contrast."""


class Film:
    """Endless: every picture follows its neighbour, so that no jump is mistaken for a fault."""

    def __init__(self) -> None:
        procedure = RenderedProcedure(SEED, duration=8.0, frame_rate=RATE, size=SIZE)
        self.geometry = procedure.geometry
        self.images = [frame.image for frame in itertools.islice(procedure, LENGTH)]

    def __iter__(self) -> Iterator[GreyImage]:
        there = range(LENGTH)
        return itertools.cycle([self.images[index] for index in (*there, *there[-2:0:-1])])
