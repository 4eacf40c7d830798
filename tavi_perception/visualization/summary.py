"""The figures of a recorded run: what summary.json holds and the report shows."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tavi_perception.estimates import NAN, Reason, Stage
from tavi_perception.histogram import Durations
from tavi_perception.outages import OutageFigures, outage_figures, outages
from tavi_perception.stage_clock import TimedStage
from tavi_perception.visualization.accuracy import Accuracy, measure_accuracy
from tavi_perception.visualization.recording import RecordedFrame, Recording
from tavi_perception.visualization.words import REASONS, STAGES

TRANSFORM_TOPIC = "/tf"


@dataclass(frozen=True)
class Count:
    """How often something occurred."""

    name: str
    count: int


@dataclass(frozen=True)
class StageTime:
    """What a stage of the frames' way through the perception node took (ms)."""

    name: str
    durations: Durations


@dataclass(frozen=True)
class Summary:
    """Figures of a run; every number can be recomputed from its bag.

    Attributes:
        headline: the run in one sentence.
        bag: name of the bag and its folder.
        duration_s: from the first to the last frame.
        frame_rate_hz: frames/s between them; NaN for fewer than two.
        images: images recorded.
        processed: frames with a deviation.
        dropped: images without a deviation.
        stale_reports: deviations repeated because images had stopped.
        valid, valid_share: frames with a valid deviation, and their share of the processed ones.
        within_tolerance: frames with a valid deviation within tolerance.
        annulus_valid: frames with a valid annulus frame.
        transforms: transforms sent.
        latency_ms: from the capture of a frame to the publication of its deviation (ms).
        timing_ms: where it was spent, as far as the perception node told.
        target_depth_mm: aimed at; NaN when no depth was measured.
        calibrated: the geometry of the C-arm is known.
        model_name, model_version, model_runtime, model_device: empty when not recorded.
        messages: per topic.
        reasons: per reason that occurred, the frames that it kept from being valid; a frame may have several.
        outages_s: runs of processed frames without a valid deviation, and how long they lasted (s).
        stages: frames per stage.
        accuracy: against a synthetic truth; None for a real run.
    """

    headline: str
    bag: str
    duration_s: float
    frame_rate_hz: float
    images: int
    processed: int
    dropped: int
    stale_reports: int
    valid: int
    valid_share: float
    within_tolerance: int
    annulus_valid: int
    transforms: int
    latency_ms: Durations
    timing_ms: tuple[StageTime, ...]
    target_depth_mm: float
    calibrated: bool
    model_name: str
    model_version: str
    model_runtime: str
    model_device: str
    messages: tuple[Count, ...]
    reasons: tuple[Count, ...]
    outages_s: OutageFigures
    stages: tuple[Count, ...]
    accuracy: Accuracy | None


def summarise(recording: Recording) -> Summary:
    """The figures of a recording."""
    frames = recording.frames
    deviations = [frame.found.deviation for frame in frames if frame.found.deviation is not None]
    annuli = [frame.found.annulus for frame in frames if frame.found.annulus is not None]
    images = sum(frame.has_image for frame in frames)
    valid = sum(deviation.valid for deviation in deviations)
    duration = frames[-1].time if frames else 0.0
    targets = [deviation.depth - deviation.depth_error for deviation in deviations]
    reasons = Counter(reason for deviation in deviations for reason in REASONS if reason in deviation.reasons)
    stages = Counter(deviation.stage for deviation in deviations)
    messages = tuple(Count(topic.name, topic.count) for topic in recording.topics)
    latency = _latency(frame.latency for frame in frames)
    model = recording.model
    return Summary(
        headline=_headline(images, len(deviations), valid, reasons, latency),
        bag="/".join(recording.path.resolve().parts[-2:]),
        duration_s=duration,
        frame_rate_hz=(len(frames) - 1) / duration if duration > 0 else NAN,
        images=images,
        processed=len(deviations),
        dropped=sum(frame.has_image and frame.found.deviation is None for frame in frames),
        stale_reports=recording.stale_reports,
        valid=valid,
        valid_share=valid / len(deviations) if deviations else NAN,
        within_tolerance=sum(deviation.within_tolerance for deviation in deviations),
        annulus_valid=sum(annulus.valid for annulus in annuli),
        transforms=sum(count.count for count in messages if count.name == TRANSFORM_TOPIC),
        latency_ms=latency,
        timing_ms=tuple(
            StageTime(stage.value, recording.times[stage].durations())
            for stage in TimedStage
            if stage in recording.times
        ),
        target_depth_mm=_median(targets) * 1e3,
        calibrated=recording.geometry.calibrated,
        model_name=model.name if model else "",
        model_version=model.version if model else "",
        model_runtime=model.runtime if model else "",
        model_device=model.device if model else "",
        messages=messages,
        reasons=tuple(Count(reason.name or "", reasons[reason]) for reason in REASONS if reasons[reason]),
        outages_s=_outages(frames),
        stages=tuple(Count(STAGES[stage], stages[stage]) for stage in Stage if stages[stage]),
        accuracy=measure_accuracy(frames, recording.geometry),
    )


def values_of(summary: Summary) -> dict[str, Any]:
    """For JSON: counts as name → number, stages as name → durations, landmarks as name → errors."""
    values = asdict(summary)
    for name in ("messages", "reasons", "stages"):
        values[name] = {count["name"]: count["count"] for count in values[name]}
    values["timing_ms"] = {stage["name"]: stage["durations"] for stage in values["timing_ms"]}
    if values["accuracy"] is not None:
        landmarks = values["accuracy"]["landmarks"]
        values["accuracy"]["landmarks"] = {landmark.pop("name"): landmark for landmark in landmarks}
        values["accuracy"]["synthetic"] = True
    return values


def to_json(values: dict[str, Any]) -> str:
    """summary.json; unknown numbers are null."""
    return json.dumps(_without_nan(values), indent=2, ensure_ascii=False) + "\n"


def _headline(images: int, processed: int, valid: int, reasons: Counter[Reason], latency: Durations) -> str:
    share = f" ({100 * valid / processed:.0f} %)" if processed else ""
    words = f"{images} image{'' if images == 1 else 's'}, {processed} processed, {valid} valid{share}"
    if valid < processed and reasons:
        reason, count = reasons.most_common(1)[0]
        words += f"; most frequent reason: {REASONS[reason]} ({count} frame{'' if count == 1 else 's'})"
    if latency.count:
        words += f"; latency {latency.median:.0f} ms median, {latency.p99:.0f} ms p99"
    return words


def _latency(latencies: Iterable[float]) -> Durations:
    known = np.array([latency for latency in latencies if math.isfinite(latency)]) * 1e3
    if not known.size:
        return Durations(0, NAN, NAN, NAN, NAN)
    median, p95, p99 = np.percentile(known, (50, 95, 99))
    return Durations(int(known.size), float(median), float(p95), float(p99), float(known.max()))


def _outages(frames: Sequence[RecordedFrame]) -> OutageFigures:
    processed = [(frame.time, frame.found.deviation.valid) for frame in frames if frame.found.deviation]
    times, valid = np.array(processed).reshape(-1, 2).T
    return outage_figures(outages(times, valid.astype(bool)))


def _median(values: Iterable[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.median(known)) if known else NAN


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
