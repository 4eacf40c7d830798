"""Frames averaged where a landmark is, and what the network sees in that average."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, GreyImage, Keypoints
from tavi_perception.foresight import Predict
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, Landmark
from tavi_perception.observation import Observation, SeenInAverage
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation

_SIDE = 512
"""Side of an average (px): no shipped network looks at more."""

_APART = 0.03
"""Least time (s) from one frame that is taken in to the next: 60 frames a second leave little time."""

_ROOT_ZOOM, _EDGE_ZOOM = 1.2, 1.5
"""Enlargement about the anchor: of 1, 1.2 and 1.4, and of 1, 1.2 and 1.5, those with the least errors in 60
and in 27 closed-loop procedures, tuning seeds."""

_ROOT_EVERY, _EDGE_EVERY = 0.1, 0.2
"""Time (s) from one look at an average to the next: it changes slowly."""

_EDGE_MEMORY = 1.0
"""Time (s) in which a frame's weight in the average of the inflow edge falls to 1/e: the stent opens within
several seconds, and noise falls to a quarter."""

_AS_IT_IS = ((1.0, 0.0),)
_ROOT_WAYS = (*_AS_IT_IS, (1.15, -6.0), (0.9, 6.0), (1.15, 6.0), (0.9, -6.0))
"""Further enlargement, and turn (degrees; two standard deviations of training), with which the average
is shown to the network, one after the other: its errors differ, and their mean is less. In 23 closed-loop
procedures, tuning seeds, nine ways, turned by up to 10 degrees, were no better."""

_EDGE = list(INFLOW_EDGE)


class LandmarkAverage:
    """Mean of frames of a view, each moved so that an anchor stays where it is, and enlarged about it.

    Quantum noise averages out, as with the noise reduction of a fluoroscopy system, but without its lag; what
    does not move along is blurred. The network's error is common to all frames where it cannot see in the
    noise of any of them where a thing ends. In the average it can.

    Args:
        anchor: landmarks whose middle is the anchor.
        points: that the network is to see in the average.
        zoom: enlargement.
        every: time from one look to the next (s).
        ways: enlargements and turns of the average, a look each in turn; what is seen is the mean over them.
        memory: in which the weight of a frame falls to 1/e (s).
    """

    def __init__(
        self, anchor: tuple[Landmark, ...], points: tuple[Landmark, ...], zoom: float, every: float,
        memory: float = math.inf, ways: tuple[tuple[float, float], ...] = _AS_IT_IS,
    ) -> None:  # fmt: skip
        self._anchor, self._points = list(anchor), list(points)
        self._zoom, self._every, self._memory, self._ways = zoom, every, memory, ways
        self._due: tuple[GreyImage, Observation] | None = None
        self._start()

    def _start(self) -> None:
        self._sum: NDArray[np.float32] = np.zeros((_SIDE, _SIDE), np.float32)
        self._weight = 0.0
        self._seen: SeenInAverage | None = None
        self._shown: deque[tuple[FloatArray, FloatArray]] = deque(maxlen=len(self._ways))
        """Places (n, 2) and covariances (n, 2, 2) of the points in the last looks, px of the average from the
        anchor."""
        self._count = 0
        self._stamp = self._looked = -math.inf
        """Of the frame that was taken in last, and at which the average was looked at last (s)."""
        self._place: FloatArray = np.zeros(2)
        """(2,) px of the average, where the anchor is in it."""

    def add(self, image: GreyImage, observation: Observation, gap: float) -> None:
        """Another frame (H, W), to be taken in by ``look``; not one without anchor or points.

        ``gap``: since the last one (s), after which another average begins.
        """
        stamp, continuation = observation.stamp, observation.continuation
        if continuation is Continuation.OUT_OF_ORDER:
            return
        if continuation.new_view or stamp - self._stamp > gap:
            self._start()
        known = observation.keypoints.measured[self._anchor + self._points].all()
        if known and stamp - self._stamp >= _APART:
            self._due = image, observation

    def look(self, predict: Predict) -> None:
        """Take in the frame that was added last, and let the network see the average; not twice."""
        if self._due is None:
            return
        (image, observation), self._due = self._due, None
        scale = self._take_in(image, observation)
        if observation.stamp - self._looked < self._every:
            return
        self._looked = observation.stamp
        if shown := self._looked_at(predict):
            self._shown.append(shown)
            offset, covariance = (np.mean(each, axis=0) for each in zip(*self._shown, strict=True))
            self._seen = SeenInAverage(observation.stamp, offset / scale, covariance / scale**2)
        else:
            self._shown.clear()
            self._seen = None

    def _looked_at(self, predict: Predict) -> tuple[FloatArray, FloatArray] | None:
        """Where the network sees the points now, and the covariances; None where it does not see them all."""
        average = (self._sum / np.float32(self._weight) + np.float32(0.5)).clip(0, 255).astype(np.uint8)
        way = self._ways[self._count % len(self._ways)]
        self._count += 1
        zoom, turn = way
        matrix = cv2.getRotationMatrix2D((float(self._place[0]), float(self._place[1])), turn, zoom)
        if way not in _AS_IT_IS:
            moved = cv2.warpAffine(
                average, matrix, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            average = np.asarray(moved)
        seen = predict(average)
        if not seen.present[self._points].all():
            return None
        back = np.linalg.inv(np.asarray(matrix[:, :2], dtype=np.float64))
        return (seen.xy[self._points] - self._place) @ back.T, back @ seen.covariance[self._points] @ back.T

    @property
    def seen(self) -> SeenInAverage | None:
        """What was seen in the average of the frames that were taken in last, if anything."""
        return self._seen

    def _take_in(self, image: GreyImage, observation: Observation) -> float:
        """Pixels of the average for one of the ``image``, which is added to it."""
        keypoints, side = observation.keypoints, max(image.shape)
        scale = self._zoom * _SIDE / side
        anchor = keypoints.xy[self._anchor].mean(axis=0) + 0.5
        if self._weight == 0.0:
            self._place = anchor * _SIDE / side - 0.5
        # Shrunk by a whole factor first: sampled alone, a large image would lose its thin wires.
        factor = max(1, int(1.0 / scale))
        height, width = (each // factor for each in image.shape)
        if factor > 1:
            whole = image[: height * factor, : width * factor]
            image = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))
        x, y = self._place - factor * scale * (anchor / factor - 0.5)
        moved = cv2.warpAffine(
            image, np.array([[factor * scale, 0.0, x], [0.0, factor * scale, y]]), (_SIDE, _SIDE),
            flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip
        weight = 1.0 / float(np.trace(keypoints.covariance[self._points].sum(axis=0)))
        kept = math.exp(-(observation.stamp - self._stamp) / self._memory) if self._weight else 0.0
        self._stamp = observation.stamp
        self._sum = np.float32(kept) * self._sum + np.float32(weight) * moved
        self._weight = kept * self._weight + weight
        return scale


class Averages:
    """Those of a view: of the root, where the pigtail is, over an injection, and of the inflow edge."""

    def __init__(self) -> None:
        self._root = LandmarkAverage((Landmark.PT,), ANNULUS, _ROOT_ZOOM, _ROOT_EVERY, ways=_ROOT_WAYS)
        self._edge = LandmarkAverage(tuple(_EDGE), tuple(_EDGE), _EDGE_ZOOM, _EDGE_EVERY, _EDGE_MEMORY)

    def look(self, predict: Predict) -> None:
        """Take in the frame before, and look at what is due; it changes no answer when that is done."""
        self._root.look(predict)
        self._edge.look(predict)

    def update(self, image: GreyImage, observation: Observation, config: TrackingConfig) -> Observation:
        """``observation`` of the ``image`` with what was seen in the averages of those before."""
        self._root.add(image, observation, config.injection_gap)
        self._edge.add(image, observation, _EDGE_MEMORY)
        keypoints, edge = observation.keypoints, self._edge.seen
        if edge is not None and keypoints.measured[_EDGE].all():
            keypoints = _moved(keypoints, edge)
        return replace(observation, keypoints=keypoints, hinges=self._root.seen)


def _moved(keypoints: Keypoints, edge: SeenInAverage) -> Keypoints:
    """``keypoints`` with the inflow edge about its registered middle as the average shows it."""
    xy = keypoints.xy.copy()
    xy[_EDGE] = xy[_EDGE].mean(axis=0) + edge.offset
    return replace(keypoints, xy=xy)
