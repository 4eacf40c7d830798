"""``./tavi audit`` says what a bag tells of a controller's work, and ends with 0 only where all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tavi_perception.audit.procedure import Procedure
from tavi_perception.bags.reader import BagReader
from tavi_perception.bags.types import message_store
from tavi_perception.bags.writer import BagWriter
from tavi_perception.cli import main


@pytest.fixture
def again(placed_bag: Path, tmp_path: Path) -> Callable[..., Path]:
    """Writes the deviations of the placed valve once more, as a replay might give them."""

    def write(depth: float = 0.0, valid: bool = True, frames: int = 10_000) -> Path:
        path, shown = tmp_path / "again", 0
        with BagReader(placed_bag) as source, BagWriter(path) as copy:
            store = message_store()
            topics = {topic.name: topic for topic in source.topics if topic.name.startswith("/tavi/")}
            for topic in topics.values():
                copy.add_topic(topic.name, topic.type_name)
            for message in source.messages(["/tavi/keypoints", "/tavi/deviation"]):
                value = message.value
                if message.topic == "/tavi/deviation":
                    shown += 1
                    if shown == 100:
                        value.depth += depth
                        value.valid = valid
                elif shown == frames:
                    break
                copy.write(
                    message.topic, bytes(store.serialize_cdr(value, message.type_name)), message.time_ns
                )
        return path

    return write


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    code = main([str(word) for word in words])
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_procedure_without_a_violation_is_well(placed_bag: Path, placed: Procedure, capsys) -> None:
    moving = int(placed.commands.moving.sum())
    code, text = said(capsys, "audit", placed_bag)
    assert code == 0
    assert text == (
        f"{len(placed.commands.hold)} commands, {moving} of them to move\n"
        f"all {moving} commands of motion answer a valid and fresh deviation\n"
    )


def test_violations_are_printed_with_their_times_and_end_with_1(
    placed_bag: Path, tmp_path: Path, capsys
) -> None:
    code, text = said(
        capsys, "audit", placed_bag, "--max-velocity", "0.0075", "--json", tmp_path / "audit.json"
    )
    found = json.loads((tmp_path / "audit.json").read_text())
    assert code == 1 and not found["ok"]
    first = found["list"][0]
    assert f"{first['time_s']:8.3f} s  {first['sentence']}" in text
    assert found["violations"]["TOO_FAST"] > 0 and f"{found['violations']['TOO_FAST']} too fast" in text


def test_bag_without_a_robot_says_what_to_record(run_bag, tmp_path: Path, capsys) -> None:
    bare = run_bag(truth=False)
    code, text = said(capsys, "audit", bare)
    assert code == 1
    assert text.startswith("tavi audit: ") and "/delivery/command" in text and "./tavi record" in text


def test_replay_that_gives_the_same_deviations_is_well(placed_bag: Path, again, capsys) -> None:
    code, text = said(capsys, "audit", placed_bag, "--replayed", again())
    assert code == 0 and "largest difference 0.0000 mm" in text


def test_depth_that_differs_by_more_than_the_tolerance_is_counted(placed_bag: Path, again, capsys) -> None:
    code, text = said(capsys, "audit", placed_bag, "--replayed", again(depth=3e-5))
    assert code == 1 and "largest difference 0.0300 mm, 1 beyond 0.02 mm" in text


def test_depth_that_differs_by_less_is_the_same(placed_bag: Path, again) -> None:
    assert main(["audit", str(placed_bag), "--replayed", str(again(depth=1e-5))]) == 0


def test_validity_that_differs_is_told_with_its_time(placed_bag: Path, again, capsys) -> None:
    code, text = said(capsys, "audit", placed_bag, "--replayed", again(valid=False))
    assert code == 1 and "validity: 1 differences, at 7.92 s" in text


def test_replay_of_other_frames_is_refused_with_the_command_that_makes_one(
    placed_bag: Path, again, capsys
) -> None:
    code, text = said(capsys, "audit", placed_bag, "--replayed", again(frames=50))
    assert code == 1 and "--as-recorded" in text
