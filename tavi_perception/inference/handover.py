"""A runtime that answers at once, and hands over to a faster one when that is ready."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.runtime import Context, RawOutputs, Runtime
from tavi_perception.sentence import one_sentence


class Handover:
    """Answers by ``first`` until another runtime is ready, and again once that one has failed.

    A GPU's code is compiled for some ten seconds before the first answer; and a GPU may be lost.

    Args:
        first: ready.
        make: makes the other one, in a thread of its own; None where there is none.
        shape: (height, width) of the input.

    Attributes:
        failure: why the other one is not in use, in one sentence; empty where nothing is wrong.
    """

    def __init__(self, first: Runtime, make: Callable[[], Runtime | None], shape: tuple[int, int]) -> None:
        self.failure = ""
        self._first, self._make = first, make
        self._blank = np.zeros(shape, np.uint8)
        self._other: Runtime | None = None
        self._preparing = threading.Thread(target=self._prepare, name="GPU", daemon=True)
        self._preparing.start()

    @property
    def name(self) -> str:
        return (self._other or self._first).name

    @property
    def device(self) -> str:
        return (self._other or self._first).device

    @property
    def looks_ahead(self) -> bool:
        return self._first.looks_ahead

    def run(self, levels: GreyImage, context: Context | None = None) -> RawOutputs:
        other = self._other
        if other is not None:
            try:
                return other.run(levels)
            except Exception as error:  # whatever a lost GPU raises
                self._failed(f"{other.name} on {other.device}", error)
        # What the other has looked at is of no use to the first.
        return self._first.run(levels, context or None)

    def look(self, levels: GreyImage) -> Context:
        return (self._other or self._first).look(levels)

    def join(self) -> None:
        """Returns when the other one is ready, or there is none."""
        self._preparing.join()

    def _prepare(self) -> None:
        try:
            other = self._make()
            if other is not None:
                other.run(self._blank)
                self._other = other
        except Exception as error:
            self._failed("the GPU", error)

    def _failed(self, what: str, error: Exception) -> None:
        self._other = None
        why, device = one_sentence(str(error)), self._first.device
        self.failure = (
            f"{what} failed ({why}): the network runs on {device}; configure the node again to try once more"
        )
