"""Definitions of the messages that bags hold: of ROS 2 Jazzy, of tavi_msgs and of installed packages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from rosbags.interfaces import Nodetype
from rosbags.interfaces.typing import FieldDesc, Typesdict
from rosbags.typesys import Stores, TypesysError, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from tavi_perception.bags.topics import BagError

_REPOSITORY = Path(__file__).resolve().parents[2]


def message_store() -> Typestore:
    """Every message of ROS 2 Jazzy's standard packages and of tavi_msgs.

    tavi_msgs comes from the sourced environment (``AMENT_PREFIX_PATH``), else from beside this package.

    Raises:
        BagError: the definitions of tavi_msgs are in neither place, or cannot be parsed.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    folder = next((found for found in _folders("tavi_msgs") if found.is_dir()), None)
    if folder is None:
        raise BagError(
            "the message definitions of tavi_msgs were not found: source the workspace that holds tavi_msgs"
        )
    for file in sorted(folder.glob("*.msg")):
        ensure_type(store, f"tavi_msgs/msg/{file.stem}")
    return store


def shared_store() -> Typestore:
    """What ``message_store`` gives, to be read only: made once, since every bag that is opened wants it."""
    return _store_of(os.environ.get("AMENT_PREFIX_PATH", ""))


@lru_cache
def _store_of(_: str) -> Typestore:
    return message_store()


def ensure_type(store: Typestore, type_name: str) -> None:
    """Registers a message type, and those it is made of, from the .msg files of installed packages.

    Raises:
        BagError: a definition was not found or cannot be parsed.
    """
    definitions: Typesdict = {}
    _collect(store, type_name, definitions)
    if not definitions:
        return
    try:
        store.register(definitions)
    except TypesysError as error:
        raise BagError(f"message type {type_name} cannot be registered: {error}") from error


def _collect(store: Typestore, type_name: str, found: Typesdict) -> None:
    if type_name in store.fielddefs or type_name in found:
        return
    package, _, name = type_name.partition("/msg/")
    file = next((file for folder in _folders(package) if (file := folder / f"{name}.msg").is_file()), None)
    if not name or file is None:
        raise BagError(
            f"message type {type_name} is unknown: no {package}/msg/{name}.msg on AMENT_PREFIX_PATH; "
            "source the workspace that holds it, or leave its topic out"
        )
    try:
        found.update(get_types_from_msg(file.read_text(encoding="utf-8"), type_name))
    except TypesysError as error:
        raise BagError(f"message type {type_name} cannot be read from {file}: {error}") from error
    for _, description in found[type_name][1]:
        for nested in _nested_names(description):
            _collect(store, nested, found)


def _nested_names(description: FieldDesc) -> Iterator[str]:
    kind, detail = description
    if kind == Nodetype.NAME:
        yield str(detail)
    elif kind in (Nodetype.ARRAY, Nodetype.SEQUENCE):
        yield from _nested_names(detail[0])  # type: ignore[arg-type]


def _folders(package: str) -> Iterator[Path]:
    """Where a package's .msg files may lie, best first."""
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        if prefix:
            yield Path(prefix) / "share" / package / "msg"
    yield _REPOSITORY / package / "msg"
