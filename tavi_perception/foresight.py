"""Frames in quick succession, each answered with what was seen in the whole of one just before it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import FloatArray, GreyImage, Keypoints
from tavi_perception.inference.runtime import Context

_SOON = 0.045
"""Time (s) between two frames within which the second is answered with a look before it: 30 frames a second
with some jitter, and more."""

_AGAIN, _LASTS = 0.045, 0.075
"""Times (s) since a look after which there is another, and for which it serves: every other frame of 30 a
second, every third of 60. In three synthetic procedures, tuning seeds, AA1 and AA2 were 3 % further off in
the median than with a look of their own with one 33 ms before, 14 % with one 67 ms before."""

_ALIKE = 0.97
"""Correlation of two frames, reduced to ``_SIDE`` px, from which on they show the same. Of one frame and the
next, at 30 a second, 99 % have more than 0.989 in five synthetic procedures, tuning seeds; of a frame and the
same one 2 % aside, all have less than 0.97. Noise, blackened parts and other patients lie below 0.9."""

_SIDE, _SAMPLED = 32, 256
"""Sides (px) to which a frame is reduced, and to which a larger one is sampled before: a mean over all of its
pixels takes 5 ms."""

Predict = Callable[[GreyImage], Keypoints]
"""The keypoints of one grey frame; ``Predictor.predict`` is one."""


class LooksAhead(Protocol):
    """A network in two halves; ``Predictor`` is one."""

    def look(self, image: GreyImage) -> Context:
        """What is seen in the whole of ``image``."""
        ...

    def predict(self, image: GreyImage, context: Context) -> Keypoints:
        """The keypoints of ``image``, with what was seen in the whole of another."""
        ...


class Foresight:
    """Predicts frame after frame of a view.

    Where a frame is answered with the look at another, its own whole is looked at afterwards, for the frames
    to come that show the same: by ``look_ahead``, or else when the next one comes. So answers do not depend
    on who calls it.

    Args:
        predict: of frames that stand alone.
        halves: of the network; None: every frame stands alone.
    """

    def __init__(self, predict: Predict, halves: LooksAhead | None) -> None:
        self.predict = predict
        self._halves = halves
        self.forget()

    def forget(self) -> None:
        """The next frame stands alone."""
        self._stamp = math.nan
        self._due: _Frame | None = None
        self._glance: tuple[_Frame, Context] | None = None

    def keypoints(self, image: GreyImage, stamp: float, geometry: CArmGeometry) -> Keypoints:
        """Of a frame (H, W) uint8 taken at ``stamp`` (s)."""
        if self._halves is None:
            return self.predict(image)
        self.look_ahead()
        frame, glance = _Frame(image, stamp, geometry), self._glance
        step, self._stamp = stamp - self._stamp, stamp
        soon = 0.0 < step <= _SOON
        if glance and soon and frame.follows(glance[0]):
            self._due = frame if stamp - glance[0].stamp >= _AGAIN else None
            return self._halves.predict(image, glance[1])
        if not soon:
            self._glance = None
            return self.predict(image)
        # Another may follow soon, too.
        context = self._halves.look(image)
        self._glance = frame, context
        return self._halves.predict(image, context)

    def look_ahead(self) -> None:
        """Look at the whole of the last frame, for those to come; nothing where that is not due."""
        frame, self._due = self._due, None
        if self._halves is not None and frame is not None:
            self._glance = frame, self._halves.look(frame.image)


@dataclass(frozen=True)
class _Frame:
    """An ``image`` (H, W) taken at ``stamp`` (s)."""

    image: GreyImage
    stamp: float
    geometry: CArmGeometry

    def follows(self, before: _Frame) -> bool:
        """Whether it shows the same as a frame that was taken just before."""
        return (
            0.0 < self.stamp - before.stamp <= _LASTS
            and before.geometry == self.geometry
            and before.image.shape == self.image.shape
            and float((self.reduced * before.reduced).sum()) >= _ALIKE
        )

    @cached_property
    def reduced(self) -> FloatArray:
        """(32, 32) of mean 0 and, if it is not flat, norm 1."""
        sampled = self.image
        if max(sampled.shape) > _SAMPLED:
            # A whole multiple of the side: else the means take ten times as long.
            sampled = np.asarray(cv2.resize(sampled, (_SAMPLED,) * 2, interpolation=cv2.INTER_NEAREST))
        small = cv2.resize(sampled, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
        centred = small - small.mean()
        return np.asarray(centred / (float(np.linalg.norm(centred)) or 1.0))
