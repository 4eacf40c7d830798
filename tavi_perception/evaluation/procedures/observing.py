"""Observations of simulated procedures with their truth, cached because rendering is slow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.cache import OBSERVATIONS, cache_folder
from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import NAN, Keypoints
from tavi_perception.fingerprint import fingerprint
from tavi_perception.inference.bundle import load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.observation import Observation, SeenInAverage
from tavi_perception.observer import PARAMETERS
from tavi_perception.pipeline import Pipeline
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.seeds import opened
from tavi_perception.simulation.truth import Truth
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.continuity import Continuation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """Which procedures are observed, and how.

    Attributes:
        duration: of a procedure (s). The second of its two injections begins at 70 % of it.
        frame_rate: frames a second.
        size: side of the square image (px).
    """

    duration: float = 50.0
    frame_rate: float = 15.0
    size: int = 1000

    @property
    def name(self) -> str:
        return f"{self.duration:g}s-{self.frame_rate:g}fps-{self.size}px"


@dataclass(frozen=True)
class TrueCourse:
    """The truth of n frames; lengths in m, angles in rad, NaN where there is none.

    Attributes:
        depth, lateral, angle, extraction: (n,) of the deviation.
        stage: (n,) ``Stage``.
        contrast_age: (n,) time since both hinge points were last visible (s).
        annulus: (n, 3) x, y (px) and angle (rad) of the annulus frame.
    """

    depth: Floats
    lateral: Floats
    angle: Floats
    extraction: Floats
    stage: NDArray[np.uint8]
    contrast_age: Floats
    annulus: Floats


@dataclass(frozen=True)
class Observed:
    """One procedure of n frames as the image half of the pipeline saw it.

    Attributes:
        seed: of the procedure.
        times: (n,) capture times (s).
        presence, present, xy, covariance: (n, …) fields of the ``Observation``'s keypoints.
        continuations: (n,) ``Continuation``.
        capsule_widths: (n, PAIRS, 2) that the capsule may have in the image, from, to (px).
        foreign: (n,) probability of a delivery system of another make.
        hinge_stamps, hinge_offsets, hinge_covariances: (n, …) fields of the ``Observation``'s hinges; NaN
            where it has none.
        primary_angles: (n,) of the C-arm (rad).
        geometry: of the first frame.
        truth: what was true.
    """

    seed: int
    times: Floats
    presence: Floats
    present: NDArray[np.bool_]
    xy: Floats
    covariance: Floats
    continuations: NDArray[np.uint8]
    capsule_widths: Floats
    foreign: Floats
    hinge_stamps: Floats
    hinge_offsets: Floats
    hinge_covariances: Floats
    primary_angles: Floats
    geometry: CArmGeometry
    truth: TrueCourse

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Observation]:
        """The observations in order, for ``Pipeline.track``."""
        width, height = self.geometry.image_width, self.geometry.image_height
        for index, time in enumerate(self.times.tolist()):
            present = self.present[index]
            keypoints = Keypoints(
                width, height, self.presence[index], present, present.copy(), self.xy[index],
                self.covariance[index], float(self.foreign[index]),
            )  # fmt: skip
            geometry = replace(self.geometry, primary_angle=float(self.primary_angles[index]))
            continuation = Continuation(int(self.continuations[index]))
            stamp = float(self.hinge_stamps[index])
            hinges = SeenInAverage(stamp, self.hinge_offsets[index], self.hinge_covariances[index])
            yield Observation(
                time, keypoints, geometry, continuation, self.capsule_widths[index],
                None if math.isnan(stamp) else hinges,
            )  # fmt: skip


def observe(seed: int, course: Course, predictor: Predictor) -> Observed:
    """Render a procedure and let the image half of the pipeline see every frame of it."""
    procedure = RenderedProcedure(seed, course.duration, course.frame_rate, course.size)
    pipeline, config = Pipeline(predictor.predict, predictor.halves), TrackingConfig()
    seen: list[Observation] = []
    truths: list[Truth] = []
    for index, frame in enumerate(procedure):
        seen.append(pipeline.observe(frame.image, frame.time, procedure.geometry_at(index), config))
        truths.append(procedure.truth(index))
    keypoints, hinges = [each.keypoints for each in seen], [each.hinges or _NO_HINGES for each in seen]
    return Observed(
        seed=seed,
        times=np.array([each.stamp for each in seen]),
        presence=np.stack([each.presence for each in keypoints]),
        present=np.stack([each.present for each in keypoints]),
        xy=np.stack([each.xy for each in keypoints]),
        covariance=np.stack([each.covariance for each in keypoints]),
        continuations=np.array([each.continuation for each in seen], dtype=np.uint8),
        capsule_widths=np.stack([each.capsule_widths for each in seen]),
        foreign=np.array([each.foreign for each in keypoints]),
        hinge_stamps=np.array([each.stamp for each in hinges]),
        hinge_offsets=np.stack([each.offset for each in hinges]),
        hinge_covariances=np.stack([each.covariance for each in hinges]),
        primary_angles=np.array([each.geometry.primary_angle for each in seen]),
        geometry=procedure.geometry,
        truth=_true_course(truths),
    )


def observe_all(
    seeds: Sequence[int], course: Course, bundle_folder: Path, cache: Path | None = None, workers: int = 2
) -> Iterator[Observed]:
    """The procedures of ``seeds`` in order; those that are not yet in ``cache`` are rendered by ``workers``.

    ``cache``: see ``cache_folder``.

    Raises:
        ModelContractError: the bundle cannot be used.
        SealedSeedError: a seed is sealed.
        OSError: the cache cannot be written.
    """
    bundle = load_bundle(bundle_folder)
    folder = cache_folder(OBSERVATIONS, _fingerprint(bundle.sha256), cache) / course.name
    folder.mkdir(parents=True, exist_ok=True)
    seeds = [opened(seed) for seed in seeds]
    jobs = [(seed, course, bundle_folder, folder) for seed in seeds if not _file(folder, seed).exists()]
    if jobs:
        # A forked copy of a process in which TensorFlow runs would wait for its threads for ever.
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        with pool, tqdm(total=len(seeds), initial=len(seeds) - len(jobs), unit="procedure") as bar:
            for _ in pool.map(_observe_into, jobs):
                bar.update()
    for seed in seeds:
        yield load(_file(folder, seed))


def save(observed: Observed, file: Path) -> None:
    """Write ``observed``; an interrupted call leaves nothing half-written."""
    arrays = {
        field.name: getattr(observed, field.name) for field in fields(Observed) if field.name not in _NESTED
    }
    arrays |= {f"truth_{name}": value for name, value in vars(observed.truth).items()}
    arrays |= {f"geometry_{name}": value for name, value in asdict(observed.geometry).items()}
    part = file.with_suffix(".part")
    with part.open("wb") as stream:
        np.savez_compressed(stream, **arrays)
    part.replace(file)


def load(file: Path) -> Observed:
    """What ``save`` wrote."""
    with np.load(file) as archive:
        found: dict[str, Any] = {name: archive[name] for name in archive.files}

    def nested(prefix: str) -> dict[str, Any]:
        return {name.removeprefix(prefix): found.pop(name) for name in list(found) if name.startswith(prefix)}

    geometry = {name: value.item() for name, value in nested("geometry_").items()}
    geometry["calibration"] = Calibration(geometry["calibration"])
    truth = TrueCourse(**nested("truth_"))
    seed = int(found.pop("seed"))
    return Observed(seed=seed, geometry=CArmGeometry(**geometry), truth=truth, **found)


_NESTED = ("geometry", "truth")
_NO_HINGES = SeenInAverage(NAN, np.full((2, 2), NAN), np.full((2, 2, 2), NAN))


def _fingerprint(model: str) -> str:
    """Changes with all that an ``Observed`` depends on; ``model``: hash of the bundle."""
    # Of the parameters, most of which are the tracker's, an observation depends on those of the observer.
    config = TrackingConfig()
    return fingerprint(
        "tavi_perception.evaluation.procedures.observing",
        without=("tavi_perception.tracking.config", "tavi_perception.tracking.tracker"),
        model=model,
        **{name: getattr(config, name) for name in PARAMETERS},
    )


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed:07d}.npz"


def _observe_into(job: tuple[int, Course, Path, Path]) -> None:
    seed, course, bundle_folder, folder = job
    cv2.setNumThreads(1)
    bundle = load_bundle(bundle_folder)
    predictor = Predictor(bundle, bundle.cpu_runtime, threads=1)
    save(observe(seed, course, predictor), _file(folder, seed))


def _true_course(truths: Sequence[Truth]) -> TrueCourse:
    deviations = [truth.deviation for truth in truths]
    frames = [truth.annulus for truth in truths]
    return TrueCourse(
        depth=np.array([each.depth for each in deviations]),
        lateral=np.array([each.lateral for each in deviations]),
        angle=np.array([each.angle for each in deviations]),
        extraction=np.array([each.extraction for each in deviations]),
        stage=np.array([each.stage for each in deviations], dtype=np.uint8),
        contrast_age=np.array([each.contrast_age for each in frames]),
        annulus=np.array([(each.x, each.y, each.angle) for each in frames]),
    )
