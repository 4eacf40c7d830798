"""Trains and compares networks of the paper's family, and shipped bundles, on the same frames."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
import yaml
from tqdm import tqdm

from tavi_perception.cache import CACHE
from tavi_perception.inference.bundle import ModelBundle, ModelContractError, load_bundle
from tavi_perception.output import OutputError, write_text
from tavi_perception.simulation.dataset.options import DatasetError
from tavi_perception.simulation.samples import FRAMES_PER_PATIENT
from tavi_perception.simulation.seeds import BENCHMARK
from training import data
from training.annotations.samples import to_samples
from training.figures import screening as figures
from training.labelled import BENCHMARK_PROCEDURES, procedure_frames
from training.paper import rows as outcome
from training.paper.bundles import measure
from training.paper.configuration import Configuration, ConfigurationError, load_all, overridden, presets
from training.paper.frames import Partition
from training.paper.machine import describe_training_machine
from training.paper.network import build
from training.paper.report import markdown, overrides_in_words
from training.paper.results import result_of
from training.paper.timing import Predict, medians_ms, prediction

ROUNDS = 50
"""Frames over which prediction times are medians."""


@dataclass(frozen=True)
class Screening:
    """Attributes:
    rows: the networks, in the order they were named, then the bundles.
    json: what ``screen.json`` holds.
    """

    rows: list[outcome.Row]
    json: dict[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Train and compare networks of the paper's family; a killed screening goes on where it stopped."""
    arguments = _parser().parse_args(argv)
    with contextlib.suppress(RuntimeError):  # a process in which TensorFlow has run keeps its threads
        tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    try:
        before = load_all(arguments.configs or presets())
        entries = _overrides(arguments)
        after = {name: overridden(configuration, entries) for name, configuration in before.items()}
        bundles = [load_bundle(folder) for folder in arguments.bundle]
        split = split_of_cache(
            arguments.cache, arguments.training, arguments.validation, arguments.test, arguments.size
        )
        if arguments.benchmark:
            split = on_benchmark(split, arguments.size)
        if arguments.limit:
            split = split.limited(arguments.limit)
        screening = screen(after, split, arguments.out, bundles, before, arguments.threads)
        if arguments.json:
            write_text(arguments.json, json.dumps(screening.json, indent=1) + "\n")
    except (ConfigurationError, DatasetError, ModelContractError, OutputError, OSError) as error:
        print(f"tavi screen: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("tavi screen: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    print(arguments.out / "report.md")
    return 0


def screen(
    configurations: Mapping[str, Configuration],
    split: Partition,
    out: Path,
    bundles: Sequence[ModelBundle] = (),
    before: Mapping[str, Configuration] | None = None,
    threads: int = 2,
    rounds: int = ROUNDS,
) -> Screening:
    """Train what is not yet trained in ``out``, measure everything, and write report, figures and JSON there.

    Args:
        configurations: the networks by name.
        split: the frames, of any square size; anything that makes Samples can be screened.
        out: a folder to make or go on in.
        bundles: measured on the same test frames.
        before: the configurations without overrides, to name in the report what differs.
        threads: CPU threads of the bundles.
        rounds: frames over which prediction times are medians.

    Raises:
        ConfigurationError: ``out`` holds results of something else, or weights cannot be had.
    """
    before = before or configurations
    out.mkdir(parents=True, exist_ok=True)
    machine = describe_training_machine()
    results = {}
    with tqdm(configurations.items(), unit="network", desc="screening") as bar:
        for name, configuration in bar:
            bar.set_postfix_str(name)
            results[name] = result_of(configuration, split, out, name)
            # Nine networks one after the other would keep each other's graphs.
            keras.backend.clear_session()
    measured = [measure(bundle, split.test, threads) for bundle in bundles]
    predicts: dict[str, Predict] = {f"bundle {m.name}": m.predict for m in measured}
    for configuration in configurations.values():
        if _architecture(configuration) not in predicts:
            random = dataclasses.replace(configuration, weights="none")
            predicts[_architecture(configuration)] = prediction(build(random).whole)
    times = medians_ms(predicts, split.test.images, rounds)
    rows = [
        outcome.network_row(name, r, times[_architecture(r.configuration)]) for name, r in results.items()
    ]
    rows += [outcome.bundle_row(m, times[f"bundle {m.name}"]) for m in measured]
    entries = {
        "frames": {
            "words": split.words,
            "sha256": split.sha256,
            **{name: len(part) for name, part in split.parts.items()},
        },
        "machine": machine,
        "overrides": overrides_in_words(before, configurations),
        "networks": [outcome.as_json(row, before.get(row.name)) for row in rows],
    }
    (out / "screen.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
    captions = figures.write_all(rows, split.test, out / "figures")
    report = markdown(rows, split, machine, overrides_in_words(before, configurations), captions)
    (out / "report.md").write_text(report, encoding="utf-8")
    return Screening(rows, entries)


def split_of_cache(cache: Path, training: int, validation: int, test: int, size: int = 512) -> Partition:
    """Frames of synthetic patients, rendered into ``cache`` where they are missing.

    Args:
        cache: folder of ``training.data``.
        training, validation, test: numbers of patients.
        size: side of the frames (px).
    """
    seeds = (data.training_seeds(training), data.validation_seeds(validation), data.test_seeds(test))
    first, second, third = (data.load(data.render(cache, some, size)) for some in seeds)
    words = (
        f"synthetic (renderer {data.renderer_hash()}), {size} px, from {training} training, "
        f"{validation} validation and {test} test patients"
    )
    return Partition(first, second, third, words)


def on_benchmark(
    split: Partition, size: int, procedures: int = BENCHMARK_PROCEDURES, cache: Path | None = None
) -> Partition:
    """``split`` with the frames of the benchmark (``tavi evaluate --benchmark``) as its test frames.

    ``cache`` keeps them, see ``procedure_frames``.

    Raises:
        DatasetError: they cannot be rendered.
    """
    found = procedure_frames(BENCHMARK.start, procedures, cache=cache).frames
    test = to_samples(found, size)
    words = f"{split.words}; the test frames are the {len(test)} of the benchmark instead"
    return dataclasses.replace(split, test=test, words=words)


def _architecture(configuration: Configuration) -> str:
    """What prediction time depends on."""
    return f"{configuration.extractor} {configuration.input_size} {configuration.dense_units}"


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    entries = {}
    for text in arguments.set:
        key, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {text}: give KEY=VALUE")
        entries[key] = yaml.safe_load(value)
    given = {key: getattr(arguments, key) for key in ("epochs", "batch", "weights")}
    return {**entries, **{key: value for key, value in given.items() if value is not None}}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi screen", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of report, figures, JSON and weights")
    parser.add_argument(
        "--configs", type=Path, nargs="+", metavar="FILE", help="networks; default: the paper's nine"
    )
    parser.add_argument(
        "--bundle", type=Path, nargs="+", default=[], metavar="FOLDER", help="shipped models beside them"
    )
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of rendered frames")
    parser.add_argument("--size", type=int, default=512, help="side of the rendered frames (px)")
    parser.add_argument(
        "--training", type=int, default=400, help=f"patients, {FRAMES_PER_PATIENT} frames of each"
    )
    parser.add_argument("--validation", type=int, default=100, help="patients")
    parser.add_argument("--test", type=int, default=100, help="patients")
    parser.add_argument(
        "--benchmark", action="store_true", help="test on the frames of the benchmark instead"
    )
    parser.add_argument("--limit", type=int, help="frames of each of these three parts, at most")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    group = parser.add_argument_group("overrides", "of every configuration; the report names them")
    group.add_argument("--epochs", type=int, help="at most")
    group.add_argument("--batch", type=int, help="frames in a step")
    group.add_argument("--weights", help="imagenet, none, or a file")
    group.add_argument(
        "--set",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="any other key, as in config/training/network.yaml",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
