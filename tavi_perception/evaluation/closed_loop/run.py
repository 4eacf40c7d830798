"""One procedure from its seed to its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tavi_perception.control.config import ControlConfig
from tavi_perception.evaluation.closed_loop.loop import ClosedLoop, LoopOptions, LoopRecord
from tavi_perception.evaluation.closed_loop.outcome import Outcome, outcome_of
from tavi_perception.evaluation.closed_loop.perception import Perceives, Perception
from tavi_perception.foresight import Predict
from tavi_perception.simulation.fault import draw_fault
from tavi_perception.simulation.faulty import faulty_room
from tavi_perception.simulation.live import LiveProcedure
from tavi_perception.simulation.staff import staff_of
from tavi_perception.tracking.config import TrackingConfig


def run_procedure(
    seed: int, predict: Predict, *, faulty: bool = False, options: LoopOptions | None = None,
    control: ControlConfig | None = None,
    perception: Callable[[Predict, TrackingConfig, float], Perceives] = Perception,
) -> tuple[Outcome, LoopRecord]:  # fmt: skip
    """The closed loop of procedure ``seed``; the same arguments give the same outcome, but for ``wall``.

    Args:
        predict: the network.
        faulty: with the fault that belongs to the seed.
        perception: makes a perception of the network, the parameters, and the age (s) of a stale image.
    """
    started = time.perf_counter()
    options = options or LoopOptions()
    fault = draw_fault(seed) if faulty else None
    procedure = LiveProcedure(seed, options.size, room=lambda _, scene: faulty_room(fault, scene))

    def perceive() -> Perceives:
        return perception(predict, TrackingConfig(), options.stale_after)

    loop = ClosedLoop(procedure, perceive, control or ControlConfig(), staff_of(seed), options, fault)
    record = loop.run()
    outcome = outcome_of(record, seed, fault.kind.value if fault else "")
    return replace(outcome, wall=time.perf_counter() - started), record
