"""Pictures of a thing that moves, and where a network sees it."""

import numpy as np

from tavi_perception.estimates import Keypoints
from tavi_perception.landmarks import COUNT, Landmark

RATE = 15.0
SIZE = 500
X, Y = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
GROUND = 140.0 + 15.0 * np.sin(X / 31.0) * np.cos(Y / 43.0)
SPEED = np.array([1.7, -0.9])
"""Of the thing in the pictures (px a frame)."""
SIGMA = 0.5
"""Of the network's scatter (px)."""


def picture(place, rng, *, thing=True) -> np.ndarray:
    """A dark ring about ``place`` (px) on ground that stands still, with quantum noise."""
    grey = GROUND + rng.normal(0.0, 3.0, (SIZE, SIZE))
    if thing:
        away = np.hypot(X - place[0], Y - place[1])
        grey -= 40.0 * np.exp(-(((away - 6.0) / 2.0) ** 2)) * (place[0] - 3.0 < X)
    return grey.clip(0, 255).astype(np.uint8)


def seen_at(place, landmark=Landmark.PT, sigma=SIGMA, catheter=None) -> Keypoints:
    xy, covariance = np.full((COUNT, 2), np.nan), np.full((COUNT, 2, 2), np.nan)
    xy[landmark], covariance[landmark] = place, sigma**2 * np.eye(2)
    if catheter is not None:
        xy[Landmark.CD], covariance[Landmark.CD] = catheter, sigma**2 * np.eye(2)
    present = np.isfinite(xy[:, 0])
    return Keypoints(SIZE, SIZE, present.astype(float), present, present.copy(), xy, covariance)


def place_at(i: int) -> np.ndarray:
    return np.array([220.0, 260.0]) + i * SPEED
