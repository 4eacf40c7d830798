"""Random changes of view and exposure of training frames; labels follow."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE
from training.data import Samples
from training.deposits import calcified
from training.wires import crossed

JITTER_PX = 6.0
"""Standard deviation by which patches are moved away from the first estimate (input px)."""

TURN = 3.0
"""Standard deviation of the rotation of a frame (degrees). PT is the lowest point of the loop in the
image: turned with the frame by 11°, it lies 1 mm beside what is lowest then, in a loop of 10 mm."""

_EMPTIED, _EMPTYING = 0.03, (0.04, 0.15)
"""Share of the frames that are blurred until nothing is left in them, and by how much (shares of the side): a
frame without structure shows no landmark."""

_AHEAD = 6
"""Batches that are prepared before they are asked for."""


@dataclass(frozen=True)
class Batch:
    """Attributes:
    images: (b, size, size, 1) −1…1.
    xy: (b, 11, 2) px of that size; 0 where not visible.
    visible: (b, 11); NaN where unknown.
    jitter: (b, 11, 2) px, of the patches.
    foreign: (b,) 1 where a delivery system of another make is in the field; NaN where unknown.
    """

    images: NDArray[np.float32]
    xy: NDArray[np.float32]
    visible: NDArray[np.float32]
    jitter: NDArray[np.float32]
    foreign: NDArray[np.float32]


@dataclass(frozen=True)
class Order:
    """Which frames are in which batch.

    Attributes:
        batch: frames in a batch.
        seed: each batch depends on it and on the batch's number only.
        weights: (n,) how often each frame is shown, 1 on average; None shows all once an epoch.
    """

    batch: int
    seed: int
    weights: NDArray[np.float64] | None = None

    def frames(self, count: int, number: int) -> tuple[NDArray[np.int64], tuple[int, int]]:
        """(batch,) indices among ``count`` frames of a batch, and its epoch and place in that.

        Where there are fewer frames than a batch takes, an epoch is one batch that shows frames repeatedly.
        """
        epoch, place = divmod(number, max(1, count // self.batch))
        rng = np.random.default_rng([self.seed, epoch])
        if self.weights is None:
            rounds = max(1, -(-self.batch // count))
            order = np.concatenate([rng.permutation(count) for _ in range(rounds)])
        else:
            order = rng.choice(count, max(count, self.batch), p=self.weights / self.weights.sum())
        return order[place * self.batch : (place + 1) * self.batch], (epoch, place)


def batches(
    samples: Samples,
    size: int,
    order: Order,
    start: int,
    stop: int,
    rows: range | None = None,
    turn: float = TURN,
) -> Iterator[Batch]:
    """Batches ``start`` to ``stop`` of an endless augmented stream, or only some ``rows`` of each.

    ``turn``: standard deviation of a frame's rotation (degrees).

    A thread prepares them ahead; what it raises, is raised here.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="batches") as pool:
        prepare = partial(_batch, samples, size, order, turn, rows=rows or range(order.batch))
        ahead = deque(pool.submit(prepare, number) for number in range(start, min(start + _AHEAD, stop)))
        try:
            for number in range(start + _AHEAD, stop + _AHEAD):
                if not ahead:
                    return
                yield ahead.popleft().result()
                if number < stop:
                    ahead.append(pool.submit(prepare, number))
        finally:
            for future in ahead:
                future.cancel()


def augment(
    image: NDArray[np.uint8],
    xy: NDArray[np.float32],
    visible: NDArray[np.float32],
    size: int,
    rng: np.random.Generator,
    turn: float = TURN,
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """One frame (s, s) moved, re-exposed and resized to ``size``; xy (11, 2) and visible (11,) follow."""
    if image.shape[0] % size == 0 and image.shape[0] != size:
        xy = (xy + 0.5) * (size / image.shape[0]) - 0.5
        image = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))
    matrix = _affine(size, rng, turn)
    border = cv2.BORDER_REPLICATE if rng.random() < 0.5 else cv2.BORDER_REFLECT
    image = np.asarray(cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=border))
    moved = (xy @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    inside = ((moved >= 0) & (moved <= size - 1)).all(axis=1)
    visible = visible * inside
    calcium = [*INFLOW_EDGE, *ANNULUS]
    image = calcified(image, moved[calcium][visible[calcium] > 0], rng)
    image = crossed(image, moved[visible > 0], rng)
    return _exposed(image, rng), np.where(visible[:, None] > 0, moved, 0).astype(np.float32), visible


def emptied(
    image: NDArray[np.uint8], xy: NDArray[np.float32], visible: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """The image (s, s) without structure, and so without a landmark: xy (11, 2) and visible (11,) are 0."""
    blurred = cv2.GaussianBlur(image, (0, 0), image.shape[0] * rng.uniform(*_EMPTYING))
    return np.asarray(blurred), np.zeros_like(xy), np.zeros_like(visible)


def normalise(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(b, size, size, 1) network input of grey images (b, size, size)."""
    return (images[..., None].astype(np.float32) / np.float32(127.5)) - np.float32(1.0)


def _batch(samples: Samples, size: int, order: Order, turn: float, number: int, rows: range) -> Batch:
    chosen, place = order.frames(len(samples), number)
    foreign = samples.foreign[chosen[rows.start : rows.stop : rows.step]]
    parts: list[tuple[NDArray[Any], ...]] = []
    for row in rows:
        # A generator of its own for each row: what it becomes does not depend on who prepares the others.
        rng = np.random.default_rng([order.seed, *place, row])
        index = chosen[row]
        moved = augment(samples.images[index], samples.xy[index], samples.visible[index], size, rng, turn)
        if rng.random() < _EMPTIED:
            moved, foreign[len(parts)] = emptied(*moved, rng), 0.0
        parts.append((*moved, rng.normal(0, JITTER_PX, moved[1].shape)))
    images, xy, visible, jitter = (np.stack(part) for part in zip(*parts, strict=True))
    return Batch(normalise(images), *(part.astype(np.float32) for part in (xy, visible, jitter, foreign)))


def _affine(size: int, rng: np.random.Generator, turn: float) -> NDArray[np.float64]:
    angle = np.radians(np.clip(rng.normal(0, turn), -2.5 * turn, 2.5 * turn))
    scale = np.exp(rng.uniform(-0.25, 0.25))
    stretch = np.exp(rng.uniform(-0.04, 0.04, 2))
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale * stretch
    centre = np.full(2, (size - 1) / 2)
    shift = centre - linear @ centre + rng.uniform(-0.1, 0.1, 2) * size
    return np.column_stack([linear, shift])


def _exposed(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    grey = np.arange(256) / 255.0
    curve = grey ** np.exp(rng.normal(0, 0.25))
    curve = curve * np.exp(rng.normal(0, 0.15)) + rng.normal(0, 0.08)
    image = np.asarray(cv2.LUT(image, np.clip(curve * 255, 0, 255).astype(np.uint8)))
    if rng.random() < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.0) * image.shape[0] / 256))
    if rng.random() < 0.3:
        noise = rng.standard_normal(image.shape, dtype=np.float32) * np.float32(rng.uniform(1, 8))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        image = image.copy()
        side = rng.integers(image.shape[0] // 16, image.shape[0] // 4, 2)
        top, left = rng.integers(0, image.shape[0] - side)
        # A covered patch; landmarks below it stay labelled: the rest of the device tells where they are.
        image[top : top + side[0], left : left + side[1]] = rng.integers(0, 256)
    return image
