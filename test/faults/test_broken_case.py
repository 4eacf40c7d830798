"""An error within a case is the failure of that case alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def of_campaign(what: str) -> list[tuple[str, str]]:
    """Verdict and sentences of two cases, in the first of which something goes wrong."""
    program = Path(__file__).with_name("broken_campaign.py")
    run = subprocess.run([sys.executable, str(program), what], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return [(each["verdict"], " ".join(each["sentences"])) for each in json.loads(run.stdout)]


def test_an_error_of_a_case_is_its_failure_in_a_sentence_and_the_next_case_is_run() -> None:
    (verdict, said), (following, _) = of_campaign("breaks_down")
    assert (verdict, following) == ("FAILED", "ok")
    assert "This was seen before." in said
    assert "the case has broken down: AttributeError" in said and "broken_campaign.py, line" in said


def test_an_error_in_a_thread_of_a_case_is_its_failure_too() -> None:
    (verdict, said), (following, _) = of_campaign("divides")
    assert (verdict, following) == ("FAILED", "ok") and "ZeroDivisionError" in said


def test_a_scene_that_cannot_be_set_up_fails_each_of_its_cases() -> None:
    for verdict, said in of_campaign("stillborn"):
        assert verdict == "FAILED" and "before the case: OSError: no such device" in said
