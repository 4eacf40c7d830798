"""Annotated frames as the evaluation takes them, and the annotated frames of simulated procedures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from tavi_perception.cache import FRAMES, cache_folder
from tavi_perception.evaluation.judged import Labelled
from tavi_perception.evaluation.sources import Source
from tavi_perception.simulation.dataset.build import build_dataset
from tavi_perception.simulation.dataset.folder import simulator_hash
from tavi_perception.simulation.dataset.options import DatasetOptions, default_shares
from tavi_perception.simulation.seeds import BENCHMARK
from training.annotations import AnnotatedFrame, AnnotatedSet, open_annotated
from training.annotations.folds import FoldedSet
from training.annotations.images import read_grey
from training.annotations.scale import StatedScale

BENCHMARK_PROCEDURES = 200
BENCHMARK_FRAMES = 10
"""Of each procedure, evenly spread."""


def procedure_frames(
    first_seed: int,
    procedures: int = BENCHMARK_PROCEDURES,
    frames: int = BENCHMARK_FRAMES,
    size: int = 1000,
    cache: Path | None = None,
    workers: int = 2,
) -> AnnotatedSet:
    """Frames of whole simulated procedures, evenly spread over each.

    They are rendered when they are not yet in ``cache``, see ``cache_folder``.

    Raises:
        DatasetError: the seeds do not lie in one range, or the cache cannot be written.
    """
    options = DatasetOptions(
        procedures=procedures,
        seed=first_seed,
        frames=frames,
        size=size,
        shares=default_shares(first_seed, procedures),
    )
    name = f"{first_seed}-{procedures}x{frames}-{size}px"
    folder = cache_folder(FRAMES, simulator_hash(), cache) / name
    build_dataset(folder, options, workers)
    return open_annotated(folder, workers=workers)


def benchmark(
    procedures: int = BENCHMARK_PROCEDURES,
    frames: int = BENCHMARK_FRAMES,
    size: int = 1000,
    cache: Path | None = None,
    workers: int = 2,
) -> Source:
    """``procedure_frames`` of patients of the benchmark, which nothing is trained or tuned on."""
    about = {
        "data": "synthetic benchmark",
        "patients": procedures,
        "first_seed": BENCHMARK.start,
        "seeds": "benchmark",
        "frames_per_procedure": frames,
        "size_px": size,
        "simulator": simulator_hash(),
    }
    return annotated(procedure_frames(BENCHMARK.start, procedures, frames, size, cache, workers), about)


def annotated(
    dataset: AnnotatedSet | FoldedSet, about: dict[str, Any] | None = None, scale: StatedScale | None = None
) -> Source:
    """The frames of a data set that was opened; ``scale``: what the user states of their pixels."""
    found = dataset.frames
    sides = sorted({max(frame.width, frame.height) for frame in found})
    told = about or {
        "data": f"{dataset.report.format} {dataset.report.path}",
        "patients": len({frame.procedure for frame in found}),
        "size_px": sides[0] if len(sides) == 1 else sides,
        "left_out": dataset.report.images - len(found),
    }
    return Source(told, len(found), lambda: map(partial(_labelled, scale or StatedScale()), found))


def _labelled(scale: StatedScale, frame: AnnotatedFrame) -> Labelled:
    image = read_grey(frame.image, frame.stored_bits)
    return Labelled(
        frame.name, frame.procedure, frame.stage, image, frame.width, frame.height, frame.xy, frame.visible,
        frame.known, scale.mm_per_px(frame),
    )  # fmt: skip
