"""Rendered training data: a cache of shards on disk, resumable, and its loading."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from tavi_perception.cache import CACHE, TRAINING_SHARDS, cache_folder
from tavi_perception.fingerprint import fingerprint
from tavi_perception.inference.preprocessing import fit_square
from tavi_perception.landmarks import COUNT
from tavi_perception.simulation.backdrop import Backgrounds
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT
from tavi_perception.simulation.seeds import CARDS, TRAINING, VALIDATION
from training import shards

_LABELS = ("xy", "visible", "foreign")

_SHARD = 50
"""Patients in a file of the cache."""

_SHOWN = 3
"""How often a real frame without a valve is shown for each time that a rendered one is (chosen)."""

_TRAINING_PROCEDURES, _VALIDATION_PROCEDURES = 600_000, 60_000
"""Training and validation patients from here on undergo whole procedures."""


@dataclass(frozen=True)
class Samples:
    """Frames and labels in memory.

    Attributes:
        images: (n, size, size) uint8.
        xy: (n, 11, 2) float32 pixels of the image; 0 where absent (never to be used there).
        visible: (n, 11) float32, 1 where the landmark is visible, NaN where the data do not say.
        foreign: (n,) float32, 1 where a delivery system of another make is in the field; NaN where unknown.
    """

    images: NDArray[np.uint8]
    xy: NDArray[np.float32]
    visible: NDArray[np.float32]
    foreign: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.images)


def render(
    cache: Path, seeds: Sequence[int], size: int, workers: int = 2, scenery: shards.Scenery = shards.USUAL
) -> list[Path]:
    """Render frames of each patient in ``seeds`` into shards below ``cache`` and return their files.

    Shards that are already there are kept; each is written under a temporary name first, so that an
    interrupted call leaves nothing half-written and the next one goes on where it stopped.
    """
    folder = cache_folder(TRAINING_SHARDS, renderer_hash(), cache)
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [seeds[start : start + _SHARD] for start in range(0, len(seeds), _SHARD)]
    files = [folder / f"{scenery.name}{size}_{c[0]:07d}_{len(c)}.npz" for c in chunks]
    missing = [
        (file, chunk, size, scenery) for file, chunk in zip(files, chunks, strict=True) if not file.exists()
    ]
    if not missing:
        return files
    # A forked copy of a process in which TensorFlow runs would wait for its threads for ever.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    with pool, tqdm(total=len(missing), unit="shard", desc="rendering") as bar:
        for _ in pool.map(shards.render, missing):
            bar.update()
    return files


def renderer_hash() -> str:
    """Changes with all that a rendered frame depends on, so that old shards are not mixed with new ones."""
    return fingerprint(shards.__name__)


def load(files: Sequence[Path]) -> Samples:
    """The frames of all ``files`` in memory."""
    parts: list[Samples] = []
    images: NDArray[np.uint8] | None = None
    for file in files:
        with np.load(file) as archive:
            if images is None:
                # In one piece from the start: joining the parts would need the memory twice.
                images = np.empty(
                    (len(files) * _SHARD * FRAMES_PER_PATIENT, *archive["images"].shape[1:]), np.uint8
                )
            part = archive["images"]
            start = sum(len(p) for p in parts)
            images[start : start + len(part)] = part
            labels = (archive[name] for name in _LABELS)
            parts.append(Samples(images[start : start + len(part)], *labels))
    assert images is not None
    count = sum(len(part) for part in parts)
    labels = (np.concatenate([getattr(part, name) for part in parts]) for name in _LABELS)
    return Samples(images[:count], *labels)


def joined(parts: Sequence[Samples]) -> Samples:
    """The frames of all ``parts``, one after the other."""
    if len(parts) == 1:
        return parts[0]  # as it is: a copy would need the memory twice
    return Samples(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("images", *_LABELS)))


def training_shards(
    cache: Path, patients: Sequence[int], size: int, backgrounds: Backgrounds | None, wide: bool = True
) -> list[Path]:
    """Files of training frames of ``patients`` (seeds), rendered where they are missing.

    Half of the patients are as procedures have them; half wider, and before real frames if there are any. All
    are as procedures have them where none is to be ``wide``.
    """
    half = len(patients) // 2
    scenery = shards.Scenery(wide=True, backgrounds=backgrounds) if wide else shards.USUAL
    return render(cache, patients[half:], size) + render(cache, patients[:half], size, scenery=scenery)


def without_valve(backgrounds: Backgrounds, size: int) -> Samples:
    """The pictures of ``backgrounds`` as they are, ``_SHOWN`` times each: none of them has a landmark.

    Devices and roots are only ever drawn. Frames in which nothing is drawn keep the network from taking what
    looks alike in real ones, a catheter, a wire, a spine, for them.

    Raises:
        BackgroundError: one of them cannot be read.
    """
    images = np.stack([fit_square(picture, size)[0] for picture in backgrounds.pictures()] * _SHOWN)
    count = len(images)
    labels = (np.zeros(shape, np.float32) for shape in ((count, COUNT, 2), (count, COUNT), count))
    return Samples(images, *labels)


def own_device(samples: Samples) -> Samples:
    """Frames of procedures, in which the delivery system is never of another make."""
    return replace(samples, foreign=np.zeros(len(samples), np.float32))


def without_foreign(samples: Samples) -> Samples:
    """The frames in which no delivery system of another make is."""
    own = samples.foreign != 1.0
    return Samples(*(getattr(samples, name)[own] for name in ("images", *_LABELS)))


def training_seeds(count: int, first: int = 0) -> range:
    return TRAINING[first : first + count]


def validation_seeds(count: int) -> range:
    return VALIDATION[:count]


def training_procedures(count: int, first: int = 0) -> range:
    """Patients whose whole procedures train; none of them is in ``training_seeds`` of a usual size."""
    return TRAINING[_TRAINING_PROCEDURES + first : _TRAINING_PROCEDURES + first + count]


def validation_procedures(count: int) -> range:
    """Patients whose whole procedures validate; none of them is in ``validation_seeds`` of a usual size."""
    return VALIDATION[_VALIDATION_PROCEDURES : _VALIDATION_PROCEDURES + count]


def test_seeds(count: int) -> range:
    """Patients for the figures of model cards, never used to choose or calibrate anything."""
    return CARDS[:count]


def main(argv: Sequence[str] | None = None) -> int:
    """Render the cache of training and validation frames."""
    parser = argparse.ArgumentParser(prog="python -m training.data", description=main.__doc__)
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--size", type=int, default=512, help="side of the network's input (px)")
    parser.add_argument("--training", type=int, default=2_400, help="number of training patients")
    parser.add_argument("--validation", type=int, default=200, help="number of validation patients")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args(argv)
    render(arguments.cache, validation_seeds(arguments.validation), arguments.size, arguments.workers)
    render(arguments.cache, training_seeds(arguments.training), arguments.size, arguments.workers)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
