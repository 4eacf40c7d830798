"""Files that a user names to set something: parameters, profiles of devices, names, real backgrounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from fuzzing.choices import Choices
from fuzzing.mutation import altered, damaged, yaml_text
from fuzzing.target import Target
from fuzzing.targets.images import encoded_pictures
from tavi_perception.parameter_file import unknown_parameters
from tavi_perception.resources import share_directory
from tavi_perception.simulation.backdrop import SPLITS, BackgroundError, Backgrounds, split_of
from tavi_perception.simulation.foreign import ProfileError, draw_profile, read_profile
from tavi_perception.simulation.makes import profiles_folder
from training.annotations.names import landmark_names
from training.annotations.report import AnnotationError

_DECLARED = frozenset({"model", "tracking.target_depth", "device.sheathed_length"})

_YAML = (
    b"a: 2020-99-99\n", b"a: 0x_\n", b"a: !!timestamp x\n", b"a: !!bool x\n",
    b"a: !!python/object/apply:os.system [id]\n",
    b"&a a: *a\n", b"a: &a {b: *a}\n", b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n<<: {d: *c}\n",
    b"a: 1:1:1:1:1\n",
    b"? [a]\n: b\n", b"a: .nan\n? {}\n: 1\n", b"%YAML 9.9\n---\n", b"a: !!binary \xff\n", b"a: !!float x\n",
)  # fmt: skip
"""YAML that loaders stumble over, or grow on."""


def _texts(*files: Path) -> list[bytes]:
    return [*(file.read_bytes() for file in files), *_YAML]


def _yaml(texts: list[bytes], choices: Choices, folder: Path) -> Path:
    ours = texts[: -len(_YAML)]
    text = choices.one_of(_YAML if choices.chance(3) else ours)
    if choices.number(2) and text in ours:
        tree = altered(yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), choices)
        text = yaml_text(tree, flow=bool(choices.number(2)))
    else:
        text = damaged(text, choices, _YAML)
    path = folder / "settings.yaml"
    path.write_bytes(text)
    return path


def _read_profile(path: Path) -> None:
    draw_profile(np.random.default_rng(1), read_profile(path))


def _backgrounds(_: Path) -> list[tuple[str, bytes]]:
    return [(suffix, data) for suffix, data in encoded_pictures() if suffix not in (".pgm", ".webp")]


def _pool(pictures: list[tuple[str, bytes]], choices: Choices, folder: Path) -> Path:
    suffix, data = choices.one_of(pictures)
    name = next(name for n in range(99) if split_of(name := f"frame{n}{suffix}") == SPLITS[0])
    (folder / name).write_bytes(damaged(data, choices, [other for _, other in pictures]))
    return folder


def _draw(folder: Path) -> None:
    Backgrounds(folder, SPLITS[0]).draw(np.random.default_rng(1), 64)


TARGETS = (
    Target(
        "parameters", (ValueError,), lambda _: _texts(share_directory() / "config" / "perception.yaml"),
        _yaml,
        lambda path: unknown_parameters(path, _DECLARED, "/tavi/perception"),
    ),
    Target(
        "device", (ProfileError,), lambda _: _texts(*sorted(profiles_folder().glob("*.yaml"))), _yaml,
        _read_profile,
    ),
    Target(
        "names", (AnnotationError,), lambda _: [b"annulus left: AA1\nroot: ROOT\nother: null\n", *_YAML],
        _yaml,
        landmark_names,
    ),
    Target("background", (BackgroundError,), _backgrounds, _pool, _draw),
)  # fmt: skip
