"""What was seen in each frame of simulated procedures, beside the truth; kept, since it takes long."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import Keypoints
from tavi_perception.inference.bundle import load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.simulation.dataset.folder import simulator_hash
from tavi_perception.simulation.procedure import RenderedProcedure
from tavi_perception.simulation.truth import Truth
from tavi_perception.tracking import capsule, matching, registration
from tavi_perception.tracking.capsule import capsule_width
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.registration import LandmarkRegistration

CACHE = Path.home() / ".cache" / "tavi_perception" / "procedures"

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
    """One procedure of n frames as network and registration saw it.

    Attributes:
        seed: of the procedure.
        times: (n,) capture times (s).
        presence, present, xy, covariance: (n, …) fields of the registered ``Keypoints``.
        capsule_widths: (n,) of the capsule in the image (px).
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
    capsule_widths: Floats
    primary_angles: Floats
    geometry: CArmGeometry
    truth: TrueCourse

    def __len__(self) -> int:
        return len(self.times)

    def keypoints(self, index: int) -> Keypoints:
        """What was seen in frame ``index``."""
        present = self.present[index]
        return Keypoints(
            self.geometry.image_width, self.geometry.image_height, self.presence[index], present,
            present.copy(), self.xy[index], self.covariance[index],
        )  # fmt: skip


def observe(seed: int, course: Course, predictor: Predictor) -> Observed:
    """Render a procedure and let the network look at every frame of it."""
    procedure = RenderedProcedure(seed, course.duration, course.frame_rate, course.size)
    steadied = LandmarkRegistration(TrackingConfig.max_gap)
    seen: list[Keypoints] = []
    widths: list[float] = []
    truths: list[Truth] = []
    for index, frame in enumerate(procedure):
        seen.append(steadied.update(frame.image, predictor.predict(frame.image), frame.time))
        widths.append(capsule_width(frame.image, seen[-1]))
        truths.append(procedure.truth(index))
    count = len(seen)
    return Observed(
        seed=seed,
        times=np.arange(count) / course.frame_rate,
        presence=np.stack([each.presence for each in seen]),
        present=np.stack([each.present for each in seen]),
        xy=np.stack([each.xy for each in seen]),
        covariance=np.stack([each.covariance for each in seen]),
        capsule_widths=np.array(widths),
        primary_angles=np.array([procedure.geometry_at(index).primary_angle for index in range(count)]),
        geometry=procedure.geometry,
        truth=_true_course(truths),
    )


def observe_all(
    seeds: Sequence[int], course: Course, bundle_folder: Path, cache: Path | None = None, workers: int = 2
) -> Iterator[Observed]:
    """The procedures of ``seeds`` in order; those that are not yet in ``cache`` are rendered by ``workers``.

    By default the cache is a folder below ``CACHE`` for this simulator, bundle, registration and course.

    Raises:
        ModelContractError: the bundle cannot be used.
        OSError: the cache cannot be written.
    """
    bundle = load_bundle(bundle_folder)
    folder = cache or CACHE / f"{simulator_hash()}-{bundle.sha256[:16]}-{_seeing_hash()}-{course.name}"
    folder.mkdir(parents=True, exist_ok=True)
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


def _seeing_hash() -> str:
    """Changes with the code, beside the network, that looks at an image."""
    files = (Path(str(module.__file__)) for module in (capsule, matching, registration))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _file(folder: Path, seed: int) -> Path:
    return folder / f"{seed:07d}.npz"


def _observe_into(job: tuple[int, Course, Path, Path]) -> None:
    seed, course, bundle_folder, folder = job
    cv2.setNumThreads(1)
    predictor = Predictor(load_bundle(bundle_folder), "litert", threads=1)
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
