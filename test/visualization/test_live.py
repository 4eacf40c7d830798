"""The line in the terminal that tells how a procedure goes."""

from tavi_perception.control.decision import Phase
from tavi_perception.estimates import CatheterDeviation, Reason
from tavi_perception.visualization.closed_loop.live import Progress, phase_line, progress_line


def test_the_line_tells_phase_depth_validity_latency_extraction_and_contrast():
    deviation = CatheterDeviation(valid=True, extraction=0.38)
    progress = Progress(Phase.RETRACT, "", 0.0028, 0.0004, 0.003, deviation, 0.041, 15.0)
    assert progress_line(12.4, progress) == (
        " 12.4 s  RETRACT    depth 2.8 ± 0.4 mm (target 3.0)  valid  latency 41 ms  extraction 38 %  "
        "contrast 15 ml"
    )


def test_the_line_names_the_reasons_of_an_invalid_deviation_and_unknown_numbers_are_dashes():
    reasons = Reason.NO_ANNULUS | Reason.IMAGE_STALE
    line = progress_line(0.0, Progress(deviation=CatheterDeviation(reasons=reasons)))
    assert "INVALID: image missing or too old, annulus unknown" in line
    assert "depth –  " in line and "latency –  " in line and "nan" not in line


def test_a_phase_that_begins_is_told_with_its_reason():
    assert phase_line(3.0, Phase.HOLD, "annulus unknown") == "  3.0 s  HOLD       annulus unknown"
