"""An error within a case is the failure of that case alone."""

from __future__ import annotations

from typing import Any

import pytest

from tavi_perception.faults import matrix
from tavi_perception.faults.cases import CASES
from tavi_perception.faults.oracle import Record
from tavi_perception.faults.outcome import Verdict
from tavi_perception.nodes.faults import campaign
from tavi_perception.nodes.faults.cast import FAULTS
from tavi_perception.nodes.faults.deviations import Deviations
from tavi_perception.nodes.faults.scene import Scene
from tavi_perception.nodes.graph import Graph

FIRST, SECOND = CASES[:2]


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

    def record(self, **common: Any) -> Record:
        return Record(**{**common, "speaking": ()})


class Stillborn(Bare):
    """Cannot be set up."""

    def start(self) -> None:
        super().start()
        raise OSError("no such device")


def of_campaign(monkeypatch: pytest.MonkeyPatch, scene: type[Scene], fault: Any) -> list[tuple[Verdict, str]]:
    """Verdict and sentences of two cases in a scene, in the first of which something goes wrong."""
    monkeypatch.setitem(campaign.SCENES, matrix.Scene.PERCEPTION, scene)
    monkeypatch.setitem(FAULTS, FIRST.name, fault)
    monkeypatch.setitem(FAULTS, SECOND.name, lambda scene: None)
    return [(each.verdict, " ".join(each.sentences)) for each in campaign.campaign([FIRST, SECOND])]


def test_an_error_of_a_case_is_its_failure_in_a_sentence_and_the_next_case_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks_down(scene: Bare) -> None:
        scene.expect(False, "This was seen before.")
        scene.deviations.nothing_of_the_kind()

    (verdict, said), (following, _) = of_campaign(monkeypatch, Bare, breaks_down)
    assert verdict is Verdict.FAILED and following is Verdict.OK
    assert "This was seen before." in said
    assert "the case has broken down: AttributeError" in said and "test_broken_case.py, line" in said


def test_an_error_in_a_thread_of_a_case_is_its_failure_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def divides(scene: Bare) -> None:
        with scene.deviations.through(lambda depth, stamp: [1 // 0]):
            scene.world.sleep(0.3)

    (verdict, said), (following, _) = of_campaign(monkeypatch, Bare, divides)
    assert verdict is Verdict.FAILED and following is Verdict.OK and "ZeroDivisionError" in said


def test_a_scene_that_cannot_be_set_up_fails_each_of_its_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    for verdict, said in of_campaign(monkeypatch, Stillborn, lambda scene: None):
        assert verdict is Verdict.FAILED and "before the case: OSError: no such device" in said


def test_the_graph_is_free_again_after_a_case_has_broken_down(monkeypatch: pytest.MonkeyPatch) -> None:
    of_campaign(monkeypatch, Stillborn, lambda scene: None)
    with Graph():
        pass
