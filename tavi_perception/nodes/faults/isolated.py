"""A scene in a network of its own, which can be cut: a process in a network namespace, UDP alone.

All talk over the namespace's loopback interface; shared memory, which no cut would reach, is off.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tavi_perception.faults.matrix import Case
from tavi_perception.faults.outcome import Outcome, Verdict
from tavi_perception.nodes.faults.cast import fault
from tavi_perception.nodes.faults.perception_scene import PerceptionScene
from tavi_perception.nodes.faults.world import NS

CUT = 5.0
"""s for which the network is cut, times the scale."""

ARRIVED = 0.1
"""s in which what has arrived before the cut is told."""

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""linux/sockios.h, linux/if.h"""

UDP_ALONE = """<?xml version="1.0" encoding="UTF-8"?>
<dds xmlns="http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles"><profiles>
<transport_descriptors><transport_descriptor>
<transport_id>udp</transport_id><type>UDPv4</type>
</transport_descriptor></transport_descriptors>
<participant profile_name="udp_alone" is_default_profile="true"><rtps>
<userTransports><transport_id>udp</transport_id></userTransports>
<useBuiltinTransports>false</useBuiltinTransports>
</rtps></participant></profiles></dds>
"""
"""For Fast DDS."""


def isolated(cases: list[Case], scale: float, slower: float) -> Iterator[Outcome]:
    """Runs cases in a namespace; where the machine permits none, they are not run."""
    words = _unshare()
    if not words:
        for case in cases:
            yield Outcome(case.name, Verdict.NOT_RUN, ("no network namespace may be made here (unshare -n)",))
        return
    command = [
        *words,
        sys.executable,
        "-m",
        __name__,
        str(scale),
        str(slower),
        *(case.name for case in cases),
    ]
    missing = {case.name: None for case in cases}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                outcome = Outcome.of_json(json.loads(line))
                missing.pop(outcome.case, None)
                yield outcome
    for name in missing:
        yield Outcome(name, Verdict.FAILED, (f"the isolated process has ended ({process.returncode})",))


def _unshare() -> list[str]:
    """The words that run a command in a network namespace; none where that is not permitted."""
    program = shutil.which("unshare") or ""
    for flags in ("-n", "-rn") if program else ():
        tried = subprocess.run([program, flags, "true"], stderr=subprocess.DEVNULL, check=False)
        if not tried.returncode:
            return [program, flags]
    return []


def loopback(up: bool) -> None:
    """Connects everything in this network with everything else, or nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh", b"lo", 0)
        (flags,) = struct.unpack_from("16xh", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        flags = flags | IFF_UP if up else flags & ~IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags))


@fault
def network_cut(scene: PerceptionScene) -> None:
    _cut(scene, CUT * scene.scale)


@fault
def network_flaps(scene: PerceptionScene) -> None:
    for _ in range(3):
        _cut(scene, 0.4)
        scene.world.sleep(0.3)


def _cut(scene: PerceptionScene, seconds: float) -> None:
    with scene.mute():  # what the node says in the meantime is not heard
        loopback(False)
        cut = scene.world.now()
        scene.world.sleep(seconds)
        back = scene.world.now()
        loopback(True)
        scene.wait(lambda: any(a.received > back for a in scene.witness.answers), "a word of the node")
    heard = [a for a in scene.witness.answers if cut + ARRIVED * NS < a.received < back]
    scene.expect(not heard, f"{len(heard)} deviations came while the network was cut.")
    taken = {image.stamp for image in scene.camera.sent if cut < image.sent < back}
    late = [a for a in scene.witness.answers if a.valid and a.stamp in taken]
    scene.expect(not late, f"{len(late)} of {len(taken)} images sent into the cut have a valid deviation.")


def main(words: list[str]) -> None:
    """Of the process in the namespace: scale, slower, names of cases; outcomes as JSON, one a line."""
    from tavi_perception.faults.cases import CASES
    from tavi_perception.nodes.faults.campaign import play

    loopback(True)
    with tempfile.TemporaryDirectory(prefix="tavi-isolated-") as folder:
        profile = Path(folder) / "udp.xml"
        profile.write_text(UDP_ALONE, encoding="utf-8")
        for variable in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE"):
            os.environ[variable] = str(profile)
        # With LOCALHOST the middleware adds shared memory by itself; nobody else is in this network.
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "SUBNET"
        waiting = [case for case in CASES if case.name in words[2:]]
        while waiting:
            for outcome in play(PerceptionScene, waiting, Path(folder), float(words[0]), float(words[1])):
                print(json.dumps(outcome.as_json()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
