"""Why some cells of the matrix have no case."""

from __future__ import annotations

from tavi_perception.faults.matrix import Failure, Unit

REASONS: dict[tuple[Unit, Failure], str] = {
    (Unit.IMAGE_CONTENT, Failure.SLOW): "a picture has no speed: how fast images come is the image stream's",
    (
        Unit.IMAGE_CONTENT,
        Failure.DELAYED,
    ): "a picture has no time of its own: late images are the image stream's",
    (
        Unit.GEOMETRY,
        Failure.STUCK,
    ): "a geometry is latched and stands until the next: one that is out of date is "
    "a wrong one, which nobody can tell but by the capsule's width (test/tracking)",
    (Unit.GEOMETRY, Failure.SLOW): "a geometry is said once and latched: it has no rate",
    (
        Unit.MODEL,
        Failure.STUCK,
    ): "a network keeps no state; an inference that does not return is a node that is stuck",
    (Unit.MODEL, Failure.SLOW): "the time of an inference is the machine's: see machine, slow",
    (Unit.MODEL, Failure.DELAYED): "a model is loaded before the node is active: see node, off",
    (
        Unit.MODEL,
        Failure.INTERMITTENT,
    ): "nothing from outside makes a loaded network fail now and then; a frame "
    "whose processing fails is tested in test/nodes/test_failures.py",
    (Unit.RECORDER, Failure.GARBAGE): "it only listens; what it writes is read back bit by bit in test/bags",
    (
        Unit.RECORDER,
        Failure.SLOW,
    ): "a disk slower than the stream is counted in the bag, which is tested on its "
    "queue (test/bags/test_writer.py)",
    (Unit.RECORDER, Failure.DELAYED): "messages are stamped by their arrival, however late their turn comes "
    "(test/nodes/test_recorder.py)",
    (
        Unit.RECORDER,
        Failure.INTERMITTENT,
    ): "publishers that come and go are tested in test/nodes/test_recorder.py; "
    "a recorder that comes back is another recording",
    (Unit.NETWORK, Failure.STUCK): "a network keeps no messages: one that carries none is off",
    (Unit.NETWORK, Failure.SLOW): "for the node a slow network is a slow image stream",
    (Unit.NETWORK, Failure.DELAYED): "for the node a message under way for long is an image that comes late",
    (Unit.MACHINE, Failure.OFF): "no software runs then; the robot's own brakes have to hold",
    (Unit.MACHINE, Failure.GARBAGE): "flipped bits in memory are for ECC to find, software cannot",
    (Unit.MACHINE, Failure.WRONG): "a wrong clock is the unit time, a full disk the recorder's",
    (Unit.MACHINE, Failure.DELAYED): "for every process it is a machine that is slow",
}
