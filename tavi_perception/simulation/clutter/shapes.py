"""What bystanders are made of: strands, bundles and small solids in mm, painted through a view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.view import FloatArray, View

_MARGIN = 60
"""Parts farther outside the image than this are not drawn (px)."""


@dataclass(frozen=True)
class Strand:
    """A wire, tube or rod.

    Attributes:
        points: (n, 3) mm in patient axes.
        width: mm.
        wall, lumen: attenuation of its edges and its middle.
        follows: (n,) share of the root's motion that each point takes part in; the rest is the body's.
    """

    points: FloatArray
    width: float
    wall: float
    lumen: float
    follows: FloatArray


@dataclass(frozen=True)
class Solid:
    """A small solid of the same attenuation all over.

    Attributes:
        points: (n, 3) outline on the solid (mm, patient axes); its convex order is kept in projection.
        attenuation: log units.
        follows: share of the root's motion (0…1).
    """

    points: FloatArray
    attenuation: float
    follows: float


@dataclass(frozen=True)
class Bundle:
    """Parts that merge where they cross, such as the branches of one filled vessel."""

    parts: tuple[Strand | Solid, ...]


Part = Strand | Solid | Bundle


@dataclass(frozen=True)
class Bystanders:
    """Everything without a landmark in one procedure; the moving parts are repainted in each frame."""

    still: tuple[Part, ...]
    moving: tuple[Part, ...]

    def paint_still(
        self, canvas: NDArray[np.uint8], layer: Layer, view: View, body_shift: FloatArray
    ) -> None:
        """Add what never moves against the body (at set-up) to a canvas (size, size); shift (3,) mm."""
        for part in self.still:
            _paint(canvas, layer, view, part, body_shift, body_shift)

    def paint_moving(
        self,
        canvas: NDArray[np.uint8],
        layer: Layer,
        view: View,
        root_shift: FloatArray,
        body_shift: FloatArray,
    ) -> None:
        """Add what moves with the heart (every frame) to a canvas (size, size); shifts (3,) mm."""
        for part in self.moving:
            _paint(canvas, layer, view, part, root_shift, body_shift)


def lump(
    rng: np.random.Generator, centre: FloatArray, radius: float, attenuation: float, follows: float
) -> Solid:
    """An irregular lump of about ``radius`` mm; its outline lies in the frontal plane."""
    turn = np.linspace(0, 2 * np.pi, 13)[:-1]
    size = radius * rng.uniform(0.65, 1.25, (12, 1))
    outline = np.stack([np.cos(turn) * rng.uniform(0.6, 1.0), np.sin(turn), 0 * turn], axis=-1)
    return Solid(centre + outline * size, attenuation, follows)


def disc(centre: FloatArray, radius: float, attenuation: float) -> Solid:
    """A round plate in the frontal plane that moves with the body."""
    turn = np.linspace(0, 2 * np.pi, 25)[:-1]
    outline = radius * np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=-1)
    return Solid(centre + outline, attenuation, 0.0)


def _paint(
    canvas: NDArray[np.uint8], layer: Layer, view: View, part: Part, root: FloatArray, body: FloatArray
) -> None:
    parts = part.parts if isinstance(part, Bundle) else (part,)
    points = np.concatenate([single.points for single in parts])
    sizes = [len(single.points) for single in parts]
    follows = np.empty((len(points), 1))
    ends = np.cumsum(sizes)
    for single, end, size in zip(parts, ends, sizes, strict=True):
        follows[end - size : end, 0] = single.follows
    points = points + body + follows * (root - body)
    image = view.project(points)
    if (image.max(axis=0) < -_MARGIN).any() or (image.min(axis=0) > canvas.shape[0] + _MARGIN).any():
        return
    scale = float(view.magnification(points.mean(axis=0)))
    for single, end, size in zip(parts, ends, sizes, strict=True):
        _draw(layer, single, image[end - size : end], scale)
    layer.add_to(canvas)


def _draw(layer: Layer, part: Strand | Solid, image: FloatArray, scale: float) -> None:
    if isinstance(part, Solid):
        layer.polygon(image, part.attenuation)
    elif part.wall == part.lumen:
        layer.stroke(image, part.width * scale, part.wall)
    else:
        layer.tube(image, part.width * scale, part.wall, part.lumen)
