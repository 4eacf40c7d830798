"""One procedure from its seed to its files, as a task for a worker process."""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from tavi_perception.simulation.dataset.folder import DatasetFolder, frame_name, name_of
from tavi_perception.simulation.dataset.options import DatasetError, DatasetOptions
from tavi_perception.simulation.dataset.png import encode_png
from tavi_perception.simulation.dataset.pool import check_stop
from tavi_perception.simulation.dataset.source import LabelledFrame, Procedure, spread
from tavi_perception.simulation.dataset.supervisely import annotation
from tavi_perception.simulation.dataset.table import row, write_rows


@dataclass(frozen=True)
class Work:
    """What was done for one procedure, or for several.

    Attributes:
        frames, image_bytes: how many, and their size as files.
        set_up, rendering, writing: s of computing; rendering counts the truth too, writing the encoding.
    """

    frames: int = 0
    image_bytes: int = 0
    set_up: float = 0.0
    rendering: float = 0.0
    writing: float = 0.0

    def __add__(self, other: Work) -> Work:
        return Work(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def make_procedure(folder: DatasetFolder, options: DatasetOptions, seed: int) -> Work:
    """Renders the procedure of a seed and writes its files.

    Raises:
        DatasetError: they cannot be written.
    """
    try:
        return _make(folder, options, seed)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise DatasetError(
            f"{folder.path}: {'the disk is full' if full else error.strerror or error}; "
            "mend that and give the same command again: it goes on where it stopped"
        ) from None


def _make(folder: DatasetFolder, options: DatasetOptions, seed: int) -> Work:
    start = time.process_time()
    procedure = Procedure(seed, options.duration, options.frame_rate, options.size, options.bits)
    place, split, name = folder.workplace(seed), options.split_of(seed), name_of(seed)
    work = Work(set_up=time.process_time() - start)
    rows = []
    for frame, seconds in _timed(
        procedure.frames(spread(options.frames_per_procedure, procedure.frame_count))
    ):
        check_stop()
        start = time.process_time()
        file, png = frame_name(seed, frame.index), encode_png(frame.image)
        (place / "img" / file).write_bytes(png)
        (place / "ann" / f"{file}.json").write_text(json.dumps(annotation(frame, name)), encoding="utf-8")
        rows.append(row(frame, folder.image(seed, frame.index), name, seed, split))
        work += Work(1, len(png), 0.0, seconds, time.process_time() - start)
    start = time.process_time()
    write_rows(place / "table.csv", rows)
    folder.finish(seed)
    return work + Work(writing=time.process_time() - start)


def _timed(frames: Iterator[LabelledFrame]) -> Iterator[tuple[LabelledFrame, float]]:
    """Each frame with the s that it took."""
    start = time.process_time()
    for frame in frames:
        yield frame, time.process_time() - start
        start = time.process_time()
