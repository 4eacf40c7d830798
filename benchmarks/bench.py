"""What ``./tavi bench`` measures: the models against the naive pipeline, and what follows them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.latency import (
    FIT,
    KERAS,
    NAIVE,
    NETWORK,
    PREDICTOR,
    Timing,
    interleaved,
    pipelines,
    registration_timing,
    tracker_timing,
)
from benchmarks.memory import peak_memory_mb
from tavi_perception.estimates import Keypoints
from tavi_perception.evaluation.answers import describe_bundle
from tavi_perception.evaluation.machine import describe_machine
from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import ModelBundle, ModelContractError, load_bundle
from tavi_perception.inference.manifest import MANIFEST
from tavi_perception.output import write_text
from tavi_perception.resources import share_directory
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import TUNING

FRAME_RATE = 15.0
"""Frames a second of the measured procedure."""

PACED_SHARE = 0.25
"""Of the rounds that are timed at the rate of frames too: they take as long as frames do."""

_DIFFERENT_FRAMES = 8
_REGISTERED_FRAMES = 40
_SIGMA_PX = 3.0
"""Of the keypoints that registration and tracker are fed with (px of the image)."""


def bench(
    models: Sequence[Path],
    rounds: int,
    size: int,
    threads: int,
    file: Path | None,
    *,
    rate: float = FRAME_RATE,
    memory: bool = True,
) -> int:
    """Measure, print, and write the figures to ``file``.

    Args:
        models: folders of bundles; empty for all that are shipped.
        rounds: calls of each pipeline that are timed.
        size: side of the grey frames (px).
        threads: of ours; the naive pipeline sets none.
        rate: calls a second of what is timed as frames come.

    Raises:
        ModelContractError: a bundle cannot be used, or none is shipped.
    """
    bundles = [load_bundle(folder) for folder in models] or shipped_bundles()
    procedure = RenderedProcedure(TUNING.start, frame_rate=FRAME_RATE, size=size)
    indices = np.linspace(0, procedure.frame_count - 1, _DIFFERENT_FRAMES).astype(int).tolist()
    images = [procedure.frame(index).image for index in indices]
    course = [procedure.frame(index).image for index in range(_REGISTERED_FRAMES)]
    seen = seen_by_a_model(procedure)
    figures: dict[str, Any] = {
        "machine": describe_machine(),
        "size_px": size,
        "threads": threads,
        "rounds": rounds,
        "rate_hz": rate,
        "models": [_measured(bundle, images, rounds, threads, rate, memory) for bundle in bundles],
        "registration": registration_timing(course, seen, FRAME_RATE).figures(),
        "tracker": tracker_timing(seen, procedure.geometry, FRAME_RATE).figures(),
    }
    print(text(figures))
    if file is not None:
        write_text(file, json.dumps(figures, indent=2) + "\n")
    return 0


def shipped_bundles() -> list[ModelBundle]:
    """Every bundle in ``models/``, by name."""
    root = share_directory() / "models"
    found = [load_bundle(path.parent) for path in sorted(root.glob(f"*/{MANIFEST}"))]
    if not found:
        raise ModelContractError(f"{root} holds no model bundle; name one with --model")
    return found


def seen_by_a_model(procedure: RenderedProcedure) -> list[Keypoints]:
    """The true keypoints of every frame with normal errors and their covariance, as a network gives them."""
    rng = np.random.default_rng(0)
    seen = []
    for index in range(procedure.frame_count):
        true = procedure.truth(index).keypoints
        error = _SIGMA_PX * rng.standard_normal(true.xy.shape)
        covariance = np.where(true.present[:, None, None], _SIGMA_PX**2 * np.eye(2), np.nan)
        seen.append(
            Keypoints(
                true.width,
                true.height,
                true.presence,
                true.present,
                true.present,
                true.xy + error,
                covariance,
            )
        )
    return seen


def _measured(
    bundle: ModelBundle, images: Sequence[GreyImage], rounds: int, threads: int, rate: float, memory: bool
) -> dict[str, Any]:
    calls = pipelines(bundle, threads)
    timings = interleaved(calls, images, rounds, bundle.name)
    few = max(1, round(PACED_SHARE * rounds))
    paced = interleaved(calls, images, few, f"{bundle.name} at {rate:g} Hz", rate)
    size = images[0].shape[0]
    whole = [name for name in (PREDICTOR, NAIVE, KERAS) if name in timings]
    return {
        **describe_bundle(bundle),
        "input_px": bundle.input_width,
        "timings": {name: timing.figures() for name, timing in timings.items()},
        "paced_timings": {name: timing.figures() for name, timing in paced.items()},
        "times_faster_than": {
            name: _ratio(timings[name], timings[PREDICTOR]) for name in whole if name != PREDICTOR
        },
        "peak_memory_mb": {name: peak_memory_mb(bundle, name, threads, size) for name in whole if memory},
        "left_out": [] if KERAS in timings else [f"{KERAS}: TensorFlow is not in this environment"],
    }


def _ratio(other: Timing, ours: Timing) -> float:
    """Median over the rounds of how many times as long the other took: load that comes and goes cancels."""
    return float(np.median(other.milliseconds / ours.milliseconds))


def text(figures: dict[str, Any]) -> str:
    """What is printed."""
    machine = figures["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores; grey frames of {figures['size_px']} px, "
        f"{figures['rounds']} rounds, {figures['threads']} threads (naive pipelines set none)"
    ]
    names = {
        PREDICTOR: "predictor: frame to 11 points",
        FIT: "  of it, fitting the frame",
        NETWORK: "  of it, the network",
        NAIVE: "naive: INTER_AREA, float64, LiteRT",
        KERAS: "naive: INTER_AREA, Keras predict",
    }
    paced = f"at {figures['rate_hz']:g} Hz"
    for model in figures["models"]:
        lines += ["", f"{model['name']} {model['version']}, input {model['input_px']} px"]
        lines.append(
            f"{'':36}{'median':>11}{'95 %':>11}{'99 %':>11}{'a second':>10}{paced:>14}{'99 %':>11}"
            f"{'memory':>10}{'times':>8}"
        )
        for key, name in names.items():
            if key not in model["timings"]:
                continue
            memory = model["peak_memory_mb"].get(key)
            ratio = model["times_faster_than"].get(key)
            lines.append(
                f"{name:36}{_times(model['timings'][key])}{_paced(model['paced_timings'][key])}"
                + (f"{memory:7.0f} MB" if memory else " " * 10)
                + (f"{ratio:8.2f}" if ratio else "")
            )
        lines += [f"left out: {reason}" for reason in model["left_out"]]
    lines += ["", f"{'registration of landmarks':36}{_times(figures['registration'])}"]
    lines.append(f"{'tracker: update with 11 points':36}{_times(figures['tracker'])}")
    lines.append(f"{paced}: median and 99th percentile of calls that come as frames do, and rest between")
    lines.append("times: how many times as long as ours in the same round")
    return "\n".join(lines)


def _times(row: dict[str, float]) -> str:
    milliseconds = "".join(f"{row[key]:8.2f} ms" for key in ("median_ms", "p95_ms", "p99_ms"))
    return f"{milliseconds}{row['per_second']:10.1f}"


def _paced(row: dict[str, float]) -> str:
    return f"{row['median_ms']:11.2f} ms{row['p99_ms']:8.2f} ms"
