"""The phases of a delivery controller in words and colours."""

from __future__ import annotations

from tavi_perception.control.decision import Phase

PHASES: dict[Phase, str] = {
    Phase.IDLE: "idle",
    Phase.APPROACH: "approach",
    Phase.HOLD: "hold",
    Phase.CONTRAST: "contrast",
    Phase.RETRACT: "retract",
    Phase.VERIFY: "verify",
    Phase.RECAPTURE: "recapture",
    Phase.RELEASE: "release",
    Phase.DONE: "done",
    Phase.ABORTED: "aborted",
}

COLOURS: dict[Phase, str] = {
    Phase.IDLE: "#8a8f98",
    Phase.APPROACH: "#56b4e9",
    Phase.HOLD: "#cd3030",
    Phase.CONTRAST: "#7b5bb5",
    Phase.RETRACT: "#e69f00",
    Phase.VERIFY: "#0f8b8d",
    Phase.RECAPTURE: "#b5651d",
    Phase.RELEASE: "#cc79a7",
    Phase.DONE: "#22a060",
    Phase.ABORTED: "#5a1d1d",
}
