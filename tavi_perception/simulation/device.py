"""The delivery system and its stent frame: dimensions, state, and where their landmarks lie on the route."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.simulation.patient import FloatArray
from tavi_perception.simulation.route import Route

VISIBLE_EXPOSURE_MM = 2.5
"""Frame outside the capsule from which on its inflow corners can be told from the marker band."""


@dataclass(frozen=True)
class Device:
    """Dimensions of one delivery system and frame (mm; attenuations in log units).

    Attributes:
        capsule_width, capsule_length: outer diameter; CP to CD when sheathed.
        cone_length, block_length, band_length: nose cone CD–CT, dark block above CP, marker band at CD.
        inflow_width, waist, outflow: frame diameter at the inflow; at waist and outflow relative to it.
        flare_length: distance from the capsule's mouth over which the frame opens.
        shortening: share of its length that the frame loses as it expands.
        inflow_tilt: axial shift of FE2 against FE1, relative to the width there.
        inflow_view: axial half-axis of the inflow circle as seen, relative to its radius.
        cells: diamond cells around the circumference; rows: along the frame.
        strut_phase: rotation of the frame about its axis (rad).
        opacity: common factor of all attenuations.
        band, block, cone: attenuations of marker band, block and nose cone.
        wall, proximal, distal: of the capsule's wall, and of what is inside its proximal and distal half.
        core: of inner shaft and wire inside the capsule.
        cone_base: width of the nose cone at its base, relative to the capsule.
    """

    capsule_width: float
    capsule_length: float
    cone_length: float
    block_length: float
    band_length: float
    inflow_width: float
    waist: float
    outflow: float
    flare_length: float
    shortening: float
    inflow_tilt: float
    inflow_view: float
    cells: int
    rows: float
    strut_phase: float
    opacity: float
    band: float
    block: float
    cone: float
    wall: float
    proximal: float
    distal: float
    core: float
    cone_base: float


@dataclass(frozen=True)
class DeviceState:
    """What the robot has done so far.

    Attributes:
        advance: distance of the sheathed capsule's end CD past the annulus along the route (mm).
        extraction: share of the sheathed length by which the capsule was retracted (0…1).
        released: the frame has let go of the delivery system.
        withdrawal: distance by which the system was pulled back after the release (mm).
    """

    advance: float
    extraction: float = 0.0
    released: bool = False
    withdrawal: float = 0.0


@dataclass(frozen=True)
class DevicePose:
    """Places along the route (mm) that everything else follows from.

    Attributes:
        block: CP. mouth: CD, the capsule's distal end. cone: start of the nose cone. tip: CT.
        middle: where CM is, or NaN once the capsule has passed it.
        inflow, outflow: ends of the exposed frame; equal while it is sheathed.
    """

    block: float
    middle: float
    mouth: float
    cone: float
    tip: float
    inflow: float
    outflow: float

    @property
    def exposed(self) -> float:
        return self.inflow - self.outflow


def draw_device(rng: np.random.Generator, annulus_mm: float) -> Device:
    """A random device whose frame suits an annulus of ``annulus_mm``."""
    return Device(
        capsule_width=6.0,
        capsule_length=rng.uniform(55.0, 72.0),
        cone_length=rng.uniform(11.0, 17.0),
        block_length=rng.uniform(5.0, 9.0),
        band_length=rng.uniform(1.2, 2.4),
        inflow_width=annulus_mm * rng.uniform(0.92, 1.12),
        waist=rng.uniform(0.72, 0.92),
        outflow=rng.uniform(1.0, 1.25),
        flare_length=rng.uniform(10.0, 22.0),
        shortening=rng.uniform(0.08, 0.20),
        inflow_tilt=rng.normal(0.0, 0.07),
        inflow_view=rng.uniform(-0.2, 0.2),
        cells=int(rng.integers(9, 16)),
        rows=rng.uniform(5.0, 9.0),
        strut_phase=rng.uniform(0.0, 2 * np.pi),
        opacity=rng.uniform(0.75, 1.35),
        band=rng.uniform(0.38, 0.60),
        block=rng.uniform(0.52, 0.78),
        cone=rng.uniform(0.07, 0.22),
        wall=rng.uniform(0.24, 0.36),
        proximal=rng.uniform(0.12, 0.28),
        distal=rng.uniform(0.18, 0.36),
        core=rng.uniform(0.25, 0.40),
        cone_base=rng.uniform(0.65, 0.95),
    )


def pose(device: Device, state: DeviceState) -> DevicePose:
    """Where the parts of ``device`` are along the route in ``state``."""
    length = device.capsule_length
    block = state.advance - length
    mouth = state.advance - state.extraction * length
    exposed = state.extraction * length * (1.0 - device.shortening * state.extraction)
    attached = DevicePose(
        block=block,
        middle=block + 0.5 * length if state.extraction < 0.5 else float("nan"),
        mouth=mouth,
        cone=state.advance + 0.3,
        tip=state.advance + device.cone_length,
        inflow=mouth + exposed,
        outflow=mouth,
    )
    if not state.released:
        return attached
    back = state.withdrawal
    return replace(
        attached, block=block - back, mouth=mouth - back, cone=attached.cone - back, tip=attached.tip - back
    )


def frame_radius(device: Device, place: DevicePose, distance: FloatArray, released: bool) -> FloatArray:
    """Radius of the exposed frame (mm) at places along the route (mm).

    An expanded frame is wide at the inflow, narrow at the waist and wide at the outflow; where it
    leaves the capsule it opens from the capsule's radius over ``flare_length``.
    """
    full_length = device.capsule_length * (1.0 - device.shortening)
    along = np.clip((place.inflow - distance) / full_length, 0.0, 1.0)
    knots = np.array([1.0, device.waist, device.outflow])
    shape = knots[0] * (1 - along) * (1 - 2 * along) + knots[1] * 4 * along * (1 - along)
    shape = shape + knots[2] * along * (2 * along - 1)
    expanded = device.inflow_width / 2 * shape
    if released:
        return np.asarray(expanded)
    folded = 0.46 * device.capsule_width
    opening = 1.0 - np.exp(-np.maximum(distance - place.mouth, 0.0) / device.flare_length)
    return folded + (np.maximum(expanded, folded) - folded) * opening


def inflow_corners(
    device: Device, place: DevicePose, route: Route, released: bool, scale: float
) -> FloatArray:
    """(2, 2) pixels of FE1 (on AA1's side) and FE2."""
    radius = float(frame_radius(device, place, np.array(place.inflow), released))
    lean = device.inflow_tilt * radius
    axis, across = route.at(place.inflow), route.lateral_at(place.inflow)
    along = np.array([-across[1], across[0]])
    return np.stack(
        [axis + scale * (-radius * across - lean * along), axis + scale * (radius * across + lean * along)]
    )


def catheter_points(place: DevicePose, route: Route) -> FloatArray:
    """(4, 2) pixels of CP, CM, CD, CT; CM is NaN once the capsule has passed it."""
    points = route.at(np.array([place.block, np.nan_to_num(place.middle), place.mouth, place.tip]))
    if np.isnan(place.middle):
        points[1] = np.nan
    return points
