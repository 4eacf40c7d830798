"""The shipped viewer layouts show topics that exist, in windows that are laid out."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest
import yaml

from tavi_perception.visualization.layout import rewritten_layout

CONFIG = Path(__file__).parents[2] / "config"
RVIZ = ("tavi.rviz", "biplane.rviz")
PUBLISHED = {
    "/fluoro/image",
    "/fluoro/camera_info",
    "/tavi/annulus",
    "/tavi/annulus_pose",
    "/tavi/camera_info",
    "/tavi/deviation",
    "/tavi/markers",
    "/tavi/overlay",
    *(f"/{plane}/{topic}" for plane in ("frontal", "lateral") for topic in ("markers", "overlay")),
    "/truth/deviation",
    "/diagnostics",
}


@pytest.mark.parametrize("layout", ["rviz/tavi.rviz", "rviz/biplane.rviz", "foxglove/tavi.json"])
def test_every_topic_of_a_layout_is_published(layout: str) -> None:
    text = (CONFIG / layout).read_text(encoding="utf-8")
    named = set(re.findall(r"/(?:fluoro|tavi|frontal|lateral|truth|delivery|diagnostics)(?:/\w+)?", text))
    assert named
    assert named <= PUBLISHED


@pytest.mark.parametrize(("layout", "frame"), [("tavi.rviz", "fluoro"), ("biplane.rviz", "c_arm")])
def test_rviz_starts_in_a_frame_that_exists(layout: str, frame: str) -> None:
    manager = yaml.safe_load((CONFIG / "rviz" / layout).read_text(encoding="utf-8"))["Visualization Manager"]
    assert manager["Global Options"]["Fixed Frame"] == frame
    assert manager["Views"]["Current"]["Target Frame"] == frame


@pytest.mark.parametrize("layout", RVIZ)
def test_every_image_has_a_window_of_its_own_that_is_large_enough(layout: str) -> None:
    content = yaml.safe_load((CONFIG / "rviz" / layout).read_text(encoding="utf-8"))
    images = {
        display["Name"]
        for display in content["Visualization Manager"]["Displays"]
        if display["Class"] == "rviz_default_plugins/Image"
    }
    state = bytes.fromhex(content["Window Geometry"]["QMainWindow State"])
    assert images
    assert images <= {name for name, (shown, height) in _docks(state).items() if shown and height > 400}
    left_width, _ = struct.unpack_from(">ii", state, 17)
    assert left_width >= 600 and content["Window Geometry"]["Width"] - left_width >= 600


def _docks(state: bytes) -> dict[str, tuple[bool, int]]:
    """By the name of a dock in a QMainWindow's state: is it open, and its size along its area (px)."""
    found = {}
    for match in re.finditer(rb"\xfb(....)", state, flags=re.DOTALL):
        (length,) = struct.unpack(">I", match[1])
        name = state[match.end() : match.end() + length].decode("utf-16-be")
        flags, _, size = struct.unpack_from(">Bii", state, match.end() + length)
        found[name] = bool(flags), size
    return found


def test_a_layout_is_rewritten_for_another_namespace_image_and_frame() -> None:
    names = {
        "/tavi": "/left",
        "/fluoro/image": "/cam #1/image",
        "/fluoro/camera_info": "/cam/camera_info",
        "fluoro": "tavi",
    }
    text = rewritten_layout(CONFIG / "rviz" / "tavi.rviz", names)
    topics = set(re.findall(r"Value: '?(/[^'\n]*)", text))
    assert "/left/overlay" in topics and "/cam #1/image" in topics and "/cam/camera_info" in topics
    assert not any(topic.startswith(("/tavi", "/fluoro")) for topic in topics)
    assert yaml.safe_load(text)["Visualization Manager"]["Global Options"]["Fixed Frame"] == "tavi"


def test_a_layout_keeps_all_but_the_names() -> None:
    file = CONFIG / "rviz" / "tavi.rviz"
    assert yaml.safe_load(rewritten_layout(file, {})) == yaml.safe_load(file.read_text(encoding="utf-8"))


def test_every_panel_of_the_foxglove_layout_is_configured() -> None:
    layout = json.loads((CONFIG / "foxglove/tavi.json").read_text(encoding="utf-8"))

    def panels(node: dict | str) -> set[str]:
        return {node} if isinstance(node, str) else panels(node["first"]) | panels(node["second"])

    assert panels(layout["layout"]) == set(layout["configById"])
