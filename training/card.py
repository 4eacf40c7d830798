"""Writes a bundle's CARD.md: what the model is, was measured to do, and does not do."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from training.evaluate import table
from training.manifest import CARD, TRAINING_DATA, Provenance


def write_card(folder: Path, provenance: Provenance, figures: dict[str, Any]) -> None:
    """Write the card of the bundle in ``folder``; ``figures`` are those of ``evaluate``."""
    plan = provenance.plan["plan"]
    phases = ", then ".join(f"{p['steps']} steps of {p['batch']} at {p['size']} px" for p in plan["phases"])
    size = plan["phases"][-1]["size"]
    learned = (
        f"{TRAINING_DATA} Schedule: {phases}; AdamW {plan['learning_rate']} with cosine decay, "
        f"seed {plan['seed']}; the running mean of the weights is kept. "
        f"TensorFlow {tf.__version__}, Keras {keras.__version__}. "
        f"{provenance.note} Presence thresholds (best F1) and covariances were fitted on "
        f"{provenance.calibration_frames} validation frames."
    )
    text = f"""# {folder.name} {provenance.version}

Finds the 11 keypoints of a TAVI fluoroscopy frame. Research software, not a medical device; not judged by a
clinician.

## What it is
A compact residual network (3×3 convolutions, trained from scratch, no ImageNet weights) on a grey input of
{size}×{size}: one shared extractor, a presence classifier with 11 outputs, and a coordinate regressor, which
is the expectation over a heat map of each landmark and gives its covariance with it. Runs through LiteRT
(`model.tflite`, float32) or TensorFlow (`saved_model/`); both give the same answer to 0.1 px.

## What it learned from
{_wrapped(learned)}

## What it was measured to do
On {figures["frames"]} **synthetic** frames of {figures["size_px"]} px (seeds from {figures["first_seed"]})
that had no part in training, choice of weights, thresholds or calibration. Errors of visible points, in px
of an image side of 1000 (about 0.17 mm each at the patient); for "in σ" 0.39 and 0.86 are expected.

{table(figures)}

Presence is right in {100 * figures["presence_accuracy"]:.1f} % of all decisions.

## What was seen on real images
{_wrapped(provenance.observed)}

## What it does not do
- It has seen no real image in training. On real images expect larger errors, and stated sigmas too small.
- One view is assumed (aortic arch at the top, ventricle to the lower right, little rotation); a mirrored or
  rotated image is outside what it knows.
- Each frame is judged alone; continuity is the tracker's work.
- CM is a place without an edge of its own, and AA2 and STJ2 are hidden by the device at times: these are the
  least certain points.
"""
    (folder / CARD).write_text(text)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 108)
