"""One procedure of a study as a worker process runs it: from its seed to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import cv2

from tavi_perception.control.config import ControlConfig
from tavi_perception.evaluation.closed_loop.loop import LoopOptions
from tavi_perception.evaluation.closed_loop.naive import NaivePerception
from tavi_perception.evaluation.closed_loop.outcome import Outcome
from tavi_perception.evaluation.closed_loop.perception import Perceives, Perception
from tavi_perception.evaluation.closed_loop.run import run_procedure
from tavi_perception.fingerprint import fingerprint
from tavi_perception.foresight import Predict
from tavi_perception.inference.bundle import load_bundle
from tavi_perception.inference.predictor import Predictor
from tavi_perception.tracking.config import TrackingConfig

PERCEPTIONS: dict[str, Callable[[Predict, TrackingConfig, float], Perceives]] = {
    "tracked": Perception,
    "naive": NaivePerception,
    "paper": NaivePerception,
}
"""Arms of a study: the node's own perception; the network alone; the network alone, one of the paper's."""


class OtherCodeError(Exception):
    """A worker would not give the outcomes that the study asks for; the message is one sentence."""


@dataclass(frozen=True)
class Trial:
    """Everything but the seed that an outcome depends on; called with a seed it runs that procedure.

    Attributes:
        bundle: folder of the network.
        perception: one of ``PERCEPTIONS``.
        faulty: each procedure has the fault that belongs to its seed.
        options, control: of the loop and of the controller.
        asked: fingerprint that a worker must have; empty: any.
    """

    bundle: Path
    perception: str = "tracked"
    faulty: bool = False
    options: LoopOptions = field(default_factory=LoopOptions)
    control: ControlConfig = field(default_factory=ControlConfig)
    asked: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes with whatever an outcome can depend on, as it is in this process."""
        return fingerprint(
            __name__,
            model=load_bundle(self.bundle).sha256,
            trial=replace(self, bundle=Path(), asked=""),
        )

    def __call__(self, seed: int) -> Outcome:
        """The outcome of procedure ``seed``.

        Raises:
            OtherCodeError: code, packages or model of this process are not those that were asked for.
        """
        predictor = _prepared(self)
        outcome, _ = run_procedure(
            seed, predictor.predict, faulty=self.faulty, options=self.options, control=self.control,
            perception=PERCEPTIONS[self.perception],
        )  # fmt: skip
        return outcome


@cache
def _prepared(trial: Trial) -> Predictor:
    """The network, loaded once in a process that has been found to be fit for the trial."""
    if trial.asked and trial.fingerprint != trial.asked:
        raise OtherCodeError(
            "closed loop: a worker has other code, packages or another model than this process; start the "
            "workers from the same clone, with the same environment"
        )
    cv2.setNumThreads(1)
    bundle = load_bundle(trial.bundle)
    return Predictor(bundle, bundle.cpu_runtime, threads=1)
