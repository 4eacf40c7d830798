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

_SILENCE = 0.5
"""s between two deviations that are no lack of contrast: a slow C-arm takes a frame every 0.27 s."""


_MISSED = "where the annulus is"
"""What contrast is to show where nothing was valid."""


class ContrastRequest:
    """Remembers when contrast was seen, and whether it has been asked for since.

    What was asked for because nothing was valid is asked for no more once all was valid for as long again: a
    pigtail that is found carries the annulus on. What is to be checked stays to be checked.

    What counts is not for how long nothing was valid at all: where validity comes and goes, nothing gets on
    either, since each time it takes several deviations that agree. So the time without a valid deviation is
    added up, and what was acted on meanwhile taken off it.
    """

    def __init__(self) -> None:
        self._seen = math.nan
        self._asked = math.nan
        self._last = math.nan
        self._usable_since = math.nan
        """Time from which on each deviation could be used (s)."""
        self._lacking = 0.0
        """Time without a valid deviation, less that of acting, since contrast was seen last (s)."""
        self._unknown = False
        """The deviation before knew of no annulus."""
        self.why = ""

    @property
    def open(self) -> bool:
        """Contrast is asked for, and has not been seen since."""
        return not math.isnan(self._asked)

    def age(self, now: float) -> float:
        """Time since the annulus was last measured with contrast (s); NaN: never."""
        return now - self._seen

    def ask(self, why: str, now: float) -> None:
        """Asks to see ``why``; a check takes the place of a request that may be withdrawn."""
        if not self.open:
            self._asked, self.why = now, why
        elif self.why == _MISSED:
            self.why = why

    def overdue(self, now: float, config: ControlConfig) -> bool:
        return now - self._asked > config.contrast_timeout

    def saw(self, deviation: CatheterDeviation, stamp: float, now: float, config: ControlConfig) -> bool:
        """Takes a usable deviation; whether the annulus begins to be measured anew with it."""
        self._last, self._unknown = now, False
        if math.isnan(self._usable_since):
            self._usable_since = now
        if deviation.annulus_source is not AnnulusSource.CONTRAST:
            regained = now - self._usable_since > config.contrast_patience
            if self.open and self.why == _MISSED and regained:
                self._asked, self._lacking = math.nan, 0.0
            return False
        begins = not stamp - self._seen <= _SAME_INJECTION
        self._seen, self._asked, self._lacking = stamp, math.nan, 0.0
        return begins

    def acted(self, passed: float) -> None:
        """A deviation was acted on, ``passed`` (s) after the one before."""
        self._lacking = max(self._lacking - passed, 0.0)

    def missed(self, deviation: CatheterDeviation, now: float, config: ControlConfig) -> None:
        """Takes a deviation that is not valid, and asks where contrast has long been missed and can help."""
        self._usable_since = math.nan
        if deviation.reasons & HARMS or not deviation.reasons & HELPS:
            return
        before, self._unknown = self._unknown, bool(deviation.reasons & UNKNOWN)
        passed, self._last = now - self._last, now
        # Silence is no lack of contrast.
        self._lacking += passed if passed <= _SILENCE else 0.0
        if (before and self._unknown) or self._lacking > config.contrast_patience:
            self.ask(_MISSED, now)
