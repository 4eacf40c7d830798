"""``python -m training.annotations``: what is in an annotated data set, and what is wrong with it."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.annotations.opening import open_annotated
from training.annotations.options import add_reading, reading_options
from training.annotations.report import AnnotationError, FaultyAnnotationsError, Report
from training.annotations.splitting import Split, split
from training.annotations.statistics import statistics_of
from training.figures.annotations import draw_statistics

_SHOWN = 5
"""Findings of a kind that are printed; the files hold all."""


def main(argv: Sequence[str] | None = None) -> int:
    """Checks a data set, writes a report, its statistics and figures, and how it would be split."""
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    try:
        report = out / "report.txt"
        found = open_annotated(arguments.path, report_file=report, **reading_options(arguments))
        _write(found.report, out)
        statistics = statistics_of(found.frames)
        statistics.write(out / "statistics.json")
        draw_statistics(statistics, out)
        parts = split(found.frames, arguments.split, by=arguments.split_by, seed=arguments.seed)
        (out / "split.json").write_text(json.dumps(_names(parts), indent=2) + "\n", encoding="utf-8")
    except FaultyAnnotationsError as error:
        _write(error.report, out)
        print(f"training.annotations: {error}", file=sys.stderr)
        return 1
    except (AnnotationError, OSError) as error:
        print(f"training.annotations: {error}", file=sys.stderr)
        return 1
    print(found.report.text(_SHOWN), end="")
    counts = zip(("training", "validation", "test"), parts.parts, strict=True)
    print("split: " + ", ".join(f"{len(frames)} {name}" for name, frames in counts))
    print(f"report, statistics, split and figures: {out}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training.annotations",
        description="Checks an annotated data set; writes a report, statistics, figures and a split.",
    )
    parser.add_argument("path", type=Path, metavar="FOLDER", help="the data set, or its COCO file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    add_reading(parser)
    parser.add_argument(
        "--split",
        type=_shares,
        default=(0.8, 0.2, 0.0),
        help="shares of training, validation, test: 0.8,0.2,0",
    )
    parser.add_argument(
        "--split-by", choices=("procedure", "frame"), default="procedure", help="frame is the paper's"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split")
    return parser


def _shares(text: str) -> tuple[float, ...]:
    return tuple(float(word) for word in text.split(","))


def _write(report: Report, out: Path) -> None:
    report.write(out / "report.txt")
    report.write(out / "report.json")


def _names(parts: Split) -> dict[str, Any]:
    named = zip(("training", "validation", "test"), parts.parts, strict=True)
    return {
        part: {"procedures": sorted({f.procedure for f in frames}), "frames": [f.name for f in frames]}
        for part, frames in named
    }
