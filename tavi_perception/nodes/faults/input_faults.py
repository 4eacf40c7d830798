"""Faults of the geometry, and of time: stamps, the camera's clock, simulated time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from tavi_perception.estimates import Reason
from tavi_perception.nodes.faults.camera import Shot, shot
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.image_faults import FOR, FROZEN, NS
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.session_graph import PERCEPTION

UNDER_WAY = 0.15
"""s in which a geometry reaches the node for sure, so that it is clear which holds for an image."""


def clear(good: bool | None) -> Callable[[Any, int], list[Shot]]:
    return lambda picture, stamp: [shot(picture, stamp, good)]


# Geometry -------------------------------------------------------------------------------------------


def uncalibrated(scene: PerceptionScene, frame_id: str = "fluoro", **changed: object) -> None:
    """Another geometry is said, and then the right one again."""
    scene.camera.announce(frame_id, **changed)
    scene.spoil(clear(None), UNDER_WAY)
    scene.expect_all(scene.spoil(clear(False), FOR), Reason.UNCALIBRATED)
    scene.camera.announce()


@fault
def geometry_withdrawn(scene: PerceptionScene) -> None:
    uncalibrated(scene, source_to_detector=0.0, source_to_object=0.0, imager_pixel_spacing=0.0, calibration=0)


@fault
def nan_geometry(scene: PerceptionScene) -> None:
    uncalibrated(scene, source_to_detector=math.nan)
    uncalibrated(scene, imager_pixel_spacing=math.nan)


@fault
def geometry_in_millimetres(scene: PerceptionScene) -> None:
    geometry = scene.camera.geometry
    uncalibrated(
        scene,
        source_to_detector=1e3 * geometry.source_to_detector,
        source_to_object=1e3 * geometry.source_to_object,
        imager_pixel_spacing=1e3 * geometry.imager_pixel_spacing,
    )


@fault
def geometry_of_another(scene: PerceptionScene) -> None:
    uncalibrated(scene, "other")


@fault
def late_geometry(scene: PerceptionScene) -> None:
    scene.camera.withdraw()
    with scene.mute(), scene.camera.through(clear(False)):
        scene.graph.restart(PERCEPTION)
        back = scene.world.now()
        scene.wait(lambda: scene.answered(scene.camera.sent[-3:]), "answers")
    scene.expect_all(scene.spoil(clear(False), FOR), Reason.UNCALIBRATED, since=back)
    scene.wait(lambda: scene.camera.found, "the node to subscribe to the geometry")
    scene.camera.announce()
    scene.forget_memory()


@fault
def flickering_geometry(scene: PerceptionScene) -> None:
    for _ in range(2):
        scene.camera.announce(source_to_detector=math.nan)
        scene.spoil(clear(None), UNDER_WAY)
        scene.spoil(clear(False), 0.3)
        scene.camera.announce()
        scene.spoil(clear(None), 0.3)


# Stamps ---------------------------------------------------------------------------------------------


def stamped(scene: PerceptionScene, change: Callable[[int], int], reason: Reason) -> None:
    images = scene.spoil(lambda picture, stamp: [shot(picture, change(stamp), False)], FOR)
    scene.expect_all(images, reason)


@fault
def zero_stamps(scene: PerceptionScene) -> None:
    stamped(scene, lambda _: 0, Reason.IMAGE_STALE)


@fault
def equal_stamps(scene: PerceptionScene) -> None:
    first: list[int] = []

    def equal(picture: Any, stamp: int) -> list[Shot]:
        first.append(stamp)
        return [shot(picture, first[0], good=len(first) == 1 or None)]

    scene.spoil(equal, FOR)
    said_of_repeats(scene, first[0])


def said_of_repeats(scene: PerceptionScene, stamp: int) -> None:
    """All answers of one stamp but the first say that it repeats."""
    repeats = [a for a in scene.witness.answers if a.stamp == stamp][1:]
    silent = [a for a in repeats if a.valid or not a.reasons & (Reason.TIME_JUMP | Reason.IMAGE_STALE)]
    scene.expect(repeats, "No second image of the stamp was answered.")
    scene.expect(not silent, f"{len(silent)} of {len(repeats)} answers do not say that the stamp repeats.")


@fault
def stamps_before_1970(scene: PerceptionScene) -> None:
    stamped(scene, lambda _: -5 * NS, Reason.IMAGE_STALE)


@fault
def future_stamps(scene: PerceptionScene) -> None:
    stamped(scene, lambda stamp: stamp + 3600 * NS, Reason.IMAGE_STALE)


@fault
def slow_stamps(scene: PerceptionScene) -> None:
    begin = scene.world.now()

    def slowed(picture: Any, stamp: int) -> list[Shot]:
        behind = (stamp - begin) // 2
        return [shot(picture, stamp - behind, False if behind > FROZEN * NS else None)]

    images = scene.spoil(slowed, 1.0)
    scene.expect_all(images, Reason.IMAGE_STALE, since=begin + round(2.2 * FROZEN * NS))


@fault
def clock_behind(scene: PerceptionScene) -> None:
    stamped(scene, lambda stamp: stamp - NS, Reason.IMAGE_STALE)


@fault
def stamps_go_back(scene: PerceptionScene) -> None:
    numbers = count()

    def back(picture: Any, stamp: int) -> list[Shot]:
        goes_back = next(numbers) % 4 == 3
        return [shot(picture, stamp - NS // 2 if goes_back else stamp, None if not goes_back else False)]

    images = scene.spoil(back, 0.9)
    scene.expect_all([image for image in images if image.good is False], Reason.TIME_JUMP)


# Simulated time -------------------------------------------------------------------------------------


@contextmanager
def simulated_time(scene: PerceptionScene) -> Iterator[None]:
    """The node goes by a clock of the campaign's until the end."""
    world = scene.world
    world.tell(scene.witness)
    if not world.simulated:
        scene.expect(not scene.set_parameter("use_sim_time", True), "Simulated time was refused.")
    try:
        since = world.now()
        scene.wait(lambda: scene.recovered(since), "valid deviations in simulated time")
        yield
    finally:
        if not world.simulated:
            scene.set_parameter("use_sim_time", False)


@fault
def clock_stands(scene: PerceptionScene) -> None:
    with simulated_time(scene):
        scene.world.stand()
        scene.spoil(clear(None), FOR)
        said_of_repeats(scene, scene.world.told())
        scene.world.go()


@fault
def clock_set_back(scene: PerceptionScene) -> None:
    with simulated_time(scene):
        scene.world.set_back(10.0)
        back = scene.world.now()
        scene.spoil(clear(None), UNDER_WAY)
        after = [image for image in scene.camera.sent if image.sent >= back]
        said = scene.answered(after)
        scene.expect(any(a.reasons & Reason.TIME_JUMP for a in said), "TIME_JUMP was not said.")
        scene.recovers(back, "after the clock was set back")
        scene.world.set_back(-10.0)
