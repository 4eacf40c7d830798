"""The picture that explains the landmarks: drawn and on simulated frames, sheathed and partly deployed.

Run ``python -m tavi_perception.simulation.landmark_figure docs/landmarks.jpg``.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.estimates import FloatArray, GreyImage
from tavi_perception.landmarks import Landmark
from tavi_perception.simulation.dataset.preview import write_picture
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.visualization.callouts import draw_callouts
from tavi_perception.visualization.canvas import Canvas
from tavi_perception.visualization.schematic import draw_schematic, write_along
from tavi_perception.visualization.text import Colour, put_text, text_size

_SEED, _DURATION, _RATE = 1_000_032, 20.0, 15.0
"""A procedure of the tuning seeds in which contrast shows the whole root (s, frames/s)."""

_SHEATHED, _DEPLOYED = 14, 220
"""Frames during the first and the second injection."""

_CROP = (36, 110, 540, 640)
"""Left, top, width and height (px) of what is shown of a frame."""

_SCALE = 0.84
_MARGINS = (160, 190)
"""Room for the callouts on the left and on the right of the drawing (px)."""
_COLUMN = 68.0
"""Width of the columns of names on a simulated frame (px)."""
_GAP, _LETTERS = 8, 24
_PAPER: Colour = (32, 27, 24)
_INK: Colour = (232, 230, 228)

_TOLD = {
    Landmark.AA1: "hinge point",
    Landmark.AA2: "hinge point",
    Landmark.STJ1: "sinotubular junction",
    Landmark.STJ2: "sinotubular junction",
    Landmark.CP: "end of proximal block",
    Landmark.CM: "bend of the capsule",
    Landmark.CD: "marker band",
    Landmark.CT: "tip of nose cone",
    Landmark.PT: "pigtail, lowest point",
    Landmark.FE1: "stent inflow edge",
    Landmark.FE2: "stent inflow edge",
}


@dataclass(frozen=True)
class _State:
    """A state of the device: its caption, a frame of it, and words in the drawing at annulus coordinates."""

    caption: str
    frame: int
    words: tuple[tuple[str, tuple[float, float]], ...]


_PLANE = ("annulus plane", (-1.3, 0.14))
_STATES = (
    _State(
        "Sheathed: the stent lies folded in the capsule",
        _SHEATHED,
        (_PLANE, ("aorta", (0.59, -1.93)), ("sinus", (0.65, -0.46)), ("left ventricle", (-0.06, 1.02))),
    ),
    _State(
        "Partly deployed: the capsule is drawn back, the stent opens",
        _DEPLOYED,
        (_PLANE, ("aorta", (0.57, -1.88))),
    ),
)


def landmark_figure() -> NDArray[np.uint8]:
    """(H, W, 3) BGR: a row for each state, the drawing on the left, a simulated frame on the right."""
    procedure = RenderedProcedure(_SEED, _DURATION, _RATE)
    procedure.scene.prepare()
    rows = []
    for state in _STATES:
        xy = (procedure.truth(state.frame).keypoints.xy - _CROP[:2] + 0.5) * _SCALE - 0.5
        frame = _frame_panel(procedure.frame(state.frame).image, xy)
        drawing = _drawn_panel(state, xy, frame.shape[0])
        row = np.hstack([drawing, _paper(frame.shape[0], _GAP), frame])
        rows += [_caption(row.shape[1], state.caption, drawing.shape[1] + _GAP), row]
    return np.asarray(np.vstack(rows), dtype=np.uint8)


def _caption(width: int, text: str, frame_left: int) -> NDArray[np.uint8]:
    """A strip of ``width`` px above a row, whose frame begins at ``frame_left`` (px)."""
    strip = _paper(text_size(text, _LETTERS)[1] + _GAP, width)
    put_text(strip, text, _GAP, _GAP // 2, _LETTERS, _INK)
    put_text(strip, "On a simulated frame", frame_left, _GAP // 2, _LETTERS, _INK)
    return strip


def _frame_panel(image: GreyImage, xy: FloatArray) -> NDArray[np.uint8]:
    """The simulated frame with the names of the landmarks."""
    left, top, width, height = _CROP
    size = (round(_SCALE * width), round(_SCALE * height))
    grey = cv2.resize(image[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA)
    canvas = Canvas(np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), dtype=np.uint8))
    draw_callouts(canvas, xy, (_COLUMN, size[0] - _COLUMN), _LETTERS, {})
    return canvas.image


def _drawn_panel(state: _State, xy: FloatArray, height: int) -> NDArray[np.uint8]:
    """The drawing through the same landmarks, with what each of them is."""
    left, right = _MARGINS
    width = round(_SCALE * _CROP[2]) + left + right
    # Drawn at twice the size, which makes its lines smooth.
    large = Canvas(_paper(2 * height, 2 * width))
    xy = xy + np.array([left, 0.0])
    draw_schematic(large, 2.0 * xy + 0.5)
    small = cv2.resize(large.image, (width, height), interpolation=cv2.INTER_AREA)
    canvas = Canvas(np.asarray(small, dtype=np.uint8))
    for text, place in state.words:
        write_along(canvas, xy, text, place, round(0.8 * _LETTERS))
    draw_callouts(canvas, xy, (left + 50.0, width - 205.0), _LETTERS, _TOLD)
    return canvas.image


def _paper(height: int, width: int) -> NDArray[np.uint8]:
    return np.full((height, width, 3), _PAPER, dtype=np.uint8)


def main(arguments: list[str] | None = None) -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="picture to write: .jpg or .png")
    write_picture(parser.parse_args(arguments).file, landmark_figure())


if __name__ == "__main__":
    main()
