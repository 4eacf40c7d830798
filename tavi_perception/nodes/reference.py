"""Writes the parameter files in config/ and the reference pages in docs/ from the declarations in the code.

Run ``python -m tavi_perception.nodes.reference`` in a clone after changing a parameter or a rule of validity.
"""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tavi_perception.control.config import ControlConfig
from tavi_perception.estimates import Reason
from tavi_perception.faults.table import markdown
from tavi_perception.nodes.controller_settings import ControllerNodeConfig
from tavi_perception.nodes.declaration import node_parameters
from tavi_perception.nodes.robot_bridge_settings import RobotBridgeConfig
from tavi_perception.nodes.settings import NodeConfig, PlayerConfig
from tavi_perception.nodes.simulator_settings import SimulatorConfig
from tavi_perception.parameters import ParameterInfo, parameters_of
from tavi_perception.simulation.documentation import configuration_tables
from tavi_perception.tracking.config import TrackingConfig
from tavi_perception.tracking.validity import ANNULUS_RULES, DEVIATION_RULES, Rule

PERCEPTION = (NodeConfig, TrackingConfig)
CONTROLLER = (ControllerNodeConfig, ControlConfig)
LINE_LENGTH = 110
ROOT = Path(__file__).resolve().parents[2]
"""Of the clone."""
_WRITTEN_BY = "Written by `python -m tavi_perception.nodes.reference` from the declarations in the code."


def perception_file() -> str:
    return _parameter_file("perception node", PERCEPTION)


def controller_file() -> str:
    return _parameter_file("controller", CONTROLLER)


def _parameter_file(node: str, configs: Iterable[type]) -> str:
    """The annotated YAML of a node with every parameter at its default."""
    lines = [f"# Parameters of the {node}, each at its default.", f"# {_WRITTEN_BY}"]
    lines += ["/**:", "  ros__parameters:"]
    for group, infos in itertools.groupby(_parameters(configs), key=_group):
        lines += [f"    {group}:"] if group else []
        indent = " " * (6 if group else 4)
        for info in infos:
            facts = [info.unit, info.range_text, "only at start" if info.read_only else ""]
            comment = f"{info.description} ({'; '.join(filter(None, facts))})".replace(" ()", "")
            comment_indent = f"{indent}# "
            lines += textwrap.wrap(
                comment, LINE_LENGTH, initial_indent=comment_indent, subsequent_indent=comment_indent
            )
            lines.append(f"{indent}{info.name_in_group}: {_yaml(info.default)}")
    return "\n".join(lines) + "\n"


def parameter_page() -> str:
    """The Markdown reference of all parameters, and of the tracker's constants."""
    return "\n".join(
        [
            "# Parameters",
            "",
            _WRITTEN_BY,
            "",
            "## perception",
            "",
            *_parameter_table(_parameters(PERCEPTION)),
            "",
            "## image_player",
            "",
            *_parameter_table(node_parameters(PlayerConfig)),
            "",
            "## simulator",
            "",
            *_parameter_table(node_parameters(SimulatorConfig)),
            "",
            "## controller",
            "",
            *_parameter_table(_parameters(CONTROLLER)),
            "",
            "## robot_bridge",
            "",
            *_parameter_table(node_parameters(RobotBridgeConfig)),
            "",
            "## Constants of the tracker",
            "",
            "No parameters of the node: who develops the tracker changes them in `tracking/config.py` and "
            "measures what that does.",
            "",
            *_constant_table(info for info in parameters_of(TrackingConfig) if info.constant),
            "",
        ]
    )


def configuration_page() -> str:
    """The Markdown reference of what synthetic procedures are drawn from."""
    head = ["# Configuration of the simulator", "", _WRITTEN_BY, ""]
    return "\n".join([*head, *configuration_tables()])


NODE_RULES = (
    (Reason.MODEL_NOT_READY, "no model is loaded"),
    (
        Reason.IMAGE_STALE,
        "the image was taken more than stale_after before publication, or lies that far in the future; or no "
        "image has come for stale_after, in which case an invalid deviation with the last stamp repeats; or "
        "the same picture comes again and again for longer than tracking.frozen_after",
    ),
    (
        Reason.IMAGE_REJECTED,
        "the image cannot be read: its encoding, size, step or data contradict each other",
    ),
    (
        Reason.PROCESSING_FAILED,
        "an error occurred while the frame was processed; what was known of the procedure is forgotten",
    ),
)
"""The reasons that concern frames before they reach tracking, and when the perception node gives them."""


def validity_page() -> str:
    """The Markdown table of every reason bit and its rules."""
    lines = ["# Validity", "", _WRITTEN_BY, ""]
    lines += [
        "An annulus frame or a deviation is `valid` exactly when none of these rules holds. *Names* are "
        "those by which `./tavi evaluate --procedures` counts them; words with a dot are "
        "[parameters](parameters.md). A deviation also has all reasons of its annulus "
        "frame, but for the pixel size: an annulus frame may be valid in pixels alone.",
        "",
    ]
    lines += ["| bit | reason | annulus frame | deviation |", "|---|---|---|---|"]
    node = dict(NODE_RULES)
    for reason in filter(None, Reason):  # Python 3.10 counts NONE in
        both = node.get(reason)
        annulus, deviation = (
            both or _conditions(rules, reason) for rules in (ANNULUS_RULES, DEVIATION_RULES)
        )
        lines.append(f"| {int(reason)} | `{reason.name}` | {annulus} | {deviation} |")
    return "\n".join(lines) + "\n"


SAFETY_BEGINS, SAFETY_ENDS = "<!-- written from the declarations -->", "<!-- as far as here -->"
"""What lies between them in docs/safety.md is."""


def safety_page() -> str:
    """docs/safety.md with the hazard table and the fault campaign's matrix as the code has them."""
    before, _, rest = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8").partition(SAFETY_BEGINS)
    _, _, after = rest.partition(SAFETY_ENDS)
    return "\n".join([before + SAFETY_BEGINS, "", *markdown(), "", SAFETY_ENDS + after])


def _conditions(rules: Iterable[Rule[Any]], reason: Reason) -> str:
    return "; or ".join(f"*{rule.name}*: {rule.condition}" for rule in rules if rule.reason is reason)


def _parameters(configs: Iterable[type]) -> list[ParameterInfo]:
    """Of a node, those of a group beside each other."""
    return sorted((info for config in configs for info in node_parameters(config)), key=_group)


def _group(info: ParameterInfo) -> str:
    return info.group


def _parameter_table(parameters: Iterable[ParameterInfo]) -> Iterator[str]:
    yield "| parameter | default | unit | allowed | at run time | meaning |"
    yield "|---|---|---|---|---|---|"
    for info in parameters:
        yield _row(info, info.range_text, "no" if info.read_only else "yes")


def _constant_table(constants: Iterable[ParameterInfo]) -> Iterator[str]:
    yield "| constant | value | unit | meaning |"
    yield "|---|---|---|---|"
    for info in constants:
        yield _row(info)


def _row(info: ParameterInfo, *facts: str) -> str:
    """Of a table: name, default and unit, the facts, meaning and source."""
    source = f" Source: {info.source}." if info.source else ""
    cells = (f"`{info.name}`", f"`{_yaml(info.default)}`", info.unit, *facts, f"{info.description}{source}")
    return f"| {' | '.join(cells)} |"


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isnan(value):
        return ".nan"
    if isinstance(value, str):
        return value or '""'
    return str(value)


def main() -> None:
    (ROOT / "config" / "perception.yaml").write_text(perception_file(), encoding="utf-8")
    (ROOT / "config" / "controller.yaml").write_text(controller_file(), encoding="utf-8")
    (ROOT / "docs" / "parameters.md").write_text(parameter_page(), encoding="utf-8")
    (ROOT / "docs" / "validity.md").write_text(validity_page(), encoding="utf-8")
    (ROOT / "docs" / "simulator_configuration.md").write_text(configuration_page(), encoding="utf-8")
    (ROOT / "docs" / "safety.md").write_text(safety_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
