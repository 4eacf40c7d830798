"""Turns trained weights into a bundle: LiteRT and SavedModel, calibration, model.json and CARD.md."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from tavi_perception.cache import CACHE
from tavi_perception.evaluation.sources import evaluate_patients
from tavi_perception.inference.bundle import INT8_FILE, LITERT_FILE, SAVED_MODEL, ModelBundle, load_bundle
from tavi_perception.inference.manifest import MANIFEST
from tavi_perception.output import OutputError, write_text
from tavi_perception.simulation.backdrop import BackgroundError, Backgrounds
from tavi_perception.simulation.dataset.options import DatasetError
from training import data
from training.annotations import AnnotationError
from training.annotations.samples import to_samples
from training.architectures import build
from training.calibration import calibrate
from training.card import write_card
from training.eight_bits import with_eight_bits
from training.ensemble import averaged, with_mean_weights
from training.forward import predict
from training.labelled import procedure_frames
from training.manifest import Provenance, write_manifest
from training.paper.export import SCREENED_SIZE, PaperOrigin, export_screened, is_screened
from training.paper.results import read_result
from training.parity import PARITY_PX, ExportError, check_parity, shift
from training.recipe import Recipe, RecipeError, recipe_of
from training.run import BEST, HISTORY
from training.serving import Served
from training.shards import USUAL, Scenery
from training.start import StartError, load_start
from training.train import RECIPE

_BYTES_PER_WEIGHT = 4


@dataclass(frozen=True)
class TrainedRun:
    """What ``train`` has left in a folder: the recipe, the network with its best weights, the validations."""

    recipe: Recipe
    model: keras.Model
    history: list[dict[str, float]]


def load_run(folder: Path) -> TrainedRun:
    """The result of a training, from its folder or from the bundle that was made of it.

    Raises:
        OSError: ``folder`` holds none.
        RecipeError: its recipe cannot be read.
        StartError: the bundle was not made of one network.
    """
    if (folder / MANIFEST).exists():
        trained = json.loads((folder / MANIFEST).read_text())["training"]
        if "plan" not in trained:
            raise RecipeError(
                f"{folder} holds a network of the paper; export it from the folder of its screening"
            )
        # Bundles from before there was a head that tells foreign devices do not mention it.
        recipe = recipe_of({"network": {"foreign": 0, **trained["network"]}, "plan": trained["plan"]})
        model = build(recipe.network, recipe.plan.size)
        load_start(model, folder)
        return TrainedRun(recipe, model, trained["validations"])
    recipe = recipe_of(json.loads((folder / RECIPE).read_text()))
    model = build(recipe.network, recipe.plan.size)
    model.load_weights(str(folder / BEST))
    return TrainedRun(recipe, model, json.loads((folder / HISTORY).read_text()))


def main(argv: Sequence[str] | None = None) -> int:
    """Export trained weights as a bundle, calibrated on validation frames and measured on fresh ones."""
    parser = argparse.ArgumentParser(prog="tavi export", description=main.__doc__)
    parser.add_argument(
        "--run",
        type=Path,
        nargs="+",
        required=True,
        help="folder that train wrote, or a bundle, to calibrate it anew; or one of a network that screen "
        "trained; of several, the answers are averaged",
    )
    parser.add_argument(
        "--mean-weights",
        action="store_true",
        help="average the weights of several instead: of a training and of what it started from",
    )
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the bundle; its name is the model's"
    )
    parser.add_argument("--version", default="0.1.0")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder of rendered frames")
    parser.add_argument("--validation", type=int, default=200, help="validation patients for the calibration")
    parser.add_argument(
        "--procedures", type=int, default=100, help="patients whose whole procedures take part in it"
    )
    parser.add_argument(
        "--backgrounds", type=Path, help="real X-ray frames, whose held-out share takes part in it too"
    )
    parser.add_argument(
        "--pool", default="a folder of the user's", help="where the backgrounds come from, for the card"
    )
    parser.add_argument("--test", type=int, default=75, help="fresh patients for the card's figures")
    parser.add_argument("--note", default="", help="a sentence about the training for the card")
    parser.add_argument(
        "--observed", default="Nothing yet.", help="what was seen on real images, for the card"
    )
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args(argv)
    try:
        figures = _exported(arguments)
        if arguments.json:
            write_text(arguments.json, json.dumps(figures, indent=2))
    except (
        AnnotationError,
        BackgroundError,
        DatasetError,
        ExportError,
        OutputError,
        RecipeError,
        StartError,
        OSError,
    ) as error:
        print(f"tavi export: {error}", file=sys.stderr)
        return 1
    return 0


def _exported(arguments: argparse.Namespace) -> dict[str, Any]:
    """Writes the bundle; returns the figures of its card."""
    fresh = data.test_seeds(arguments.test)
    if len(arguments.run) == 1 and is_screened(arguments.run[0]):
        (run,) = arguments.run
        origin = PaperOrigin(read_result(run), arguments.version, arguments.note, arguments.observed)
        frames = data.load(
            data.render(arguments.cache, data.validation_seeds(arguments.validation), SCREENED_SIZE)
        )
        return export_screened(run, arguments.out, origin, frames, fresh)
    runs = [load_run(folder) for folder in arguments.run]
    recipe = runs[0].recipe
    size = recipe.plan.size
    models = [run.model for run in runs]
    try:
        model = with_mean_weights(models) if arguments.mean_weights else averaged(models, size)
    except ValueError as error:
        raise ExportError(f"{' and '.join(map(str, arguments.run))}: {error}") from error
    seeds = data.validation_seeds(arguments.validation)
    pool = Backgrounds(arguments.backgrounds, "validation") if arguments.backgrounds else None
    wide, *validation = (
        data.load(data.render(arguments.cache, seeds, size, scenery=scenery))
        for scenery in (Scenery(wide=True, backgrounds=pool), USUAL)
    )
    fitted = f"{len(wide) + len(validation[0])} unrelated validation frames"
    if arguments.procedures:
        seeds = data.validation_procedures(arguments.procedures)
        validation.append(data.own_device(to_samples(procedure_frames(seeds[0], len(seeds)).frames, size)))
        fitted += f" and {len(validation[-1])} of procedures"
    provenance = Provenance(
        recipe, runs[0].history, arguments.version, arguments.note, arguments.observed, fitted,
        arguments.pool if arguments.backgrounds else "",
    )  # fmt: skip
    bundle = export(model, size, validation, provenance, arguments.out, wide)
    figures = evaluate_patients(bundle, fresh, 1000)
    tells_makes = bool(bundle.manifest.tensors.foreign)
    write_manifest(arguments.out, provenance, size, bundle.manifest, figures, tells_makes)
    write_card(arguments.out, provenance, figures)
    load_bundle(arguments.out)
    return figures


def export(
    model: keras.Model, size: int, validation: Sequence[data.Samples], provenance: Provenance, out: Path,
    wide: data.Samples | None = None,
) -> ModelBundle:  # fmt: skip
    """Write the bundle of ``model`` (built for ``size``) to ``out``, without measured figures yet.

    ``validation`` are the sets of frames on which it is calibrated; ``wide`` takes part in what presence and
    foreign devices are decided by.

    Raises:
        ExportError: an exported file is too small to hold the weights, or its answers differ.
    """
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    every = [*validation, *([] if wide is None else [wide])]
    frames = data.joined(every)
    sets = np.repeat(np.arange(len(every)), [len(each) for each in every])
    usual = sets < len(validation)
    calibration = calibrate(predict(model, frames), frames, frames.foreign, sets, usual)
    served = Served(model, size, calibration)
    served.write_saved_model(out / SAVED_MODEL)
    (out / LITERT_FILE).write_bytes(served.litert())
    (out / INT8_FILE).write_bytes(with_eight_bits((out / LITERT_FILE).read_bytes()))
    weights = model.count_params() * _BYTES_PER_WEIGHT
    if (out / LITERT_FILE).stat().st_size < 0.9 * weights:
        raise ExportError(f"{LITERT_FILE} is smaller than the model's {weights} bytes of weights")
    write_manifest(out, provenance, size, calibration, {}, "foreign" in model.output)
    bundle = load_bundle(out)
    check_parity(bundle, frames.images[:20])
    moved = shift(bundle, frames.images[:100])
    if not moved <= PARITY_PX:
        raise ExportError(
            f"convolutions of 8 bits move the median landmark by {moved:.3f} px, more than {PARITY_PX} px"
        )
    return bundle


if __name__ == "__main__":
    raise SystemExit(main())
