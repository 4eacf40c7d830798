"""The scene of most cases: a perception node as a process of its own, and the campaign's camera."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter

from tavi_perception.estimates import Reason
from tavi_perception.faults.oracle import Answer, Record, SentImage
from tavi_perception.nodes.faults.camera import Camera, Lens
from tavi_perception.nodes.faults.film import Film
from tavi_perception.nodes.faults.scene import LONGEST, Scene
from tavi_perception.nodes.faults.witness import resident, value
from tavi_perception.nodes.graph import GraphError
from tavi_perception.nodes.session_graph import PERCEPTION, node_program

UNDER_WAY = 0.5
"""s that an answer may take; the most that the tracker is made to wait."""

TRANSITIONS = {
    "configure": Transition.TRANSITION_CONFIGURE,
    "cleanup": Transition.TRANSITION_CLEANUP,
    "activate": Transition.TRANSITION_ACTIVATE,
    "deactivate": Transition.TRANSITION_DEACTIVATE,
}


class PerceptionScene(Scene):
    """All is well when a good image has a valid deviation: the film has contrast all the while."""

    name = f"{Scene.namespace}/perception"
    processes = (PERCEPTION,)

    def start(self) -> None:
        self.camera = Camera(self.witness, Film(), self.world)
        self._set = self.witness.create_client(SetParameters, f"{self.name}/set_parameters")
        self._change = self.witness.create_client(ChangeState, f"{self.name}/change_state")
        words = ["--ros-args", "-r", f"__ns:={self.namespace}", "-p", "publish_tf:=false"]
        words += self.clock_words
        self.graph.start(PERCEPTION, [*node_program("perception_node"), *words], self.out / "perception.log")
        self._memory: list[int] = []
        self.camera.announce()
        self.camera.start()
        self.camera.roll()

    def stop(self) -> None:
        self.camera.end()

    def ready(self) -> None:
        self.go_on()
        since = self.world.now()
        if not self._came(lambda: self.recovered(since)):
            raise GraphError(
                f"the perception node gives no valid deviation for {LONGEST:g} s; see {self.out}"
            )
        self.settle()

    def forget(self) -> None:
        super().forget()
        self.camera.forget()
        self._memory = [resident(self.graph.pid(PERCEPTION))]
        self._dropped_before = self._dropped() or 0

    def forget_memory(self) -> None:
        """The process is another one from here on: what it takes, and what it has counted, begins anew."""
        self._memory = [resident(self.graph.pid(PERCEPTION))]
        self._dropped_before = 0

    def settle(self) -> None:
        self.camera.pause()
        last = self.camera.sent[-1:]
        self.world.came(lambda: self.answered(last), UNDER_WAY)

    def go_on(self) -> None:
        self.camera.roll()

    def recovered(self, since: int) -> int | None:
        good = {image.stamp for image in self.camera.sent if image.good and image.sent > since}
        answers = self.witness.answers
        return next((a.received for a in answers if a.valid and a.stamp in good), None)

    def last_words(self) -> str:
        answers = self.witness.answers
        return f"perception node: {answers[-1].reasons!r}" if answers else "perception node: nothing"

    def record(self, **common: Any) -> Record:
        self._memory.append(resident(self.graph.pid(PERCEPTION)))
        return Record(
            images=tuple(self.camera.sent),
            keypoints=tuple(self.witness.keypoints),
            answers=tuple(self.witness.answers),
            memory=tuple(self._memory),
            accounted=self._accounted(),
            **common,
        )

    # For cases --------------------------------------------------------------------------------------

    def spoil(self, lens: Lens, seconds: float) -> list[SentImage]:
        """Films through a lens for so long, and until its last image is answered; the images sent."""
        with self.camera.through(lens) as images:
            self.world.sleep(seconds)
        self.settle()
        self.go_on()
        return images

    def answered(self, images: list[SentImage]) -> list[Answer]:
        """The first deviation of each image that has one."""
        first: dict[int, Answer] = {}
        for answer in self.witness.answers:
            first.setdefault(answer.stamp, answer)
        return [first[image.stamp] for image in images if image.stamp in first]

    def spoken(self, since: int) -> bool:
        """The node has said something after a time (ns)."""
        return any(answer.received > since for answer in self.witness.answers)

    def calibrated(self, since: int) -> bool:
        """It has answered an image of after a time (ns), and had its geometry."""
        answers = self.witness.answers
        return any(a.stamp > since and not a.reasons & Reason.UNCALIBRATED for a in answers)

    def expect_all(self, images: list[SentImage], reason: Reason, *, since: int = 0) -> None:
        """All that answers the images sent from ``since`` (ns) on has a reason; and something does."""
        found = self.answered([image for image in images if image.sent >= since])
        lacking = [answer for answer in found if answer.valid or not answer.reasons & reason]
        self.expect(found, f"None of {len(images)} images was answered.")
        self.expect(
            not lacking,
            f"{len(lacking)} of {len(found)} answers have none of these reasons, the first is "
            f"{lacking[0].reasons!r}." if lacking else "",
        )  # fmt: skip

    def expect_answered(self, images: list[SentImage]) -> None:
        """Every image is answered, or the node says that it was dropped or lost; not all of them were."""
        answered = len(self.answered(images))
        counted = self._accounted() if answered < len(images) else 0
        self.expect(
            answered > 0 and len(images) <= answered + counted,
            f"Of {len(images)} images {answered} were answered, and {counted} counted as dropped or lost.",
        )

    def expect_stale(self, since: int, until: int) -> None:
        """IMAGE_STALE is said in a span (ns) without images."""
        said = [a for a in self.witness.answers if since < a.received < until]
        self.expect(any(a.reasons & Reason.IMAGE_STALE for a in said), "IMAGE_STALE was not said.")

    def set_parameter(self, name: str, setting: object) -> str:
        """Sets a parameter of the node; why it refuses, empty where it does not."""
        request = SetParameters.Request(parameters=[Parameter(name, value=setting).to_parameter_msg()])
        result = self.call(self._set, request).results[0]
        return "" if result.successful else result.reason or "no reason given"

    def change(self, *transitions: str) -> None:
        for name in transitions:
            request = ChangeState.Request(transition=Transition(id=TRANSITIONS[name]))
            self.expect(self.call(self._change, request).success, f"The transition {name} failed.")

    def said(self, words: str, part: str = "", timeout: float = 10.0) -> None:
        """Waits for a diagnostic from now on that has the words."""
        name, since = self.name + (f": {part}" if part else ""), self.world.now()

        def heard() -> bool:
            status = self.witness.status(name, since)
            return status is not None and words in status.message

        self.wait(heard, f"{words!r} on /diagnostics", timeout)

    def _dropped(self, after: int = 0) -> int | None:
        status = self.witness.status(f"{self.name}: input", after)
        kinds = ("images dropped", "images lost on the way")
        return sum(int(value(status, kind) or 0) for kind in kinds) if status or not after else None

    def _accounted(self) -> int:
        """What diagnostics count as dropped or lost in this record; asked for only where something lacks."""
        answered = defaultdict(int)
        for stamp in self.witness.keypoints:
            answered[stamp] += 1
        if all(answered[image.stamp] for image in self.camera.sent):
            return 0
        now = self.world.now()
        self.world.came(lambda: self._dropped(now) is not None, 3.0)
        return max(0, (self._dropped(now) or 0) - self._dropped_before)
