"""What turns raw network outputs into calibrated ones: presence thresholds and the scale of covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from tavi_perception.evaluation.metrics import Labels, mahalanobis
from tavi_perception.inference.manifest import calibrated_covariance
from tavi_perception.landmarks import COUNT
from training.forward import Raw

_TRIM = 0.02
"""Share of the worst errors left out of the likelihood; gross mistakes would widen every other sigma."""

LARGEST_LOGIT, SMALLEST_VARIANCE = 11.5, 1e-3
"""Beyond these a logit, or a variance (px²), says nothing more."""

_RIDGE = 3e-3

_FALSE_ALARMS = 0.0025
"""Share of frames without a foreign device that may be taken for one; half of what is promised, 0.5 %."""

_WITHIN_1, _WITHIN_2 = 0.6827, 0.9545
"""Shares of a normal distribution within one and two standard deviations."""

_SLACK_1, _SLACK_2 = 0.08, 0.035
"""How far from those shares is as bad as the other: half of 60–76 % and of 91–98 %."""


@dataclass(frozen=True)
class Calibration:
    """What calibrates answers, (11,) each.

    Attributes:
        thresholds: of presence.
        presence: (11, 23) weights of ``evidence`` in the calibrated logit of each landmark's presence.
        blend: share of the first estimate's covariance that is added to that of the patch: a patch cannot
            know that it was cut in the wrong place.
        factor, floor: covariance = factor · (patch + blend · first) + floor · identity (input px²).
        foreign: what is taken off the logit of a foreign device, a single number.
    """

    thresholds: NDArray[np.float64]
    presence: NDArray[np.float64]
    blend: NDArray[np.float64]
    factor: NDArray[np.float64]
    floor: NDArray[np.float64]
    foreign: float

    def covariance(self, patch: NDArray[np.float64], first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated covariances of raw ones (…, 11, 2, 2) of the patches and of the first estimates."""
        raw = patch + self.blend[:, None, None] * first
        return calibrated_covariance(raw, self.factor, self.floor)


def calibrate(
    raw: Raw,
    labels: Labels,
    foreign: NDArray[np.float32],
    sets: NDArray[np.int64],
    usual: NDArray[np.bool_],
) -> Calibration:
    """The calibration that suits several sets of validation frames.

    Presence is a logistic regression on what the network says of all landmarks: those of the root come and
    go together, and a point that is nowhere to be seen is spread out. Its threshold holds for every set:
    what is common in one of them may be rare in another. Blend, factor and floor maximise the likelihood of
    the errors; then the whole is scaled so that the errors along each axis keep to one and two standard
    deviations as nearly as a normal distribution's would.

    Args:
        raw: answers.
        labels: truth.
        foreign: (n,) truth of foreign devices, NaN where unknown.
        sets: (n,) number of the set that a frame belongs to.
        usual: (n,) frames to whose errors the covariances are fitted; those of frames from wider ranges would
            make the others' too large.
    """
    predictions, first = raw.predictions, raw.first
    blend, factor, floor = np.zeros(COUNT), np.ones(COUNT), np.ones(COUNT)
    for index in range(COUNT):
        visible = usual & (labels.visible[:, index] > 0)
        if not visible.any():
            continue
        error = (predictions.xy - labels.xy)[visible, index]
        patch = predictions.covariance[visible, index]
        blend[index], factor[index], floor[index] = fit_covariance(error, patch, first[visible, index])
    seen = evidence(predictions.presence, predictions.covariance + blend[:, None, None] * first)
    thresholds, weights = np.full(COUNT, 0.5), identity()
    for index in range(COUNT):
        known = np.isfinite(labels.visible[:, index])
        visible, said = labels.visible[known, index] > 0, seen[known]
        if visible.any() and not visible.all():
            weights[index] = fit_presence(said, visible)
        thresholds[index] = best_threshold(expit(said @ weights[index]), visible, sets[known])
    return Calibration(thresholds, weights, blend, factor, floor, foreign_offset(raw.foreign, foreign))


def evidence(presence: NDArray[np.float64], covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 23) logits of presences (n, 11), log of the spreads of covariances (n, 11, 2, 2) px², and 1."""
    logits = np.clip(logit(presence), -LARGEST_LOGIT, LARGEST_LOGIT)
    spread = 0.5 * np.log(np.trace(covariance, axis1=-2, axis2=-1) + SMALLEST_VARIANCE)
    return np.hstack([logits, spread, np.ones((len(presence), 1))])


def identity() -> NDArray[np.float64]:
    """(11, 23) weights of ``evidence`` that leave presence as the network says it."""
    return np.eye(COUNT, 2 * COUNT + 1)


def foreign_offset(logits: NDArray[np.float64], foreign: NDArray[np.float32]) -> float:
    """What to take off logits (n,) so that ``_FALSE_ALARMS`` of the frames without a foreign device alarm.

    Never less than 0: where the network by itself alarms less often, it is left as it is.
    """
    own = logits[(foreign == 0) & np.isfinite(logits)]
    return max(0.0, float(np.quantile(own, 1.0 - _FALSE_ALARMS))) if len(own) else 0.0


def fit_presence(seen: NDArray[np.float64], visible: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(23,) weights of the logistic regression of ``visible`` (n,) on ``seen`` (n, 23), with a ridge."""
    truth = visible.astype(np.float64)
    ridge = np.append(np.full(seen.shape[1] - 1, _RIDGE), 0.0)

    def cost(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        logits = seen @ weights
        value = np.mean(np.logaddexp(0.0, logits) - truth * logits) + ridge @ weights**2
        return float(value), seen.T @ (expit(logits) - truth) / len(truth) + 2 * ridge * weights

    found = minimize(cost, np.zeros(seen.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return np.asarray(found.x)


def best_threshold(
    presence: NDArray[np.float64], visible: NDArray[np.bool_], sets: NDArray[np.int64]
) -> float:
    """Half the best F1, on average over the ``sets`` that show the landmark.

    There F1 is best for calibrated probabilities (Lipton et al. 2014, arXiv:1402.1892). The threshold of
    best F1 on the frames at hand owes more to chance: on half of 400 procedures, with the other half at hand,
    its macro F1 was 0.001 less.
    """
    shown = [sets == number for number in np.unique(sets) if visible[sets == number].any()]
    grid = np.asarray(np.linspace(0.05, 0.95, 91), dtype=np.float64)
    best = [float(_f1(presence[chosen], visible[chosen], grid).max()) for chosen in shown]
    return float(np.mean(best)) / 2 if best else 0.5


def _f1(
    presence: NDArray[np.float64], visible: NDArray[np.bool_], grid: NDArray[np.float64]
) -> NDArray[np.float64]:
    said = presence[:, None] >= grid
    hits = (said & visible[:, None]).sum(axis=0)
    return np.asarray(2 * hits / np.maximum(said.sum(axis=0) + visible.sum(), 1))


def fit_covariance(
    error: NDArray[np.float64], patch: NDArray[np.float64], first: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Blend, factor and floor for errors (n, 2) with raw covariances (n, 2, 2)."""
    identity = np.eye(2)

    def covariance(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        scale, blend, floor = np.exp(logs)
        return np.asarray(scale * (patch + blend * first) + floor * identity)

    def cost(logs: NDArray[np.float64]) -> float:
        stated = covariance(logs)
        values = 0.5 * mahalanobis(error, stated) ** 2 + 0.5 * np.log(np.linalg.det(stated))
        kept = np.sort(values)[: max(1, int(len(values) * (1 - _TRIM)))]
        return float(kept.mean())

    typical = max(float(np.median(error**2)), 1e-3)
    bounds = [(-12.0, 5.0), (-14.0, 2.0), (np.log(1e-3), np.log(1e4))]
    start = np.log([0.5, 0.02, typical / 2])
    best = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options={"maxiter": 600}).x
    scale, blend, floor = np.exp(best)
    sigma = np.sqrt(np.diagonal(covariance(best), axis1=-2, axis2=-1))
    wider = _fitting_scale(np.abs(error) / sigma) ** 2
    return float(blend), float(scale * wider), float(floor * wider)


def _fitting_scale(normalised: NDArray[np.float64]) -> float:
    """Factor on sigmas with which |error| / sigma best keeps to the shares of a normal distribution."""
    scales = np.quantile(normalised, np.linspace(0.5, 0.9, 81))
    one = (normalised[..., None] <= scales).mean(axis=(0, 1))
    two = (normalised[..., None] <= 2 * scales).mean(axis=(0, 1))
    worst = np.maximum(np.abs(one - _WITHIN_1) / _SLACK_1, np.abs(two - _WITHIN_2) / _SLACK_2)
    return max(float(scales[np.argmin(worst)]), 1e-3)
