"""Independent random frames with their landmarks, for training and validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tavi_perception.simulation.backdrop import Backgrounds, composited
from tavi_perception.simulation.config import SimulationConfig
from tavi_perception.simulation.contrast import Contrast
from tavi_perception.simulation.device import DeviceState
from tavi_perception.simulation.distributions import Chance
from tavi_perception.simulation.makes import OWN, foreign_makes
from tavi_perception.simulation.motion import Motion
from tavi_perception.simulation.robot import FULL_EXTRACTION
from tavi_perception.simulation.scene import Contents, Moment, Scene
from tavi_perception.simulation.seeds import opened
from tavi_perception.simulation.truth import Truth, truth_of
from tavi_perception.simulation.xray import Grey

FRAMES_PER_PATIENT = 8
"""Moments of each patient that training and evaluation draw."""

_FOREIGN = Chance(0.15)
"""Delivery systems of other makes among those in the field."""

_USUAL, _REAL = (0.76, 0.06, 0.08, 0.08, 0.02), (0.64, 0.06, 0.08, 0.20, 0.02)
"""How often a patient lacks what, see ``_contents``: a real background alone teaches what is no landmark."""


def samples(
    seed: int, size: int, count: int, config: SimulationConfig | None = None,
    backgrounds: Backgrounds | None = None,
) -> Iterator[tuple[Grey, Truth]]:  # fmt: skip
    """``count`` unrelated moments of the patient of ``seed``: images (size, size) and their truth.

    The same seed gives the same bytes, with the same ``backgrounds``: real frames that take the place of
    drawn anatomy. Stages, contrast and phases are drawn evenly rather than in the proportions of a procedure,
    so that rare landmarks are not rare.

    Raises:
        SealedSeedError: the seed is sealed.
        BackgroundError: there is no background that can be used.
    """
    config = config or SimulationConfig()
    rng = np.random.default_rng([opened(seed), 2])
    backdrop = backgrounds.draw(rng, size) if backgrounds else None
    if backdrop:
        config = replace(config, image=composited(config.image))
    scene = Scene(rng, size, config, _contents(rng, _REAL if backdrop else _USUAL), backdrop=backdrop)
    motion = Motion(rng, config.motion, scene.root)
    for _ in range(count):
        moment = _moment(rng, scene, motion)
        yield scene.render(moment, rng), truth_of(scene, moment, float("nan"))


def _contents(rng: np.random.Generator, shares: tuple[float, ...]) -> Contents:
    """Mostly the full field; some patients lack the delivery system, the pigtail, or both."""
    kind = rng.choice(5, p=shares)
    other = rng.spawn(1)[0]
    make = str(other.choice(foreign_makes())) if _FOREIGN.draw(other) else OWN
    return (
        Contents(make=make),
        Contents(delivery=False),
        Contents(pigtail=False, make=make),
        Contents(delivery=False, pigtail=False, coronaries=True),
        Contents(delivery=False, pigtail=False),
    )[kind]


def _moment(rng: np.random.Generator, scene: Scene, motion: Motion) -> Moment:
    paced = bool(rng.random() < 0.5)
    before = motion.shifts(0.0).root
    for step in rng.uniform(0.2, 1.5, 4):
        motion.step(step, paced)
    before = motion.shifts(0.0).root
    motion.step(0.01, paced)
    shifts = motion.shifts(float(rng.random() < 0.3))
    velocity = (motion.shifts(0.0).root - before) / 0.01
    return Moment(_device(rng, scene), _contrast(rng, scene), shifts, scene.view, 0.0, velocity)


def _device(rng: np.random.Generator, scene: Scene) -> DeviceState:
    """A state drawn evenly over the procedure, with partly retracted capsules the most frequent."""
    kind = rng.choice(4, p=[0.15, 0.33, 0.40, 0.12])
    if kind == 0:
        return DeviceState(advance=rng.uniform(-45.0, 5.0))
    depth = rng.normal(4.0, 4.0)
    if kind == 1:
        return DeviceState(advance=depth)
    if kind == 2:
        extraction = rng.uniform(0.03, FULL_EXTRACTION)
        followed = scene.device.shortening * scene.device.capsule_length * extraction**2
        return DeviceState(advance=depth + followed, extraction=extraction)
    return DeviceState(depth + 8.0, FULL_EXTRACTION, True, rng.uniform(0.0, 60.0), rng.uniform(0.0, 3.0))


def _contrast(rng: np.random.Generator, scene: Scene) -> Contrast:
    """None, a local one into the pigtail's sinus, or a full aortography at any time of its course."""
    if scene.contents.coronaries or rng.random() < 0.4:
        return Contrast()
    contrast = scene.injector.contrast([float(rng.uniform(0.15, 4.5))], scene.root.junction_height)
    if rng.random() < 0.2:
        return replace(contrast, root=0.0)
    return contrast
