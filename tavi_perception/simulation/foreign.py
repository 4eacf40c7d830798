"""Delivery systems of other makes, which are data: a profile tells what they consist of and look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import Landmark
from tavi_perception.sentence import InputError
from tavi_perception.simulation.delivery import Part, draw_wire, paint_parts
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.makes import foreign_makes, profiles_folder
from tavi_perception.simulation.paint import Layer
from tavi_perception.simulation.pigtail import Wire
from tavi_perception.simulation.robot import FULL_EXTRACTION
from tavi_perception.simulation.route import Route, projected
from tavi_perception.simulation.view import FloatArray, View, unit
from tavi_perception.yaml_text import YamlTextError, read_yaml

_STATES = np.array([0.0, 0.5, 1.0])
"""Closed, half open, open: shares of the way at which a profile gives its numbers."""

_LINE_MM = 0.45
"""Width of a strut or an arch."""

_LINE_POINTS = 24

MAX_COUNT = 100
"""Cells around a stent, or arches."""

MAX_LENGTH = 1_000.0
"""Of any length (mm), width or attenuation of a profile."""

_SHAPES = ("body", "struts", "arches")


class ProfileError(InputError):
    """A device's profile cannot be used; the message says in one sentence which and why."""


@dataclass(frozen=True)
class ForeignPart:
    """One part of a foreign device; see ``config/devices`` for what the numbers mean.

    Attributes:
        shape: ``body`` (a filled outline), ``struts`` (crossing helices) or ``arches`` (loops).
        start, end: (3,) places along the catheter (mm), closed, half open and open.
        extent: (3,) width of a body, or radius of struts and arches (mm).
        taper: a body's width at its end less that at its start, as a share of it.
        attenuation: (3,) in log units.
        count: arches, or cells around; rows: of cells along.
        stays: it is the valve, which stays in place when the catheter is withdrawn.
    """

    shape: str
    start: FloatArray
    end: FloatArray
    extent: FloatArray
    taper: float
    attenuation: FloatArray
    count: int
    rows: float
    stays: bool


@dataclass(frozen=True)
class ForeignDevice:
    """A delivery system of another make.

    Attributes:
        name: of the make, in words.
        landmarks: of catheter and stent, those that exist on it.
        tip: (3,) of the nose cone along the catheter (mm), closed, half open and open.
        shaft_width: (mm); shaft_attenuation: in log units; shaft_end: along the catheter (mm).
        parts: from the back to the front.
    """

    name: str
    landmarks: tuple[Landmark, ...]
    tip: FloatArray
    shaft_width: float
    shaft_attenuation: float
    shaft_end: float
    parts: tuple[ForeignPart, ...]

    @property
    def half_width(self) -> float:
        """Of the shadow in which a hinge point is hard to see (mm)."""
        return max(float(part.extent[0]) / 2 for part in self.parts if part.shape == "body")

    def place_of_tip(self, state: DeviceState) -> float:
        """Of CT along the route (mm)."""
        return state.advance - state.withdrawal + float(np.interp(_opened(state), _STATES, self.tip))


def draw_foreign(rng: np.random.Generator, make: str) -> ForeignDevice:
    """One device of a make: its profile, scattered.

    Raises:
        ProfileError: there is no such profile, or it cannot be used.
    """
    return draw_profile(rng, _profile(make))


def draw_profile(rng: np.random.Generator, entries: Mapping[str, Any]) -> ForeignDevice:
    """One device of a profile that was read, scattered."""
    scatter = float(entries["scatter"])
    size, dark = (float(np.exp(rng.normal(0.0, spread))) for spread in (scatter / 2, scatter))

    def scattered(value: Any, factor: float) -> FloatArray:
        own = np.clip(rng.normal(1.0, scatter / 3), 0.7, 1.3)
        return np.broadcast_to(np.asarray(value, dtype=np.float64) * factor * own, 3).copy()

    def part(given: Mapping[str, Any]) -> ForeignPart:
        width = given.get("width", given.get("radius"))
        taper = float(given.get("taper", 0.0))
        if given["shape"] == "body" and len(width) == 2:
            # Two widths: at start and end, in every state.
            taper, width = width[1] / width[0] - 1.0, width[0]
        return ForeignPart(
            shape=given["shape"],
            start=_places(given["from"]) * size,
            end=_places(given["to"]) * size,
            extent=scattered(width, size),
            taper=taper,
            attenuation=scattered(given["attenuation"], dark),
            count=int(given.get("count", given.get("cells", 0))),
            rows=float(given.get("rows", 0)),
            stays=bool(given.get("stays", False)),
        )

    shaft = entries["shaft"]
    parts = tuple(part(each) for each in entries["parts"])
    cone = max(parts, key=lambda each: float(each.end[0]))
    return ForeignDevice(
        name=str(entries["name"]),
        landmarks=tuple(Landmark[name] for name in entries["landmarks"]),
        tip=cone.end,
        shaft_width=float(scattered(shaft["width"], size)[0]),
        shaft_attenuation=float(scattered(shaft["attenuation"], dark)[0]),
        shaft_end=float(shaft["end"]) * size,
        parts=parts,
    )


def draw_foreign_delivery(
    canvas: NDArray[np.uint8], layer: Layer, device: ForeignDevice, state: DeviceState, route: Route,
    stent_route: Route, wire: Wire, view: View,
) -> None:  # fmt: skip
    """Add the system in ``state`` to ``canvas``; the routes are those of ``draw_delivery``."""
    seen = projected(route, view)
    scale, opened = float(seen.scale_at(0.0)), _opened(state)
    at = state.advance - state.withdrawal
    shaft = seen.section(seen.distance[0], at + device.shaft_end)
    layer.stroke(shaft, device.shaft_width * scale, device.shaft_attenuation)
    layer.add_to(canvas)
    draw_wire(canvas, layer, wire, route, seen, device.place_of_tip(state), view, scale)
    bodies = [_body(part, at, opened) for part in device.parts if part.shape == "body"]
    paint_parts(layer, bodies, seen, 0.5 * scale, 1.0)
    layer.add_to(canvas)
    for part in device.parts:
        if part.shape == "body":
            continue
        held, place = (stent_route, state.advance) if part.stays else (route, at)
        lines = (_struts if part.shape == "struts" else _arches)(part, held, place, opened, view.beam)
        darkness = float(np.interp(opened, _STATES, part.attenuation))
        layer.lines(list(view.project(lines)), _LINE_MM * scale, darkness)
        layer.add_to(canvas)


def _opened(state: DeviceState) -> float:
    """Share of the way from closed to open."""
    return min(1.0, state.extraction / FULL_EXTRACTION)


def _span(part: ForeignPart, at: float, opened: float) -> tuple[float, float, float]:
    """Start and end along the route, and extent (mm)."""
    start, end, extent = (float(np.interp(opened, _STATES, v)) for v in (part.start, part.end, part.extent))
    return at + start, at + end, extent


def _body(part: ForeignPart, at: float, opened: float) -> Part:
    start, end, width = _span(part, at, opened)
    edges = np.array([width, width * (1.0 + part.taper)])
    if part.taper < 0.0:
        edges = np.maximum(edges, 0.3)
    return start, end, -edges, edges, float(np.interp(opened, _STATES, part.attenuation))


def _around(
    route: Route, distance: FloatArray, radius: FloatArray, phase: FloatArray, beam: FloatArray
) -> FloatArray:
    """Points (…, 3) at ``distance`` along the route, ``radius`` off it (mm), ``phase`` around it."""
    tangent = route.tangent_at(distance)
    across = unit(np.cross(tangent, beam))
    depth = np.cross(across, tangent)
    sine, cosine = (np.asarray(radius * wave)[..., None] for wave in (np.sin(phase), np.cos(phase)))
    return np.asarray(route.at(distance) + sine * across + cosine * depth)


def _struts(part: ForeignPart, route: Route, at: float, opened: float, beam: FloatArray) -> FloatArray:
    """(2 · cells, n, 3) two families of helices, which cross in diamond cells."""
    start, end, radius = _span(part, at, opened)
    along = np.linspace(0.0, 1.0, _LINE_POINTS)
    first = 2 * np.pi * np.arange(part.count)[:, None] / part.count
    twist = np.pi * part.rows / part.count * along
    phase = np.concatenate([first + twist, first - twist])
    distance = np.broadcast_to(start + along * (end - start), phase.shape)
    # It opens from the outflow, which the capsule or the balloon's shoulder holds a little longer.
    opening = radius * (0.9 + 0.1 * along)
    return _around(route, distance, np.broadcast_to(opening, phase.shape), phase, beam)


def _arches(part: ForeignPart, route: Route, at: float, opened: float, beam: FloatArray) -> FloatArray:
    """(count, n, 3) loops that leave the crown, bulge, and meet the catheter again."""
    start, end, radius = _span(part, at, opened)
    along = np.linspace(0.0, 1.0, _LINE_POINTS)
    side = np.sin(np.pi * along)
    first = 2 * np.pi * np.arange(part.count)[:, None] / part.count + 0.4
    phase = first + 0.35 * np.cos(np.pi * along)
    distance = np.broadcast_to(start + side * (end - start), phase.shape)
    return _around(route, distance, np.broadcast_to(radius * (0.55 + 0.45 * side), phase.shape), phase, beam)


def _places(value: Any) -> FloatArray:
    """(3,) one number for all states, or one for each."""
    return np.broadcast_to(np.asarray(value, dtype=np.float64), 3).copy()


@cache
def _profile(make: str) -> Mapping[str, Any]:
    """The checked contents of the profile of a make.

    Raises:
        ProfileError: it is missing, or not what a profile has to be.
    """
    file = profiles_folder() / f"{make}.yaml"
    if not file.exists():
        raise ProfileError(f"there is no device profile {make!r}; choose one of {', '.join(foreign_makes())}")
    return read_profile(file)


def read_profile(file: Path) -> Mapping[str, Any]:
    """The checked contents of a profile.

    Raises:
        ProfileError: it is not what a profile has to be.
    """
    try:
        entries: Mapping[str, Any] = read_yaml(file.read_text(encoding="utf-8"))
        known = {landmark.name for landmark in Landmark}
        if unknown := [name for name in entries["landmarks"] if name not in known]:
            raise ProfileError(f"{file}: {', '.join(unknown)} is no landmark; choose of {', '.join(known)}")
        for number, part in enumerate(entries["parts"]):
            if part["shape"] not in _SHAPES:
                shapes = ", ".join(_SHAPES)
                raise ProfileError(f"{file}: part {number} has shape {part['shape']!r}; choose of {shapes}")
        if not 0 <= float(entries["scatter"]) <= 1:
            raise ProfileError(f"{file}: its scatter is {entries['scatter']}; give a share from 0 to 1")
        _check(draw_profile(np.random.default_rng(0), entries))
    except ProfileError:
        raise
    except (YamlTextError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ProfileError(f"{file} is no device profile ({type(error).__name__}: {error})") from None
    return entries


def _check(device: ForeignDevice) -> None:
    """Refuses numbers that no device has, and of which no picture can be made.

    Raises:
        ValueError: one is not finite, too large, or missing.
    """
    lengths: list[Any] = [device.tip, device.shaft_width, device.shaft_attenuation, device.shaft_end]
    for part in device.parts:
        lengths += [part.start, part.end, part.extent, part.attenuation, part.taper, part.rows]
        if not 0 <= part.count <= MAX_COUNT or (part.shape != "body" and not part.count):
            raise ValueError(f"a part of shape {part.shape} has a count of {part.count}")
    if not all(np.all(np.abs(each) <= MAX_LENGTH) for each in lengths):
        raise ValueError(f"a number is not finite, or more than {MAX_LENGTH:g}")
    if not any(part.shape == "body" for part in device.parts):
        raise ValueError("it has no part of shape body")
