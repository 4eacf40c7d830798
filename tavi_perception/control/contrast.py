"""When the controller asks for contrast medium."""

from __future__ import annotations

import math

from tavi_perception.control.config import ControlConfig
from tavi_perception.estimates import AnnulusSource, CatheterDeviation, Reason

HELPS = (
    Reason.NO_ANNULUS
    | Reason.ANNULUS_EXPIRED
    | Reason.LOW_CONFIDENCE
    | Reason.IMPLAUSIBLE_GEOMETRY
    | Reason.IDENTITY_DOUBTFUL
)
"""Reasons against a deviation that an injection can remove."""

HARMS = (
    Reason.MODEL_NOT_READY
    | Reason.IMAGE_STALE
    | Reason.IMAGE_REJECTED
    | Reason.UNCALIBRATED
    | Reason.CALIBRATION_DOUBTFUL
    | Reason.PROCESSING_FAILED
    | Reason.UNKNOWN_DEVICE
)
"""Reasons for which an injection would be wasted on the patient."""

UNKNOWN = Reason.NO_ANNULUS | Reason.ANNULUS_EXPIRED
"""Those that nothing else can."""

_SAME_INJECTION = 1.0
"""s for which the hinge points may be unseen within one injection; the next one takes longer to come
(unsourced)."""


class ContrastRequest:
    """Remembers when contrast was seen, and whether it has been asked for since."""

    def __init__(self) -> None:
        self._seen = math.nan
        self._asked = math.nan
        self._needed_since = math.nan
        self.why = ""

    @property
    def open(self) -> bool:
        """Contrast is asked for, and has not been seen since."""
        return not math.isnan(self._asked)

    def age(self, now: float) -> float:
        """Time since the annulus was last measured with contrast (s); NaN: never."""
        return now - self._seen

    def ask(self, why: str, now: float) -> None:
        if not self.open:
            self._asked, self.why = now, why

    def overdue(self, now: float, config: ControlConfig) -> bool:
        return now - self._asked > config.contrast_timeout

    def saw(self, deviation: CatheterDeviation, stamp: float) -> bool:
        """Takes a usable deviation; whether the annulus begins to be measured anew with it."""
        self._needed_since = math.nan
        if deviation.annulus_source is not AnnulusSource.CONTRAST:
            return False
        begins = not stamp - self._seen <= _SAME_INJECTION
        self._seen, self._asked = stamp, math.nan
        return begins

    def missed(self, deviation: CatheterDeviation, now: float, config: ControlConfig) -> None:
        """Takes a deviation that is not valid, and asks where contrast has long been missed and can help."""
        if deviation.reasons & HARMS or not deviation.reasons & HELPS:
            return
        if math.isnan(self._needed_since):
            self._needed_since = now
        patience = 0.0 if deviation.reasons & UNKNOWN else config.contrast_patience
        if now - self._needed_since > patience:
            self.ask("where the annulus is", now)
