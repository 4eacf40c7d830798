"""Trains a network on rendered or annotated frames: AdamW with cosine decay, checkpoints, resume."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf
from tqdm import tqdm

from tavi_perception.cache import CACHE
from tavi_perception.evaluation.numbers import for_json
from tavi_perception.output import OutputError, write_text
from tavi_perception.simulation.backdrop import BackgroundError, Backgrounds
from tavi_perception.simulation.dataset.options import DatasetError
from training import data
from training.annotations import AnnotationError, FaultyAnnotationsError, open_annotated, sampling_weights
from training.annotations.folds import open_folds
from training.annotations.options import add_folds, add_reading, folds_error, reading_options
from training.annotations.samples import to_samples
from training.annotations.splitting import split
from training.augmentation import Order, batches
from training.distribution import CHOICES, Distribution, DistributionError, distribution
from training.labelled import procedure_frames
from training.recipe import RECIPES, Plan, Recipe, RecipeError, read_recipe
from training.run import Run
from training.start import StartError

RECIPE = "recipe.json"


def main(argv: Sequence[str] | None = None) -> int:
    """Train a model; rendering, training and a killed training all resume."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if wrong := folds_error(arguments):
        parser.error(wrong)
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    try:
        devices = distribution(arguments.distribute)
        recipe = read_recipe(arguments.recipe)
        changed = {name: value for name in _OVERRIDES if (value := getattr(arguments, name)) is not None}
        recipe = replace(recipe, plan=replace(recipe.plan, **changed))
        if arguments.mixed_precision:
            keras.mixed_precision.set_global_policy("mixed_bfloat16")
        samples, validation = (
            _annotated(arguments, recipe.plan.size) if arguments.data else _rendered(arguments, recipe.plan)
        )
        history = train(recipe, samples, validation, arguments.out, devices, arguments.start)
        if arguments.json:
            write_text(arguments.json, json.dumps(for_json(history), indent=2))
    except (
        AnnotationError,
        BackgroundError,
        DatasetError,
        DistributionError,
        OutputError,
        FaultyAnnotationsError,
        RecipeError,
        StartError,
        OSError,
    ) as error:
        print(f"tavi train: {error}", file=sys.stderr)
        return 1
    return 0


def train(
    recipe: Recipe,
    samples: data.Samples,
    validation: data.Samples,
    out: Path,
    devices: Distribution,
    start: Path | None = None,
) -> list[dict[str, float]]:
    """Train to the end of the plan, or go on from the last checkpoint in ``out``; returns the validations.

    Leaves the best averaged weights as ``out/best.weights.h5`` beside ``out/recipe.json``, and logs for
    TensorBoard in ``out/logs``.
    """
    plan = recipe.plan
    if len(samples) < plan.batch:
        print(
            f"{len(samples)} frames are fewer than a batch of {plan.batch}: each step shows them repeatedly"
        )
    rows = devices.rows(plan.batch)
    out.mkdir(parents=True, exist_ok=True)
    (out / RECIPE).write_text(json.dumps(recipe.as_json(), indent=2))
    order = Order(plan.batch, plan.seed, sampling_weights(samples.visible) if plan.even_out else None)
    run = Run(recipe, out, devices, start)
    with tqdm(total=plan.steps, initial=run.step, unit="step", desc="training") as bar:
        for batch in batches(samples, plan.size, order, run.step, plan.steps, rows, plan.turn):
            loss = run.update(batch)
            bar.update()
            if loss is not None:
                bar.set_postfix(loss=f"{loss:.3f}")
            due = run.step % plan.validate_every == 0 or run.step == plan.steps
            if due and not run.validate(validation):
                break
    return run.history


_PARTS = ("wide", "makes", "negatives")
"""Of the rendered frames, that can be left out."""

_OVERRIDES = ("size", "batch", "steps", "learning_rate", "validate_every", "patience", "seed")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tavi train", description=main.__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of checkpoints, weights and logs")
    parser.add_argument("--recipe", type=Path, default=RECIPES / "accurate.yaml", help="network and plan")
    parser.add_argument(
        "--start", type=Path, help="what to start from: best.weights.h5 of a training, or a bundle"
    )
    parser.add_argument(
        "--distribute",
        choices=CHOICES,
        default="none",
        help="gpus: all of this machine; workers: the processes that TF_CONFIG names",
    )
    parser.add_argument(
        "--mixed-precision", action="store_true", help="bfloat16, for GPUs and CPUs that have it"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the history of validations here")
    plan = parser.add_argument_group("plan", "instead of what the recipe says")
    for name in _OVERRIDES:
        kind = type(getattr(Plan, name))
        plan.add_argument(f"--{name.replace('_', '-')}", type=kind, default=None)
    rendered = parser.add_argument_group("rendered frames", "which training takes unless --data is given")
    rendered.add_argument("--cache", type=Path, default=CACHE, help="folder to keep them in")
    rendered.add_argument("--training", type=int, default=1_600, help="number of training patients")
    rendered.add_argument(
        "--first-patient",
        type=int,
        default=0,
        help="to train on others than those that --start has learned from",
    )
    rendered.add_argument("--validation", type=int, default=100, help="number of validation patients")
    rendered.add_argument(
        "--procedures", type=int, default=0, help="of other patients, which train with 10 frames of each"
    )
    rendered.add_argument(
        "--backgrounds",
        type=Path,
        help="folder of real X-ray frames, which take the place of drawn anatomy in half of the frames",
    )
    rendered.add_argument(
        "--without",
        nargs="+",
        choices=_PARTS,
        default=(),
        help="leave out, to see what it does: wider ranges, other makes, real frames as they are",
    )
    annotated = parser.add_argument_group("annotated frames", "see docs/training_data.md")
    annotated.add_argument("--data", type=Path, help="an annotated data set")
    annotated.add_argument("--validation-share", type=float, default=0.2, help="of it, for validation")
    annotated.add_argument(
        "--split-by", choices=("procedure", "frame"), default="procedure", help="frame is the paper's"
    )
    add_folds(annotated, "trains and validates (1)")
    add_reading(annotated)
    return parser


def _rendered(arguments: argparse.Namespace, plan: Plan) -> tuple[data.Samples, data.Samples]:
    if min(arguments.training, arguments.validation) < 1:
        raise DatasetError(
            "there is nothing to train or to validate on: give --training and --validation, 1 or more"
        )
    first = arguments.first_patient
    patients = data.training_seeds(arguments.training, first)
    pool = Backgrounds(arguments.backgrounds, "training") if arguments.backgrounds else None
    left_out = arguments.without
    drawn = data.training_shards(arguments.cache, patients, plan.size, pool, "wide" not in left_out)
    parts = [data.load(drawn)]
    if "makes" in left_out:
        parts = [data.without_foreign(parts[0])]
    if pool and "negatives" not in left_out:
        parts.append(data.without_valve(pool, plan.size))
    validation = data.load(
        data.render(arguments.cache, data.validation_seeds(arguments.validation), plan.size)
    )
    if arguments.procedures:
        # In procedures stages, contrast and hidden landmarks come as they do in use, not evenly.
        patients = data.training_procedures(arguments.procedures, first)
        frames = procedure_frames(patients[0], len(patients)).frames
        parts.append(data.own_device(to_samples(frames, plan.size)))
    return data.joined(parts), validation


def _annotated(arguments: argparse.Namespace, size: int) -> tuple[data.Samples, data.Samples]:
    """Frames of the user's own data set; what is wrong with it lies in ``out/report.txt``."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = arguments.out / "report.txt"
    if arguments.folds is not None:
        return _folded(arguments, size, report)
    found = open_annotated(arguments.data, report_file=report, **reading_options(arguments))
    found.report.write(report)
    print(f"{arguments.data}: {found.report.headline}; report: {report}")
    share = arguments.validation_share
    parts = split(found.frames, (1 - share, share, 0.0), by=arguments.split_by, seed=arguments.seed or 0)
    return to_samples(parts.training, size), to_samples(parts.validation, size)


def _folded(arguments: argparse.Namespace, size: int, report: Path) -> tuple[data.Samples, data.Samples]:
    """The parts of a fold, patients apart."""
    number = 1 if arguments.fold is None else arguments.fold
    options = reading_options(arguments)
    folded = open_folds(arguments.data, arguments.folds, number, report_file=report, **options)
    (fold,) = folded.folds
    print(
        f"{folded.report.headline}; {fold.name}: {len(fold.training)} frames train, "
        f"{len(fold.validation)} validate; report: {report}"
    )
    return to_samples(fold.training, size), to_samples(fold.validation, size)


if __name__ == "__main__":
    raise SystemExit(main())
