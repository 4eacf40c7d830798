"""Why some cells of the matrix have no case."""

from __future__ import annotations

from tavi_perception.faults.matrix import Failure, Unit

NOT_YET = "not built yet"
"""How the reason of a cell begins that does apply."""

PROMISES = "what it makes of such deviations is tested in test/control/test_promises.py"
KILLED = "a controller that is killed and restarted is the fault controller_restarts of ./tavi demo"
COMMANDS = "what the robot makes of such commands is tested in test/nodes/simulator/test_robot.py"
DRIVES = "what becomes of a robot that fails is measured by ./tavi evaluate --closed-loop --faults"

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
    (Unit.CONTROLLER, Failure.SLOW): "commands run out after 0.2 s whoever sends them: see controller, "
    "intermittent, and node, slow",
    (Unit.NODE, Failure.GARBAGE): f"{NOT_YET} with the real controller; {PROMISES}",
    (Unit.NODE, Failure.SLOW): f"{NOT_YET} with the real controller; {PROMISES}",
    (Unit.NODE, Failure.DELAYED): f"{NOT_YET} with the real controller; {PROMISES}",
    (Unit.CONTROLLER, Failure.OFF): f"{NOT_YET}; {KILLED}",
    (Unit.CONTROLLER, Failure.STUCK): f"{NOT_YET}; {COMMANDS}",
    (Unit.CONTROLLER, Failure.GARBAGE): f"{NOT_YET}; {COMMANDS}",
    (Unit.CONTROLLER, Failure.WRONG): f"{NOT_YET}; {COMMANDS}",
    (Unit.CONTROLLER, Failure.DELAYED): f"{NOT_YET}; {COMMANDS}",
    (Unit.CONTROLLER, Failure.INTERMITTENT): f"{NOT_YET}; {KILLED}",
    **{(Unit.ROBOT, failure): f"{NOT_YET}; {DRIVES}" for failure in Failure},
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
    (Unit.MACHINE, Failure.STUCK): f"{NOT_YET}; for the perception node alone it is node, stuck",
    (
        Unit.MACHINE,
        Failure.INTERMITTENT,
    ): f"{NOT_YET} for controller and robot; for the perception node it is node, intermittent",
    (Unit.MACHINE, Failure.DELAYED): "for every process it is a machine that is slow",
}
