"""The scene of controller and robot, both real and processes of their own; deviations are scripted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from numpy.typing import NDArray
from tavi_msgs.msg import ControllerState, DeliveryCommand, DeliveryState

from tavi_perception.audit.motion import Commands, Travel
from tavi_perception.bags.decode import stamp_ns
from tavi_perception.control.config import ControlConfig
from tavi_perception.control.decision import Phase
from tavi_perception.faults.oracle import Record
from tavi_perception.nodes import qos
from tavi_perception.nodes.faults.camera import header
from tavi_perception.nodes.faults.deviations import Deviations
from tavi_perception.nodes.faults.scene import LONGEST, Scene
from tavi_perception.nodes.faults.witness import SENT
from tavi_perception.nodes.faults.world import NS
from tavi_perception.nodes.graph import GraphError
from tavi_perception.nodes.session_graph import node_program
from tavi_perception.nodes.simulator_settings import SimulatorConfig

COMMAND, STATE, CONTROLLER_STATE = "/delivery/command", "/delivery/state", "/controller/state"

CONTROLLER, ROBOT = "controller", "robot"
"""Their names in the graph."""

ROBOT_STATUS = "delivery robot"
"""Under which it says on /diagnostics why it stands still."""

STOPS = 0.25
"""s after which a robot stands still that gets no command: 0.2, and a step and a message about it."""

SEED = 950_000
"""Of the simulated robot: its drives come to rest soon (55 ms)."""

REFUSED, COUNTED = "planted", "planted, and judged"
"""How messages are marked that a case sends in another's place: those that must be refused, so that no motion
on them has leave, and those that the oracle judges as it does the controller's."""

KEPT = 5
"""Commands before a record that the robot may still follow in it: 0.3 s."""


class RobotScene(Scene):
    """All is well when the controller commands motion and the robot moves."""

    processes = (CONTROLLER, ROBOT)

    def start(self) -> None:
        witness, slower = self.witness, self.world.slower
        self.deviations = Deviations(witness, self.world)
        self._change = witness.create_client(ChangeState, f"{self.namespace}/controller/change_state")
        self._commands = witness.create_publisher(DeliveryCommand, COMMAND, qos.OUTPUT)
        self._states = witness.create_publisher(DeliveryState, STATE, qos.OUTPUT)
        self._provoked: list[tuple[int, int]] = []
        self._before: list[tuple[int, DeliveryCommand]] = []
        self._since = 0
        # What a controller decides is judged by when it was sent, what comes of it by what the robot does: a
        # process that is stopped may keep those who write to it waiting in the shared memory of Fast DDS.
        witness.listen(DeliveryCommand, COMMAND, moment=SENT)
        witness.listen(ControllerState, CONTROLLER_STATE)
        witness.listen(DeliveryState, STATE)
        witness.create_subscription(DeliveryState, STATE, self._on_state, qos.OUTPUT)
        deviations = self.deviations
        witness.create_subscription(
            ControllerState,
            CONTROLLER_STATE,
            lambda msg: deviations.asked(msg.contrast_requested),
            qos.OUTPUT,
        )
        common = ["--ros-args", "-r", f"__ns:={self.namespace}", *self.clock_words]
        # The robot goes by a steady clock whatever the graph's does: slow motion is made of its parameters.
        velocity = ControlConfig.approach_velocity / slower
        self.graph.start(
            CONTROLLER,
            [*node_program("controller"), *common, "-p", f"motion.approach_velocity:={velocity}"],
            self.out / "controller.log",
        )
        timeout = SimulatorConfig.command_timeout * slower
        words = ["script:=none", f"seed:={SEED}", "size:=64", "frame_rate:=1.0"]
        words += [f"command_timeout:={timeout}"]
        self.graph.start(
            ROBOT,
            [*node_program("simulator"), *common, *(part for word in words for part in ("-p", word))],
            self.out / "robot.log",
        )
        # Deviations that do not follow the robot from its first report on would be its fault.
        if not self._came(lambda: self.states):
            raise GraphError(f"nothing is heard of the robot for {LONGEST:g} s; see {self.out}")
        self.deviations.start()

    def stop(self) -> None:
        self.deviations.end()

    def ready(self) -> None:
        self.afresh()
        since = self.world.now()
        if not self._came(lambda: self.recovered(since)):
            raise GraphError(f"controller and robot do not move within {LONGEST:g} s; see {self.out}")

    def settle(self) -> None:
        """They may go on: a record of them may end anywhere."""

    def go_on(self) -> None:
        """They have never stopped."""

    def forget(self) -> None:
        self._before, self._since = self.commands[-KEPT:], self.world.now()
        super().forget()
        self.deviations.forget()
        self._provoked = []

    def recovered(self, since: int) -> int | None:
        asked = [sent for sent, msg in self.commands if sent > since and not msg.hold]
        moved = [received for received, msg in self.states if stamp_ns(msg) > since and msg.moving]
        return max(asked[0], moved[0]) if asked and moved else None

    def last_words(self) -> str:
        heard = self.witness.heard(CONTROLLER_STATE)
        robot = self.witness.status(ROBOT_STATUS)
        controller = f"{Phase(heard[-1][1].phase).name}, {heard[-1][1].reason!r}" if heard else "nothing"
        return f"controller: {controller}; robot: {robot.message if robot else 'nothing'!r}"

    def record(self, **common: Any) -> Record:
        heard = [(sent, msg) for sent, msg in self.witness.heard(COMMAND) if msg.reason != REFUSED]
        commands = self._before + heard
        states = self.states
        return Record(
            commands=Commands(
                np.array([sent for sent, _ in commands], dtype=np.int64),
                np.array([stamp_ns(msg) for _, msg in commands], dtype=np.int64),
                np.array([msg.advance_velocity for _, msg in commands], dtype=float),
                np.array([msg.retraction_velocity for _, msg in commands], dtype=float),
                np.array([msg.hold for _, msg in commands], dtype=bool),
            ),
            deviations=self.deviations.said,
            travel=Travel(
                self._measured(states),
                np.array([msg.advance for _, msg in states], dtype=float),
                np.array([msg.retraction for _, msg in states], dtype=float),
            ),
            provoked=tuple(self._provoked),
            **{**common, "speaking": ()},
        )

    # For cases --------------------------------------------------------------------------------------

    @property
    def commands(self) -> list[tuple[int, DeliveryCommand]]:
        """(sent ns, command) of the controller itself."""
        return [(at, msg) for at, msg in self.witness.heard(COMMAND) if msg.reason not in (REFUSED, COUNTED)]

    @property
    def states(self) -> list[tuple[int, DeliveryState]]:
        """(received ns, report) of the robot itself."""
        return [(at, msg) for at, msg in self.witness.heard(STATE) if msg.header.frame_id != REFUSED]

    @property
    def late(self) -> float:
        """What is granted to a motion, since the machine may keep messages about it waiting (s)."""
        return self.limits.granted(self.hold_up)

    def follows(self, since: int) -> bool:
        """The robot moves at a time after one (ns)."""
        return any(stamp_ns(msg) > since and msg.moving for _, msg in self.states)

    def aborted(self) -> bool:
        heard = self.witness.heard(CONTROLLER_STATE)
        return bool(heard) and heard[-1][1].phase == ControllerState.ABORTED

    def afresh(self) -> None:
        """Begins a procedure anew, as who deactivates and activates the controller does."""
        self._transition(Transition.TRANSITION_DEACTIVATE)
        self.deviations.begin()
        self._transition(Transition.TRANSITION_ACTIVATE)

    def plant(self, send: Callable[[int], object], seconds: float, period: float = 0.05) -> None:
        """Sends something in another's place again and again; ``send`` is told the time (ns)."""
        end = self.world.now() + round(NS * seconds)
        while self.world.now() < end:
            send(self.world.told())
            self.world.sleep(period)

    def command(self, stamp: int, velocity: float, mark: str = REFUSED) -> None:
        """Of a velocity in the scene's time (m/s), in the controller's place."""
        advance = velocity / self.world.slower
        self._commands.publish(DeliveryCommand(header=header(stamp), advance_velocity=advance, reason=mark))

    def report(self, stamp: int, advance: float | None = None, fault: bool = False) -> None:
        """Of a travel (m), by default the last one, in the robot's place."""
        travel = self.deviations.advance if advance is None else advance
        self._states.publish(DeliveryState(header=header(stamp, REFUSED), advance=travel, fault=fault))

    @contextmanager
    def provoked(self) -> Iterator[None]:
        """The robot is moved without leave meanwhile, and the oracle has to find it."""
        begin = self.world.now()
        yield
        self._provoked.append((begin, self.world.now()))

    def expect_rest(self, since: int) -> None:
        """The robot reports that it stands still, as long after a time (ns) as its drives may take."""
        rests = since + round(NS * (self.limits.motion.lag + self.late))
        moving = [msg for _, msg in self.states if stamp_ns(msg) > rests and msg.moving]
        self.expect(not moving, f"The robot still moves {1e-9 * (rests - since):.1f} s afterwards.")

    def expect_hold(self, since: int) -> None:
        """The controller asks for no motion from a time (ns) on."""
        asked = [msg for at, msg in self.commands if at > since]
        moving = [msg for msg in asked if not msg.hold]
        self.expect(not moving, f"{len(moving)} of {len(asked)} commands ask for motion.")

    def spoke(self, since: int) -> bool:
        """The controller has said something after a time (ns)."""
        return any(at > since for at, _ in self.witness.heard(CONTROLLER_STATE))

    def expect_said(self, words: str, since: int) -> None:
        """The controller gives a reason in these words after a time (ns)."""
        said = {msg.reason for at, msg in self.witness.heard(CONTROLLER_STATE) if at > since}
        self.expect(any(words in reason for reason in said), f"{words!r} is not among {sorted(said)}.")

    def expect_told(self, words: str, since: int) -> None:
        """The robot says on /diagnostics, after a time (ns), that it stands still, and why."""
        came = self.world.came(lambda: self._stands_still(words, since), LONGEST)
        self.expect(came, f"The robot does not say that it stands still: {words}.")

    def expect_stop(self, since: int) -> None:
        """By what the robot has said last it stands still, for whatever reason, soon after a time (ns)."""
        came = self.world.came(self._stands_still, LONGEST)
        taken, allowed = 1e-9 * (self.world.now() - since), STOPS + self.late
        self.expect(came, "The robot does not stand still.")
        self.expect(taken <= allowed, f"It stands still after {taken:.2f} s; expected {allowed:.2f} at most.")

    def _stands_still(self, words: str = "", since: int = 0) -> bool:
        status = self.witness.status(ROBOT_STATUS, since)
        return status is not None and f"stands still: {words}" in status.message

    def _measured(self, states: list[tuple[int, DeliveryState]]) -> NDArray[np.int64]:
        """When (ns) reports were, from the record's begin on.

        The stamps of a robot that was stopped go back from then, and by real time however slow the motion.
        """
        received = np.array([at for at, _ in states], dtype=np.int64)
        stamps = np.array([stamp_ns(msg) for _, msg in states], dtype=np.int64)
        late = np.round((received - stamps) / self.world.slower).astype(np.int64)
        return np.maximum(np.maximum.accumulate(received - late), self._since)

    def _on_state(self, msg: DeliveryState) -> None:
        if msg.header.frame_id != REFUSED:
            self.deviations.moved(msg.advance)

    def _transition(self, number: int) -> None:
        self.call(self._change, ChangeState.Request(transition=Transition(id=number)))
