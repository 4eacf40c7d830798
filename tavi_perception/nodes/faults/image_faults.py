"""Faults of the image stream and of what the images show."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image

from tavi_perception.bags.decode import stamp_ns
from tavi_perception.estimates import Reason
from tavi_perception.faults.oracle import SentImage
from tavi_perception.nodes.faults.camera import Lens, Shot, shot
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.film import RATE
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.session_graph import node_program

NS = 1_000_000_000
FOR = 0.6
"""s that most faults last: some frames, and longer than anything may be old."""

FROZEN = 0.25
"""s after which a picture that does not change counts no longer, and a frame."""


def instead(change: Any, good: bool | None = False) -> Lens:
    """A lens that changes the picture."""
    return lambda picture, stamp: [shot(change(picture), stamp, good)]


def rejected(scene: PerceptionScene, lens: Lens, seconds: float = FOR) -> None:
    scene.expect_all(scene.spoil(lens, seconds), Reason.IMAGE_REJECTED)


@fault
def images_stop(scene: PerceptionScene) -> None:
    scene.camera.pause()
    begin = scene.world.now()
    scene.world.sleep(1.0)
    scene.expect_stale(begin, scene.world.now())
    scene.camera.roll()


@fault
def publisher_killed(scene: PerceptionScene) -> None:
    with tempfile.TemporaryDirectory(prefix="tavi-") as folder:
        for index, picture in zip(range(120), scene.camera.film, strict=False):
            cv2.imwrite(str(Path(folder) / f"{index:03d}.png"), picture)
        scene.camera.pause()
        subscription = scene.witness.create_subscription(
            Image, "image", lambda msg: _seen(scene, msg), qos_profile_sensor_data
        )
        words = ["--ros-args", "-r", f"__ns:={scene.namespace}", "-r", "carm_geometry:=elsewhere"]
        words += [
            "-p",
            f"source:={folder}",
            "-p",
            "loop:=true",
            "-p",
            f"frame_rate:={RATE / scene.world.slower}",
        ]
        words += scene.clock_words
        scene.graph.start("player", [*node_program("image_player"), *words], scene.out / "player.log")
        scene.wait(lambda: scene.recovered(scene.begun), "a valid deviation of the player's images")
        scene.graph.kill("player")
        killed = scene.world.now()
        scene.world.sleep(0.5)
        scene.expect_stale(killed, scene.world.now())
        scene.graph.restart("player")
        again = scene.world.now()
        first = lambda: next((i.sent for i in scene.camera.sent if i.sent > again), 0)  # noqa: E731
        scene.wait(first, "images of the player that was started again")
        back = first()
        scene.recovers(back, "of its images")
        # The node may have found it sooner than the witness has.
        known = {image.stamp for image in scene.camera.sent}
        for stamp in {a.stamp for a in scene.witness.answers if again < a.stamp < back} - known:
            scene.camera.heard(SentImage(stamp, stamp))
        scene.graph.stop("player")
        scene.witness.destroy_subscription(subscription)
        scene.camera.roll()


def _seen(scene: PerceptionScene, msg: Image) -> None:
    scene.camera.heard(SentImage(stamp_ns(msg), scene.world.now()))


@fault
def same_message(scene: PerceptionScene) -> None:
    kept: list[Shot] = []

    def repeat(picture: Any, stamp: int) -> list[Shot]:
        kept.append(kept[0] if kept else shot(picture, stamp, None))
        return kept[-1:]

    scene.spoil(repeat, FOR)
    stamp = stamp_ns(kept[0].msg)
    late = [a for a in scene.witness.answers if a.stamp == stamp and a.received - stamp > FROZEN * NS]
    scene.expect(late and not any(a.valid for a in late), "It stays valid, or unanswered.")


@fault
def contradictory_fields(scene: PerceptionScene) -> None:
    damages: list[dict[str, Any]] = [
        {"step": 10}, {"data": b""}, {"height": 0}, {"height": 40_000}, {"encoding": "32FC1"},
        {"encoding": "no such encoding"}, {"width": 1, "height": 1, "step": 1}, {"step": 2**31},
    ]  # fmt: skip
    numbers = count()

    def damaged(picture: Any, stamp: int) -> list[Shot]:
        spoilt = shot(picture, stamp, good=False)
        for name, setting in damages[next(numbers) % len(damages)].items():
            setattr(spoilt.msg, name, setting)
        return [spoilt]

    rejected(scene, damaged, 0.7)


@fault
def flood(scene: PerceptionScene) -> None:
    before = scene.camera.period
    scene.camera.period = 1 / 200
    try:
        sent = scene.spoil(lambda picture, stamp: [shot(picture, stamp)], 1.0)
    finally:
        scene.camera.period = before
    scene.expect(len(scene.answered(sent)) >= 5, "Fewer than five of the images were answered.")


@fault
def other_c_arm(scene: PerceptionScene) -> None:
    images = scene.spoil(lambda picture, stamp: [shot(picture, stamp, False, "other")], FOR)
    scene.expect_all(images, Reason.UNCALIBRATED)


@fault
def slow_stream(scene: PerceptionScene) -> None:
    before = scene.camera.period
    scene.camera.period = 0.5
    begin = scene.world.now()
    scene.world.sleep(1.2)
    scene.camera.period = before
    scene.expect_stale(begin, scene.world.now())


@fault
def late_images(scene: PerceptionScene) -> None:
    images = scene.spoil(lambda picture, stamp: [shot(picture, stamp - NS // 2, good=False)], FOR)
    scene.expect_all(images, Reason.IMAGE_STALE)


@fault
def bursts(scene: PerceptionScene) -> None:
    for _ in range(2):
        scene.camera.pause()
        begin = scene.world.now()
        scene.world.sleep(0.4)
        scene.expect_stale(begin, scene.world.now())
        scene.camera.roll()
        scene.world.sleep(0.4)


@fault
def black(scene: PerceptionScene) -> None:
    rejected(scene, instead(np.zeros_like))


@fault
def saturated(scene: PerceptionScene) -> None:
    rejected(scene, instead(lambda picture: np.full_like(picture, 255)))


@fault
def same_picture(scene: PerceptionScene) -> None:
    kept: list[Any] = []

    def frozen(picture: Any, stamp: int) -> list[Shot]:
        kept.append(picture)
        return [shot(kept[0], stamp, None)]

    begin = scene.world.now()
    images = scene.spoil(frozen, 0.9)
    scene.expect_all(images, Reason.IMAGE_STALE, since=begin + round((FROZEN + 0.1) * NS))


@fault
def noise(scene: PerceptionScene) -> None:
    random = np.random.default_rng(0)

    def noisy(picture: Any) -> Any:
        return np.clip(random.normal(128, 25, picture.shape), 0, 255).astype(np.uint8)

    scene.spoil(instead(noisy), FOR)


@fault
def half(scene: PerceptionScene) -> None:
    """Where the device lies: below, it comes from above."""

    def cut(picture: Any) -> Any:
        remaining = picture.copy()
        remaining[picture.shape[0] // 4 :] = 0
        return remaining

    scene.spoil(instead(cut), FOR)


@fault
def size_changes(scene: PerceptionScene) -> None:
    images = scene.spoil(instead(lambda picture: np.kron(picture, np.ones((2, 2), np.uint8)), None), FOR)
    sizes = {stamp_ns(msg): msg.image_width for _, msg in scene.witness.heard("keypoints")}
    found = {sizes[image.stamp] for image in images if image.stamp in sizes}
    twice = 2 * scene.camera.film.images[0].shape[1]
    scene.expect(found == {twice}, f"Answers are of {sorted(found)} px instead of {twice}.")


@fault
def encoding_changes(scene: PerceptionScene) -> None:
    rejected(scene, instead(lambda picture: picture.astype(np.uint16) << 4))


@fault
def flicker(scene: PerceptionScene) -> None:
    numbers = count()

    def every_other(picture: Any, stamp: int) -> list[Shot]:
        dark = next(numbers) % 2 == 0
        return [shot(np.zeros_like(picture) if dark else picture, stamp, not dark)]

    images = scene.spoil(every_other, 0.8)
    scene.expect_all([image for image in images if not image.good], Reason.IMAGE_REJECTED)
    clear = scene.answered([image for image in images if image.good])
    scene.expect(clear, "No good image was answered.")
    scene.expect(not any(a.reasons & Reason.IMAGE_REJECTED for a in clear), "A good image was rejected.")
