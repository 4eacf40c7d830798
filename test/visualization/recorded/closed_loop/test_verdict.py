"""The verdict on a procedure says what became of the valve, not what was believed."""

from __future__ import annotations

from tavi_perception.audit.procedure import Procedure
from tavi_perception.audit.verdict import Outcome, verdict


def test_valve_that_is_released_at_its_target_is_placed(placed: Procedure) -> None:
    found = verdict(placed)
    print(found)
    assert found.outcome is Outcome.PLACED and found.ok
