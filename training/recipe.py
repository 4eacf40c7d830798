"""What determines a training besides its data: the network and the plan, from a YAML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from tavi_perception.yaml_text import YamlTextError, read_yaml
from training.architectures import Network
from training.augmentation import TURN

RECIPES = Path(__file__).resolve().parents[1] / "config" / "training"
"""Where the recipes of the shipped models lie."""

_T = TypeVar("_T")


class RecipeError(Exception):
    """A recipe cannot be used; the message says in one sentence which and why."""


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Attributes:
        size: side of the network's input (px).
        batch: frames in a step, over all devices.
        steps: updates in all.
        learning_rate, weight_decay: AdamW's; the rate warms up, then falls by a cosine over all steps.
        warm_up: steps until the rate is reached.
        ema: decay of the running mean of the weights, which is what gets validated and exported.
        validate_every: steps between validations, each followed by a checkpoint.
        patience: validations without a better score after which training stops early.
        even_out: show frames with rare landmarks more often.
        turn: standard deviation of a frame's random rotation (degrees).
        seed: of initialisation, order and augmentation.
    """

    size: int = 512
    batch: int = 32
    steps: int = 3_000
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    warm_up: int = 150
    ema: float = 0.995
    validate_every: int = 250
    patience: int = 12
    even_out: bool = False
    turn: float = TURN
    seed: int = 1


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained."""

    network: Network = field(default_factory=Network)
    plan: Plan = field(default_factory=Plan)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_recipe(file: Path) -> Recipe:
    """The recipe in ``file``; keys that it leaves out have their defaults.

    Raises:
        RecipeError: it is not a mapping, a key is unknown, or a value has the wrong type.
        OSError: it cannot be read.
    """
    try:
        entries = read_yaml(file.read_text(encoding="utf-8"))
    except (YamlTextError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file} is not YAML: {error}") from error
    return _of(Recipe, entries, str(file))


def recipe_of(entries: Mapping[str, Any]) -> Recipe:
    """The recipe of what ``as_json`` gave.

    Raises:
        RecipeError: see ``read_recipe``.
    """
    return _of(Recipe, entries, "recipe")


def _of(kind: type[_T], entries: Any, where: str) -> _T:
    if not isinstance(entries, Mapping):
        raise RecipeError(f"{where} is {entries!r}; give keys with values")
    assert is_dataclass(kind)
    default = kind()
    known = {each.name: getattr(default, each.name) for each in fields(kind)}
    unknown = [str(key) for key in entries if key not in known]
    if unknown:
        raise RecipeError(f"{where}: there is no key {', '.join(unknown)}; the keys are {', '.join(known)}")
    return kind(**{key: _value(known[key], given, f"{where}: {key}") for key, given in entries.items()})


def _value(default: Any, given: Any, where: str) -> Any:
    """``given`` in the type of the default."""
    if is_dataclass(default):
        return _of(type(default), given, where)
    if isinstance(default, tuple):
        if isinstance(given, (list, tuple)) and len(given) == len(default):
            return tuple(_value(*pair, where) for pair in zip(default, given, strict=True))
        raise RecipeError(f"{where} is {given!r}; give {len(default)} numbers")
    if isinstance(default, float) and type(given) in (int, float):
        return float(given)
    if type(given) is not type(default):
        raise RecipeError(f"{where} is {given!r}; give a value like {default!r}")
    return given
