"""What a fault does to patient, robot or images."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tavi_perception.carm import CArmGeometry, uncalibrated
from tavi_perception.simulation.clutter.config import ClutterConfig
from tavi_perception.simulation.clutter.tubes import catheter
from tavi_perception.simulation.fault import Fault, FaultKind
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.robot import Defect
from tavi_perception.simulation.room import Room, still
from tavi_perception.simulation.scene import ANNULUS, Scene
from tavi_perception.simulation.view import FloatArray
from tavi_perception.simulation.xray import Grey


class FaultyImages:
    """What a fault makes of images, stamps and geometry on their way."""

    def __init__(self, fault: Fault | None) -> None:
        self._fault = fault
        self._frozen: Grey | None = None

    def _hits(self, kind: FaultKind, time: float) -> bool:
        return self._fault is not None and self._fault.kind is kind and self._fault.active(time)

    def image(self, image: Grey, time: float) -> Grey | None:
        """What arrives of an image (H, W) captured at ``time`` (s); None: nothing."""
        if self._hits(FaultKind.IMAGE_DROPPED, time):
            return None
        if self._hits(FaultKind.IMAGE_BLACK, time):
            return np.zeros_like(image)
        if self._hits(FaultKind.IMAGE_SIZE, time):
            return image[::2, ::2]
        if self._hits(FaultKind.IMAGE_FROZEN, time):
            self._frozen = image if self._frozen is None else self._frozen
            return self._frozen
        return image

    def delay(self, time: float) -> float:
        """How much later an image arrives (s): 0.1 to 0.6."""
        late = self._hits(FaultKind.IMAGE_LATE, time)
        return 0.1 + 0.5 * self._fault.size if late and self._fault is not None else 0.0

    def stamp(self, time: float) -> float:
        """What an image captured at ``time`` (s) says of that: up to 2 s wrong, in either direction."""
        wrong = self._hits(FaultKind.STAMPS_WRONG, time)
        return time + 4.0 * (self._fault.size - 0.5) if wrong and self._fault is not None else time

    def geometry(self, geometry: CArmGeometry, time: float) -> CArmGeometry:
        """What is said of the geometry; once it is wrong, it stays so."""
        fault = self._fault
        if fault is None or time < fault.start:
            return geometry
        if fault.kind is FaultKind.GEOMETRY_WRONG:
            share = 1.1 if fault.size > 0.5 else 1.0 / 1.1
            return replace(geometry, imager_pixel_spacing=share * geometry.imager_pixel_spacing)
        if self._hits(FaultKind.GEOMETRY_GONE, time):
            return uncalibrated(geometry.image_width, geometry.image_height)
        return geometry


class FaultyProcedure:
    """What a fault does to patient, room and robot of a procedure."""

    def __init__(self, procedure: LiveProcedure, fault: Fault | None) -> None:
        self._procedure, self._fault = procedure, fault
        self._pigtail = procedure.scene.pigtail
        self._done = False

    @property
    def contrast_fails(self) -> bool:
        """The injector does not inject: for the whole procedure, or only at first."""
        fault = self._fault
        if fault is None or fault.kind is not FaultKind.CONTRAST_FAILS:
            return False
        return fault.size > 0.5 or self._procedure.time < fault.start

    def act(self) -> None:
        """Does what is due; to be called before every step of the procedure."""
        fault, procedure = self._fault, self._procedure
        if fault is None or procedure.time < fault.start:
            return
        if fault.kind is FaultKind.PIGTAIL_SLIPS:
            self._slip(fault, min((procedure.time - fault.start) / 0.5, 1.0))
        elif not self._done and fault.kind in _DEFECTS:
            procedure.robot.defect = _DEFECTS[fault.kind](fault.size)
        elif not self._done and fault.kind is FaultKind.SECOND_CATHETER:
            rng = np.random.default_rng(fault.seed)
            course = procedure.scene.route.points
            procedure.scene.add_moving(catheter(rng, ClutterConfig(), ANNULUS, course))
        self._done = True

    def _slip(self, fault: Fault, share: float) -> None:
        """The pigtail is drawn back up to 10 mm, up the aorta and aside."""
        scene = self._procedure.scene
        along, across = scene.root.normal, scene.root.axes[0]
        moved = share * (3.0 + 7.0 * fault.size) * (-0.9 * along + 0.4 * across)
        pigtail = self._pigtail
        scene.pigtail = replace(pigtail, points=pigtail.points + moved, loop=pigtail.loop + moved)


def _sticks(size: float) -> Defect:
    return Defect(stuck=(size > 0.5, size <= 0.5))


def _overshoots(size: float) -> Defect:
    return Defect(gain=1.3 + 1.2 * size)


def _lets_go(size: float) -> Defect:
    return Defect(release_extraction=0.3 + 0.6 * size)


_DEFECTS = {
    FaultKind.AXIS_STICKS: _sticks,
    FaultKind.ROBOT_OVERSHOOTS: _overshoots,
    FaultKind.RELEASES_EARLY: _lets_go,
}


def faulty_room(fault: Fault | None, scene: Scene) -> Room:
    """The room in which the fault moves table or C-arm; nothing else moves there."""
    room = still(scene.view)
    if fault is None:
        return room
    span = (fault.start, fault.start + 1.2)
    side = 1.0 if fault.seed % 2 else -1.0
    if fault.kind is FaultKind.C_ARM_MOVES:
        turn = side * math.radians(2.0 + 8.0 * fault.size)
        return replace(room, turn=turn, turn_span=span)
    if fault.kind is FaultKind.PATIENT_MOVES:
        right, down, _ = scene.view.rotation
        pan: FloatArray = side * (2.0 + 13.0 * fault.size) * (0.6 * right + 0.8 * down)
        return replace(room, pan=pan, pan_span=span)
    return room
