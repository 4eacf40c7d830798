"""Labelled frames to measure a model on, and its answers to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from tavi_perception.evaluation.answers import Answer, AnsweringModel
from tavi_perception.evaluation.judged import Labelled, judge
from tavi_perception.evaluation.numbers import figures_of, for_json
from tavi_perception.inference.bundle import ModelBundle
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT, samples
from tavi_perception.simulation.seeds import range_of_all


@dataclass(frozen=True)
class Source:
    """Labelled frames, loaded as they are asked for.

    Attributes:
        about: what they are; for JSON.
        count: how many.
        frames: makes an iterator over them.
    """

    about: dict[str, Any]
    count: int
    frames: Callable[[], Iterator[Labelled]]


def patients(seeds: Sequence[int], size: int) -> Source:
    """``FRAMES_PER_PATIENT`` unrelated moments of each synthetic patient of ``seeds``, rendered now."""

    def frames() -> Iterator[Labelled]:
        for seed in seeds:
            for index, (image, truth) in enumerate(samples(seed, size, FRAMES_PER_PATIENT)):
                found = truth.keypoints
                stage = truth.deviation.stage.name.lower()
                yield Labelled(
                    f"patient {seed} moment {index}", str(seed), stage, image.astype(np.uint8),
                    found.width, found.height, found.xy, found.present,
                )  # fmt: skip

    about = {
        "data": "synthetic",
        "patients": len(seeds),
        "first_seed": int(seeds[0]),
        "seeds": range_of_all(int(seeds[0]), len(seeds)),
        "size_px": size,
    }
    return Source(about, len(seeds) * FRAMES_PER_PATIENT, frames)


def answered(bundle: ModelBundle, source: Source, runtime: str) -> Iterable[tuple[Labelled, Answer]]:
    """Each frame of ``source`` with what ``bundle`` answers."""
    model = AnsweringModel(bundle, runtime)
    for frame in tqdm(source.frames(), total=source.count, unit="frame", desc="evaluating", disable=None):
        assert frame.image is not None
        yield frame, model.answer(frame.image)


def evaluate_patients(bundle: ModelBundle, seeds: Sequence[int], size: int) -> dict[str, Any]:
    """Figures of ``bundle`` on fresh patients of ``seeds``: together, by landmark and by stage.

    Distances are px at an image side of 1000.
    """
    source = patients(seeds, size)
    return for_json({**source.about, **figures_of(judge(answered(bundle, source, bundle.cpu_runtime)))})
