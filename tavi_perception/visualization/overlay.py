"""The picture for people: what was measured, drawn on the frame it was measured on."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Keypoints,
)
from tavi_perception.landmarks import ANNULUS, CATHETER, INFLOW_EDGE, JUNCTION, Landmark
from tavi_perception.visualization.canvas import Canvas, landmark_colour
from tavi_perception.visualization.labels import place_labels
from tavi_perception.visualization.panel import GREY, WHITE, Box, depth_colour, draw_notice, draw_panel
from tavi_perception.visualization.text import put_text, text_size
from tavi_perception.visualization.words import status_rows

FloatArray = NDArray[np.float64]

_BAND_OPACITY = 0.30
_BAND_REACH = 1.25
"""The band and the annulus line extend over this many half diameters to either side."""
_DEFAULT_HALF_WIDTH = 86.0
"""Half of |AA1-AA2| in thousandths of the image, where it is not measured (published frames)."""
_SIGMAS = 2.0
_SEGMENTS = [
    pair for chain in (ANNULUS, JUNCTION, CATHETER, INFLOW_EDGE) for pair in itertools.pairwise(chain)
]
_AXIS = 50.0
"""Length of the drawn axes of the annulus frame, in thousandths of the image."""
_MARK = 8.0
"""Half the size of the mark of a point, in thousandths of the image."""
_CROSS = (np.array([(-1.0, 0.0), (1.0, 0.0)]), np.array([(0.0, -1.0), (0.0, 1.0)]))
_DIAMOND = (np.array([(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)]),)
_STAR = np.concatenate([*_CROSS, np.zeros((1, 2))])
_TURN = np.linspace(0.0, 2.0 * np.pi, 32, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def draw_overlay(
    image: NDArray[np.uint8],
    keypoints: Keypoints,
    annulus: AnnulusFrame,
    deviation: CatheterDeviation,
    target_depth_m: float,
    tolerance_m: float,
    metres_per_px: float,
    onto: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """Draws keypoints, catheter, annulus, the acceptable band and the status on a frame.

    Measured points are crosses, bridged ones open diamonds with their names in brackets, each with its
    ellipse of two standard deviations. The band covers target ± tolerance below the annulus, towards the
    ventricle: green while the device is in it, amber while it is not, white while the deviation is invalid,
    missing while the image is uncalibrated.

    Args:
        image: (H, W) uint8, of the size the keypoints refer to.
        keypoints, annulus, deviation: of this frame.
        target_depth_m, tolerance_m: implantation depth aimed at, and accepted distance from it (m).
        metres_per_px: size of a pixel at the patient (m); NaN when uncalibrated.
        onto: (H, W, 3) uint8 that becomes the picture; None: a new one.

    Returns:
        (H, W, 3) uint8, blue, green, red.
    """
    canvas = Canvas(np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR, dst=onto), dtype=np.uint8))
    if _known(annulus):
        half_width = _half_width(canvas, keypoints, annulus, metres_per_px)
        band = (target_depth_m / metres_per_px, tolerance_m / metres_per_px)
        _draw_band(canvas, annulus, deviation, half_width, *band)
        _draw_annulus(canvas, annulus, half_width)
        _draw_depth(canvas, keypoints, annulus, deviation)
    _draw_lines(canvas, keypoints)
    _draw_points(canvas, keypoints)
    rows = status_rows(annulus, deviation, target_depth_m, tolerance_m)
    blocked = [draw_panel(canvas, deviation, rows), draw_notice(canvas)]
    _draw_names(canvas, keypoints, annulus, blocked)
    return canvas.image


def _known(annulus: AnnulusFrame) -> bool:
    return bool(np.isfinite([annulus.x, annulus.y, annulus.angle]).all())


def _half_width(canvas: Canvas, keypoints: Keypoints, annulus: AnnulusFrame, metres_per_px: float) -> float:
    """Half the diameter of the annulus (px): as stated, else as seen, else as usual."""
    seen = float(np.linalg.norm(np.diff(keypoints.xy[list(ANNULUS)], axis=0)))
    for diameter in (annulus.diameter / metres_per_px, seen):
        if np.isfinite(diameter):
            return diameter / 2.0
    return canvas.scaled(_DEFAULT_HALF_WIDTH)


def _in_image(annulus: AnnulusFrame, points: list[tuple[float, float]]) -> FloatArray:
    """Image positions (N, 2) of points in annulus coordinates (px)."""
    return np.asarray(np.array(points) @ annulus.axes + (annulus.x, annulus.y), dtype=np.float64)


def _draw_band(
    canvas: Canvas,
    annulus: AnnulusFrame,
    deviation: CatheterDeviation,
    half_width: float,
    target: float,
    tolerance: float,
) -> None:
    if not np.isfinite(target):
        return
    reach, near, far = _BAND_REACH * half_width, target - tolerance, target + tolerance
    colour = depth_colour(deviation) if deviation.valid else WHITE
    corners = _in_image(annulus, [(-reach, near), (reach, near), (reach, far), (-reach, far)])
    canvas.area(corners, colour, _BAND_OPACITY)
    start, end = _in_image(annulus, [(-reach, target), (reach, target)])
    canvas.dashes(start, end, colour, canvas.width(1.0))


def _draw_annulus(canvas: Canvas, annulus: AnnulusFrame, half_width: float) -> None:
    colour = landmark_colour(Landmark.AA1) if annulus.valid else GREY
    reach, width = _BAND_REACH * half_width, canvas.width(1.6)
    start, end = _in_image(annulus, [(-reach, 0.0), (reach, 0.0)])
    if annulus.source is AnnulusSource.CONTRAST:
        canvas.polyline(np.stack([start, end]), colour, width)
    else:
        canvas.dashes(start, end, colour, width)
    length, head = canvas.scaled(_AXIS), canvas.scaled(9)
    for tip, barbs in (
        ((length, 0.0), ((length - head, head / 2), (length - head, -head / 2))),
        ((0.0, length), ((head / 2, length - head), (-head / 2, length - head))),
    ):
        shaft = _in_image(annulus, [(0.0, 0.0), tip])
        canvas.mark([shaft, _in_image(annulus, [barbs[0], tip, barbs[1]])], WHITE, canvas.width(1.3))


def _draw_depth(
    canvas: Canvas, keypoints: Keypoints, annulus: AnnulusFrame, deviation: CatheterDeviation
) -> None:
    """The depth as a dimension: from the annulus line to the device, along the annulus normal."""
    xy = keypoints.xy
    if deviation.reference is DepthReference.CAPSULE:
        device = xy[Landmark.CD]
    elif deviation.reference is DepthReference.STENT:
        device = xy[list(INFLOW_EDGE)].mean(axis=0)
    else:
        return
    across, along = annulus.to_annulus(device)
    if not np.isfinite(along):
        return
    tick = canvas.scaled(7)
    ends = [_in_image(annulus, [(across - tick, depth), (across + tick, depth)]) for depth in (0.0, along)]
    canvas.mark([_in_image(annulus, [(across, 0.0), (across, along)]), *ends], WHITE, canvas.width(1.6))


def _draw_lines(canvas: Canvas, keypoints: Keypoints) -> None:
    """The catheter through the points of it that are known, the sinotubular junction and the inflow edge."""
    known = [landmark for landmark in CATHETER if np.isfinite(keypoints.xy[landmark]).all()]
    for chain in (known, JUNCTION, INFLOW_EDGE):
        if len(chain) > 1:
            canvas.polyline(keypoints.xy[list(chain)], landmark_colour(chain[0]), canvas.width(1.2))


def _draw_points(canvas: Canvas, keypoints: Keypoints) -> None:
    """The ellipse of two standard deviations and the mark of every point that is known."""
    ellipses = _ellipses(keypoints.covariance)
    for landmark, xy, ellipse in zip(Landmark, keypoints.xy, ellipses, strict=True):
        if not np.isfinite(xy).all():
            continue
        colour = landmark_colour(landmark)
        canvas.polyline(xy + ellipse, colour, canvas.width(0.8), closed=True)
        strokes = _CROSS if keypoints.measured[landmark] else _DIAMOND
        canvas.mark([xy + canvas.scaled(_MARK) * stroke for stroke in strokes], colour, canvas.width(1.6))


def _ellipses(covariance: FloatArray) -> FloatArray:
    """(N, 32, 2) points of the ellipses of covariances (N, 2, 2), around 0; NaN if unknown."""
    known = np.asarray(np.isfinite(covariance).all(axis=(1, 2)))
    values, vectors = np.linalg.eigh(np.where(known[:, None, None], covariance, np.eye(2)))
    radii = np.where(known[:, None], _SIGMAS * np.sqrt(np.maximum(values, 0.0)), np.nan)
    return np.asarray((_CIRCLE * radii[:, None]) @ vectors.transpose(0, 2, 1), dtype=np.float64)


def _draw_names(canvas: Canvas, keypoints: Keypoints, annulus: AnnulusFrame, blocked: list[Box]) -> None:
    """Names of points and axes, side by side with what they name."""
    named = [
        (point.name if measured else f"({point.name})", xy, landmark_colour(point))
        for point, xy, measured in zip(Landmark, keypoints.xy, keypoints.measured, strict=True)
    ]
    if _known(annulus):
        length = canvas.scaled(_AXIS)
        across, along = _in_image(annulus, [(length, 0.0), (0.0, length)])
        named += [("x", across, WHITE), ("LV", along, WHITE)]
    named = [entry for entry in named if _inside(canvas, entry[1])]
    if not named:
        return
    size = max(9, round(canvas.scaled(14)))
    names, anchors, colours = zip(*named, strict=True)
    height, width = canvas.image.shape[:2]
    corners = place_labels(
        np.stack(anchors),
        [text_size(name, size, bold=True) for name in names],
        np.concatenate(
            [*(anchor + canvas.scaled(_MARK) * _STAR for anchor in anchors), _along_lines(keypoints)]
        ),
        blocked,
        (width, height),
        canvas.scaled(6),
    )
    for name, colour, (x, y) in zip(names, colours, corners, strict=True):
        put_text(canvas.image, name, x, y, size, colour, bold=True)


def _inside(canvas: Canvas, xy: FloatArray) -> bool:
    """Known, and in the image."""
    height, width = canvas.image.shape[:2]
    return bool(np.all(xy >= 0) and np.all(xy < (width, height)))


def _along_lines(keypoints: Keypoints) -> FloatArray:
    """Points (N, 2) spread over the lines drawn, which names should not hide."""
    start, end = (keypoints.xy[list(ends)] for ends in zip(*_SEGMENTS, strict=True))
    points = (start + np.linspace(0.0, 1.0, 13)[:, None, None] * (end - start)).reshape(-1, 2)
    return np.asarray(points[np.isfinite(points).all(axis=1)], dtype=np.float64)
