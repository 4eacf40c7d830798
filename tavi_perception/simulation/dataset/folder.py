"""The folder of a data set: what lies where, whose it is, and what of it is finished.

dataset.json                          what this is and with which options it was made
frames.csv                            the truth of all frames, once all are there
procedures/0000042.csv                the truth of one procedure: it is finished exactly when this is there
supervisely/meta.json                 a Supervisely project, a dataset a split
supervisely/training/img/0000042_00007.png
supervisely/training/ann/0000042_00007.png.json
"""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tavi_perception
from tavi_perception.fingerprint import fingerprint
from tavi_perception.simulation.dataset.options import SPLITS, DatasetError, DatasetOptions
from tavi_perception.simulation.dataset.supervisely import project_meta
from tavi_perception.simulation.dataset.table import COLUMNS, join_tables

FORMAT = 1
_KIND = "tavi_perception synthetic data set"
_UNFINISHED = ".unfinished"


class DatasetFolder:
    """A data set on disk; nothing is read or written before ``claimed``."""

    def __init__(self, path: Path, options: DatasetOptions) -> None:
        self.path = path
        self._options = options

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Makes the folder, or takes up an unfinished one, and keeps other processes out of it.

        Raises:
            DatasetError: it holds something else, was made with other options, or is being written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        self._check_owner()
        with (self.path / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DatasetError(
                    f"{self.path}: another process is writing here; wait for it, or give another --out"
                ) from None
            self._prepare()
            yield

    @property
    def missing(self) -> list[int]:
        """Seeds of the procedures that are not finished."""
        return [seed for seed in self._options.seeds if not self._table(seed).exists()]

    def workplace(self, seed: int) -> Path:
        """An empty folder for the files of one procedure until ``finish``."""
        place = self.path / _UNFINISHED / name_of(seed)
        shutil.rmtree(place, ignore_errors=True)
        for kind in ("img", "ann"):
            (place / kind).mkdir(parents=True)
        return place

    def image(self, seed: int, index: int) -> str:
        """Path in the data set of the image of a frame."""
        return f"supervisely/{self._options.split_of(seed)}/img/{frame_name(seed, index)}"

    def finish(self, seed: int) -> None:
        """Moves the files of a procedure to their places, its table last: that says that all are there."""
        place = self.path / _UNFINISHED / name_of(seed)
        split = self.path / "supervisely" / self._options.split_of(seed)
        for kind in ("img", "ann"):
            for file in (place / kind).iterdir():
                file.replace(split / kind / file.name)
        (place / "table.csv").replace(self._table(seed))
        shutil.rmtree(place)

    def complete(self) -> dict[str, Any]:
        """Writes the table of all frames and says in dataset.json that nothing is missing; its content."""
        unfinished = self.path / "frames.csv.part"
        frames = join_tables(map(self._table, self._options.seeds), unfinished)
        unfinished.replace(self.path / "frames.csv")
        shutil.rmtree(self.path / _UNFINISHED, ignore_errors=True)
        splits = [self._options.split_of(seed) for seed in self._options.seeds]
        procedures = {split: splits.count(split) for split in SPLITS}
        content = {**self._description(), "complete": True, "frames": frames, "procedures": procedures}
        _write_json(self.path / "dataset.json", content)
        return content

    def _check_owner(self) -> None:
        description = self.path / "dataset.json"
        if not description.exists():
            if any(entry.name != ".lock" for entry in self.path.iterdir()):
                raise DatasetError(
                    f"{self.path}: the folder is not empty and holds no data set; give a new --out"
                )
            return
        try:
            found = json.loads(description.read_text(encoding="utf-8"))
            known = found["kind"] == _KIND
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            known = False
        if not known:
            raise DatasetError(f"{description}: this is not the file of such a data set; give a new --out")
        wanted = self._identity()
        differing = [name for name in wanted if wanted[name] != found.get(name)]
        if "options" in differing and isinstance(found.get("options"), dict):
            ours, theirs = wanted["options"], found["options"]
            differing = [
                f"{key} {theirs.get(key)}, not {ours[key]}" for key in ours if ours[key] != theirs.get(key)
            ]
        if differing:
            raise DatasetError(
                f"{self.path}: the data set there was made with another {'; '.join(differing)}: "
                "give the same options to go on with it, or a new --out"
            )

    def _prepare(self) -> None:
        shutil.rmtree(self.path / _UNFINISHED, ignore_errors=True)
        (self.path / "procedures").mkdir(exist_ok=True)
        for split in SPLITS:
            for kind in ("img", "ann"):
                (self.path / "supervisely" / split / kind).mkdir(parents=True, exist_ok=True)
        _write_json(self.path / "supervisely" / "meta.json", project_meta())
        if self.missing or not (self.path / "dataset.json").exists():
            _write_json(self.path / "dataset.json", {**self._description(), "complete": False})

    def _identity(self) -> dict[str, Any]:
        """What must be the same for two runs to belong together."""
        return {"format": FORMAT, "simulator": simulator_hash(), "options": self._options.as_json()}

    def _description(self) -> dict[str, Any]:
        return {
            "kind": _KIND,
            "synthetic": True,
            "about": "Rendered by a simulator, not recorded from patients. Research use only.",
            "made_by": f"tavi_perception {tavi_perception.__version__}, ./tavi simulate",
            **self._identity(),
            "files": {
                "frames.csv": "truth of every frame; see columns",
                "procedures": "the same, a table a procedure, there once the procedure is finished",
                "supervisely": "images, and truth as a Supervisely project with a dataset a split; its "
                "coordinates count from a pixel's corner: 0.5 px more than in the table",
            },
            "columns": COLUMNS,
        }

    def _table(self, seed: int) -> Path:
        return self.path / "procedures" / f"{name_of(seed)}.csv"


def name_of(seed: int) -> str:
    """Name of the procedure of a seed."""
    return f"{seed:07d}"


def frame_name(seed: int, index: int) -> str:
    """File name of an image."""
    return f"{name_of(seed)}_{index:05d}.png"


def simulator_hash() -> str:
    """Changes with all that a data set depends on, but for its options: two versions must not mix in one."""
    return fingerprint("tavi_perception.simulation.dataset.work")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
