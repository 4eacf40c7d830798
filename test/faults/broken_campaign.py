"""A campaign of two cases, in the first of which something goes wrong; prints verdicts and sentences as JSON.

Run by test_broken_case.py, in a process of its own: a graph is one of a whole process.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from tavi_perception.faults import matrix
from tavi_perception.faults.cases import CASES
from tavi_perception.faults.oracle import Record
from tavi_perception.nodes.faults import campaign
from tavi_perception.nodes.faults.cast import FAULTS
from tavi_perception.nodes.faults.deviations import Deviations
from tavi_perception.nodes.faults.scene import Scene


class Bare(Scene):
    """A real graph with nobody in it but the witness, and deviations that it sends."""

    processes = ()

    def start(self) -> None:
        self.deviations = Deviations(self.witness, self.world)
        self.deviations.start()

    def stop(self) -> None:
        self.deviations.end()

    def ready(self) -> None: ...

    def settle(self) -> None: ...

    def go_on(self) -> None: ...

    def recovered(self, since: int) -> int:
        return since

    def last_words(self) -> str:
        return "nothing"

    def record(self, **common: Any) -> Record:
        return Record(**{**common, "speaking": ()})


class Stillborn(Bare):
    """Cannot be set up."""

    def start(self) -> None:
        super().start()
        raise OSError("no such device")


def breaks_down(scene: Bare) -> None:
    scene.expect(False, "This was seen before.")
    scene.deviations.nothing_of_the_kind()


def divides(scene: Bare) -> None:
    with scene.deviations.through(lambda depth, stamp: [1 // 0]):
        scene.world.sleep(0.3)


SCENES = {"breaks_down": (Bare, breaks_down), "divides": (Bare, divides), "stillborn": (Stillborn, divides)}

if __name__ == "__main__":
    first, second = CASES[:2]
    scene, fault = SCENES[sys.argv[1]]
    campaign.SCENES[matrix.Scene.PERCEPTION] = scene
    FAULTS[first.name], FAULTS[second.name] = fault, lambda scene: None
    print(json.dumps([each.as_json() for each in campaign.campaign([first, second])]))
