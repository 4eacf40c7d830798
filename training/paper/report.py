"""The report of a screening: the paper's tables, and what must be known to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from training.paper.configuration import Configuration, changes
from training.paper.frames import Partition
from training.paper.rows import Kind, Row
from training.paper.timing import duration

_TIMES = """\
*Training* is the time of all epochs with their validation; frozen extractors compute the features of all
frames once, which is in it but not in *epoch*. *best* is the epoch whose weights were kept, 0 being
before training. *predict* is the median for one frame, batch 1, from the frame in memory to the answer
on the host, networks taking turns; networks of the paper run as a `tf.function` and are timed once for
each architecture, bundles run in LiteRT. A bundle's parameters are read off the size of its file."""


_TIME_COLUMNS = [
    "network",
    "input px",
    "parameters",
    "trained",
    "epochs",
    "best",
    "training",
    "epoch s",
    "predict ms",
]


def markdown(
    rows: Sequence[Row],
    split: Partition,
    machine: dict[str, Any],
    overrides: Mapping[str, object],
    figures: Mapping[str, str],
) -> str:
    """The report's text.

    Args:
        rows: networks in the order of the tables.
        split: what they were trained and measured on.
        machine: what they ran on, by ``describe_training_machine``.
        overrides: what differs from the configuration files, by key.
        figures: captions by file name, relative to the report.
    """
    counts = ", ".join(f"{len(part):,} {name}" for name, part in split.parts.items())
    sections = [
        "# Screening",
        f"Frames: {split.words}; {counts}. All figures are on the test frames, on which no network was "
        "trained or chosen.",
        _overrides(overrides),
        _weights(rows),
        _machine(machine),
        "## Classification",
        _table(
            ["network", "weights", "accuracy", "precision", "recall", "F1 micro", "F1 macro"],
            [_classification(row) for row in rows],
        ),
        "Presence of all eleven landmarks, counted above a probability of 0.5 as in the paper; a bundle "
        "counts by its own thresholds.",
        "## Regression",
        _table(
            ["network", "weights", "MAE %", "MSE %", "RMSE %", "mean px", "median px", "p95 px"],
            [_regression(row) for row in rows],
        ),
        "MAE, MSE and RMSE as published: all 22 coordinates as shares of the frame's side, absent landmarks "
        "at (0, 0), × 100; a bundle's landmark that it takes for absent is at (0, 0) too. The px columns are "
        "distances of visible landmarks only, whether taken for present or not, in px of a frame that is "
        "1,000 px wide.",
        "## Time and size",
        _table(_TIME_COLUMNS, [_time(row) for row in rows]),
        _TIMES,
        *(f"![{caption}]({name})\n\n*{caption}*" for name, caption in figures.items()),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _machine(machine: dict[str, Any]) -> str:
    gpus = "".join(f", {gpu}" for gpu in machine["gpus"])
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, load {machine['load']:.1f} at the start{gpus}; "
        f"{versions}, oneDNN {'on' if machine['onednn'] else 'off'}."
    )


def overrides_in_words(
    before: Mapping[str, Configuration], after: Mapping[str, Configuration]
) -> dict[str, object]:
    """Keys that any configuration has otherwise than its file, with the new value."""
    return {key: new for name, old in before.items() for key, (_, new) in changes(old, after[name]).items()}


def _overrides(overrides: Mapping[str, object]) -> str:
    if not overrides:
        return "Every network was trained as its configuration file says."
    words = ", ".join(f"`{key}` {value}" for key, value in overrides.items())
    return f"**Not as the configuration files say:** {words}."


def _weights(rows: Sequence[Row]) -> str:
    if not any(row.result and row.weights == "none" for row in rows):
        return ""
    text = "Extractors with *weights none* started from random weights, not from ImageNet as in the paper."
    if any(row.kind is Kind.FROZEN and row.weights == "none" for row in rows):
        text += " A frozen one stays random: its row is what the heads can make of random features, no more."
    return text


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    aligned = "|".join("---" if index == 0 else "---:" for index in range(len(head)))
    return "\n".join([f"| {' | '.join(head)} |", f"|{aligned}|", *(f"| {' | '.join(row)} |" for row in rows)])


def _classification(row: Row) -> list[str]:
    s = row.scores
    return [
        row.title,
        row.weights,
        *(f"{value:.3f}" for value in (s.accuracy, s.precision, s.recall, s.f1_micro, s.f1_macro)),
    ]


def _regression(row: Row) -> list[str]:
    s = row.scores
    return [
        row.title,
        row.weights,
        *(f"{100 * value:.2f}" for value in (s.mae, s.mse, s.rmse)),
        *(f"{value:.1f}" for value in (s.mean_px, s.median_px, s.p95_px)),
    ]


def _time(row: Row) -> list[str]:
    result = row.result
    trained = (
        ["–", "–", "–", "–", "–"]
        if result is None
        else [
            f"{result.trained_parameters / 1e6:.1f} M",
            str(result.epochs),
            str(result.best_epoch),
            duration(result.training_s),
            f"{result.epoch_s:.3g}",
        ]
    )
    return [
        row.title,
        str(row.input_size),
        f"{row.parameters / 1e6:.1f} M",
        *trained,
        f"{row.prediction_ms:.1f}",
    ]
