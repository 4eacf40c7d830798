"""Timing of pipelines against one another, call by call in turn, so that all meet the same load."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.naive import keras_predict, naive
from tavi_perception.carm import CArmGeometry
from tavi_perception.estimates import Keypoints
from tavi_perception.imaging.source import GreyImage
from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.inference.runtimes import open_runtime
from tavi_perception.observation import Observation
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.registration import LandmarkRegistration
from tavi_perception.tracking.tracker import Tracker

PREDICTOR, FIT, NETWORK, NAIVE, KERAS = "predictor", "fit", "network", "naive", "keras predict"
"""What is timed: the whole of ours, two of its parts alone, and two straightforward pipelines."""

_WARM_UP = 5
"""Calls of each that are not counted."""

Call = Callable[[GreyImage], Any]


@dataclass(frozen=True)
class Timing:
    """Durations of calls (ms)."""

    milliseconds: NDArray[np.float64]

    def figures(self) -> dict[str, float]:
        """Median, 95th and 99th percentile (ms), and calls a second when made back to back."""
        median, p95, p99 = np.percentile(self.milliseconds, [50, 95, 99])
        return {
            "median_ms": float(median),
            "p95_ms": float(p95),
            "p99_ms": float(p99),
            "per_second": 1000.0 / float(self.milliseconds.mean()),
        }


def pipelines(bundle: ModelBundle, threads: int) -> dict[str, Call]:
    """What is timed of a bundle; without ``keras predict`` where TensorFlow is missing."""
    predictor = Predictor(bundle, bundle.cpu_runtime, threads)
    engine = open_runtime(bundle, bundle.cpu_runtime, threads)
    still = np.zeros((bundle.input_height, bundle.input_width), dtype=np.uint8)
    calls: dict[str, Call] = {
        PREDICTOR: predictor.predict,
        FIT: lambda image: fit_square(image, bundle.input_width),
        NETWORK: lambda _: engine.run(still),
        NAIVE: naive(bundle),
    }
    through_keras = keras_predict(bundle)
    return calls if through_keras is None else {**calls, KERAS: through_keras}


def interleaved(
    calls: Mapping[str, Call],
    images: Sequence[GreyImage],
    rounds: int,
    title: str = "",
    rate: float | None = None,
) -> dict[str, Timing]:
    """Time every call once a round, on the same image, beginning with another one each round.

    Args:
        rate: calls a second, as frames come, between which the processor rests; None: back to back.
    """
    names, due = list(calls), 0.0
    for call in calls.values():
        for image in images[:_WARM_UP]:
            call(image)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in tqdm(range(rounds), desc=title, unit="round", disable=None):
        image = images[number % len(images)]
        for turn in range(len(names)):
            name = names[(number + turn) % len(names)]
            if rate is not None:
                time.sleep(max(0.0, due - time.monotonic()))
                due = time.monotonic() + 1.0 / rate
            start = time.perf_counter()
            calls[name](image)
            taken[name].append(1e3 * (time.perf_counter() - start))
    return {name: Timing(np.array(values)) for name, values in taken.items()}


def registration_timing(
    images: Sequence[GreyImage], procedure: Sequence[Keypoints], frame_rate: float, repeats: int = 5
) -> Timing:
    """Duration of ``LandmarkRegistration.update`` for the first frames of a procedure: for ``images``."""

    def begin() -> Callable[[int], object]:
        registration, config = LandmarkRegistration(), TrackingConfig()
        return lambda index: registration.update(images[index], procedure[index], index / frame_rate, config)

    return _in_order(begin, len(images), repeats)


def tracker_timing(
    procedure: Sequence[Keypoints], geometry: CArmGeometry, frame_rate: float, repeats: int = 5
) -> Timing:
    """Duration of ``Tracker.update`` for every frame of a procedure, several times over."""

    def begin() -> Callable[[int], object]:
        tracker, config = Tracker(), TrackingConfig()
        return lambda index: tracker.update(
            Observation(index / frame_rate, procedure[index], geometry), config
        )

    return _in_order(begin, len(procedure), repeats)


def _in_order(begin: Callable[[], Callable[[int], object]], frames: int, repeats: int) -> Timing:
    """Time what ``begin`` gives, called for each frame in order, ``repeats`` times over."""
    taken = []
    for _ in range(repeats):
        call = begin()
        for index in range(frames):
            start = time.perf_counter()
            call(index)
            taken.append(1e3 * (time.perf_counter() - start))
    return Timing(np.array(taken))
