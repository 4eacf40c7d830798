"""Page and figures of a closed-loop procedure begin with the verdict, and tell how it came to that."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tavi_perception.audit.verdict import verdict_of
from tavi_perception.visualization.closed_loop.phases import COLOURS, PHASES
from tavi_perception.visualization.closed_loop.report import write_procedure_report
from tavi_perception.visualization.words import NOTICE


@pytest.fixture(scope="module")
def out(placed_bag: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_procedure_report(placed_bag, folder)
    return folder


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def figures(out: Path) -> dict:
    return json.loads((out / "summary.json").read_text(encoding="utf-8"))


def test_page_begins_with_the_verdict(page: str, placed_bag: Path) -> None:
    body = page[page.index("<body>") :]
    assert body.index(verdict_of(placed_bag).headline) < body.index(NOTICE) < body.index("<section")


def test_page_tells_true_and_believed_position_beside_the_target(page: str, placed_bag: Path) -> None:
    found = verdict_of(placed_bag)
    row = next(row for row in re.findall(r"<tr>.*?</tr>", page) if "Depth" in row)
    shown = re.findall(r"<td>([^<]+) mm</td>", row)
    assert shown == [f"{1e3 * found.true.depth:.1f}", f"{1e3 * found.believed.depth:.1f}", "3.0 ± 2.0"]


def test_page_tells_each_phase_with_its_reason(page: str, placed_bag: Path) -> None:
    table = page[page.index('class="phases"') :]
    reasons = re.findall(r"<td>([^<]+)</td></tr>", table[: table.index("</table>")])
    assert reasons == [span.reason for span in verdict_of(placed_bag).spans]


@pytest.mark.parametrize(
    "title",
    [
        *("Phases", "Implantation depth", "Extraction of the stent", "Travel of the robot"),
        *("Commanded velocities", "Validity and reasons", "Contrast medium"),
    ],
)
def test_course_shows(page: str, title: str) -> None:
    assert f">{title}</text>" in page


def test_perception_is_reported_below(page: str) -> None:
    assert page.index('id="phases"') < page.index("The perception") < page.index('id="latency"')


def test_page_needs_nothing_from_outside(page: str) -> None:
    assert all(
        reference.startswith(("data:", "#")) for reference in re.findall(r'(?:src|href)="([^"]*)"', page)
    )


def test_figures_begin_with_the_verdict(figures: dict, placed_bag: Path) -> None:
    found = verdict_of(placed_bag)
    assert list(figures)[:3] == ["outcome", "headline", "ok"]
    assert (figures["outcome"], figures["ok"]) == ("PLACED", True)
    assert figures["true"]["depth_mm"] == pytest.approx(1e3 * found.true.depth)
    assert figures["motion"]["moving"] == found.motion.moving


def test_figures_hold_those_of_the_perception(figures: dict) -> None:
    assert figures["perception"]["images"] == figures["perception"]["processed"] > 0


def test_every_phase_has_a_name_and_a_colour_of_its_own() -> None:
    assert len(set(PHASES.values())) == len(set(COLOURS.values())) == len(PHASES) == len(COLOURS)
