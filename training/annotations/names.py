"""From the names that a data set gives its classes and keypoints to our 11 landmarks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tavi_perception.landmarks import NAMES, Landmark
from tavi_perception.yaml_text import YamlTextError, read_yaml
from training.annotations.report import AnnotationError

_IGNORE = None

ROOT = "ROOT"
"""What areas of the aortic root are mapped to."""

_ROOT_WORDS = ("root", "aort")
"""Parts of the names of classes that mark the aortic root."""


def one_form(name: str) -> str:
    """The name in the one of Unicode's forms that is compared: systems write ``ü`` as one sign or as two."""
    return unicodedata.normalize("NFC", name)


def _key(name: str) -> str:
    return one_form(name).strip().lower()


@dataclass(frozen=True)
class LandmarkNames:
    """Names by which landmarks are known, whatever the case of their letters and their form in Unicode.

    Our own names are always known, unless a mapping says otherwise.

    Attributes:
        known: landmark of a name in small letters; None where such objects are to be ignored.
        roots: names in small letters of areas that are the aortic root.
    """

    known: Mapping[str, Landmark | None] = field(
        default_factory=lambda: {mark.name.lower(): mark for mark in Landmark}
    )
    roots: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return _key(name) in self.known

    def landmark(self, name: str) -> Landmark | None:
        """The landmark of that name; None where it is unknown or ignored."""
        return self.known.get(_key(name))

    def ignores(self, name: str) -> bool:
        """Whether the user has said that objects of that name mean nothing here."""
        return name in self and self.landmark(name) is _IGNORE

    def root(self, name: str) -> bool:
        """Whether areas of that name are the aortic root: the user has said so, or their name does."""
        key = _key(name)
        return key in self.roots or (key not in self.known and any(word in key for word in _ROOT_WORDS))


def landmark_names(mapping: Mapping[str, str | None] | Path | None = None) -> LandmarkNames:
    """Our names and those of ``mapping``.

    Args:
        mapping: foreign name to ours, to ``ROOT`` for areas of the aortic root, or to None (null) for objects
            to ignore; or a YAML or JSON file with that.

    Raises:
        AnnotationError: the file cannot be read, or it maps to something that is no landmark.
    """
    where = str(mapping) if isinstance(mapping, Path) else "names"
    given = _read(mapping) if isinstance(mapping, Path) else dict(mapping or {})
    known: dict[str, Landmark | None] = dict(LandmarkNames().known)
    roots = set()
    for name, target in given.items():
        if isinstance(target, str) and target.strip().upper() == ROOT:
            roots.add(_key(str(name)))
            continue
        if target is not None and (not isinstance(target, str) or target.strip().upper() not in NAMES):
            raise AnnotationError(
                f"{where}: {name!r} is mapped to {target!r}, which is no landmark; "
                f"give one of {', '.join(NAMES)}, {ROOT} for areas of the root, or null to ignore them"
            )
        known[_key(str(name))] = None if target is None else Landmark[target.strip().upper()]
    return LandmarkNames(known, frozenset(roots))


def _read(path: Path) -> dict[str, str | None]:
    try:
        content = read_yaml(path.read_text(encoding="utf-8"))  # JSON is YAML
    except (OSError, UnicodeDecodeError, YamlTextError) as error:
        raise AnnotationError(f"{path}: it cannot be read ({error}); give a YAML or JSON file") from None
    if not isinstance(content, dict):
        raise AnnotationError(f"{path}: it holds no mapping; write lines such as 'annulus left: AA1'")
    return content
