"""What RViz shows in space: annulus ring, target band, catheter and landmarks, as plain geometry."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints
from tavi_perception.landmarks import CATHETER, COLOURS_RGB, INFLOW_EDGE, JUNCTION, Landmark
from tavi_perception.visualization.labels import place_labels
from tavi_perception.visualization.words import UNKNOWN, in_ascii, reasons_in_words, status_rows, verdict

FloatArray = NDArray[np.float64]
Rgba = tuple[float, float, float, float]
"""Red, green, blue, opacity, each 0…1."""

LIFETIME = 0.5
"""Time (s) after which a shape that is not sent again disappears: nothing outlives what it shows."""

_POINT_DIAMETER = 0.002
_LINE_WIDTH = 0.0006
_TEXT_HEIGHT = 0.003
_LETTER = (0.65, 1.2)
"""Width and height that a letter takes in RViz, as shares of the text's height; on the generous side."""
_GRID = 1e-4
"""Texts are placed on a grid of this width (m)."""
_ANGLES = np.linspace(0.0, 2.0 * np.pi, 65)

_GREEN: Rgba = (0.13, 0.75, 0.42, 0.35)
_AMBER: Rgba = (0.94, 0.65, 0.10, 0.35)
_GREY: Rgba = (0.6, 0.6, 0.6, 0.25)
_WHITE: Rgba = (1.0, 1.0, 1.0, 1.0)


class Kind(Enum):
    """How the points of a shape are meant."""

    SPHERES = "spheres"
    LINE = "line"
    """A line through the points, in order."""
    TRIANGLES = "triangles"
    """Three points each; to be seen from both sides."""
    TEXT = "text"
    """Letters at the one point, always facing the viewer."""


@dataclass(frozen=True)
class Shape:
    """One marker to show.

    Attributes:
        kind: how the points are meant.
        namespace, id: a later shape with the same pair replaces it.
        points: (N, 3) in the image frame (m).
        colour: of all of it.
        size: diameter of spheres, width of a line, height of letters (m); 0 for triangles.
        text: of Kind.TEXT; ASCII, since RViz draws nothing else.
        lifetime: s until it disappears.
    """

    kind: Kind
    namespace: str
    id: int
    points: FloatArray = field(repr=False)
    colour: Rgba
    size: float = 0.0
    text: str = ""
    lifetime: float = LIFETIME


def shapes(
    keypoints: Keypoints,
    annulus: AnnulusFrame,
    deviation: CatheterDeviation,
    geometry: CArmGeometry,
    target_depth_m: float,
    tolerance_m: float,
) -> tuple[Shape, ...]:
    """Everything of one frame that has a place in space; empty when the image is uncalibrated.

    Landmarks lie in the plane of the heart. The ring is a circle of the measured diameter across the
    annulus plane, which stands perpendicular to the image; the band is a disc at the target depth between
    two circles at the ends of the tolerance.

    Args:
        keypoints, annulus, deviation: of the frame.
        geometry: of the image's own matrix.
        target_depth_m, tolerance_m: implantation depth aimed at, and accepted distance from it (m).
    """
    if not geometry.calibrated:
        return ()
    places = geometry.back_project(keypoints.xy)
    drawn = [*_landmarks(places), *_lines(places), *_annulus(annulus, deviation, target_depth_m, tolerance_m)]
    return (*drawn, *_texts(places, drawn, annulus, deviation, target_depth_m, tolerance_m))


def _landmarks(places: FloatArray) -> list[Shape]:
    found: list[Shape] = []
    for landmark in Landmark:
        place = places[landmark][None]
        if not np.isfinite(place).all():
            continue
        colour = _rgba(landmark)
        found.append(Shape(Kind.SPHERES, "landmarks", int(landmark), place, colour, _POINT_DIAMETER))
    return found


def _lines(places: FloatArray) -> list[Shape]:
    found: list[Shape] = []
    for number, chain in enumerate((CATHETER, JUNCTION, INFLOW_EDGE)):
        known = places[list(chain)]
        known = known[np.isfinite(known).all(axis=1)]
        if len(known) > 1:
            found.append(Shape(Kind.LINE, "lines", number, known, _rgba(chain[0]), _LINE_WIDTH))
    return found


def _annulus(
    annulus: AnnulusFrame, deviation: CatheterDeviation, target: float, tolerance: float
) -> list[Shape]:
    known = np.isfinite([annulus.diameter, *annulus.position, *annulus.orientation]).all()
    if not (annulus.valid and known):
        return []
    ring = _circle(annulus, 0.0)
    band = (_GREEN if deviation.within_tolerance else _AMBER) if deviation.valid else _GREY
    edge: Rgba = (*band[:3], 1.0)
    origin = annulus.position[None]
    into_ventricle = np.concatenate(
        [origin, _in_space(annulus, np.array([[0.0, annulus.diameter / 2, 0.0]]))]
    )
    return [
        Shape(Kind.LINE, "annulus", 0, ring, _rgba(Landmark.AA1), 2 * _LINE_WIDTH),
        Shape(Kind.LINE, "annulus", 1, into_ventricle, _WHITE, _LINE_WIDTH),
        Shape(Kind.TRIANGLES, "band", 0, _disc(annulus, target), band),
        Shape(Kind.LINE, "band", 1, _circle(annulus, target - tolerance), edge, _LINE_WIDTH),
        Shape(Kind.LINE, "band", 2, _circle(annulus, target + tolerance), edge, _LINE_WIDTH),
    ]


def _texts(
    places: FloatArray,
    drawn: list[Shape],
    annulus: AnnulusFrame,
    deviation: CatheterDeviation,
    target: float,
    tolerance: float,
) -> list[Shape]:
    """The names of landmarks beside them, and the status below all that is drawn: no text on another."""
    if not drawn:
        return []
    corners = np.concatenate([shape.points for shape in drawn])
    low, high = corners.min(axis=0), corners.max(axis=0)
    found: list[Shape] = []
    blocked = (0.0, 0.0, 0.0, 0.0)
    reach = 20 * _TEXT_HEIGHT  # more than any name takes beside its landmark
    first = low[:2] - reach
    edge = next((shape for shape in drawn if (shape.namespace, shape.id) == ("band", 1)), None)
    if edge is not None:
        text = _status(annulus, deviation, target, tolerance)
        size = text_extent(text, _TEXT_HEIGHT)
        below = high[1] + 4 * _TEXT_HEIGHT + size[1] / 2
        centre = np.array([annulus.position[0], below, annulus.position[2]])
        found.append(Shape(Kind.TEXT, "status", 0, centre[None], edge.colour, _TEXT_HEIGHT, text))
        left, top = (centre[:2] - size / 2 - first) / _GRID
        right, bottom = (centre[:2] + size / 2 - first) / _GRID
        blocked = (left, top, right, bottom)
    return found + _names(places, first, blocked, reach)


def _names(
    places: FloatArray, first: FloatArray, blocked: tuple[float, float, float, float], reach: float
) -> list[Shape]:
    """Where the first point of the grid lies at ``first`` (m), and a box of it is taken."""
    known = [landmark for landmark in Landmark if np.isfinite(places[landmark]).all()]
    if not known:
        return []
    anchors = (places[known, :2] - first) / _GRID
    sizes = [np.ceil(text_extent(landmark.name, _TEXT_HEIGHT) / _GRID).astype(int) for landmark in known]
    bounds = np.ceil(anchors.max(axis=0) + reach / _GRID).astype(int)
    corners = place_labels(
        anchors,
        [(w, h) for w, h in sizes],
        anchors,
        [blocked],
        (bounds[0], bounds[1]),
        _POINT_DIAMETER / 2 / _GRID,
    )
    found: list[Shape] = []
    for landmark, corner, size in zip(known, corners, sizes, strict=True):
        centre = places[landmark].copy()
        centre[:2] = first + _GRID * (np.array(corner) + size / 2)
        found.append(
            Shape(
                Kind.TEXT, "names", int(landmark), centre[None], _rgba(landmark), _TEXT_HEIGHT, landmark.name
            )
        )
    return found


def text_extent(text: str, height: float) -> FloatArray:
    """(2,) width and height (m) that letters of a height (m) take around their point in RViz, generously."""
    lines = text.splitlines()
    letters = np.array([max(map(len, lines)), len(lines)])
    return np.asarray(height * letters * _LETTER, dtype=np.float64)


def _status(annulus: AnnulusFrame, deviation: CatheterDeviation, target: float, tolerance: float) -> str:
    """Verdict and depth in a line, below it what makes them invalid."""
    depth = status_rows(annulus, deviation, target, tolerance)[0].value
    head = verdict(deviation) if depth == UNKNOWN else f"{verdict(deviation)} {depth}"
    return in_ascii("\n".join([head, *reasons_in_words(deviation.reasons)]))


def _in_space(annulus: AnnulusFrame, points: FloatArray) -> FloatArray:
    """Points (N, 3) of the annulus frame in the image frame (m)."""
    axes = np.zeros((3, 3))
    axes[:2, :2], axes[2, 2] = annulus.axes, annulus.ventricle_sign
    return np.asarray(points @ axes + annulus.position, dtype=np.float64)


def _circle(annulus: AnnulusFrame, depth: float) -> FloatArray:
    """(65, 3) closed circle of the annulus' diameter, parallel to its plane at a depth (m)."""
    radius = annulus.diameter / 2.0
    points = [radius * np.cos(_ANGLES), np.full_like(_ANGLES, depth), radius * np.sin(_ANGLES)]
    return _in_space(annulus, np.stack(points, axis=1))


def _disc(annulus: AnnulusFrame, depth: float) -> FloatArray:
    """(192, 3) corners of the triangles of a filled circle, three each."""
    edge = _circle(annulus, depth)
    centre = _in_space(annulus, np.array([[0.0, depth, 0.0]]))
    triangles = np.stack([np.broadcast_to(centre, edge[1:].shape), edge[:-1], edge[1:]], axis=1)
    return triangles.reshape(-1, 3)


def _rgba(landmark: Landmark) -> Rgba:
    red, green, blue = (channel / 255.0 for channel in COLOURS_RGB[landmark])
    return red, green, blue, 1.0
