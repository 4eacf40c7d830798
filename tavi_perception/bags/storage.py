"""The files of a bag: which there are, which are missing, and what SQLite has not yet merged into them."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from tavi_perception.bags.database import check_journal
from tavi_perception.bags.topics import BagError
from tavi_perception.yaml_text import YamlTextError, read_yaml

METADATA = "metadata.yaml"
_SUFFIXES = (".mcap", ".db3")
_UNMERGED = ("-wal", "-journal")
"""Endings of what SQLite keeps beside a database while it is written: write-ahead log, rollback journal."""


def storage_of(path: Path) -> Path:
    """What to open for a bag: the folder with its metadata, or the one file of a folder without.

    Raises:
        BagError: there is nothing, no bag, or one of ROS 1.
    """
    if not path.exists():
        raise BagError(f"bag {path} does not exist: give the folder that holds {METADATA}, or a .mcap file")
    if path.is_file():
        if path.suffix in _SUFFIXES:
            return path
        if path.suffix == ".bag":
            raise BagError(
                f"{path} is a bag of ROS 1: convert it with "
                f"'rosbags-convert --src {path.name} --dst {path.stem}' and give the result"
            )
        raise BagError(f"{path} is not a bag: give the folder that holds {METADATA}, or a .mcap file")
    if (path / METADATA).exists():
        return path
    files = _recordings(path)
    if len(files) == 1:
        return files[0]
    raise BagError(
        f"{path} is not a complete bag: it has no {METADATA} and {len(files)} recordings; "
        "index it with 'ros2 bag reindex' or give one .mcap file"
    )


@lru_cache(maxsize=1)
def read_metadata(text: str) -> Any:
    """The values of metadata, which nobody may change: rosbags reads the same text next.

    Raises:
        YamlTextError: as ``read_yaml``.
    """
    return read_yaml(text)


def unlisted(storage: Path) -> tuple[str, ...]:
    """Sentences about recordings in the folder of a bag that its metadata do not list, and nobody reads.

    Raises:
        BagError: recordings that the metadata list are missing.
    """
    if not storage.is_dir():
        return ()
    listed = _listed(storage)
    if not listed:
        return ()
    missing = sorted(name for name in listed if not (storage / name).exists())
    if missing:
        raise BagError(
            f"bag {storage} is not complete: its {METADATA} lists {', '.join(missing)}, which is not there; "
            "copy it again, or give one of its files"
        )
    others = [file.name for file in _recordings(storage) if file.name not in listed]
    if not others:
        return ()
    return (f"its {METADATA} does not list {', '.join(others)}: index it anew with 'ros2 bag reindex'",)


def merged(storage: Path, stack: ExitStack) -> Path:
    """The storage with all that SQLite has written: a copy, where a log or journal lies beside a database.

    A recorder that was killed leaves its last messages there. Nothing beside the user's file is changed.

    Args:
        storage: a recording, or a folder of them.
        stack: removes the copy when it is closed.

    Raises:
        BagError: the copy cannot be made, or SQLite cannot merge it.
    """
    recordings = _recordings(storage) if storage.is_dir() else [storage]
    unmerged = {file: left for file in recordings if file.suffix == ".db3" and (left := _left_beside(file))}
    if not unmerged:
        return storage
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    try:
        for file, left in unmerged.items():
            for original in left:
                check_journal(original)
            for original in (file, *left):
                shutil.copyfile(original, folder / original.name)
            with closing(sqlite3.connect(folder / file.name)) as database:
                database.execute("PRAGMA journal_mode=DELETE").fetchall()
    except (OSError, sqlite3.Error) as error:
        raise BagError(
            f"bag {storage}: what its recorder left in {next(iter(unmerged.values()))[0].name} cannot be "
            f"merged ({error}): open it once with 'sqlite3' where there is room, or record it again"
        ) from error
    if storage.is_file():
        return folder / storage.name
    for file in storage.iterdir():
        if not (folder / file.name).exists():
            (folder / file.name).symlink_to(file.absolute())
    return folder


def _recordings(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in _SUFFIXES)


def _left_beside(database: Path) -> list[Path]:
    beside = (database.with_name(database.name + ending) for ending in _UNMERGED)
    return [file for file in beside if file.is_file() and file.stat().st_size]


def _listed(folder: Path) -> set[str]:
    """Names of the recordings in the metadata; none where these cannot be read, which the reader reports."""
    try:
        metadata = read_metadata((folder / METADATA).read_text(encoding="utf-8"))
        return {Path(name).name for name in metadata["rosbag2_bagfile_information"]["relative_file_paths"]}
    except (OSError, ValueError, YamlTextError, KeyError, TypeError):
        return set()
