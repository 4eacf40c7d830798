"""One synthetic patient with devices, anatomy and detector, rendered in any state of the procedure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.anatomy import draw_anatomy
from tavi_perception.simulation.clutter import draw_clutter, draw_coronaries
from tavi_perception.simulation.contrast import Injection, RootClouds
from tavi_perception.simulation.delivery import draw_delivery
from tavi_perception.simulation.detector import Detector, Image, draw_exposure
from tavi_perception.simulation.device import Device, DeviceState, draw_device, pose
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.patient import FloatArray, Patient, draw_patient
from tavi_perception.simulation.pigtail import Pigtail, draw_pigtail, draw_wire, place_wire
from tavi_perception.simulation.route import Route, delivery_route

_Number = TypeVar("_Number", np.uint8, np.float32)


@dataclass(frozen=True)
class Contents:
    """Which things are in the field at all."""

    delivery: bool = True
    pigtail: bool = True
    coronaries: bool = False


@dataclass(frozen=True)
class Moment:
    """Everything that changes from frame to frame.

    Attributes:
        device: state of the delivery system.
        injection: contrast medium in the root.
        root_shift: (2,) motion of root, pigtail and devices (px).
        body_shift: (2,) motion of the anatomy behind them (px).
    """

    device: DeviceState
    injection: Injection = field(default_factory=Injection)
    root_shift: FloatArray = field(default_factory=lambda: np.zeros(2))
    body_shift: FloatArray = field(default_factory=lambda: np.zeros(2))


class Scene:
    """A patient and everything in the field, drawn once from a generator; ``render`` then only moves it."""

    def __init__(
        self, rng: np.random.Generator, size: int, contents: Contents = Contents(), noise_fields: int = 1
    ) -> None:
        self.contents = contents
        self.patient: Patient = draw_patient(rng, size)
        self.device: Device = draw_device(rng, self.patient.diameter)
        self.route: Route = delivery_route(self.patient)
        self.pigtail: Pigtail = draw_pigtail(rng, self.patient, self.route)
        self._wire = draw_wire(rng, self.patient.scale)
        self._cloud_rng = np.random.default_rng(rng.integers(2**63))
        self._layer = Layer(size)
        self._static = np.zeros((size, size), dtype=np.uint8)
        draw_clutter(rng, self._static, self._layer, self.route.at(20.0))
        if contents.coronaries:
            draw_coronaries(rng, self._static, self._layer)
        self._anatomy = draw_anatomy(rng, size)
        self.detector = Detector(rng, draw_exposure(rng), size, noise_fields)

    @cached_property
    def _clouds(self) -> RootClouds:
        """Painted at the first injection only; most independent frames have none."""
        return RootClouds(self._cloud_rng, self.patient)

    def render(self, moment: Moment, noise: np.random.Generator) -> Image:
        """The grey image (size, size) at ``moment``; ``noise`` chooses the noise of this frame."""
        canvas = _moved(self._static, moment.body_shift)
        if moment.injection.any:
            cloud = self._clouds.cloud(moment.injection)
            cv2.add(canvas, _moved(cloud, moment.root_shift), dst=canvas)
        if self.contents.pigtail:
            pigtail = self.pigtail
            points = pigtail.points + moment.root_shift
            self._layer.tube(points, pigtail.width * self.patient.scale, pigtail.wall, pigtail.lumen)
            self._layer.add_to(canvas)
        if self.contents.delivery:
            route = self.route.shifted(moment.root_shift)
            tip = pose(self.device, moment.device).tip
            wire = place_wire(self._wire, route.at(tip), float(route.heading_at(tip)))
            draw_delivery(canvas, self._layer, self.device, moment.device, route, wire, self.patient.scale)
        return self.detector.expose(_moved(self._anatomy, moment.body_shift), canvas, noise)


def _moved(plane: NDArray[_Number], shift: FloatArray) -> NDArray[_Number]:
    """A plane translated by a fraction of pixels; its borders are repeated."""
    if not np.any(shift):
        return plane.copy()
    height, width = plane.shape
    matrix = np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    moved = cv2.warpAffine(plane, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=plane.dtype)
