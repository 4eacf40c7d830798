"""Recognises what an input is by its first bytes, whatever its name says."""

from __future__ import annotations

from enum import Enum, auto
from pathlib import Path

from tavi_perception.imaging.source import SourceError, shown

_HEAD_BYTES = 4096


class Kind(Enum):
    """What a path holds."""

    DICOM = auto()
    IMAGE = auto()
    VIDEO = auto()
    BAG = auto()
    FOLDER = auto()
    UNKNOWN = auto()


_SIGNATURES: tuple[tuple[int, bytes, Kind], ...] = (
    (128, b"DICM", Kind.DICOM),
    (0, b"\xff\xd8\xff", Kind.IMAGE),  # JPEG
    (0, b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (0, b"II*\x00", Kind.IMAGE),  # TIFF
    (0, b"MM\x00*", Kind.IMAGE),
    (0, b"BM", Kind.IMAGE),
    (0, b"P5", Kind.IMAGE),  # PGM
    (0, b"P2", Kind.IMAGE),
    (0, b"\x89MCAP0\r\n", Kind.BAG),
    (0, b"SQLite format 3\x00", Kind.BAG),
    (0, b"#ROSBAG V", Kind.BAG),  # of ROS 1
    (4, b"ftyp", Kind.VIDEO),  # MP4, MOV
    (8, b"AVI ", Kind.VIDEO),
    (0, b"\x1a\x45\xdf\xa3", Kind.VIDEO),  # Matroska, WebM
    (0, b"\x00\x00\x01\xba", Kind.VIDEO),  # MPEG
    (0, b"\x00\x00\x01\xb3", Kind.VIDEO),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", Kind.VIDEO),  # WMV
)
"""Offset, bytes and what a file with those bytes there is."""

_DICOM_GROUPS = (b"\x02\x00", b"\x08\x00")
"""First group of a DICOM stream without preamble (little endian): file meta information or identification."""


def kind_of(path: Path) -> Kind:
    """What the path holds.

    Raises:
        SourceError: there is nothing, it is empty, or it may not be read.
    """
    name = shown(path)
    try:
        if path.is_dir():
            return Kind.BAG if _is_bag(path) else Kind.FOLDER
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        looked = "" if path.is_absolute() else f" in {Path.cwd()}"
        raise SourceError(f"{path}: there is no such file or folder{looked}; check the path") from None
    except OSError as error:
        raise SourceError(f"{name}: it cannot be opened ({error.strerror}); check its permissions") from error
    if not head:
        raise SourceError(f"{name}: it is empty (0 bytes); copy the file again")
    for offset, signature, kind in _SIGNATURES:
        if head[offset : offset + len(signature)] == signature:
            return kind
    return Kind.DICOM if head[:2] in _DICOM_GROUPS and head[3:4] == b"\x00" else Kind.UNKNOWN


def _is_bag(folder: Path) -> bool:
    return (folder / "metadata.yaml").is_file() or any(
        child.suffix in (".mcap", ".db3") for child in folder.iterdir()
    )
