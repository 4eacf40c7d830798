"""The report of a run: one HTML file that needs nothing else, and its figures as JSON, from the bag alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tavi_perception.estimates import Reason
from tavi_perception.landmarks import COLOURS_RGB, NAMES, Landmark
from tavi_perception.output import write_text
from tavi_perception.visualization.accuracy import Accuracy, Spread, landmark_errors_px
from tavi_perception.visualization.filmstrip import film_strip
from tavi_perception.visualization.plots import errors_svg, latency_svg, timeline_svg
from tavi_perception.visualization.recording import Recording, read_recording
from tavi_perception.visualization.summary import Summary, summarise, to_json, values_of
from tavi_perception.visualization.words import MINUS, NOTICE, REASONS, REMEDIES, UNKNOWN

TARGET_DEPTH, TOLERANCE = 0.003, 0.002
"""Defaults of the perception node (m): a bag implies the target where depths are, but never the tolerance."""

_LEVELS = ("ok", "warning", "error", "stale")


@dataclass(frozen=True)
class Tile:
    """A headline figure: its value with unit, what it is, and a remark."""

    value: str
    label: str
    remark: str = ""


@dataclass(frozen=True)
class Bar:
    """A labelled share of a whole, for a bar of that length, and a remark."""

    label: str
    count: int
    share: float
    remark: str


def write_report(bag: Path, out: Path, tolerance_m: float = TOLERANCE) -> Summary:
    """Writes ``out``/report.html and ``out``/summary.json; returns what the latter holds.

    Args:
        bag: a bag of the perception node's topics; whatever is missing in it is left out.
        out: folder; made where it is missing.
        tolerance_m: accepted distance from the target depth (m), for the band that is drawn.

    Raises:
        BagError: the bag cannot be read.
        OutputError: the folder cannot be written.
    """
    recording = read_recording(bag)
    summary = summarise(recording)
    write_text(out / "report.html", render("report.html.j2", recording, summary, tolerance_m))
    write_text(out / "summary.json", to_json(values_of(summary)))
    return summary


def render(template: str, recording: Recording, summary: Summary, tolerance_m: float, **more: object) -> str:
    """The page of a run.

    Args:
        template: its name.
        tolerance_m: accepted distance from the target depth (m).
        more: what the template shows besides.

    Raises:
        BagError: the bag cannot be read again.
    """
    target = summary.target_depth_mm * 1e-3 if math.isfinite(summary.target_depth_mm) else TARGET_DEPTH
    environment = Environment(
        loader=PackageLoader("tavi_perception.visualization"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, percent=_percent, spread=_spread)
    return environment.get_template(template).render(
        notice=NOTICE,
        summary=summary,
        recording=recording,
        recorded=_recorded(recording),
        tiles=_tiles(summary),
        reasons=_reason_bars(summary),
        pictures=film_strip(recording, target, tolerance_m),
        timeline=Markup(timeline_svg(recording, tolerance_m)),
        latency=Markup(latency_svg([frame.latency * 1e3 for frame in recording.frames])),
        errors=Markup(_errors(recording)),
        colours=[_hex(landmark) for landmark in Landmark],
        levels=_LEVELS,
        calibration=_calibration(summary.accuracy),
        **more,
    )


def _tiles(summary: Summary) -> list[Tile]:
    latency, outages = summary.latency_ms, summary.outages_s
    missing = f", {summary.stale_reports} reports of missing images" if summary.stale_reports else ""
    tiles = [
        Tile(_percent(summary.valid_share), "valid", f"{summary.valid} of {summary.processed} frames"),
        Tile(
            _with_unit(outages.longest, "s") if outages.count else "none",
            "longest outage",
            f"{outages.count} outages, median {_with_unit(outages.median, 's')}" if outages.count else "",
        ),
        Tile(str(summary.images), "images", _with_unit(summary.duration_s, "s")),
        Tile(str(summary.dropped), "dropped", f"{summary.processed} processed{missing}"),
        Tile(
            _with_unit(latency.median, "ms"),
            "latency, median",
            f"p95 {_with_unit(latency.p95, 'ms')}, p99 {_with_unit(latency.p99, 'ms')}",
        ),
    ]
    if summary.accuracy is not None:
        for name, errors, unit, digits in (
            ("depth error, median", summary.accuracy.depth_mm, "mm", 2),
            ("landmark error, median", summary.accuracy.all_px, "px", 1),
        ):
            remark = f"synthetic, p95 {_with_unit(errors.p95, unit, digits)}"
            tiles.append(Tile(_with_unit(errors.median, unit, digits), name, remark))
    return tiles


def _reason_bars(summary: Summary) -> list[Bar]:
    return [
        Bar(REASONS[reason], found.count, found.count / max(summary.processed, 1), REMEDIES[reason])
        for found in sorted(summary.reasons, key=lambda found: -found.count)
        for reason in [Reason[found.name]]
    ]


def _calibration(accuracy: Accuracy | None) -> list[tuple[str, float, float]]:
    """What should hold a known share of the errors; that share, and the share it held."""
    if accuracy is None:
        return []
    return [
        ("landmark in its 68 % ellipse", 0.683, accuracy.points_in_68),
        ("landmark in its 95 % ellipse", 0.95, accuracy.points_in_95),
        ("depth within 1 sigma", 0.683, accuracy.depth_in_1_sigma),
        ("depth within 2 sigma", 0.954, accuracy.depth_in_2_sigma),
    ]


def _errors(recording: Recording) -> str:
    errors = [landmark_errors_px(frame) for frame in recording.frames if frame.truth is not None]
    return errors_svg(np.array(errors), NAMES, [_hex(landmark) for landmark in Landmark]) if errors else ""


def _recorded(recording: Recording) -> str:
    """Capture time of the first frame by its stamp; empty without frames."""
    if not recording.frames:
        return ""
    return (
        f"{datetime.fromtimestamp(recording.frames[0].stamp_ns * 1e-9, timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    )


def _hex(landmark: Landmark) -> str:
    return "#{:02x}{:02x}{:02x}".format(*COLOURS_RGB[landmark])


def number(value: float, digits: int = 1) -> str:
    """As people read it; a dash where it is not known."""
    return f"{value:.{digits}f}".replace("-", MINUS) if math.isfinite(value) else UNKNOWN


def _with_unit(value: float, unit: str, digits: int = 1) -> str:
    return f"{number(value, digits)} {unit}" if math.isfinite(value) else UNKNOWN


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %" if math.isfinite(share) else UNKNOWN


def _spread(spread: Spread, digits: int = 1) -> str:
    """Median and 95th percentile."""
    return f"{number(spread.median, digits)} / {number(spread.p95, digits)}" if spread.count else UNKNOWN
