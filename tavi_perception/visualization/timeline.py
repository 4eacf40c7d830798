"""The rows of the report's time line: what each shows, and when it is worth showing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from tavi_perception.estimates import NAN, AnnulusSource, CatheterDeviation, Keypoints, Stage
from tavi_perception.landmarks import COLOURS_RGB, COUNT, NAMES, Landmark
from tavi_perception.visualization.recording import RecordedFrame, Recording, RobotSample
from tavi_perception.visualization.rows import (
    AMBER,
    BLUE,
    GREEN,
    GREY,
    INK,
    LEGEND,
    RED,
    Row,
    legend_of_patches,
    name_rows,
    strip,
)
from tavi_perception.visualization.words import REASONS, STAGES

FloatArray = NDArray[np.float64]

_STAGE_COLOURS = {
    Stage.UNKNOWN: GREY,
    Stage.POSITIONING: "#56b4e9",
    Stage.RETRACTION: "#e69f00",
    Stage.DEPLOYMENT: "#cc79a7",
    Stage.RELEASED: "#009e73",
}
_SOURCE_COLOURS = {
    AnnulusSource.NONE: GREY,
    AnnulusSource.CONTRAST: "#009e73",
    AnnulusSource.PIGTAIL: "#cc79a7",
}
_SOURCE_WORDS = {
    AnnulusSource.NONE: "unknown",
    AnnulusSource.CONTRAST: "contrast",
    AnnulusSource.PIGTAIL: "pigtail",
}


@dataclass(frozen=True)
class Timeline:
    """Frames with the edges (N + 1, s) of the time that each of them covers."""

    frames: tuple[RecordedFrame, ...]
    deviations: tuple[CatheterDeviation, ...]
    """One for each frame; an empty one where none was recorded."""
    edges: FloatArray
    tolerance_mm: float
    robot: tuple[RobotSample, ...]

    @property
    def start(self) -> float:
        return float(self.edges[0])

    @property
    def end(self) -> float:
        return float(self.edges[-1])

    @property
    def times(self) -> FloatArray:
        """(N,) s since the first frame."""
        return np.array([frame.time for frame in self.frames])

    def mm(self, value: Callable[[CatheterDeviation], float]) -> FloatArray:
        """(N,) a length of the deviations (mm)."""
        return np.array([value(deviation) for deviation in self.deviations]) * 1e3

    @property
    def valid(self) -> NDArray[np.bool_]:
        return np.array([deviation.valid for deviation in self.deviations], dtype=bool)


def timeline_of(recording: Recording, tolerance_m: float) -> Timeline:
    """The time line of a recording; a lone frame covers a second, and so does an empty recording."""
    frames = recording.frames
    times = np.array([frame.time for frame in frames] or [0.0])
    usual = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    edges = np.append(times, times[-1] + usual)
    deviations = tuple(frame.found.deviation or CatheterDeviation() for frame in frames)
    return Timeline(frames, deviations, edges, tolerance_m * 1e3, recording.robot)


def _draw_depth(axis: Axes, timeline: Timeline) -> None:
    times, valid = timeline.times, timeline.valid
    depth, sigma = timeline.mm(lambda d: d.depth), timeline.mm(lambda d: d.depth_sigma)
    target = depth - timeline.mm(lambda d: d.depth_error)
    if np.isfinite(target).any():
        aim = float(np.nanmedian(target))
        band = (aim - timeline.tolerance_mm, aim + timeline.tolerance_mm)
        axis.axhspan(*band, color=GREEN, alpha=0.15, linewidth=0, label="target ± tolerance")
    truth = np.array(
        [f.truth.deviation.depth * 1e3 if f.truth and f.truth.deviation else NAN for f in timeline.frames]
    )
    shown = np.where(valid, depth, NAN)
    axis.fill_between(
        times, shown - 2 * sigma, shown + 2 * sigma, color=BLUE, alpha=0.25, linewidth=0, label="± 2 sigma"
    )
    axis.plot(times, np.where(valid, NAN, depth), ".", color=GREY, markersize=3, label="invalid")
    axis.plot(times, shown, color=BLUE, linewidth=1.6, marker=".", markersize=3, label="valid")
    if np.isfinite(truth).any():
        axis.plot(times, truth, color=INK, linewidth=1, linestyle=(0, (4, 2)), label="synthetic truth")
    axis.set_ylabel("mm into the ventricle")
    axis.grid(axis="y")
    axis.legend(**LEGEND)


def _draw_validity(axis: Axes, timeline: Timeline) -> None:
    set_reasons = [
        reason for reason in REASONS if any(reason in deviation.reasons for deviation in timeline.deviations)
    ]
    names = ["valid", *(REASONS[reason] for reason in set_reasons)]
    strip(axis, 0, timeline.edges, [_validity_colour(frame) for frame in timeline.frames])
    for row, reason in enumerate(set_reasons, start=1):
        strip(axis, row, timeline.edges, [RED if reason in d.reasons else None for d in timeline.deviations])
    name_rows(axis, names)


def _validity_colour(frame: RecordedFrame) -> str:
    """Grey for a frame that was not processed."""
    if frame.found.deviation is None:
        return GREY
    return GREEN if frame.found.deviation.valid else RED


def _draw_presence(axis: Axes, timeline: Timeline) -> None:
    # Colour of the landmark, opacity its presence: transparent cells suit any page colour.
    cells = np.zeros((COUNT, len(timeline.frames), 4))
    for landmark in Landmark:
        cells[landmark, :, :3] = np.array(COLOURS_RGB[landmark]) / 255.0
    for column, frame in enumerate(timeline.frames):
        keypoints = frame.found.keypoints or Keypoints.absent(0, 0)
        cells[:, column, 3] = np.clip(np.nan_to_num(keypoints.presence), 0.0, 1.0)
    axis.pcolormesh(timeline.edges, np.arange(COUNT + 1) - 0.5, cells, rasterized=True)
    name_rows(axis, NAMES)


def _draw_stage(axis: Axes, timeline: Timeline) -> None:
    stages = [deviation.stage for deviation in timeline.deviations]
    strip(axis, 0, timeline.edges, [_STAGE_COLOURS[stage] for stage in stages])
    name_rows(axis, [""])
    legend_of_patches(axis, [(STAGES[s], _STAGE_COLOURS[s]) for s in Stage if s in stages])


def _draw_extraction(axis: Axes, timeline: Timeline) -> None:
    axis.plot(timeline.times, [100 * d.extraction for d in timeline.deviations], color=AMBER, linewidth=1.6)
    axis.set_ylim(-5, 105)
    axis.set_ylabel("%")
    axis.grid(axis="y")


def _draw_annulus(axis: Axes, timeline: Timeline) -> None:
    annuli = [frame.found.annulus for frame in timeline.frames]
    sources = [annulus.source if annulus else AnnulusSource.NONE for annulus in annuli]
    ages = [annulus.contrast_age if annulus else NAN for annulus in annuli]
    colours: list[str | None] = [_SOURCE_COLOURS[source] for source in sources]
    axis.plot(timeline.times, ages, color=INK, linewidth=1.2)
    oldest = float(np.nanmax([*ages, 1.0]))
    low = -0.22 * oldest
    axis.set_ylim(low, 1.08 * oldest)
    strip(axis, 0.6 * low, timeline.edges, colours, height=0.7 * abs(low))
    axis.set_ylabel("contrast age (s)")
    legend_of_patches(axis, [(_SOURCE_WORDS[s], _SOURCE_COLOURS[s]) for s in AnnulusSource if s in sources])


def _draw_robot(axis: Axes, timeline: Timeline) -> None:
    times = [sample.time for sample in timeline.robot]
    axis.plot(times, [sample.advance * 1e3 for sample in timeline.robot], color=BLUE, label="advance")
    axis.plot(times, [sample.retraction * 1e3 for sample in timeline.robot], color=AMBER, label="retraction")
    axis.set_ylabel("mm")
    axis.grid(axis="y")
    axis.legend(**LEGEND)


def _any_known(value: Callable[[CatheterDeviation], float]) -> Callable[[Timeline], bool]:
    return lambda timeline: any(np.isfinite(value(deviation)) for deviation in timeline.deviations)


def _reason_rows(timeline: Timeline) -> int:
    return 1 + sum(any(reason in d.reasons for d in timeline.deviations) for reason in REASONS)


ROWS: tuple[Row[Timeline], ...] = (
    Row("Implantation depth", lambda _: 2.4, _any_known(lambda d: d.depth), _draw_depth),
    Row("Validity and reasons", lambda t: 0.2 * _reason_rows(t) + 0.1, lambda _: True, _draw_validity),
    Row("Presence of landmarks", lambda _: 1.9, lambda t: bool(t.frames), _draw_presence),
    Row("Stage", lambda _: 0.25, lambda t: bool(t.frames), _draw_stage),
    Row("Extraction of the stent", lambda _: 1.0, _any_known(lambda d: d.extraction), _draw_extraction),
    Row("Annulus", lambda _: 1.2, lambda t: bool(t.frames), _draw_annulus),
    Row("Robot", lambda _: 1.2, lambda t: len(t.robot) > 1, _draw_robot),
)
