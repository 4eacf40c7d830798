"""The matrix of the fault campaign: every unit by every failure, a case with its outcome or a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class UnknownCaseError(ValueError):
    """No case has such a name; the message says so in one sentence."""


class Unit(Enum):
    """What fails."""

    IMAGE_STREAM = "image stream"
    IMAGE_CONTENT = "image content"
    GEOMETRY = "geometry"
    TIME = "time"
    MODEL = "model"
    NODE = "node"
    CONTROLLER = "controller"
    ROBOT = "robot"
    RECORDER = "recorder"
    NETWORK = "network"
    MACHINE = "machine"


class Failure(Enum):
    """How it fails."""

    OFF = "off"
    STUCK = "stuck"
    GARBAGE = "garbage"
    WRONG = "wrong"
    SLOW = "slow"
    DELAYED = "delayed"
    INTERMITTENT = "intermittent"


class Scene(Enum):
    """The graph in which a case runs, one after the other."""

    PERCEPTION = "a perception node, and images of a film with contrast"
    ROBOT = "the reference controller and the simulated robot, and scripted deviations that follow its travel"
    NAMESPACE = "a perception node in a network of its own"


@dataclass(frozen=True)
class Case:
    """One fault.

    Attributes:
        name: by which ``./tavi faults --only`` finds it.
        does: what goes wrong, as a sentence.
        outcome: what is expected beside that which the oracle always asks for, as a sentence.
        scene: where it runs.
    """

    name: str
    unit: Unit
    failure: Failure
    does: str
    outcome: str
    scene: Scene = Scene.PERCEPTION


@dataclass(frozen=True)
class Cell:
    """Of a unit and a failure: its cases, or why there are none."""

    unit: Unit
    failure: Failure
    cases: tuple[Case, ...]
    reason: str


def cells() -> Iterator[Cell]:
    """All of them, unit by unit.

    Raises:
        ValueError: a cell has neither a case nor a reason, or both.
    """
    from tavi_perception.faults.cases import CASES
    from tavi_perception.faults.reasons import REASONS

    for unit in Unit:
        for failure in Failure:
            found = tuple(case for case in CASES if (case.unit, case.failure) == (unit, failure))
            reason = REASONS.get((unit, failure), "")
            if bool(found) == bool(reason):
                raise ValueError(
                    f"{unit.value}, {failure.value}: a cell has either cases or a reason; this one has "
                    f"{'both' if found else 'neither'}"
                )
            yield Cell(unit, failure, found, reason)
