"""The delivery system and its stent: dimensions, state, and where their landmarks lie on the route."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tavi_perception.simulation.route import Route
from tavi_perception.simulation.view import FloatArray, unit

_TOUCHES, _FILLS = 0.4, 0.85
"""Share of the way from folded to expanded at which the ring meets the annulus, and fills it (unsourced)."""

VISIBLE_EXPOSURE_MM = 2.5
"""Exposed length of the stent from which on its inflow corners are distinct from the marker band."""


@dataclass(frozen=True)
class Seating:
    """How the stent's inflow ring lies in the annulus, one time that it is opened.

    Attributes:
        tilt: axial lead of FE2 over FE1 against a ring across the catheter, relative to the width there,
            before the annulus turns it.
        nod: the same along the beam.
        alignment: share by which the annulus turns the ring into its own plane, once the stent fills it.
    """

    tilt: float
    nod: float
    alignment: float


@dataclass(frozen=True)
class Device:
    """Dimensions of one delivery system and its stent (mm; attenuations in log units).

    Attributes:
        capsule_width, capsule_length: outer diameter; CP to CD when sheathed.
        cone_length, block_length, band_length: nose cone CD–CT, dark block above CP, marker band at CD.
        inflow_width, waist, outflow: stent diameter at the inflow; at waist and outflow relative to it.
        flare_length: distance from the capsule's mouth over which the stent expands.
        shortening: share of its length that the stent loses as it expands.
        seatings: how the stent lies each time it is opened; the last counts for all later ones.
        cells: diamond cells around the circumference; rows: along the stent.
        strut_phase: rotation of the stent about its axis (rad).
        opacity: common factor of all attenuations.
        band, block, cone: attenuations of marker band, block and nose cone.
        wall, proximal, distal: of the capsule's wall, and of what is inside its proximal and distal half.
        core: of inner shaft and wire inside the capsule.
        cone_base: width of the nose cone at its base, relative to the capsule.
        cone_taper: exponent of its outline: 1 a cone, larger ones a bullet.
        cone_end: width of its end, relative to the capsule: a point or blunt.
        cone_fade: share of the cone's attenuation that is left at its tip.
        cone_core: attenuation of the inner shaft inside the cone.
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
    seatings: tuple[Seating, ...]
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
    cone_taper: float
    cone_end: float
    cone_fade: float
    cone_core: float


@dataclass(frozen=True)
class DeviceState:
    """What the robot has done so far.

    Attributes:
        advance: distance of the sheathed capsule's end CD past the annulus along the route (mm).
        extraction: share of the sheathed length by which the capsule was retracted (0…1).
        released: the stent has detached from the delivery system.
        withdrawal: distance by which the system was pulled back after the release (mm).
        jump: axial jump of the stent towards the aorta on release (mm).
        recaptures: how often the stent was closed again, and opened anew.
    """

    advance: float
    extraction: float = 0.0
    released: bool = False
    withdrawal: float = 0.0
    jump: float = 0.0
    recaptures: int = 0


@dataclass(frozen=True)
class DevicePose:
    """Places along the route (mm) that everything else follows from.

    Attributes:
        block: CP. mouth: CD, the capsule's distal end. cone: start of the nose cone. tip: CT.
        middle: where CM is, or NaN once the capsule has passed it.
        inflow, outflow: ends of the exposed stent; equal while it is sheathed.
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
        attached,
        block=block - back,
        mouth=mouth - back,
        cone=attached.cone - back,
        tip=attached.tip - back,
        inflow=attached.inflow - state.jump,
        # What was still in the capsule has slipped out of it.
        outflow=attached.inflow - state.jump - length * (1.0 - device.shortening),
    )


def stent_radius(device: Device, place: DevicePose, distance: FloatArray, released: bool) -> FloatArray:
    """Radius of the exposed stent (mm) at places along the route (mm).

    An expanded stent is wide at the inflow, narrow at the waist and wide at the outflow; where it
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
    device: Device, place: DevicePose, route: Route, state: DeviceState, beam: FloatArray
) -> FloatArray:
    """(2, 3) points (mm) of FE1 (on AA1's side) and FE2: the inflow ring's outline seen along ``beam``."""
    phase = np.array([-0.5, 0.5]) * np.pi
    return ring(device, place, route, state, beam, np.array(place.inflow), phase)


def ring(
    device: Device, place: DevicePose, route: Route, state: DeviceState, beam: FloatArray,
    distance: FloatArray, phase: FloatArray, lean: FloatArray | float = 1.0,
) -> FloatArray:  # fmt: skip
    """Points (…, 3) of the stent's surface at ``distance`` along the route and ``phase`` around it (mm).

    Phase π/2 points to AA2's side, at right angles to ``beam``; 0 along the beam. ``lean`` is the share of
    the inflow ring's tilt that the points take part in.
    """
    radius = stent_radius(device, place, distance, state.released)
    seating = device.seatings[min(state.recaptures, len(device.seatings) - 1)]
    share = np.asarray(lean)[..., None]
    turned = seating.alignment * _filling(device, place, state.released)
    axis, tangent = route.at(distance), route.tangent_at(distance)
    facing = unit(tangent + turned * share * (route.annulus_normal - tangent))
    across = unit(np.cross(facing, beam))
    depth = np.cross(across, facing)
    sine, cosine = (np.asarray(radius * wave)[..., None] for wave in (np.sin(phase), np.cos(phase)))
    tilt = -(1.0 - turned) * share * (seating.tilt * sine + seating.nod * cosine)
    return np.asarray(axis + sine * across + cosine * depth - tilt * facing)


def _filling(device: Device, place: DevicePose, released: bool) -> float:
    """How far the inflow ring fills the annulus, which then turns it: 0…1."""
    opening = 1.0 if released else 1.0 - np.exp(-place.exposed / device.flare_length)
    return float(np.clip((opening - _TOUCHES) / (_FILLS - _TOUCHES), 0.0, 1.0))


def catheter_points(place: DevicePose, route: Route) -> FloatArray:
    """(4, 3) points (mm) of CP, CM, CD, CT; CM is NaN once the capsule has passed it."""
    points = route.at(np.array([place.block, np.nan_to_num(place.middle), place.mouth, place.tip]))
    if np.isnan(place.middle):
        points[1] = np.nan
    return points
