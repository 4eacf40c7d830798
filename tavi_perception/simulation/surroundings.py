"""What one view shows behind and around the devices, cast once per view and then only moved."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.anatomy import Anatomy, project_anatomy
from tavi_perception.simulation.clouds import RootClouds
from tavi_perception.simulation.view import FloatArray, View

Plane = NDArray[np.float32]

_Number = TypeVar("_Number", np.uint8, np.float32)

_MARGIN = 0.2
"""Farthest translation, as a share of the image's side."""


class Surroundings:
    """What lies behind, bystanders that hold still, and the root's contrast shapes, as ``view`` shows them.

    Another view of the same angles (the table was moved) shows the same, shifted.

    Args:
        behind: (size, size) signals 0…1 that the patient lets through: what holds still, and what moves with
            the body; see ``behind``.
    """

    def __init__(
        self,
        behind: tuple[Plane, Plane],
        paint: Callable[[NDArray[np.uint8], View], None],
        clouds: Callable[[View], RootClouds],
        view: View,
    ) -> None:
        size = view.geometry.image_width
        self._view = view
        self._make_clouds = clouds
        self._still, self._moving = map(_Movable, behind)
        canvas = np.zeros((size, size), dtype=np.uint8)
        paint(canvas, view)
        self._canvas = _Movable(canvas)

    @property
    def origin(self) -> FloatArray:
        """(2,) px of the annulus at rest."""
        return self._view.project(np.zeros(3))

    @cached_property
    def clouds(self) -> RootClouds:
        """Cast at the first injection only; most independent frames have none."""
        return self._make_clouds(self._view)

    def signal(self, view: View, body_shift: FloatArray) -> Plane:
        """(size, size) transmitted signal 0…1 while the body is moved by ``body_shift`` (3,) mm."""
        pan = view.project(np.zeros(3)) - self.origin
        moved = view.project(body_shift) - self.origin
        signal = cv2.multiply(self._still.moved(pan), self._moving.moved(moved))
        return np.asarray(signal, dtype=np.float32)

    def canvas(self, view: View) -> NDArray[np.uint8]:
        """(size, size) attenuation levels of the bystanders that hold still; a new array."""
        return self._canvas.moved(view.project(np.zeros(3)) - self.origin).copy()


def behind(anatomy: Anatomy, view: View) -> tuple[Plane, Plane]:
    """What drawn anatomy lets through in a view: what holds still, and what moves with the body."""
    cast = project_anatomy(anatomy, view, view.geometry.image_width)
    return np.exp(-cast.still), np.exp(-cast.moving)


class _Movable(Generic[_Number]):
    """A plane that can be translated quickly; its borders are repeated."""

    def __init__(self, plane: NDArray[_Number]) -> None:
        self._size = plane.shape[0]
        self._margin = int(_MARGIN * self._size) + 1
        wide = cv2.copyMakeBorder(plane, *(self._margin,) * 4, cv2.BORDER_REPLICATE)
        self._wide: NDArray[_Number] = np.asarray(wide, dtype=plane.dtype)

    def moved(self, shift: FloatArray) -> NDArray[_Number]:
        """(size, size) the plane moved by ``shift`` (2,) px; not to be written to."""
        start = self._margin - np.clip(shift, -self._margin + 1, self._margin - 1)
        whole = np.floor(start).astype(int)
        right, down = start - whole
        column, row = whole
        size = self._size
        region = self._wide[row : row + size + 1, column : column + size + 1]
        if max(right, down) < 1e-3:
            return region[:size, :size]
        # Linear interpolation: a translation needs two taps an axis, far less than a general warp.
        across, down_taps = (np.array([1.0 - part, part], dtype=np.float32) for part in (right, down))
        moved = cv2.sepFilter2D(region, -1, across, down_taps, anchor=(0, 0))
        return np.asarray(moved[:size, :size], dtype=self._wide.dtype)
