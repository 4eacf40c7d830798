"""What the stent shortens is learned from its depth, within what stents do, where contrast confirms it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plant import Plant, moving, started

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.decision import Phase
from tavi_perception.control.shortening import Shortening
from tavi_perception.estimates import AnnulusSource

FRAME = 1.0 / 15.0
EXPECTED = ControlConfig().shortening


def opening(learned: Shortening, share: float, begin: float = 0.0) -> None:
    """Ten seconds in which a stent opens by 30 mm and shortens by a share of that."""
    for i in range(150):
        opened = 0.0002 * i
        learned.update(begin + i * FRAME, 0.003 - share * opened, 0.0, opened)


@pytest.mark.parametrize("share", [0.10, 0.18])
def test_what_a_stent_shortens_is_learned_while_it_opens(share: float) -> None:
    learned = Shortening(ControlConfig())
    opening(learned, share)
    assert abs(learned.share - share) < 0.5 * abs(EXPECTED - share)


@pytest.mark.parametrize("share", [-0.2, 0.0, 0.5])
def test_what_no_stent_does_is_not_taken_for_its_shortening(share: float) -> None:
    learned = Shortening(ControlConfig())
    opening(learned, share)
    assert abs(learned.share - EXPECTED) < 0.08


def test_what_was_learned_is_kept_where_contrast_confirms_it_and_else_forgotten() -> None:
    learned = Shortening(ControlConfig())
    opening(learned, 0.10)
    learned.restart(confirmed=True)
    kept = learned.share
    opening(learned, 0.20, 20.0)
    learned.restart(confirmed=False)
    assert learned.share == kept < EXPECTED


@pytest.mark.parametrize("phase", [Phase.RETRACT, Phase.RELEASE])
def test_an_annulus_that_moves_along_with_the_catheter_while_the_capsule_opens_ends_no_procedure_well(
    phase: Phase,
) -> None:
    plant, controller = Plant(), started()
    moving(plant, controller, phase)
    plant.contrast_works = False
    while not controller.finished:
        seen = plant.deviation()
        if seen.annulus_source is AnnulusSource.PIGTAIL:
            seen = replace(seen, depth=0.0022)
        plant.show(controller, seen)
    assert plant.decisions[-1].phase is Phase.ABORTED
    assert plant.inflow < 0.006
