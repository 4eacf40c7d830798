"""Contrast medium in the aortic root: a faint local cloud, sharp where it pools against a wall."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from tavi_perception.simulation.paint import LEVEL
from tavi_perception.simulation.patient import FloatArray, Patient

_COARSE = 2
"""Clouds are painted at this fraction of the image's resolution."""

Cloud = NDArray[np.uint8]


@dataclass(frozen=True)
class Injection:
    """Contrast medium in the root at one moment.

    Attributes:
        sinus: attenuation of the non-coronary sinus, where the pigtail injects.
        root: attenuation of the rest of the root.
        reach: how far above the annulus the medium reaches (mm).
    """

    sinus: float = 0.0
    root: float = 0.0
    reach: float = 0.0

    VISIBLE = 0.07
    """Attenuation from which on a border is taken as visible."""

    @property
    def any(self) -> bool:
        return max(self.sinus, self.root) >= 0.01

    def shows(self, patient: Patient) -> NDArray[np.bool_]:
        """(4,) whether AA1, AA2, STJ1, STJ2 can be seen."""
        near, far = max(self.sinus, self.root) >= self.VISIBLE, self.root >= self.VISIBLE
        high = self.reach >= patient.junction_height - 2.0
        return np.array([near, far, near and high, far and high])


class RootClouds:
    """The shapes that an injection fills in one patient, painted once and then only scaled."""

    def __init__(self, rng: np.random.Generator, patient: Patient) -> None:
        self._patient = patient
        size = patient.size // _COARSE
        sinus = self._filled([_cusp(rng, patient, -1)], size)
        cusps = [_cusp(rng, patient, -1), _cusp(rng, patient, 0), _cusp(rng, patient, 1), _tube(patient)]
        root = self._filled(cusps, size)
        rows, columns = np.mgrid[:size, :size] * float(_COARSE)
        normal = patient.axes[1]
        height = (columns - patient.origin[0]) * normal[0] + (rows - patient.origin[1]) * normal[1]
        self._height = (-height / patient.scale).astype(np.float32)
        swirl = cv2.resize(
            rng.normal(1.0, 0.28, (14, 14)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
        )
        self._sinus, self._root = sinus * np.clip(swirl, 0.3, 1.5), root * np.clip(swirl, 0.3, 1.5)
        self._fade = rng.uniform(2.0, 6.0)

    def cloud(self, injection: Injection) -> Cloud:
        """Attenuation of an injection at rest (size, size), in canvas levels."""
        front = 1.0 / (1.0 + np.exp((self._height - injection.reach) / self._fade))
        density = np.maximum(self._sinus * injection.sinus, self._root * injection.root) * front
        levels = np.clip(density / LEVEL, 0, 255).astype(np.uint8)
        full = (self._patient.size, self._patient.size)
        return cv2.resize(levels, full, interpolation=cv2.INTER_LINEAR)

    def _filled(self, outlines: list[FloatArray], size: int) -> NDArray[np.float32]:
        total = np.zeros((size, size), dtype=np.float32)
        for outline in outlines:
            mask = np.zeros((size, size), dtype=np.uint8)
            points = self._patient.to_image(outline) / _COARSE
            cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
            # A lens-like thickness: full inside, still dark close to the wall.
            soft = cv2.GaussianBlur(mask, (0, 0), 3.0 * self._patient.scale / _COARSE)
            edge = cv2.GaussianBlur(mask, (0, 0), 0.5 * self._patient.scale / _COARSE)
            total = np.maximum(total, (0.45 + 0.55 * soft / 255.0) * (edge / 255.0))
        return total


def _cusp(rng: np.random.Generator, patient: Patient, side: int) -> FloatArray:
    """Closed outline (n, 2) in annulus mm of one sinus: −1 at AA1, 0 in the middle, 1 at AA2."""
    half, height, bulge = patient.diameter / 2, patient.junction_height, patient.bulge
    top = patient.junction_diameter / 2
    if side == 0:
        depth = rng.uniform(-3.0, 2.5)
        knots = [[-0.5 * half, -0.75 * height], [-0.62 * half, -0.4 * height], [-0.35 * half, depth - 3],
                 [0.0, depth], [0.35 * half, depth - 3], [0.62 * half, -0.4 * height],
                 [0.5 * half, -0.75 * height]]  # fmt: skip
    else:
        inner = rng.uniform(0.05, 0.45) * half
        knots = [[-top + patient.junction_shift * -side, -height], [-half - bulge, -0.5 * height],
                 [-half - 0.45 * bulge, -0.15 * height], [-half, 0.0], [-half + 0.22 * half, 1.2],
                 [-half + 0.55 * half, -0.5], [-inner, -0.25 * height], [-0.1 * half, -0.6 * height],
                 [-0.25 * half, -height]]  # fmt: skip
    points = np.array(knots)
    if side > 0:
        points[:, 0] *= -1
    closed = np.concatenate([points, points[:1]])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    # Smooth through the knots, straight across the open top.
    curve = CubicSpline(length[:-1], points)(np.linspace(0, length[-2], 60))
    return np.asarray(curve)


def _tube(patient: Patient) -> FloatArray:
    """Outline of the ascending aorta above the junction and the root's core below it (annulus mm)."""
    half, top, height = patient.diameter / 2, patient.junction_diameter / 2, patient.junction_height
    shift = patient.junction_shift
    return np.array(
        [[shift - 1.15 * top, -height - 45], [shift - top, -height], [-0.8 * half, -0.3 * height],
         [0.8 * half, -0.3 * height], [shift + top, -height], [shift + 1.15 * top, -height - 45]]
    )  # fmt: skip
