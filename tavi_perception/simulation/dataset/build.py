"""A whole data set on disk: in parallel over procedures, resumable, with a progress bar."""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tavi_perception.simulation.dataset.folder import DatasetFolder
from tavi_perception.simulation.dataset.options import DatasetOptions
from tavi_perception.simulation.dataset.pool import check_workers, run_parallel
from tavi_perception.simulation.dataset.work import Work, make_procedure


@dataclass(frozen=True)
class DatasetSummary:
    """What a run of ``build_dataset`` has made.

    Attributes:
        path: folder of the data set.
        description: content of its dataset.json.
        work: of this run; what was there before is not in it.
        seconds: s of this run.
        workers: processes that shared the work.
    """

    path: Path
    description: dict[str, Any]
    work: Work
    seconds: float
    workers: int

    @property
    def frames_per_second(self) -> float:
        return self.work.frames / self.seconds if self.seconds else 0.0

    @property
    def headline(self) -> str:
        procedures = self.description["procedures"]
        splits = ", ".join(f"{count} {split}" for split, count in procedures.items() if count)
        made = f"{self.description['frames']} frames of {sum(procedures.values())} procedures ({splits})"
        if not self.work.frames:
            return f"{made} were there already"
        return f"{made}; {self.work.frames} now, {self.frames_per_second:.1f} frames/s"

    def as_json(self) -> dict[str, Any]:
        """Figures of the run: ``seconds`` by the clock, the other times as s of computing a frame."""
        work, frames = self.work, max(self.work.frames, 1)
        return {
            "out": str(self.path),
            "procedures": self.description["procedures"],
            "frames": self.description["frames"],
            "frames_made": work.frames,
            "seconds": self.seconds,
            "frames_per_second": self.frames_per_second,
            "workers": self.workers,
            "rendering_s": work.rendering / frames,
            "writing_s": work.writing / frames,
            "set_up_s": work.set_up / frames,
            "bytes_per_image": work.image_bytes / frames,
            "options": self.description["options"],
        }


def build_dataset(path: Path, options: DatasetOptions, workers: int = 2) -> DatasetSummary:
    """Makes the data set, or what is missing of it.

    Args:
        path: new or empty folder, or one that an interrupted run with the same options left.
        workers: processes.

    Raises:
        DatasetError: the folder is not ours, or its files cannot be written.
    """
    check_workers(workers)
    start = time.perf_counter()
    folder = DatasetFolder(path, options)
    with folder.claimed():
        missing, work = folder.missing, Work()
        tasks = [functools.partial(make_procedure, folder, options, seed) for seed in missing]
        total = options.procedures * options.frames_per_procedure
        done = total - len(missing) * options.frames_per_procedure
        with tqdm(total=total, initial=done, unit="frame", desc=path.name, disable=None) as bar:
            for made in run_parallel(tasks, min(workers, len(tasks))) if tasks else ():
                work += made
                bar.update(made.frames)
        description = folder.complete()
    return DatasetSummary(path, description, work, time.perf_counter() - start, workers)
