"""A small synthetic scene as core types."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from tavi_perception.carm import Calibration, CArmGeometry
from tavi_perception.estimates import (
    AnnulusFrame,
    AnnulusSource,
    CatheterDeviation,
    DepthReference,
    Keypoints,
    Reason,
    Stage,
)
from tavi_perception.landmarks import COUNT, Landmark

TARGET = 0.003
TOLERANCE = 0.002


@dataclass(frozen=True)
class Scene:
    """One frame with everything known about it."""

    image: np.ndarray
    keypoints: Keypoints
    annulus: AnnulusFrame
    deviation: CatheterDeviation
    geometry: CArmGeometry


def make_scene(
    size: int = 512, ventricle_sign: int = 1, depth: float = 0.0035, stage: Stage = Stage.POSITIONING
) -> Scene:
    """A device at a depth (m) below an annulus tilted by 40°; sign -1 is the mirror image."""
    scale = size / 1000
    geometry = CArmGeometry(1.1, 0.79, 0.237e-3 / scale, size, size, calibration=Calibration.USER)
    mpp = geometry.metres_per_px
    angle = math.radians(-40.0) * ventricle_sign
    origin = np.array([0.45, 0.55]) * size
    frame = AnnulusFrame(
        AnnulusSource.CONTRAST, True, Reason.NONE, 0.0, *origin, angle, np.eye(3), ventricle_sign, 0.024,
        geometry.back_project(origin),
        np.array([0, 0, math.sin(angle / 2), math.cos(angle / 2)])
        if ventricle_sign > 0
        else np.array([math.cos(angle / 2), math.sin(angle / 2), 0, 0]),
    )  # fmt: skip
    sheathed = stage is Stage.POSITIONING
    places = np.full((COUNT, 2), np.nan)
    places[Landmark.AA1], places[Landmark.AA2] = (-0.012, 0), (0.012, 0)
    places[Landmark.STJ1], places[Landmark.STJ2] = (-0.013, -0.022), (0.013, -0.022)
    tip = depth + 0.011
    places[Landmark.CT] = (0.001, tip)
    places[Landmark.CD] = (0.0008, depth) if sheathed else (-0.001, depth - 0.018)
    places[Landmark.CP] = (-0.006, depth - 0.05)
    places[Landmark.PT] = (-0.014, -0.003)
    if sheathed:
        places[Landmark.CM] = (-0.0015, depth - 0.024)
    else:
        places[Landmark.FE1], places[Landmark.FE2] = (-0.009, depth - 0.0004), (0.009, depth + 0.0004)
    xy = places / mpp @ frame.axes + origin
    present = np.isfinite(xy[:, 0])
    covariance = np.where(present[:, None, None], np.eye(2) * (4 * scale) ** 2, np.nan)
    keypoints = Keypoints(size, size, present * 0.97, present, present.copy(), xy, covariance)
    deviation = CatheterDeviation(
        True, Reason.NONE, stage,
        DepthReference.CAPSULE if sheathed else DepthReference.STENT,
        depth, 0.0005, depth - TARGET, 0.0004, 0.0003, math.radians(6), math.radians(0.7),
        float("nan") if sheathed else 0.0008, 0.0 if sheathed else 0.36, abs(depth - TARGET) <= TOLERANCE,
        np.column_stack([places, np.zeros(COUNT)]), AnnulusSource.CONTRAST,
    )  # fmt: skip
    return Scene(_paint(keypoints, size), keypoints, frame, deviation, geometry)


@pytest.fixture(scope="session")
def scene() -> Callable[..., Scene]:
    return make_scene


def _paint(keypoints: Keypoints, size: int) -> np.ndarray:
    rng = np.random.default_rng(7)
    coarse = rng.normal(150, 28, (size // 32 + 2, size // 32 + 2)).astype(np.float32)
    image = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    points = {mark: keypoints.xy[mark] for mark in Landmark if np.isfinite(keypoints.xy[mark]).all()}
    device = np.full_like(image, 255)
    chain = [points[mark] for mark in (Landmark.CP, Landmark.CD, Landmark.CT)]
    for a, b, width, grey in ((0, 1, 36, 140), (1, 2, 16, 170)):
        cv2.line(
            device,
            chain[a].astype(int).tolist(),
            chain[b].astype(int).tolist(),
            grey,
            round(width * size / 1000),
        )
    return np.clip(image * device / 255 + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
