"""What one network of the paper's family is and how it is trained: a YAML file, read strictly."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavi_perception.parameters import ParameterInfo, check_parameters, parameter, parameters_of
from tavi_perception.yaml_text import YamlTextError, read_yaml

PRESETS = Path(__file__).resolve().parents[2] / "config" / "training" / "paper"
"""The nine networks of the paper."""

REFERENCE = PRESETS.parent / "network.yaml"
"""Every key with its meaning, at its default."""

EXTRACTORS = (
    "mobilenet_v2",
    "resnet50_v2",
    "resnet101_v2",
    "resnet152_v2",
    "inception_v3",
    "inception_resnet_v2",
    "efficientnet_b5",
)
_LINE = 110


class ConfigurationError(Exception):
    """A configuration cannot be used; the message says in one sentence which and why."""


@dataclass(frozen=True)
class Configuration:
    """A network and its training; the defaults are the paper's, or Keras's where it says nothing."""

    extractor: str = parameter(
        "mobilenet_v2", "Feature extractor, from keras.applications.", choices=EXTRACTORS
    )
    fine_tuned: bool = parameter(
        False,
        "Train the extractor too, all of it; false keeps it as it is, its batch normalisation in inference "
        "mode.",
    )
    weights: str = parameter(
        "none",
        "Weights that the extractor starts from: imagenet (downloaded by Keras), none (random), or a file of "
        "weights of this extractor without its top, as Keras saves them.",
    )
    input_size: int = parameter(224, "Side of the network's input.", unit="px", minimum=75, maximum=2048)
    dense_units: int = parameter(
        1024, "Units of the hidden layer of each of the two heads.", minimum=1, maximum=65536
    )
    presence_weight: float = parameter(
        1.0, "Weight of the binary cross-entropy of presence in the loss.", minimum=0.0
    )
    point_weight: float = parameter(
        10.0, "Weight of the log-cosh of the coordinates in the loss.", minimum=0.0
    )
    mask_absent: bool = parameter(
        False,
        "Leave the coordinates of absent landmarks out of the loss; false trains them to be (0, 0), as the "
        "paper does.",
    )
    norm_momentum: float = parameter(
        0.0,
        "Momentum of the extractor's batch normalisation; 0 keeps its own (0.99 to 0.999), with which the "
        "statistics that validation and prediction use need thousands of steps when it starts from random "
        "weights.",
        minimum=0.0,
        maximum=0.9999,
    )
    learning_rate: float = parameter(1e-5, "Of Rectified Adam.", minimum=0.0, maximum=1.0)
    batch: int = parameter(64, "Frames in a step.", minimum=1, maximum=4096)
    epochs: int = parameter(100, "Passes over the training frames, at most.", minimum=1, maximum=100000)
    min_delta: float = parameter(
        0.005, "A validation loss that is lower by less does not count as better.", minimum=0.0
    )
    patience: int = parameter(
        5, "Epochs without a better validation loss after which training stops.", minimum=1
    )
    seed: int = parameter(1, "Of initial weights and of the order of frames.", minimum=0)

    def __post_init__(self) -> None:
        check_parameters(self)


def load(file: Path) -> Configuration:
    """The configuration in ``file``; keys that it leaves out have their defaults.

    Raises:
        ConfigurationError: it is not a mapping, a key is unknown, or a value is not allowed.
        OSError: it cannot be read.
    """
    try:
        entries = read_yaml(file.read_text(encoding="utf-8"))
    except (YamlTextError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not YAML: {error}") from error
    if not isinstance(entries, dict):
        raise ConfigurationError(f"{file} holds no keys with values; {REFERENCE.name} shows all of them")
    return _checked(Configuration(), entries, str(file))


def load_all(files: Sequence[Path]) -> dict[str, Configuration]:
    """Configurations by the names of their files.

    Raises:
        ConfigurationError: as ``load``, or two files have the same name.
    """
    configurations: dict[str, Configuration] = {}
    for file in files:
        if file.stem in configurations:
            raise ConfigurationError(
                f"{file}: another configuration is named {file.stem} too; rename one of them"
            )
        configurations[file.stem] = load(file)
    return configurations


def presets() -> list[Path]:
    """Files of the paper's nine networks, frozen ones first, smaller extractors first."""
    return [PRESETS / f"{name}.yaml" for name in _NINE]


def overridden(configuration: Configuration, entries: Mapping[str, Any]) -> Configuration:
    """The configuration with the values of ``entries`` instead of its own.

    Raises:
        ConfigurationError: a key is unknown or a value is not allowed.
    """
    return _checked(configuration, entries, "overrides")


def reference() -> str:
    """The text of ``REFERENCE``."""
    lines = [
        "# A network of the paper's family and its training: every key, at its default.",
        "# Written by `python -m training.paper.configuration` from the declarations in the code.",
    ]
    for info in parameters_of(Configuration):
        facts = "; ".join(filter(None, [info.unit, info.range_text]))
        comment = info.description + (f" ({facts})" if facts else "")
        lines += textwrap.wrap(comment, _LINE, initial_indent="# ", subsequent_indent="# ")
        value = info.default
        lines.append(f"{info.name}: {str(value).lower() if isinstance(value, bool) else value}")
    return "\n".join(lines) + "\n"


def changes(before: Configuration, after: Configuration) -> dict[str, tuple[Any, Any]]:
    """Keys whose values differ, with both values."""
    pairs = zip(dataclasses.asdict(before).items(), dataclasses.asdict(after).values(), strict=True)
    return {key: (old, new) for (key, old), new in pairs if old != new}


def _checked(base: Configuration, entries: Mapping[str, Any], where: str) -> Configuration:
    known = {info.name: info for info in parameters_of(Configuration)}
    unknown = [str(key) for key in entries if key not in known]
    if unknown:
        raise ConfigurationError(
            f"{where}: there is no key {', '.join(unknown)}; the keys are {', '.join(known)}"
        )
    try:
        return dataclasses.replace(base, **{key: _typed(known[key], value) for key, value in entries.items()})
    except ValueError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _typed(info: ParameterInfo, value: Any) -> Any:
    """``value`` in the type of the default; a float may be an integer or, as YAML 1.1 reads 1e-5, a word."""
    wanted = type(info.default)
    if wanted is float and not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    elif type(value) is wanted:
        return value
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}
    raise ValueError(f"{info.name} is {value!r}; give {words[wanted]}")


_NINE = (
    "mobilenet_v2_frozen",
    "resnet_v2_frozen",
    "inception_v3_frozen",
    "inception_resnet_v2_frozen",
    "efficientnet_b5_frozen",
    "mobilenet_v2_fine_tuned",
    "resnet_v2_fine_tuned",
    "inception_v3_fine_tuned",
    "inception_resnet_v2_fine_tuned",
)

if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
