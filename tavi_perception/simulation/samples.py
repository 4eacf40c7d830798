"""Independent random frames with their landmarks, for training and validation."""

from __future__ import annotations

import numpy as np

from tavi_perception.estimates import Keypoints
from tavi_perception.simulation.contrast import Injection
from tavi_perception.simulation.detector import Image
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.labels import visible_keypoints
from tavi_perception.simulation.scene import Contents, Moment, Scene


def sample(seed: int, size: int) -> tuple[Image, Keypoints]:
    """The frame of ``seed``: an image (size, size) and its visible landmarks. Same seed, same bytes."""
    rng = np.random.default_rng(seed)
    scene = Scene(rng, size, _contents(rng))
    moment = Moment(_device(rng, scene), _injection(rng, scene))
    return scene.render(moment, rng), visible_keypoints(scene, moment)


def _contents(rng: np.random.Generator) -> Contents:
    """Mostly the full field; some frames lack the delivery system, the pigtail, or both."""
    kind = rng.choice(5, p=[0.73, 0.07, 0.09, 0.09, 0.02])
    return (
        Contents(),
        Contents(delivery=False),
        Contents(pigtail=False),
        Contents(delivery=False, pigtail=False, coronaries=True),
        Contents(delivery=False, pigtail=False),
    )[kind]


def _device(rng: np.random.Generator, scene: Scene) -> DeviceState:
    """A state drawn evenly over the procedure, with partly retracted capsules the most frequent."""
    kind = rng.choice(4, p=[0.15, 0.33, 0.40, 0.12])
    if kind == 0:
        return DeviceState(advance=rng.uniform(-45.0, 5.0))
    depth = rng.normal(6.0, 5.0)
    if kind == 1:
        return DeviceState(advance=depth)
    most = 1.0 - 4.0 / scene.device.capsule_length
    if kind == 2:
        return DeviceState(advance=depth, extraction=rng.uniform(0.05, most))
    return DeviceState(depth, most, released=True, withdrawal=rng.uniform(0.0, 60.0))


def _injection(rng: np.random.Generator, scene: Scene) -> Injection:
    """None, a local one into the pigtail's sinus, or a full aortography."""
    if scene.contents.coronaries:
        return Injection()
    kind = rng.choice(3, p=[0.42, 0.2, 0.38])
    strength, height = rng.uniform(0.10, 0.45), scene.patient.junction_height
    if kind == 0:
        return Injection()
    low = rng.uniform(0.3, 0.8) * height
    reach = rng.uniform(1.05, 2.6) * height if rng.random() < 0.8 else low
    if kind == 1:
        return Injection(sinus=strength, reach=reach)
    return Injection(sinus=strength, root=strength * rng.uniform(0.7, 1.0), reach=reach)
