"""One synthetic patient with devices in one room, rendered in any state of the procedure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.anatomy import Anatomy, draw_anatomy
from tavi_perception.simulation.backdrop import RealBackdrop
from tavi_perception.simulation.clouds import RootClouds
from tavi_perception.simulation.clutter import Bystanders, Part, draw_bystanders, draw_coronary_tree
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import Contrast, Injector, draw_injector
from tavi_perception.simulation.delivery import draw_delivery
from tavi_perception.simulation.device import Device, DeviceState
from tavi_perception.simulation.device_config import draw_device
from tavi_perception.simulation.foreign import ForeignDevice, draw_foreign, draw_foreign_delivery
from tavi_perception.simulation.leak import Leak, draw_leak
from tavi_perception.simulation.makes import OWN
from tavi_perception.simulation.motion import Shifts
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.patient import Root, draw_normal, draw_root, draw_view
from tavi_perception.simulation.pigtail import Pigtail, Wire, draw_pigtail, draw_wire
from tavi_perception.simulation.route import Route, delivery_route
from tavi_perception.simulation.surroundings import Plane, Surroundings, behind
from tavi_perception.simulation.technique import draw_technique
from tavi_perception.simulation.view import FloatArray, View
from tavi_perception.simulation.xray import Grey, Imager

ANNULUS = np.zeros(3)
"""The annulus' centre at rest is the origin of the patient axes."""


@dataclass(frozen=True)
class Contents:
    """Which devices and filled vessels are in the field.

    Attributes:
        make: of the delivery system, one of ``foreign_makes`` or ours.
    """

    delivery: bool = True
    pigtail: bool = True
    coronaries: bool = False
    make: str = OWN


@dataclass(frozen=True)
class Moment:
    """Everything that changes from frame to frame.

    Attributes:
        device: state of the delivery system.
        contrast: contrast medium in the root.
        shifts: where heart and breathing have moved things.
        view: of C-arm and table.
        turned: share of the way from the scene's first to its last view, 0…1.
        velocity: (3,) of the root (mm/s), which blurs it during a pulse.
    """

    device: DeviceState
    contrast: Contrast
    shifts: Shifts
    view: View
    turned: float
    velocity: FloatArray


class Scene:
    """Patient, devices and detector, drawn once from a generator; ``render`` then only moves them.

    What only pictures need is made at the first ``render``; labels need none of it.

    Args:
        backdrop: a real frame, in place of drawn anatomy; then the view is not to be turned.

    Raises:
        ProfileError: ``contents`` names a make that has no profile.
    """

    def __init__(
        self, rng: np.random.Generator, size: int, config: SimulationConfig, contents: Contents = Contents(),
        bits: int = 8, backdrop: RealBackdrop | None = None,
    ) -> None:  # fmt: skip
        self.contents = contents
        self.size = size
        normal = draw_normal(rng, config.root)
        self.view: View = draw_view(rng, config.view, normal, size)
        self.last_view: View = self.view
        self.root: Root = draw_root(rng, config.root, normal, self.view)
        self.device: Device = draw_device(rng, config.device, self.root.diameter)
        self.route: Route = delivery_route(rng, config.route, self.root, self.view)
        self.pigtail: Pigtail = draw_pigtail(rng, config.pigtail, self.root, self.route, self.view)
        self.wire: Wire = draw_wire(rng, config.pigtail)
        self.injector: Injector = draw_injector(rng, config.contrast)
        self.imager = Imager(rng, draw_technique(rng, config.image), size, bits)
        self._seeds = rng.integers(2**63, size=3)
        # What was added later has a generator of its own, so that patients stay.
        self.foreign: ForeignDevice | None = (
            draw_foreign(rng.spawn(1)[0], contents.make) if contents.make != OWN else None
        )
        self.leak: Leak = draw_leak(rng.spawn(1)[0], config.leak)
        self.backdrop = backdrop
        self._config = config
        self._layer = Layer(size)
        self._cast: dict[float, Surroundings] = {}

    def prepare(self) -> None:
        """Make now what the first pictures would have to wait for."""
        for view in (self.view, self.last_view):
            _ = self._surroundings(view).clouds

    def add_moving(self, part: Part) -> None:
        """Put another thing into the field, which takes part in the motion of the root as far as it says."""
        self._bystanders = Bystanders(self._bystanders.still, (*self._bystanders.moving, part))

    def render(self, moment: Moment, noise: np.random.Generator) -> Grey:
        """The grey image (size, size) at ``moment``; ``noise`` chooses the noise of this frame."""
        view, shifts = moment.view, moment.shifts
        nearest = self._surroundings(self.view if moment.turned < 0.5 else self.last_view)
        canvas = nearest.canvas(view)
        self._bystanders.paint_moving(canvas, self._layer, view, shifts.root, shifts.body)
        if moment.contrast.any:
            nearest.clouds.add_to(canvas, moment.contrast, view.project(shifts.root) - nearest.origin)
            self._fill_vessels(canvas, moment)
        if self.contents.pigtail:
            self._draw_pigtail(canvas, moment)
        if self.contents.delivery:
            self._draw_delivery(canvas, moment)
        return self.imager.expose(self._background(moment), canvas, noise, self._pulse_motion(moment))

    def covers(self, pixels: FloatArray) -> NDArray[np.bool_]:
        """(n,) whether points (n, 2) px lie where the picture shows nothing of them."""
        covered = self.imager.covers(pixels)
        return covered | self.backdrop.hides(pixels) if self.backdrop else covered

    def _fill_vessels(self, canvas: NDArray[np.uint8], moment: Moment) -> None:
        if self.leak.coronaries:
            filled = Bystanders((), (self.leak.vessels(self.root, moment.contrast.root),))
            filled.paint_moving(canvas, self._layer, moment.view, moment.shifts.root, moment.shifts.body)

    def _draw_pigtail(self, canvas: NDArray[np.uint8], moment: Moment) -> None:
        pigtail, view = self.pigtail, moment.view
        points = view.project(pigtail.points + pigtail.follows[:, None] * moment.shifts.pigtail)
        self._layer.tube(points, pigtail.width * view.px_per_mm, pigtail.wall, pigtail.lumen)
        self._layer.add_to(canvas)

    def _draw_delivery(self, canvas: NDArray[np.uint8], moment: Moment) -> None:
        route, held = self.routes(moment)
        layer, state, wire, view = self._layer, moment.device, self.wire, moment.view
        if self.foreign:
            draw_foreign_delivery(canvas, layer, self.foreign, state, route, held, wire, view)
        else:
            draw_delivery(canvas, layer, self.device, state, route, held, wire, view)

    def routes(self, moment: Moment) -> tuple[Route, Route]:
        """Routes of catheter and stent at ``moment``: once released, the stent moves with the root alone."""
        route = self.route.carried(moment.shifts.device)
        return route, self.route.carried(moment.shifts.root) if moment.device.released else route

    def _background(self, moment: Moment) -> Plane:
        """(size, size) signal behind the devices, 0…1."""
        signal = self._surroundings(self.view).signal(moment.view, moment.shifts.body)
        if moment.turned == 0.0:
            return signal
        # Anatomy is cast for both ends of a turn; in between, one fades into the other.
        other = self._surroundings(self.last_view).signal(moment.view, moment.shifts.body)
        faded = cv2.addWeighted(signal, 1.0 - moment.turned, other, moment.turned, 0.0)
        return np.asarray(faded, dtype=np.float32)

    def _pulse_motion(self, moment: Moment) -> FloatArray:
        """(2,) px by which the root moves during one X-ray pulse."""
        travelled = moment.velocity * self.imager.technique.pulse_s
        ends = moment.view.project(moment.shifts.root + np.stack([np.zeros(3), travelled]))
        return np.asarray(ends[1] - ends[0])

    @cached_property
    def _bystanders(self) -> Bystanders:
        rng = np.random.default_rng(self._seeds[0])
        usual = draw_bystanders(rng, self._config.clutter, ANNULUS, self.route.points)
        if not self.contents.coronaries or self.backdrop:
            return usual
        vessels = draw_coronary_tree(rng, ANNULUS)
        return Bystanders(usual.still + vessels.still, usual.moving + vessels.moving)

    @cached_property
    def _anatomy(self) -> Anatomy:
        return draw_anatomy(np.random.default_rng(self._seeds[1]), self._config.anatomy, ANNULUS)

    def _surroundings(self, view: View) -> Surroundings:
        key = view.geometry.primary_angle
        if key not in self._cast:
            planes = self._real() if self.backdrop else behind(self._anatomy, view)
            self._cast[key] = Surroundings(planes, self._paint_still, self._make_clouds, view)
        return self._cast[key]

    def _real(self) -> tuple[Plane, Plane]:
        """The real frame moves as the body does."""
        assert self.backdrop is not None
        return np.ones_like(self.backdrop.transmission), self.backdrop.transmission

    def _paint_still(self, canvas: NDArray[np.uint8], view: View) -> None:
        self._bystanders.paint_still(canvas, self._layer, view, np.zeros(3))

    def _make_clouds(self, view: View) -> RootClouds:
        return RootClouds(int(self._seeds[2]), self.root, self.route, view, self.injector.rim, self.leak)


def at_rest(scene: Scene, device: DeviceState, contrast: Contrast = Contrast()) -> Moment:
    """A moment in the scene's first view in which heart, breathing and table are at rest."""
    nothing = np.zeros(3)
    shifts = Shifts(nothing, nothing, nothing, nothing)
    return Moment(device, contrast, shifts, scene.view, 0.0, nothing)
