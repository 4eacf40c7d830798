"""Faults of the model, the node's process, the recorder, the network's peers, and the machine."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rclpy.qos import DurabilityPolicy, QoSProfile
from tavi_msgs.msg import CArmGeometry, CatheterDeviation

from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.topics import BagError
from tavi_perception.estimates import Reason
from tavi_perception.inference.bundle import LITERT_FILE, default_bundle
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.input_faults import clear
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.session_graph import PERCEPTION

ANEW = ("deactivate", "cleanup", "configure", "activate")

KILLS = 50
"""Of a node that is killed again and again, times the scale."""

SMALL_DISK = 300_000
"""bytes that a bag may have on the full disk: some images."""


# Model ----------------------------------------------------------------------------------------------


def configure(scene: PerceptionScene, model: str) -> None:
    """Configures the node anew, with a model."""
    scene.set_parameter("model", model)
    with scene.mute(), scene.camera.through(clear(None)):
        scene.change(*ANEW)
        scene.wait(lambda: scene.answered(scene.camera.sent[-3:]), "answers after the configuration")


def not_ready(scene: PerceptionScene) -> None:
    scene.expect_all(scene.spoil(clear(False), 0.3), Reason.MODEL_NOT_READY)


@contextmanager
def own_bundle(scene: PerceptionScene) -> Iterator[Path]:
    """The node runs a copy of the shipped model meanwhile; the file of its network."""
    folder = scene.out / "model"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(default_bundle().folder, folder)
    configure(scene, str(folder))
    yield folder / LITERT_FILE
    changed = scene.world.now()
    scene.wait(lambda: scene.recovered(changed), "that the loaded network goes on")
    configure(scene, str(folder))
    not_ready(scene)
    configure(scene, "")


@fault
def model_missing(scene: PerceptionScene) -> None:
    configure(scene, str(scene.out / "nowhere"))
    not_ready(scene)
    configure(scene, "")


@fault
def model_truncated(scene: PerceptionScene) -> None:
    with own_bundle(scene) as network:
        os.truncate(network, 0)


@fault
def model_replaced(scene: PerceptionScene) -> None:
    with own_bundle(scene) as network:
        other = network.with_name("other")
        other.write_bytes(network.read_bytes()[::-1])
        other.replace(network)


# Node -----------------------------------------------------------------------------------------------


@fault
def node_killed(scene: PerceptionScene) -> None:
    with scene.mute(), scene.camera.through(clear(None)):
        killed = scene.starts(PERCEPTION, scene.spoken)
        # Until it has found image and geometry, which the middleware takes a second for after a kill, what it
        # lacks is on the fault's account.
        scene.wait(lambda: scene.calibrated(killed), "an answer to an image with the geometry")
    scene.forget_memory()


@fault
def killed_again_and_again(scene: PerceptionScene) -> None:
    moments = random.Random(0)
    for _ in range(max(1, round(KILLS * scene.scale))):
        scene.world.sleep(moments.uniform(0.0, 1.0))
        node_killed(scene)
        scene.recovers(scene.world.now(), "after the node has come back")


@fault
def node_deactivated(scene: PerceptionScene) -> None:
    with scene.mute(), scene.camera.through(clear(None)):
        scene.change("deactivate")
        silent = scene.world.now()
        scene.world.sleep(0.4)
        said = [a for a in scene.witness.answers if a.received > silent]
        scene.expect(not said, f"{len(said)} deviations came of a node that is not active.")
        scene.change("activate")
        scene.wait(lambda: any(a.received > silent for a in scene.witness.answers), "its first word")


@fault
def node_stopped(scene: PerceptionScene) -> None:
    with scene.mute(), scene.camera.through(clear(None)):
        with scene.stopped(PERCEPTION):
            stopped = scene.world.now()
            scene.world.sleep(1.0)
            again = scene.world.now()
        scene.wait(lambda: scene.answered(scene.camera.sent[-3:]), "answers after it goes on")
    waited = [
        a for a in scene.witness.answers if a.received > again and stopped < a.stamp < again - 3 * 10**8
    ]
    scene.expect(not any(a.valid for a in waited), "A deviation of an image that waited is valid.")


@fault
def parameter_refused(scene: PerceptionScene) -> None:
    for name, setting in (("stale_after", -1.0), ("stale_after", "soon"), ("annulus.diameter_min", 0.05)):
        said = scene.set_parameter(name, setting)
        scene.expect(name in said, f"{name} := {setting!r} was answered with {said or 'consent'!r}.")
    images = scene.spoil(clear(True), 0.2)
    scene.expect_answered(images)


# Recorder -------------------------------------------------------------------------------------------


@contextmanager
def recorder(
    scene: PerceptionScene, limit: Callable[[], None] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A process that records the images and their answers, and its bag; it records when this begins."""
    bag = scene.out / "recorded"
    shutil.rmtree(bag, ignore_errors=True)
    topics = [f"{scene.namespace}/{name}" for name in ("image", "deviation")]
    command = [sys.executable, "-m", "tavi_perception.cli", "record", str(bag), "--topics", *topics]
    with _log(bag).open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=limit, start_new_session=True
        )
    try:
        counted = scene.witness.count_subscribers
        scene.wait(lambda: counted(topics[0]) >= 2 and counted(topics[1]) >= 2, "the recorder to subscribe")
        scene.world.sleep(0.3)
        yield process, bag
    finally:
        process.kill()
        process.wait()


def _log(bag: Path) -> Path:
    """Where the process that records a bag says what it says."""
    return bag.with_suffix(".log")


@fault
def recorder_killed(scene: PerceptionScene) -> None:
    with recorder(scene) as (process, bag):
        process.kill()
        process.wait()
        try:
            with BagReader(bag) as reader:
                said = f"{sum(1 for _ in reader.messages())} messages were read"
        except BagError as error:
            said = str(error)
        known = ("cut off", "damaged", "messages were read")
        scene.expect(any(words in said for words in known), f"Reading said: {said}.")


@fault
def recorder_stopped(scene: PerceptionScene) -> None:
    with recorder(scene) as (process, _):
        process.send_signal(signal.SIGSTOP)
        images = scene.spoil(clear(True), 1.0)
        process.send_signal(signal.SIGCONT)
        scene.expect_answered(images)
        scene.world.sleep(0.2)
        scene.expect(process.poll() is None, "The recorder has ended.")


@fault
def disk_full(scene: PerceptionScene) -> None:
    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, SMALL_DISK))

    with recorder(scene, small) as (process, bag):
        scene.wait(lambda: process.poll() is not None, "the recorder to end")
        if process.poll() is not None:
            said = _log(bag).read_text(encoding="utf-8", errors="replace")
            scene.expect(process.returncode == 1, f"Its exit code is {process.returncode}, not 1.")
            scene.expect("cannot be written" in said and "Traceback" not in said, f"It said: {said[-500:]}")


# Network --------------------------------------------------------------------------------------------


@fault
def garbage_datagrams(scene: PerceptionScene) -> None:
    """To all ports of the first participants of the domain (DDS-RTPS 9.6.2)."""
    base = 7400 + 250 * int(os.environ["ROS_DOMAIN_ID"])
    generator = random.Random(0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(2000):
            head = b"RTPS\x02\x03" if number % 2 else b""
            data = head + generator.randbytes(generator.choice((0, 3, 20, 64, 500, 1400)))
            sender.sendto(data, ("127.0.0.1", base + generator.choice((0, 1, *range(10, 24)))))
    images = scene.spoil(clear(True), 0.3)
    scene.expect(scene.answered(images), "No image was answered afterwards.")


@fault
def incompatible_qos(scene: PerceptionScene) -> None:
    witness = scene.witness
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    subscriber = witness.create_subscription(CatheterDeviation, "deviation", lambda _: None, latched)
    publisher = witness.create_publisher(CArmGeometry, "carm_geometry", 1)
    named = f"{scene.namespace}/witness"
    try:
        scene.said(f"{named} subscribes to {scene.namespace}/deviation with an incompatible", "output")
        scene.said(f"{named} publishes {scene.namespace}/carm_geometry with an incompatible", "input")
    finally:
        witness.destroy_subscription(subscriber)
        witness.destroy_publisher(publisher)


# Machine --------------------------------------------------------------------------------------------


@fault
def cpu_starved(scene: PerceptionScene) -> None:
    program = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(program) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        images = scene.spoil(clear(True), 1.5)
    finally:
        for process in busy:
            process.kill()
            process.wait()
    scene.expect(scene.answered(images), "No image was answered.")
