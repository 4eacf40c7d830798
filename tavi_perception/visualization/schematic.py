"""A schematic drawing of aortic root, delivery system, stent and pigtail through given landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.interpolate import CubicSpline

from tavi_perception.estimates import FloatArray
from tavi_perception.landmarks import ANNULUS, INFLOW_EDGE, JUNCTION, Landmark
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.text import Colour, put_text, text_size

_CAVITY: Colour = (66, 56, 50)
_WALL: Colour = (206, 200, 196)
_CUSP: Colour = (146, 136, 130)
_PLANE: Colour = (150, 196, 140)
_SHAFT: Colour = (112, 108, 104)
_CAPSULE: Colour = (136, 132, 128)
_DENSE: Colour = (228, 226, 224)
_STRUT: Colour = (196, 192, 188)
_WORDS: Colour = (190, 186, 182)

_VENTRICLE = ((0.5, 0.0), (0.6, 0.35), (0.68, 0.75), (0.72, 1.25))
_SINUS = ((0.5, 0.0), (0.72, -0.14), (0.82, -0.5), (0.72, -0.84))
_CUSP_LINE = ((0.5, 0.0), (0.43, -0.28), (0.46, -0.6), (0.56, -0.86))
"""Outlines of one side, from the hinge point outwards: across and along the annulus, in its diameters."""

_AORTA = (-1.3, -2.0, -3.0, -4.2)
"""Where along the annulus normal the aorta's walls are drawn through, in diameters."""

_CAPSULE_WIDTH, _SHAFT_WIDTH, _ROD_WIDTH = 0.22, 0.12, 0.045
_BLOCK, _BAND, _CONE = 0.26, 0.06, 0.55
"""Widths of the delivery system, lengths of proximal block, marker band and nose cone, in diameters."""

_LOOP = 0.13
"""Radius of the pigtail's loop, in diameters of the annulus."""

_CELLS, _ROWS = 7, 0.42
"""Struts of the stent that are seen side by side, and what share of the circumference each winds around."""


@dataclass(frozen=True)
class _Plane:
    """Annulus coordinates in diameters, across from AA1 to AA2 and along into the ventricle, and pixels."""

    origin: FloatArray
    across: FloatArray
    along: FloatArray

    @property
    def diameter(self) -> float:
        """Of the annulus (px)."""
        return float(np.hypot(*self.across))

    def px(self, points: FloatArray) -> FloatArray:
        """(N, 2) px of points (N, 2) in diameters."""
        return np.asarray(self.origin + points @ np.stack([self.across, self.along]), dtype=np.float64)

    def diameters(self, point: FloatArray) -> FloatArray:
        """(2,) in diameters of a point (2,) px."""
        return np.asarray((point - self.origin) @ np.stack([self.across, self.along], 1) / self.diameter**2)


def draw_schematic(canvas: Canvas, xy: FloatArray) -> None:
    """Draws what the landmarks belong to.

    Args:
        canvas: is drawn on.
        xy: (11, 2) px of the landmarks. FE1 and FE2 are NaN while the stent is sheathed, CM may be.
    """
    plane = _plane(xy)
    _draw_root(canvas, plane, xy)
    _draw_pigtail(canvas, plane, xy)
    if np.isfinite(xy[list(INFLOW_EDGE)]).all():
        _draw_stent(canvas, plane, xy)
    _draw_delivery(canvas, plane, xy)


def _plane(xy: FloatArray) -> _Plane:
    first, second = xy[list(ANNULUS)]
    across, origin = second - first, (first + second) / 2
    along = np.array([-across[1], across[0]])
    if along @ (origin - xy[list(JUNCTION)].mean(axis=0)) < 0.0:
        along = -along
    return _Plane(origin, across, along)


def _draw_root(canvas: Canvas, plane: _Plane, xy: FloatArray) -> None:
    """Ventricle, sinuses, aorta and cusps, and the plane through the three hinge points."""
    sides = [_wall(plane, xy, side) for side in (-1.0, 1.0)]
    _fill(canvas, np.concatenate([sides[0], sides[1][::-1]]), _CAVITY)
    for wall, side in zip(sides, (-1.0, 1.0), strict=True):
        canvas.polyline(wall, _WALL, canvas.width(4))
        cusp = _curve(plane.px(np.array(_CUSP_LINE) * (side, 1.0)))
        canvas.polyline(cusp, _CUSP, canvas.width(2.4))
    turn = np.linspace(0.0, 2.0 * np.pi, 60)
    ring = np.stack([0.5 * np.cos(turn), 0.06 * np.sin(turn)], axis=1)
    canvas.polyline(plane.px(ring), _PLANE, canvas.width(2))
    start, end = plane.px(np.array([(-1.12, 0.0), (1.12, 0.0)]))
    canvas.dashes(start, end, _PLANE, canvas.width(2.4))
    third = plane.px(np.array([(0.16, -0.06)]))[0]
    cv2.circle(canvas.image, np.round(third).astype(int).tolist(), canvas.width(7), _PLANE, -1, cv2.LINE_AA)


def _wall(plane: _Plane, xy: FloatArray, side: float) -> FloatArray:
    """(N, 2) px of one wall from the ventricle to the aorta; ``side``: -1 that of AA1, +1 that of AA2."""
    junction = plane.diameters(xy[JUNCTION[0] if side < 0.0 else JUNCTION[1]])
    catheter = plane.diameters(xy[Landmark.CP])
    middle = np.interp(_AORTA, [catheter[1], -1.0], [0.8 * catheter[0], 0.0])
    # The aorta goes on in the direction of the catheter.
    middle[-1] += catheter[0] / abs(catheter[1])
    aorta = np.stack([middle + side * 0.62, _AORTA], axis=1)
    pieces = (
        np.array(_VENTRICLE[::-1]) * (side, 1.0),
        np.concatenate([np.array(_SINUS) * (side, 1.0), junction[None]]),
        np.concatenate([junction[None], aorta]),
    )
    return np.concatenate([_curve(plane.px(piece)) for piece in pieces])


def _draw_pigtail(canvas: Canvas, plane: _Plane, xy: FloatArray) -> None:
    """A thin catheter down the wall of the aorta, with its loop in the sinus of AA1."""
    radius = _LOOP * plane.diameter
    centre = xy[Landmark.PT] - (0.0, radius)
    turn = np.linspace(0.0, 2.2 * np.pi, 60)
    radii = radius * np.linspace(1.0, 0.8, 60)[:, None]
    loop = centre + radii * np.stack([-np.cos(turn), np.sin(turn)], axis=1)
    lean = plane.diameters(xy[Landmark.CP])[0]
    way = plane.px(np.array([(lean - 0.36, -4.2), (0.5 * lean - 0.36, -2.2), (-0.38, -1.2)]))
    line = np.concatenate([_curve(np.concatenate([way, loop[:1]])), loop])
    canvas.polyline(line, _WALL, canvas.width(8))
    canvas.polyline(line, _SHAFT, canvas.width(4))


def _draw_stent(canvas: Canvas, plane: _Plane, xy: FloatArray) -> None:
    """The expanded part of the stent, from the capsule's marker band to the inflow edge."""
    band, edge = xy[Landmark.CD], xy[list(INFLOW_EDGE)]
    normal = _normal(edge.mean(axis=0) - band) * _CAPSULE_WIDTH / 2 * plane.diameter
    if normal @ (edge[1] - edge[0]) < 0.0:
        normal = -normal
    share = np.linspace(0.0, 1.0, 40)[:, None]
    flare = np.sin(share * np.pi / 2)
    middle = band + share * (edge.mean(axis=0) - band)
    half = normal + flare * ((edge[1] - edge[0]) / 2 - normal)
    for cell in range(-_CELLS, 2 * _CELLS):
        for wound in (_ROWS, -_ROWS):
            phase = np.pi * (cell / _CELLS + wound * share)
            canvas.polyline(middle - half * np.cos(phase), _STRUT, canvas.width(1.6))
    for side in (-1.0, 1.0):
        canvas.polyline(middle + side * half, _STRUT, canvas.width(2.4))
    canvas.polyline(edge, _DENSE, canvas.width(4))


def _draw_delivery(canvas: Canvas, plane: _Plane, xy: FloatArray) -> None:
    """Shaft, proximal block, capsule, marker band, nose cone and wire."""
    size = plane.diameter
    proximal, middle, distal, tip = xy[[Landmark.CP, Landmark.CM, Landmark.CD, Landmark.CT]]
    capsule = np.stack([point for point in (proximal, middle, distal) if np.isfinite(point).all()])
    capsule = _curve(capsule)
    entering, leaving = _unit(capsule[1] - capsule[0]), _unit(tip - distal)
    _tube(canvas, np.stack([proximal - 4.0 * size * entering, proximal]), _SHAFT_WIDTH * size, _SHAFT)
    base = tip - min(_CONE * size, 0.8 * float(np.hypot(*(tip - distal)))) * leaving
    _tube(canvas, np.stack([distal, base]), _ROD_WIDTH * size, _SHAFT)
    wire = _curve(np.stack([tip, tip + 0.3 * size * leaving, tip + size * (0.5 * leaving + (0.08, -0.03))]))
    canvas.polyline(wire, _WALL, canvas.width(2.4))
    width = _CAPSULE_WIDTH * size
    side = _normal(leaving)
    _outlined(canvas, np.stack([base - 0.42 * width * side, base + 0.42 * width * side,
                                tip + 0.1 * width * side, tip - 0.1 * width * side]), _CAPSULE)  # fmt: skip
    _tube(canvas, capsule, width, _CAPSULE)
    _tube(canvas, np.stack([proximal - _BLOCK * size * entering, proximal]), 0.9 * width, _DENSE)
    ending = _unit(capsule[-1] - capsule[-2]) * _BAND * size / 2
    _tube(canvas, np.stack([distal - ending, distal + ending]), 1.06 * width, _DENSE)


def write_along(canvas: Canvas, xy: FloatArray, text: str, place: tuple[float, float], size: int) -> None:
    """Writes centred at a ``place`` across and along the annulus, in its diameters."""
    x, y = _plane(xy).px(np.array([place]))[0]
    width, height = text_size(text, size)
    put_text(canvas.image, text, round(x - width / 2), round(y - height / 2), size, _WORDS)


def _tube(canvas: Canvas, line: FloatArray, width: float, colour: Colour) -> None:
    steps = np.gradient(line, axis=0)
    normals = np.stack([_normal(step) for step in steps]) * width / 2
    _outlined(canvas, np.concatenate([line + normals, (line - normals)[::-1]]), colour)


def _outlined(canvas: Canvas, corners: FloatArray, colour: Colour) -> None:
    _fill(canvas, corners, colour)
    canvas.polyline(corners, (40, 36, 32), canvas.width(2), closed=True)


def _fill(canvas: Canvas, corners: FloatArray, colour: Colour) -> None:
    cv2.fillPoly(canvas.image, [np.round(corners * 16).astype(np.int32)], colour, cv2.LINE_AA, 4)


def _curve(points: FloatArray) -> FloatArray:
    """(40, 2) a smooth curve through points (N, 2)."""
    lengths = np.append(0.0, np.cumsum(np.hypot(*np.diff(points, axis=0).T)))
    spline = CubicSpline(lengths, points, bc_type="natural")
    return np.asarray(spline(np.linspace(0.0, lengths[-1], 40)), dtype=np.float64)


def _unit(vector: FloatArray) -> FloatArray:
    return np.asarray(vector / np.hypot(*vector), dtype=np.float64)


def _normal(vector: FloatArray) -> FloatArray:
    """(2,) unit vector across ``vector``."""
    return np.array([-vector[1], vector[0]]) / np.hypot(*vector)
