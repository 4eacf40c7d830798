"""A small synthetic run as a bag with the real message definitions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tavi_perception.bags.topics import TopicQos
from tavi_perception.bags.types import message_store
from tavi_perception.bags.writer import BagWriter
from tavi_perception.carm import CArmGeometry, uncalibrated
from tavi_perception.estimates import AnnulusFrame, AnnulusSource, CatheterDeviation, Keypoints, Reason, Stage
from tavi_perception.landmarks import COUNT, NEEDS_CONTRAST
from tavi_perception.stage_clock import StageClock, StageTimes, TimedStage
from tavi_perception.timing_values import timing_values

LATENCY = 0.012
STAGE_TIMES = {TimedStage.INFERENCE: 0.008, TimedStage.TRACKING: 0.001}
"""Of every frame (s)."""
TARGET = 0.003
TOLERANCE = 0.002


@dataclass(frozen=True)
class RunOptions:
    """What a synthetic run is made of."""

    frames: int = 30
    size: int = 160
    rate: float = 15.0
    images: bool = True
    truth: bool = True
    calibrated: bool = True
    side: int = 1
    """The ventricle sign of the annulus."""
    dropped: int = 0
    """Frames at the end that were never answered."""


@pytest.fixture(scope="session")
def run_bag(tmp_path_factory: pytest.TempPathFactory, scene: Callable[..., Any]) -> Callable[..., Path]:
    """A bag of a synthetic run, never to be changed; keyword arguments as ``RunOptions``."""

    @cache
    def written(options: RunOptions) -> Path:
        path = tmp_path_factory.mktemp("run") / "bag"
        write_run(path, scene, options)
        return path

    return lambda **options: written(RunOptions(**options))


@pytest.fixture(scope="session")
def stage_times() -> dict[TimedStage, float]:
    return STAGE_TIMES


@pytest.fixture(scope="session")
def bag_of() -> Callable[[Path], RunBag]:
    """Begins a bag into which core types can be written."""
    return RunBag


def write_run(path: Path, make_scene: Callable[..., Any], options: RunOptions) -> None:
    """A device that advances into the annulus, contrast in the second sixth, and opens in the last half."""
    rng = np.random.default_rng(3)
    bag = RunBag(path)
    for index in range(options.frames):
        time = index / options.rate
        progress = index / max(options.frames - 1, 1)
        stage = (
            Stage.POSITIONING if progress < 0.5 else Stage.RETRACTION if progress < 0.8 else Stage.DEPLOYMENT
        )
        depth = 0.003 - 0.012 * max(0.0, 0.5 - progress) + 0.0008 * math.sin(8 * time)
        truth = make_scene(options.size, options.side, depth, stage)
        found = _as_seen(truth, progress, time, rng)
        if not options.calibrated:
            found = _uncalibrated(found)
        bag.frame(index, options, found, truth)
    bag.close()


def _as_seen(truth: Any, progress: float, time: float, rng: np.random.Generator) -> Any:
    """With errors, without the annulus before contrast and bound to the pigtail after it."""
    contrast = 1 / 6 <= progress < 1 / 3
    keypoints = truth.keypoints
    present = keypoints.present.copy()
    if not contrast:
        present[list(NEEDS_CONTRAST)] = False
    presence = np.clip(np.where(present, 0.95, 0.04) + rng.normal(0, 0.03, COUNT), 0, 1)
    noise = rng.normal(0, keypoints.width * 0.004, (COUNT, 2))
    xy = np.where(present[:, None], keypoints.xy + noise, np.nan)
    covariance = np.where(present[:, None, None], np.eye(2) * (keypoints.width * 0.004) ** 2, np.nan)
    keypoints = replace(
        keypoints, presence=presence, present=present, measured=present, xy=xy, covariance=covariance
    )
    if progress < 1 / 6:
        reasons = Reason.NO_ANNULUS
        return replace(
            truth, keypoints=keypoints, annulus=AnnulusFrame(reasons=reasons),
            deviation=CatheterDeviation(reasons=reasons, stage=truth.deviation.stage),
        )  # fmt: skip
    source = AnnulusSource.CONTRAST if contrast else AnnulusSource.PIGTAIL
    age = 0.0 if contrast else time * (1 - 1 / 3 / progress)
    depth = truth.deviation.depth + rng.normal(0, 0.0005)
    expired = progress > 0.95
    reasons = Reason.ANNULUS_EXPIRED if expired else Reason.NONE
    return replace(
        truth,
        keypoints=keypoints,
        annulus=replace(truth.annulus, source=source, contrast_age=age, valid=not expired, reasons=reasons),
        deviation=replace(
            truth.deviation, depth=depth, depth_error=depth - TARGET, valid=not expired, reasons=reasons,
            within_tolerance=not expired and abs(depth - TARGET) <= TOLERANCE, annulus_source=source,
            extraction=max(0.0, 2 * (progress - 0.5)) * 0.9,
        ),
    )  # fmt: skip


def _uncalibrated(scene: Any) -> Any:
    size = scene.keypoints.width
    nowhere = {"diameter": float("nan"), "position": np.full(3, np.nan)}
    return replace(
        scene,
        annulus=replace(scene.annulus, **nowhere),
        deviation=CatheterDeviation(reasons=scene.deviation.reasons | Reason.UNCALIBRATED),
        geometry=uncalibrated(size, size),
    )


class RunBag:
    """Core types into a bag, on the topics of the launch files."""

    def __init__(self, path: Path) -> None:
        self.store = message_store()
        self.writer = BagWriter(path)
        latched, sensor = TopicQos(1, True, True), TopicQos(1, reliable=False)
        for name, kind, qos in (
            ("/fluoro/image", "sensor_msgs/msg/Image", sensor),
            ("/fluoro/carm_geometry", "tavi_msgs/msg/CArmGeometry", latched),
            ("/tavi/model_info", "tavi_msgs/msg/ModelInfo", latched),
            ("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", None),
            ("/delivery/state", "tavi_msgs/msg/DeliveryState", None),
            ("/delivery/command", "tavi_msgs/msg/DeliveryCommand", None),
            *(
                (f"/{space}/{name}", f"tavi_msgs/msg/{kind}", None)
                for space in ("tavi", "truth")
                for name, kind in (
                    ("keypoints", "KeypointArray"),
                    ("annulus", "AnnulusFrame"),
                    ("deviation", "CatheterDeviation"),
                )
            ),
        ):  # fmt: skip
            self.writer.add_topic(name, kind, qos)

    def close(self) -> None:
        self.writer.close()

    def frame(self, index: int, options: RunOptions, found: Any, truth: Any) -> None:
        stamp = 1_700_000_000_000_000_000 + round(index / options.rate * 1e9)
        header = self.header(stamp)
        if index == 0:
            self.write("/fluoro/carm_geometry", self.geometry(header, found.geometry), stamp)
            self.write("/tavi/model_info", self.model(header), stamp)
        if options.images:
            self.write("/fluoro/image", self.image(header, truth.image), stamp)
        if options.truth:
            self.scene("/truth", header, truth, stamp)
            self.write(
                "/delivery/state", self.make("DeliveryState", header, index * 1e-4, 0.0, True, False), stamp
            )
            self.write(
                "/delivery/command",
                self.make("DeliveryCommand", header, 1e-3, 0.0, index % 2 == 0, "test"),
                stamp,
            )
        if index < options.frames - options.dropped:
            self.scene("/tavi", header, found, stamp + round(LATENCY * 1e9))
        self.write("/diagnostics", self.diagnostics(header), stamp)

    def scene(self, space: str, header: Any, scene: Any, time_ns: int) -> None:
        self.write(f"{space}/keypoints", self.keypoints(header, scene.keypoints), time_ns)
        self.write(f"{space}/annulus", self.annulus(header, scene.annulus), time_ns)
        self.write(f"{space}/deviation", self.deviation(header, scene.deviation), time_ns)

    def write(self, topic: str, message: Any, time_ns: int) -> None:
        self.writer.write(topic, bytes(self.store.serialize_cdr(message, message.__msgtype__)), time_ns)

    def make(self, name: str, *fields: Any) -> Any:
        return self.store.types[name if "/" in name else f"tavi_msgs/msg/{name}"](*fields)

    def header(self, stamp_ns: int) -> Any:
        stamp = self.make("builtin_interfaces/msg/Time", *divmod(stamp_ns, 1_000_000_000))
        return self.make("std_msgs/msg/Header", stamp, "fluoro")

    def duration(self, seconds: float) -> Any:
        whole, rest = divmod(round(seconds * 1e9) if math.isfinite(seconds) else 0, 1_000_000_000)
        return self.make("builtin_interfaces/msg/Duration", whole, rest)

    def image(self, header: Any, image: np.ndarray) -> Any:
        height, width = image.shape
        return self.make("sensor_msgs/msg/Image", header, height, width, "mono8", 0, width, image.ravel())

    def geometry(self, header: Any, g: CArmGeometry) -> Any:
        lengths = (g.source_to_detector, g.source_to_object, g.imager_pixel_spacing)
        angles = (g.primary_angle, g.secondary_angle)
        return self.make(
            "CArmGeometry", header, *lengths, *angles, g.image_width, g.image_height, int(g.calibration)
        )

    def model(self, header: Any) -> Any:
        thresholds = np.full(COUNT, 0.5, np.float32)
        return self.make("ModelInfo", header, "dummy", "1.0", "0" * 64, "litert", "cpu", 256, 256, thresholds)

    def keypoints(self, header: Any, k: Keypoints) -> Any:
        points = [
            self.make(
                "Keypoint", i, k.presence[i], bool(k.present[i]), bool(k.measured[i]), *k.xy[i],
                k.covariance[i].ravel()[[0, 1, 3]],
            )
            for i in range(COUNT)
        ]  # fmt: skip
        return self.make("KeypointArray", header, k.width, k.height, points)

    def annulus(self, header: Any, a: AnnulusFrame) -> Any:
        pose = self.make(
            "geometry_msgs/msg/Pose",
            self.make("geometry_msgs/msg/Point", *a.position),
            self.make("geometry_msgs/msg/Quaternion", *a.orientation),
        )
        return self.make(
            "AnnulusFrame", header, int(a.source), a.valid, int(a.reasons), a.contrast_age,
            a.x, a.y, a.angle, a.covariance.ravel(), a.diameter, pose,
        )  # fmt: skip

    def deviation(self, header: Any, d: CatheterDeviation) -> Any:
        return self.make(
            "CatheterDeviation", header, d.valid, int(d.reasons), int(d.stage), int(d.reference), d.depth,
            d.depth_sigma, d.depth_error, d.lateral, d.lateral_sigma, d.angle, d.angle_sigma, d.stent_tilt,
            d.extraction, d.within_tolerance, [self.make("geometry_msgs/msg/Point", *p) for p in d.landmarks],
            int(d.annulus_source), self.duration(LATENCY),
        )  # fmt: skip

    def diagnostics(self, header: Any) -> Any:
        status = self.make("diagnostic_msgs/msg/DiagnosticStatus", 0, "perception", "running", "test", [])
        clock, times = StageClock(), StageTimes()
        for stage, seconds in STAGE_TIMES.items():
            clock.took(stage, seconds)
        times.add(clock)
        pairs = [self.make("diagnostic_msgs/msg/KeyValue", *pair) for pair in timing_values(times).items()]
        name = "/tavi/perception: timing"
        timing = self.make("diagnostic_msgs/msg/DiagnosticStatus", 0, name, "running", "test", pairs)
        return self.make("diagnostic_msgs/msg/DiagnosticArray", header, [status, timing])
