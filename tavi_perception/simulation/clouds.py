"""The shadow of contrast medium in the aortic root, and of what of it leaves the root."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.leak import Leak
from tavi_perception.simulation.paint import LEVEL
from tavi_perception.simulation.patient import Root
from tavi_perception.simulation.route import Route
from tavi_perception.simulation.view import FloatArray, View

_COARSE = 2
"""Clouds are painted at this fraction of the image's resolution."""

_INSIDE = 0.82
"""Size of a sinus' inside, which the flow clears, relative to the sinus."""

_BENDING = 30.0
"""Length (mm) above the junction over which the aorta's axis leaves that of the root."""

_NADIR = 0.97
"""Of the ring's radius: where the lowest point of a sinus lies, just inside of the wall."""

_MIXED = 2.5
"""mm (standard deviation) over which medium in the ventricle fades out: no wall holds it (set by eye)."""

Cloud = NDArray[np.uint8]


class RootClouds:
    """The shapes that an injection fills as one view shows them, cast once and then only scaled."""

    def __init__(self, seed: int, root: Root, route: Route, view: View, rim: float, leak: Leak) -> None:
        rng = np.random.default_rng(seed)
        geometry = view.geometry
        columns, rows = np.meshgrid(
            np.arange(0, geometry.image_width, _COARSE) + (_COARSE - 1) / 2,
            np.arange(0, geometry.image_height, _COARSE) + (_COARSE - 1) / 2,
        )
        self._box = _box(root, route, view, leak)
        window = self._box.window(_COARSE)
        source, directions = view.rays(columns[window], rows[window])
        # The two that the outline shows stand on AA1 and AA2, the third faces detector or source.
        first, second = np.pi - root.hinge_turns[0], root.hinge_turns[1]
        sinuses = [_sinus(rng, root, turn) for turn in (first, second, rng.choice([-1, 1]) * np.pi / 2)]
        # Taking the inside away in part leaves more along the wall.
        cast = [
            _shadow(source, directions, [part])
            - np.float32(rim) * _shadow(source, directions, [_Ellipsoid(part.centre, _INSIDE * part.axes)])
            for part in sinuses
        ]
        sinus = cast[0]
        rest = np.maximum.reduce([*cast, _shadow(source, directions, _aorta(rng, root, route))])
        # A longest way of one sinus' depth is what ``Contrast.sinus`` refers to; wider parts are darker.
        depth = float(sinus.max())
        swirl = 1.0 + 0.22 * _swirl(rng, sinus.shape)
        self._sinus = (sinus / depth * swirl).astype(np.float32)
        self._root = (np.minimum(rest / depth, 1.6) * swirl).astype(np.float32)
        if leak.ventricle:
            below = np.minimum(_shadow(source, directions, _plume(root, leak)) / depth, 1.6) * swirl
            mixed = cv2.GaussianBlur(below.astype(np.float32), (0, 0), _MIXED * view.px_per_mm / _COARSE)
            self._root = np.maximum(self._root, np.float32(leak.ventricle) * mixed)
        seen = view.project(np.stack([np.zeros(3), -root.normal]))
        along = (seen[1] - seen[0]) / np.sum((seen[1] - seen[0]) ** 2)
        height = (columns[window] - seen[0, 0]) * along[0] + (rows[window] - seen[0, 1]) * along[1]
        self._height = height.astype(np.float32)

    def add_to(self, canvas: Cloud, contrast: Contrast, shift: FloatArray) -> None:
        """Add the shadow of ``contrast`` to a canvas, moved by ``shift`` (2,) px."""
        front = contrast.left_at(self._height).astype(np.float32)
        density = np.maximum(self._sinus * np.float32(contrast.sinus), self._root * np.float32(contrast.root))
        levels = cv2.convertScaleAbs(cv2.multiply(density, front), alpha=1.0 / LEVEL)
        left, top, right, bottom = self._box.pixels
        matrix = np.array(
            [[_COARSE, 0.0, shift[0] + (_COARSE - 1) / 2], [0.0, _COARSE, shift[1] + (_COARSE - 1) / 2]]
        )
        size = (right - left, bottom - top)
        cloud = cv2.warpAffine(levels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        region = canvas[top:bottom, left:right]
        cv2.add(region, cloud, dst=region)


@dataclass(frozen=True)
class _Box:
    """Part of the image that contrast medium can reach: left, top, right, bottom (px, even)."""

    pixels: tuple[int, int, int, int]

    def window(self, coarse: int) -> tuple[slice, slice]:
        left, top, right, bottom = (value // coarse for value in self.pixels)
        return slice(top, bottom), slice(left, right)


def _box(root: Root, route: Route, view: View, leak: Leak) -> _Box:
    width, height = view.geometry.image_width, view.geometry.image_height
    below = leak.plume * root.normal[None] if leak.ventricle else np.zeros((0, 3))
    points = view.project(np.concatenate([root.points, route.at(np.array([-95.0, 8.0])), below]))
    margin = (root.junction_diameter / 2 + root.bulge + 22.0) * view.px_per_mm
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    left, top = (int(max(0, value)) // 4 * 4 for value in low)
    right, bottom = (
        max(start + 8, int(min(limit, value)) // 4 * 4)
        for start, limit, value in zip((left, top), (width, height), high, strict=True)
    )
    left, top = min(left, width - 8) // 4 * 4, min(top, height - 8) // 4 * 4
    return _Box((left, top, min(right, width // 4 * 4), min(bottom, height // 4 * 4)))


@dataclass(frozen=True)
class _Ellipsoid:
    """(3,) centre (mm) and (3, 3) rows: half-axes as vectors (mm)."""

    centre: FloatArray
    axes: FloatArray


def _sinus(rng: np.random.Generator, root: Root, turn: float) -> _Ellipsoid:
    """The sinus whose nadir lies on the ring at ``turn`` from AA2's side.

    Its outline leaves the ring at the nadir, bulges out of it, and comes back to the wall of the aorta at
    the junction, so that the corner between both is where the STJ is.
    """
    radius, height = root.diameter / 2, root.junction_height
    outwards = np.cos(turn) * root.axes[0] + np.sin(turn) * root.axes[2]
    around = np.cross(root.normal, outwards)
    middle = _NADIR * radius
    junction = root.junction_diameter / 2 + root.junction_shift * np.cos(turn) - middle
    # A junction that is wider than the sinus would bulge has no corner: the sinus runs into the aorta.
    bulge = max(radius - middle + root.bulge, abs(junction) / 0.9)
    sag = rng.uniform(-0.2, 0.2)
    half_height = (height + sag) / (1.0 + np.sqrt(1.0 - (junction / bulge) ** 2))
    centre = middle * outwards - (half_height - sag) * root.normal
    half = np.array([bulge, half_height, radius * rng.uniform(0.62, 0.8)])
    return _Ellipsoid(centre, half[:, None] * np.stack([outwards, root.normal, around]))


def _aorta(rng: np.random.Generator, root: Root, route: Route) -> list[_Ellipsoid]:
    """The root's core above the closed leaflets and the ascending aorta along the route."""
    top = root.junction_diameter / 2
    height, shift = root.junction_height, root.junction_shift * root.axes[0]
    core = _Ellipsoid(
        shift - 0.8 * height * root.normal,
        np.diag([0.95 * top, 0.62 * height, 0.95 * top]) @ root.axes,
    )
    parts = [core]
    for distance in np.arange(height, 100.0, 7.0).tolist():
        tangent = route.tangent_at(-distance)
        side = np.cross(tangent, root.axes[2])
        side /= np.linalg.norm(side)
        # The catheter leans on the outer wall; the aorta's axis lies a little inside of it.
        inside = rng.uniform(0.0, 2.0) * side + shift * max(0.0, 1.0 - distance / 60.0)
        # At the junction it stands on the root.
        away = min(1.0, (distance - height) / _BENDING)
        centre = away * (route.at(-distance) + inside) + (1.0 - away) * (shift - distance * root.normal)
        radius = top * min(1.16, 1.0 + 0.006 * (distance - height))
        axes = np.stack([radius * side, 13.0 * tangent, radius * np.cross(side, tangent)])
        parts.append(_Ellipsoid(centre, axes))
    return parts


def _plume(root: Root, leak: Leak) -> list[_Ellipsoid]:
    """Medium in the outflow tract, narrower than the ring, and where it spreads in the ventricle."""
    radius = root.diameter / 2
    tract = np.array([0.75 * radius, 0.6 * leak.plume, 0.75 * radius])
    chamber = np.array([1.1 * radius, 0.4 * leak.plume, 1.1 * radius])
    return [
        _Ellipsoid(0.4 * leak.plume * root.normal, tract[:, None] * root.axes),
        _Ellipsoid(0.7 * leak.plume * root.normal, chamber[:, None] * root.axes),
    ]


def _shadow(source: FloatArray, directions: FloatArray, parts: list[_Ellipsoid]) -> NDArray[np.float32]:
    """(rows, columns) mm of each ray inside the union of ``parts``, taken as the longest single way."""
    longest = np.zeros(directions.shape[:-1], dtype=np.float32)
    for part in parts:
        # In the ellipsoid's own units it is the unit sphere.
        inverse = np.linalg.inv(part.axes)
        start = (source - part.centre) @ inverse
        ray = (directions @ inverse).astype(np.float32)
        a = np.einsum("...i,...i", ray, ray)
        b = ray @ start.astype(np.float32)
        discriminant = b * b - a * np.float32(start @ start - 1.0)
        np.maximum(longest, 2.0 * np.sqrt(np.maximum(discriminant, 0.0)) / a, out=longest)
    return longest


def _swirl(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Smooth noise of unit order: medium that has not mixed."""
    coarse = rng.normal(0.0, 1.0, (9, 9)).astype(np.float32)
    field = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(field, -2.5, 2.5)
