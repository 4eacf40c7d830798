"""Draws the delivery system, its stent and the wire in the ventricle onto an attenuation canvas."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tavi_perception.simulation.device import Device, DevicePose, DeviceState, pose, ring
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.pigtail import Wire
from tavi_perception.simulation.route import ProjectedRoute, Route, projected
from tavi_perception.simulation.view import FloatArray, View

_STENT_POINTS = 28
"""Points along each strut line of the stent."""

_CONE_STEPS = 8
"""Pieces of the nose cone, each a little fainter than the one before."""


def draw_delivery(
    canvas: NDArray[np.uint8], layer: Layer, device: Device, state: DeviceState, route: Route,
    stent_route: Route, wire: Wire, view: View,
) -> None:  # fmt: skip
    """Add the system in ``state`` to ``canvas``.

    Args:
        route: of the catheter. stent_route: of the stent, which moves with the root once it is released.
    """
    place = pose(device, state)
    seen = projected(route, view)
    scale = float(seen.scale_at(0.0))
    _draw_shaft(layer, device, place, seen, scale)
    layer.add_to(canvas)
    draw_wire(canvas, layer, wire, route, seen, place.tip, view, scale)
    _draw_capsule(layer, device, place, seen, scale, state)
    layer.add_to(canvas)
    if place.exposed > 0.5:
        _draw_stent(layer, device, place, stent_route, view, state)
        layer.add_to(canvas)


def _draw_shaft(layer: Layer, device: Device, place: DevicePose, route: ProjectedRoute, scale: float) -> None:
    """Outer shaft up to the capsule."""
    o = device.opacity
    neck = place.block - device.block_length
    outer = route.section(route.distance[0], neck - 12.0)
    width = 0.62 * device.capsule_width * scale
    layer.stroke(outer, width, 0.20 * o)
    layer.stroke(outer, width * 0.55, 0.12 * o)


def draw_wire(
    canvas: NDArray[np.uint8], layer: Layer, wire: Wire, route: Route, seen: ProjectedRoute, tip: float,
    view: View, scale: float,
) -> None:  # fmt: skip
    """One line from the arch into the ventricle, as dark inside the catheter as beyond its tip."""
    inside = seen.section(seen.distance[0], tip)
    beyond = view.project(wire.placed(route.at(tip), route.tangent_at(tip), view.beam))
    layer.stroke(np.concatenate([inside, beyond[1:]]), wire.width * scale, wire.dark)
    if wire.bead is not None:
        layer.stroke(beyond[wire.bead : wire.bead + 2], 1.5 * wire.width * scale, 1.7 * wire.dark)
    layer.add_to(canvas)


Part = tuple[float, float, FloatArray, FloatArray, float]
"""From one distance along the route to another (mm), between two edges (2,) in half capsule widths, each from
the one to the other; attenuation at an opacity of 1."""

_STEP_MM = 2.0
"""Between the points of a part, at most."""


def _draw_capsule(
    layer: Layer, device: Device, place: DevicePose, route: ProjectedRoute, scale: float, state: DeviceState
) -> None:
    """Funnel, block, capsule with what is folded inside, marker band, inner shaft and nose cone."""
    lap = 1.5 / scale  # Parts reach below the one painted after them: no light seams.
    parts: list[Part] = []

    def part(start: float, end: float, left: FloatArray, right: FloatArray, value: float) -> None:
        parts.append((start, end, left, right, value))

    neck = place.block - device.block_length
    full, inner = np.array([1.0, 1.0]), np.array([0.72, 0.72])
    # The funnel between shaft and block: two thin walls that widen.
    part(neck - 14, neck + lap, np.array([-0.6, -1.0]), np.array([0.6, 1.0]), 0.13)
    part(neck - 14, neck + lap, np.array([-0.42, -0.82]), np.array([0.42, 0.82]), 0.06)
    part(neck - 14, neck + lap, np.array([-0.12, -0.12]), np.array([0.12, 0.12]), 0.12)
    if place.mouth > place.block:
        loaded = 1.0 if not state.released else 0.45
        middle = place.block + 0.45 * device.capsule_length
        part(place.block - lap, place.mouth, -full, full, device.wall)
        part(place.block - lap, min(middle + lap, place.mouth), -inner, inner, device.proximal * loaded)
        if place.mouth > middle:
            part(middle, place.mouth, -inner, inner, device.distal * loaded)
        for offset in (-0.42, 0.05, 0.45) if not state.released else (0.05,):
            width = np.array([0.09, 0.09])
            part(place.block - lap, place.mouth, offset - width, offset + width, device.core)
    part(neck, place.block, -full, full, device.block)
    # Two paddles that hold the stent: the block's ragged distal edge.
    part(place.block - 0.5, place.block + 1.6, np.array([-0.75, -0.7]), np.array([-0.1, -0.3]), 0.55)
    part(place.block - 0.5, place.block + 1.6, np.array([0.25, 0.3]), np.array([0.8, 0.75]), 0.45)
    if place.cone > place.mouth + 1:
        part(place.mouth, place.cone + lap, -0.2 * full, 0.2 * full, 0.20)
    parts += _cone(device, place, lap)
    band = device.band_length / 2
    part(place.mouth - band, place.mouth + band, -1.04 * full, 1.04 * full, device.band)
    paint_parts(layer, parts, route, device.capsule_width / 2 * scale, device.opacity)


def paint_parts(layer: Layer, parts: list[Part], route: ProjectedRoute, half: float, opacity: float) -> None:
    """All parts, each over those before it; ``half`` is the unit of their edges (px)."""
    start, end = np.array([part[:2] for part in parts]).T
    left, right = np.array([part[2:4] for part in parts]).transpose(1, 0, 2)
    counts = np.maximum(2, (np.abs(end - start) / _STEP_MM).astype(np.int64) + 2)
    of = np.repeat(np.arange(len(parts)), counts)
    step = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    share = step / (counts - 1)[of]
    distance = start[of] + share * (end - start)[of]
    near, far = (edge[of, 0] + share * (edge[of, 1] - edge[of, 0]) for edge in (left, right))
    values = [part[4] * opacity for part in parts]
    layer.ribbons(counts, route.at(distance), route.lateral_at(distance), near * half, far * half, values)


def _cone(device: Device, place: DevicePose, lap: float) -> list[Part]:
    """The nose cone, in slices that get narrower and fainter towards the tip."""
    full = np.ones(2)
    base, rim = device.cone_base, np.array([0.85, 1.0]) * device.cone_base
    parts: list[Part] = [(place.cone, place.cone + 2.0 + lap, -rim, rim, device.cone)]
    ends = np.linspace(place.cone + 2.0, place.tip, _CONE_STEPS + 1).tolist()
    share = np.linspace(0.0, 1.0, len(ends))
    edges = device.cone_end + (base - device.cone_end) * (1.0 - share**device.cone_taper)
    fade = np.linspace(1.0, device.cone_fade, _CONE_STEPS)
    reach = np.add(ends[1:], [lap] * (_CONE_STEPS - 1) + [0.0]).tolist()
    for start, end, first, last, left in zip(ends, reach, edges, edges[1:], fade, strict=False):
        rims = np.array([first, last])
        parts.append((start, end, -rims, rims, device.cone * left))
        parts.append((start, end, -0.1 * full, 0.1 * full, device.cone * left + device.cone_core))
    return parts


def _draw_stent(
    layer: Layer, device: Device, place: DevicePose, route: Route, view: View, state: DeviceState
) -> None:
    """Two families of helical struts: where they cross they form the diamond cells."""
    along: FloatArray = np.linspace(0.0, 1.0, _STENT_POINTS, dtype=np.float64)
    distance: FloatArray = place.inflow - along * place.exposed
    full_length = device.capsule_length * (1.0 - device.shortening)
    twist = np.pi * device.rows / device.cells * (along * place.exposed / full_length)
    start = device.strut_phase + 2 * np.pi * np.arange(device.cells)[:, None] / device.cells
    phase = np.concatenate([start + twist, start - twist])
    # The inflow ring may be tilted; at the capsule's mouth it is held straight.
    struts = ring(device, place, route, state, view.beam, distance, phase, 1.0 - along)
    around = device.strut_phase + np.linspace(0, 2 * np.pi, 4 * device.cells + 1, dtype=np.float64)
    rim = ring(device, place, route, state, view.beam, np.array(place.inflow), around)
    scale, o = view.px_per_mm, device.opacity
    layer.lines(list(view.project(struts)), 0.5 * scale, 0.23 * o)
    layer.lines([view.project(rim)], 0.4 * scale, 0.2 * o)
