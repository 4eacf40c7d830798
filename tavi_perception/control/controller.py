"""The reference delivery controller: from deviations to commands, without ROS and without clocks."""

from __future__ import annotations

import math
from collections.abc import Callable

from tavi_perception.control.attachment import Attachment
from tavi_perception.control.config import ControlConfig
from tavi_perception.control.contrast import ContrastRequest
from tavi_perception.control.decision import FINAL, Decision, DriveCommand, Phase, RobotReading
from tavi_perception.control.depth import DepthEstimator
from tavi_perception.control.drives import SHEATHED, Drives
from tavi_perception.control.opening import Opening
from tavi_perception.control.patience import Patience
from tavi_perception.control.response import WHOLE, ResponseCheck
from tavi_perception.control.tasks import (
    LETS_GO,
    Move,
    Next,
    Situation,
    approach,
    begin,
    finish,
    recapture,
    release,
    retract,
    verify,
)
from tavi_perception.control.trust import Trust
from tavi_perception.estimates import NAN, AnnulusSource, CatheterDeviation, Stage

_TASKS: dict[Phase, Callable[[Situation], Move | Next]] = {
    Phase.APPROACH: approach,
    Phase.RETRACT: retract,
    Phase.VERIFY: verify,
    Phase.RECAPTURE: recapture,
    Phase.RELEASE: release,
}

_UNKNOWN = "whether the stent has let go is not known; call a physician"
_WHERE = "whether the annulus is still where it was"

_RELEASED_FRAMES = 5
"""Usable deviations in a row that say so, before the stent is taken to have let go."""


class Controller:
    """Places one valve; every method tells what is decided at that moment.

    Nothing moves without a deviation that is valid, and at most ``trust.stale_after`` old: commands of motion
    come out of ``on_deviation`` alone. All times are in s, on one clock.
    """

    def __init__(self, config: ControlConfig) -> None:
        self.config = config
        self._phase = Phase.IDLE
        self._task = Phase.APPROACH
        self._stamp, self._reason = NAN, "waits to be started"
        self._patience = Patience()
        self._recaptures = 0
        self._step_from = 0.0
        self._released, self._released_at = 0, NAN
        self._cleared = self._moving = self._opens = False
        self._opens_since = NAN
        self._fresh = True
        self._trust, self._contrast, self._drives = Trust(), ContrastRequest(), Drives()
        self._depth, self._response, self._opening = DepthEstimator(config), ResponseCheck(), Opening()
        self._attachment = Attachment()

    @property
    def finished(self) -> bool:
        """The valve is released, or the controller has given up."""
        return self._phase in FINAL

    def configure(self, config: ControlConfig) -> None:
        """Goes on with other parameters from now on."""
        self.config = config

    def start(self, now: float) -> Decision:
        """Begins to place the valve."""
        if self._phase is Phase.IDLE:
            self._drives.leapt = False
            self._patience.start(now)
            self._phase, self._reason = Phase.HOLD, "started: waits for a deviation to act on"
        return self._still()

    def abort(self, reason: str) -> Decision:
        """Stops for good, from any phase but the final ones."""
        if self.finished:
            return self._still()
        about = "the stent has let go" if self._loose else _UNKNOWN if self._cleared else ""
        return self._end("; ".join(filter(None, (reason, about))))

    def on_robot(self, reading: RobotReading) -> None:
        """Takes what the robot reports of itself."""
        self._drives.add(reading, self.config)

    def on_clock(self, now: float) -> Decision | None:
        """A decision to stand still where nothing has come to act on, else None; to be asked every 20 ms."""
        if self._phase is Phase.IDLE or self.finished:
            return None
        if why := self._hopeless(now):
            return self.abort(why)
        waits = self._phase in (Phase.HOLD, Phase.CONTRAST)
        if not waits and now - self._patience.acted > self.config.stale_after:
            return self._wait("no deviation to act on has come")
        return None

    def on_deviation(self, deviation: CatheterDeviation, stamp: float, now: float) -> Decision:
        """Decides on the deviation of the frame captured at ``stamp`` (s), which has come at ``now``."""
        self._stamp = stamp
        defect = self._trust.defect(deviation, stamp, now, self.config)
        if self._phase is Phase.IDLE or self.finished:
            return self._still()
        if why := self._hopeless(now):
            return self.abort(why)
        if defect:
            self._trust.lost()
            self._depth.miss(stamp)
            self._contrast.missed(deviation, now, self.config)
            return self._wait(defect)
        if self._drives.silent(now, self.config):
            return self._wait("nothing is heard of the robot")
        return self._on_usable(deviation, stamp, now)

    def _on_usable(self, deviation: CatheterDeviation, stamp: float, now: float) -> Decision:
        if self._contrast.saw(deviation, stamp, now, self.config):
            self._depth.restart(confirmed=not self._response.doubtful)
            self._response.restart()
        expected = self._depth.depth(stamp, self._drives, self.config)
        doubt = self._trust.agreement(deviation.depth, expected, self.config)
        self._depth.update(deviation, stamp, self._drives, self.config)
        average = self._depth.value
        self._opening.update(deviation.extraction, self._drives.retraction(), self.config.folded_length)
        self._watch_release(deviation, now)
        self._attachment.update(deviation.landmarks, *self._drives.at(stamp))
        if not self._loose:
            if self._attachment.lost:
                return self._end("the stent has let go: the catheter moves without it")
            measured = deviation.annulus_source is AnnulusSource.CONTRAST
            self._response.update(stamp, self._depth, measured, self._drives.retraction(), self.config)
            if self._response.broken:
                unknown = "" if self._drives.retraction() <= SHEATHED else f": {_UNKNOWN}"
                return self._end(f"the catheter does not do what its drives do{unknown}")
            if self._response.doubtful and self._task is not Phase.RECAPTURE:
                self._contrast.ask(_WHERE, now)
            if self._opening.contradicted:
                return self._end(f"the capsule is not where its drive says: {_UNKNOWN}")
            if self._opening.doubtful:
                doubt = doubt or "the capsule is not seen where its drive says"
        if doubt:
            return self._wait(doubt)
        if self._contrast.open:
            return self._wait("")
        if average.span < self._needed_span(expected):
            return self._wait("averages the depth over the heart beat")
        return self._act(now)

    def _watch_release(self, deviation: CatheterDeviation, now: float) -> None:
        """Whether the stent has let go: as is seen, or, where the extraction is not, as the drive says."""
        by_drive = self._cleared and self._opening.extraction >= LETS_GO
        if deviation.stage is Stage.RELEASED or (by_drive and math.isnan(deviation.extraction)):
            self._released += 1
            if self._released == _RELEASED_FRAMES:
                # What remains to be done takes its own time.
                self._released_at = now
                self._patience.begin_task()
        elif not self._loose:
            self._released = 0

    @property
    def _loose(self) -> bool:
        """The stent has let go, or perception is in no doubt that it has."""
        return self._released >= _RELEASED_FRAMES

    def _needed_span(self, depth: float) -> float:
        """How long the average must reach back (s).

        Far from the target a heart beat matters little. One beat does to move, and none to open the capsule
        where contrast shows what it has shown before: where it alone shows the annulus, it soon is over.
        """
        config, task = self.config, self._task
        if self._response.warned or task not in (Phase.APPROACH, Phase.RETRACT):
            return WHOLE * config.averaged
        far = abs(config.target_depth - depth) > config.far
        soon = far if task is Phase.APPROACH else self._response.unchanged(self._depth, config)
        return 0.0 if soon else 0.5 * config.averaged

    def _act(self, now: float) -> Decision:
        """Does the present task, or goes over to the next one."""
        if not self._loose and self._contrast.age(now) > self._oldest_contrast():
            self._contrast.ask(_WHERE, now)
            return self._wait("")
        self._contrast.acted(self._patience.act(now))
        situation = self._situation(now)
        if self._released and not self._loose:
            return self._wait("the stent seems to have let go")
        if self._loose and not self._cleared:
            return self._end(f"the stent has let go at {situation.extraction:.0%}, before it was to")
        if self._fresh:
            self._task, self._fresh = begin(situation), False
        outcome = finish(situation) if self._loose else _TASKS[self._task](situation)
        if isinstance(outcome, Next):
            return self._enter(outcome, situation)
        self._phase, self._reason = self._task, outcome.reason
        return self._moved(outcome)

    def _oldest_contrast(self) -> float:
        """Since when the annulus must have been measured (s)."""
        config = self.config
        if self._task is Phase.VERIFY:
            return config.contrast_age_to_release
        last = self._task is Phase.RELEASE and not self._cleared
        return config.contrast_age_to_let_go if last else config.contrast_age

    def _situation(self, now: float) -> Situation:
        average = self._depth.value
        return Situation(
            config=self.config,
            depth=self._depth.depth(now, self._drives, self.config),
            sigma=average.sigma,
            tilt=average.tilt,
            tilt_sigma=average.tilt_sigma,
            share=average.share,
            extraction=self._opening.extraction,
            retraction=self._drives.retraction(),
            shortening=self._depth.shortening,
            still_for=min(self._drives.still_for(now), average.span),
            task_for=self._patience.task_for,
            opening_for=self._stamp - self._opens_since if self._opens else 0.0,
            released_for=now - self._released_at if self._loose else 0.0,
            opened=self._opening.extraction - self._step_from,
            moving=self._moving,
            opening=self._opens,
            recaptures=self._recaptures,
            cleared=self._cleared,
        )

    def _enter(self, following: Next, situation: Situation) -> Decision:
        """Goes over to another task, or ends."""
        if following.phase in FINAL:
            return self._end(following.reason, following.phase)
        self._reason = following.reason
        self._recaptures += following.phase is Phase.RECAPTURE
        self._cleared = following.phase is self._task is Phase.RELEASE
        self._step_from = situation.extraction
        self._phase = self._task = following.phase
        self._patience.begin_task()
        return self._still()

    def _end(self, reason: str, phase: Phase = Phase.ABORTED) -> Decision:
        self._phase, self._reason = phase, reason
        return self._still()

    def _wait(self, why: str) -> Decision:
        """Stands still for a reason that may pass; empty: contrast alone is waited for."""
        self._patience.wait()
        asked = f"contrast is asked for, to see {self._contrast.why}" if self._contrast.open else ""
        self._phase = Phase.CONTRAST if asked else Phase.HOLD
        self._reason = "; ".join(filter(None, (why, asked)))
        return self._still()

    def _hopeless(self, now: float) -> str:
        """Why there is no going on; empty: there is."""
        config = self.config
        loosens = self._cleared or self._loose
        if limit := self._patience.exhausted(now, self._task.name, loosens, config):
            return f"{limit}: {self._reason}"
        if self._drives.faulty_for() > config.fault_patience:
            return "the robot reports a fault"
        if self._drives.leapt:
            return "the robot's travel has leapt: it counts from elsewhere"
        if self._contrast.overdue(now, config):
            asked = f"of asking for it, to see {self._contrast.why}"
            return f"no contrast seen within {config.contrast_timeout:g} s {asked}"
        return ""

    def _still(self) -> Decision:
        return self._decided(DriveCommand(self._stamp, reason=self._reason))

    def _moved(self, move: Move) -> Decision:
        hold = move.advance == 0.0 and move.retraction == 0.0
        return self._decided(DriveCommand(self._stamp, move.advance, move.retraction, hold, self._reason))

    def _decided(self, command: DriveCommand) -> Decision:
        opens = command.retraction_velocity != 0.0
        if opens and not self._opens:
            self._opens_since = command.stamp
        self._moving, self._opens = command.advance_velocity != 0.0, opens
        last = self._drives.last
        depth = NAN if last is None else self._depth.depth(last.stamp, self._drives, self.config)
        return Decision(
            command,
            self._phase,
            self._contrast.open and not self.finished,
            depth,
            self._depth.value.sigma,
            self.config.target_depth,
        )
