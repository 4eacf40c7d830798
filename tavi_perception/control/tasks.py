"""What is to be done in each phase of placing the valve: pure functions of the situation."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.control.config import ControlConfig
from tavi_perception.control.decision import Phase
from tavi_perception.control.laws import bounded, correction, following, opening

_SHEATHED = 0.02
"""Extraction at which the capsule counts as closed (the noise of what is seen of it is 0.01)."""

_OPEN = 0.06
"""Extraction from which on it is open (the same)."""

_END_OF_TRAVEL = 1.5
"""s, less than is averaged over, after which a capsule that is told to open and stands still is at its end
(unsourced)."""

_MAY_BE_LOOSE = 0.95
"""Extraction from which on the stent may have let go, seen or not, and is not advanced any more: that of
perception's stage released."""

LETS_GO = 0.97
"""Extraction by the capsule's drive at which the stent lets go (unsourced, as in the simulator)."""

_OPENS_ON = 20.0
"""s after which a capsule that does not come to its end is not opened on (unsourced)."""

_LAST_SIGMAS = 2.0
"""Standard deviations of the depth that must lie within its tolerance after all the waiting."""

_FAR_OFF = 0.003
"""Depth error (m) that is not corrected with the stent in the annulus, but recaptured (unsourced)."""


@dataclass(frozen=True)
class Situation:
    """What a task is decided on; lengths in m, times in s.

    Attributes:
        depth, sigma: implantation depth, averaged over heart beats, and its standard deviation.
        tilt, tilt_sigma: mean difference in depth of the inflow edge's sides, and its standard deviation; NaN
            where they were not seen.
        share: of the last deviations that could be used.
        extraction: share of the stent out of the capsule; opened: since the last pause.
        retraction: of the capsule since the start.
        shortening: share of its folded length that the stent loses.
        still_for: how long the robot has stood still, as far as the average reaches back.
        task_for: time since the present task began.
        opening_for: time that the capsule has been told to open without a break.
        released_for: time since the stent was taken to have let go.
        moving, opening: the catheter, and the capsule, were told to move.
        recaptures: how often the valve has been recaptured.
        cleared: depth and tilt were right to the last: the stent may let go.
    """

    config: ControlConfig
    depth: float
    sigma: float
    tilt: float
    tilt_sigma: float
    share: float
    extraction: float
    retraction: float
    shortening: float
    still_for: float
    task_for: float
    opening_for: float
    released_for: float
    opened: float
    moving: bool
    opening: bool
    recaptures: int
    cleared: bool

    @property
    def settled(self) -> bool:
        """The whole average is of a robot that stood still."""
        return self.still_for >= 0.85 * self.config.averaged

    @property
    def waits(self) -> bool:
        """What is checked may still become better known."""
        return self.task_for < self.config.check_timeout

    def right(self, error: float) -> bool:
        """A depth error (m), with some standard deviations of the depth on top, is within tolerance."""
        certainty = self.config.depth_certainty
        sigmas = certainty if self.waits else min(certainty, _LAST_SIGMAS)
        return abs(error) + sigmas * self.sigma <= self.config.depth_tolerance

    def straight(self, sigmas: float) -> bool:
        """The tilt is known, and beyond its tolerance by so many standard deviations at most.

        One that is hardly known is not excused by that.
        """
        tolerance = self.config.tilt_tolerance
        return abs(self.tilt) <= tolerance + sigmas * min(self.tilt_sigma, tolerance / 2.0)


@dataclass(frozen=True)
class Move:
    """Velocities (m/s) of catheter and capsule, and why; both 0: stand still."""

    advance: float
    retraction: float
    reason: str


@dataclass(frozen=True)
class Next:
    """The phase to go over to, and why."""

    phase: Phase
    reason: str


def begin(now: Situation) -> Phase:
    """Where a controller begins: it may have been restarted with the valve half open."""
    config = now.config
    if now.extraction >= config.last_extraction:
        return Phase.RELEASE
    if now.extraction >= config.verify_extraction:
        return Phase.VERIFY
    return Phase.RETRACT if now.extraction > _OPEN else Phase.APPROACH


def approach(now: Situation) -> Move | Next:
    """Bring the sheathed valve to the target depth."""
    config = now.config
    error = config.target_depth - now.depth
    velocity = correction(error, config.approach_velocity, now.moving, config)
    if velocity == 0.0 and now.settled:
        return Next(Phase.RETRACT, f"at {_mm(now.depth)}: opens the capsule")
    return Move(velocity, 0.0, f"{_mm(error)} to go")


def retract(now: Situation) -> Move | Next:
    """Open the capsule step by step to where depth and tilt are checked; the inflow edge stays in place."""
    config = now.config
    if now.extraction >= config.verify_extraction:
        return Next(Phase.VERIFY, f"{now.extraction:.0%} open: checks depth and tilt")
    error = config.target_depth - now.depth
    fix = correction(error, config.correction_velocity, now.moving, config)
    if now.opened >= config.step:
        if fix == 0.0 and now.still_for > 0.5:
            return Next(Phase.RETRACT, f"{now.extraction:.0%} open, depth {_mm(now.depth)}: goes on")
        return Move(fix, 0.0, f"pauses at {now.extraction:.0%}")
    return _open(now, error, fix, "opens the capsule")


def verify(now: Situation) -> Move | Next:
    """Stand still and judge depth and tilt while the valve can still be recaptured."""
    config = now.config
    if not (now.settled or now.moving):
        return Move(0.0, 0.0, "stands still to check depth and tilt")
    error = config.target_depth - now.depth
    if now.share < config.share and now.waits:
        return Move(0.0, 0.0, f"only {now.share:.0%} of the deviations are valid")
    # Every opening has a tilt of its own, so another is worth its time; what tilts again may be seen wrong.
    if not now.straight(sigmas=0.0 if now.recaptures == 0 < config.recaptures else 2.0):
        return _again(now, f"the stent is tilted by {_mm(now.tilt)}")
    if abs(error) > _FAR_OFF:
        return _again(now, f"the depth is {_mm(now.depth)}")
    fix = correction(error, config.correction_velocity, now.moving, config, begins=1.0)
    if fix != 0.0:
        return Move(fix, 0.0, f"corrects the depth by {_mm(error)}")
    if now.right(error):
        return Next(
            Phase.RELEASE, f"depth {_mm(now.depth)} ± {_mm(now.sigma)}, tilt {_mm(now.tilt)}: releases"
        )
    uncertain = f"the depth is known to {_mm(now.sigma)} only"
    if now.waits:
        return Move(0.0, 0.0, f"{uncertain}: waits for more contrast")
    return _again(now, uncertain)


def _again(now: Situation, why: str) -> Next:
    if now.recaptures >= now.config.recaptures:
        return Next(Phase.ABORTED, f"{why}, after {now.recaptures} recaptures")
    return Next(Phase.RECAPTURE, f"{why}: recaptures")


def recapture(now: Situation) -> Move | Next:
    """Close the capsule over the stent again."""
    config = now.config
    if now.retraction <= 0.0002 or (now.extraction < _SHEATHED and now.still_for > _END_OF_TRAVEL):
        return Next(Phase.APPROACH, "sheathed again")
    velocity = -config.retraction_velocity
    advance = following(now.retraction, velocity, now.shortening, config)
    return Move(bounded(advance, config.correction_velocity), velocity, "closes the capsule")


def release(now: Situation) -> Move | Next:
    """Open the capsule to the end, aiming deeper by the expected jump; verify once more before that."""
    config = now.config
    if now.cleared and now.extraction >= _MAY_BE_LOOSE:
        return Move(0.0, config.release_velocity, "lets go: the catheter stands still")
    error = config.target_depth + config.jump - now.depth
    if now.cleared or now.extraction < config.last_extraction:
        fix = correction(error, config.correction_velocity, now.moving, config)
        return _open(now, error, fix, "lets go" if now.cleared else "opens the capsule to the end")
    check = f"depth {_mm(now.depth)} ± {_mm(now.sigma)}, {_mm(config.jump)} of which the release takes back"
    if now.opening or not (now.settled or now.moving):
        return Move(0.0, 0.0, f"stands still to check the {check}")
    fix = correction(error, config.correction_velocity, now.moving, config, begins=1.0)
    if fix != 0.0:
        return Move(fix, 0.0, f"corrects the {check}")
    known = now.share >= config.share and now.right(error)
    # It was straight while it could be recaptured: now only one that is surely tilted is not let go.
    if known and now.straight(sigmas=2.0):
        return Next(Phase.RELEASE, f"{check}: lets go")
    if now.waits:
        return Move(0.0, 0.0, f"{check}, tilt {_mm(now.tilt)}, {now.share:.0%} valid: not to be let go yet")
    return Next(Phase.ABORTED, f"{check}, tilt {_mm(now.tilt)}: not good enough to let go")


def finish(now: Situation) -> Move | Next:
    """The stent seems to have let go: nothing advances, the capsule opens to its end, then depth is judged.

    Perception calls a stent released a little before it lets go: whoever took its word for it would withdraw
    a delivery system that still holds the valve.
    """
    config = now.config
    at_end = min(now.still_for, now.opening_for) >= _END_OF_TRAVEL
    if not at_end and now.released_for < _OPENS_ON:
        return Move(0.0, config.retraction_velocity, "released: opens the capsule to its end")
    if now.extraction < LETS_GO:
        return Next(
            Phase.ABORTED,
            f"the capsule does not open beyond {now.extraction:.0%}: whether the stent has let go is not "
            "known; call a physician",
        )
    error = config.target_depth - now.depth
    if abs(error) <= config.depth_tolerance:
        return Next(Phase.DONE, f"the valve is released at {_mm(now.depth)} ± {_mm(now.sigma)}")
    return Next(
        Phase.ABORTED, f"the valve is released at {_mm(now.depth)}, out of tolerance: call a physician"
    )


def _open(now: Situation, error: float, fix: float, reason: str) -> Move:
    velocity = opening(error, now.extraction, now.config)
    advance = following(now.retraction, velocity, now.shortening, now.config) + fix
    return Move(bounded(advance, now.config.correction_velocity), velocity, reason)


def _mm(length: float) -> str:
    return f"{1e3 * length:.1f} mm"
