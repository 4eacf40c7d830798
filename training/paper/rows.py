"""A screening's outcome as rows, which its tables, figures and JSON share."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from enum import Enum
from typing import Any

from training.paper.bundles import BundleResult
from training.paper.configuration import Configuration, changes
from training.paper.extractors import TABLE
from training.paper.results import Result
from training.paper.scores import Scores


class Kind(Enum):
    """How a network came to its weights."""

    FROZEN = "frozen"
    FINE_TUNED = "fine-tuned"
    BUNDLE = "bundle"


@dataclass(frozen=True)
class Row:
    """A network of the screening.

    Attributes:
        name: of its configuration or bundle.
        title: for tables and figures.
        kind: how it came to its weights.
        weights: what the extractor started from.
        input_size: side of its input (px).
        scores: on the test frames.
        prediction_ms: median for a frame.
        parameters: number of its weights.
        result: of its training; None for a bundle.
    """

    name: str
    title: str
    kind: Kind
    weights: str
    input_size: int
    scores: Scores
    prediction_ms: float
    parameters: int
    result: Result | None = None


def network_row(name: str, result: Result, prediction_ms: float) -> Row:
    """The row of a network that this screening trained."""
    configuration = result.configuration
    return Row(
        name,
        title_of(configuration),
        _kind_of(configuration),
        configuration.weights,
        configuration.input_size,
        result.scores,
        prediction_ms,
        result.parameters,
        result,
    )


def title_of(configuration: Configuration) -> str:
    """A network's name for people: its extractor, and whether that is trained."""
    return f"{TABLE[configuration.extractor].title}, {_kind_of(configuration).value}"


def _kind_of(configuration: Configuration) -> Kind:
    return Kind.FINE_TUNED if configuration.fine_tuned else Kind.FROZEN


def bundle_row(result: BundleResult, prediction_ms: float) -> Row:
    """The row of a shipped bundle."""
    title = f"{result.name} {result.version}"
    return Row(
        result.name,
        title,
        Kind.BUNDLE,
        "its own",
        result.input_size,
        result.scores,
        prediction_ms,
        result.parameters,
    )


def as_json(row: Row, before: Configuration | None) -> dict[str, Any]:
    """A row for ``screen.json``; ``before`` is its configuration without overrides."""
    entries = {
        "name": row.name,
        "title": row.title,
        "kind": row.kind.value,
        "weights": row.weights,
        "input_size": row.input_size,
        "parameters": row.parameters,
        "prediction_ms": row.prediction_ms,
        "scores": dataclasses.asdict(row.scores),
    }
    result = row.result
    if result is None:
        return entries
    return {
        **entries,
        "trained_parameters": result.trained_parameters,
        "training_s": result.training_s,
        "epoch_s": result.epoch_s,
        "features_s": result.features_s,
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "configuration": dataclasses.asdict(result.configuration),
        "overridden": {
            key: {"from": old, "to": new}
            for key, (old, new) in changes(before or result.configuration, result.configuration).items()
        },
        "history": [
            {
                "training_loss": epoch.training_loss,
                "validation_loss": epoch.validation_loss,
                "seconds": epoch.seconds,
            }
            for epoch in result.history
        ],
    }
