"""The parameters of the controller node beside those of the controller itself."""

from __future__ import annotations

from dataclasses import dataclass

from tavi_perception.nodes.settings import at_start
from tavi_perception.parameters import check_parameters


@dataclass(frozen=True)
class ControllerNodeConfig:
    """How the controller node begins."""

    autostart: bool = at_start(
        True, "Configure and activate without being asked; false leaves both to a lifecycle manager."
    )
    start_at_once: bool = at_start(
        True, "Begin to place the valve when activated; false waits for the service ~/start."
    )

    def __post_init__(self) -> None:
        check_parameters(self)
