"""The shipped viewer layouts show topics that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

CONFIG = Path(__file__).parents[2] / "config"
PUBLISHED = {
    "/fluoro/image",
    "/tavi/annulus",
    "/tavi/annulus_pose",
    "/tavi/camera_info",
    "/tavi/deviation",
    "/tavi/markers",
    "/tavi/overlay",
    "/truth/deviation",
    "/diagnostics",
}


@pytest.mark.parametrize("layout", ["rviz/tavi.rviz", "foxglove/tavi.json"])
def test_every_topic_of_a_layout_is_published(layout: str) -> None:
    text = (CONFIG / layout).read_text(encoding="utf-8")
    named = set(re.findall(r"/(?:fluoro|tavi|truth|delivery|diagnostics)(?:/\w+)?", text))
    assert named
    assert named <= PUBLISHED


def test_rviz_starts_in_the_frame_of_the_image() -> None:
    layout = yaml.safe_load((CONFIG / "rviz/tavi.rviz").read_text(encoding="utf-8"))
    assert layout["Visualization Manager"]["Global Options"]["Fixed Frame"] == "fluoro"


def test_every_panel_of_the_foxglove_layout_is_configured() -> None:
    layout = json.loads((CONFIG / "foxglove/tavi.json").read_text(encoding="utf-8"))

    def panels(node: dict | str) -> set[str]:
        return {node} if isinstance(node, str) else panels(node["first"]) | panels(node["second"])

    assert panels(layout["layout"]) == set(layout["configById"])
