"""Writes a bundle's CARD.md: what the model is, was measured to do, and does not do."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from tavi_perception.evaluation.tables import landmark_table, stage_table
from training.manifest import CARD, Origin, Provenance

_MAKES = """- It knows one kind of delivery system. Others are told apart (`foreign`), but only as far as they
  look like those in `config/devices`."""
_NO_MAKES = """- It knows one kind of delivery system, and takes others for it."""
_ONE_VIEW = """- One view is assumed (aortic arch at the top, ventricle to the lower right, turned by less
  than 30°); a mirrored image is outside what it knows.
- Each frame is judged alone; continuity is the tracker's work."""
_SMALL_SIGMAS = """- It has seen no label on a real image. On real images expect larger errors, and stated
  sigmas too small."""


def write_card(folder: Path, provenance: Provenance, figures: dict[str, Any]) -> None:
    """Write the card of the bundle in ``folder``; ``figures`` are those of ``evaluate``."""
    plan = provenance.recipe.plan
    size = plan.size
    learned = (
        f"{provenance.training_data} Schedule: {plan.steps} steps of {plan.batch} frames; AdamW "
        f"{plan.learning_rate} with cosine decay, seed {plan.seed}; the running mean of the weights is kept. "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}. "
        f"{provenance.note} Presence, a regression on what it says of all landmarks, its thresholds "
        f"(half the best F1) and the covariances were fitted on {provenance.calibration_frames}."
    )
    what = (
        "A residual network (3×3 convolutions, trained from scratch, no ImageNet weights) on a grey input of "
        f"{size}×{size}: one shared extractor, a presence classifier with 11 outputs, and a coordinate "
        "regressor. Where a landmark is comes from the expectation over a heat map of the whole image, then "
        "over one of a patch around it at full input resolution, which gives its covariance too. Runs "
        "through LiteRT (`model.tflite`) or TensorFlow (`saved_model/`); both give the same answer to 0.1 "
        "px. `model.int8.tflite` is the same network with convolutions of 8 bits, which is what runs by "
        "default without a GPU, and what was measured here: the median landmark lies elsewhere by less than "
        "0.1 px of the input, and the answer takes two fifths of the time."
    )
    limits = f"""{_SMALL_SIGMAS}
{_MAKES if provenance.recipe.network.foreign else _NO_MAKES}
{_ONE_VIEW}
- CM is a place without an edge of its own, and AA2 and STJ2 are hidden by the device at times: these are the
  least certain points."""
    _write(folder, provenance, what, learned, figures, limits)


def write_paper_card(folder: Path, origin: Origin, title: str, trained: str, figures: dict[str, Any]) -> None:
    """Write the card of a bundle that holds a network of the paper: its ``title``, how it was ``trained``."""
    what = (
        f"{title}: a network of Danilov et al. 2021 (docs/screening.md), made to be compared with. An "
        "extractor's features are averaged over the whole image; two heads of dense layers say which "
        "landmarks are there (above 0.5) and where. It says nothing of its own errors: the stated covariance "
        "of a landmark is the same in every frame, fitted on validation frames. Runs through LiteRT "
        "(`model.tflite`) or TensorFlow (`saved_model/`)."
    )
    limits = f"""{_SMALL_SIGMAS}
- A stated covariance is that of the usual frame: in a bad one it is too small, and nothing says so.
{_NO_MAKES}
{_ONE_VIEW}"""
    _write(folder, origin, what, f"{origin.training_data} {trained}", figures, limits)


def _write(
    folder: Path, origin: Origin, what: str, learned: str, figures: dict[str, Any], limits: str
) -> None:
    text = f"""# {folder.name} {origin.version}

Finds the 11 keypoints of a TAVI fluoroscopy frame. Research software, not a medical device; not judged by a
clinician.

## What it is
{_wrapped(what)}

## What it learned from
{_wrapped(learned)}

## What it was measured to do
On {figures["frames"]} **synthetic** frames of {figures["size_px"]} px (seeds from {figures["first_seed"]})
that had no part in training, choice of weights, thresholds or calibration. Errors of visible points, in px
of an image side of 1000 (about 0.17 mm each at the patient); "in σ" are shares of x and y errors within so
many stated standard deviations: 0.68 and 0.95 are exact. The F1 of all is the mean over landmarks.

{landmark_table(figures)}

Presence is right in {100 * figures["presence_accuracy"]:.1f} % of all decisions, and their F1 is
{figures["micro_f1"]:.3f}. By stage of the procedure:

{stage_table(figures)}

## What was seen on real images
{_wrapped(origin.observed)}

## What it does not do
{limits}
"""
    (folder / CARD).write_text(text)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 108)
