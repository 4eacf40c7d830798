"""When a tilted valve is recaptured, and when it is let go."""

from __future__ import annotations

import pytest
from plant import Plant, moving, phases, started

from tavi_perception.control.decision import Phase


@pytest.mark.parametrize("tilt", [0.0022, 0.004])
def test_a_tilted_valve_is_recaptured_and_placed_anew(tilt: float) -> None:
    plant, controller = Plant(tilt=tilt), started()
    moving(plant, controller, Phase.RECAPTURE)
    plant.tilt = 0.0005
    assert plant.run(controller).phase is Phase.DONE
    assert phases(plant).count(Phase.RECAPTURE) == 1


@pytest.mark.parametrize(
    ("tilt", "angle_sigma", "end", "recaptures"),
    [(0.0022, 0.02, Phase.DONE, 1), (0.0026, 0.03, Phase.DONE, 1), (0.0026, 0.005, Phase.ABORTED, 2)],
)
def test_a_valve_that_is_seen_tilted_again_is_released_where_its_tilt_may_be_right(
    tilt: float, angle_sigma: float, end: Phase, recaptures: int
) -> None:
    plant = Plant(tilt=tilt, angle_sigma=angle_sigma)
    assert plant.run(started(), 300.0).phase is end
    assert plant.released is (end is Phase.DONE)
    assert phases(plant).count(Phase.RECAPTURE) == recaptures


def test_a_valve_that_may_not_be_recaptured_is_released_where_its_tilt_may_be_right() -> None:
    assert Plant(tilt=0.0022).run(started(recaptures=0)).phase is Phase.DONE


def test_a_tilt_that_is_hardly_known_excuses_no_release() -> None:
    plant = Plant(tilt=0.0045, angle_sigma=0.3)
    assert plant.run(started(), 300.0).phase is Phase.ABORTED
    assert not plant.released


def test_a_valve_that_stays_tilted_is_never_released() -> None:
    plant = Plant(tilt=0.004)
    assert plant.run(started(), 300.0).phase is Phase.ABORTED
    assert not plant.released
