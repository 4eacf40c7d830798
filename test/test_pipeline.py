import numpy as np
import pytest

from tavi_perception.carm import uncalibrated
from tavi_perception.estimates import AnnulusFrame, CatheterDeviation, Keypoints, Reason
from tavi_perception.pipeline import Pipeline, invalidated, nothing_known
from tavi_perception.tracking.tracker import TrackedFrame, Tracker


def test_the_keypoints_of_each_image_reach_the_tracker_in_their_size():
    pipeline = Pipeline(lambda image: Keypoints.absent(image.shape[1], image.shape[0]), Tracker())
    frame = pipeline.process(np.zeros((30, 40), np.uint8), 1.0, uncalibrated(40, 30))
    assert (frame.keypoints.width, frame.keypoints.height) == (40, 30)
    assert not frame.deviation.valid


@pytest.mark.parametrize("reason", [Reason.MODEL_NOT_READY, Reason.IMAGE_REJECTED, Reason.IMAGE_STALE])
def test_when_nothing_is_known_nothing_is_valid_and_every_number_is_nan(reason):
    frame = nothing_known(40, 30, reason)
    assert not frame.annulus.valid and not frame.deviation.valid
    assert frame.annulus.reasons == frame.deviation.reasons == reason
    assert np.isnan(frame.deviation.depth) and np.isnan(frame.keypoints.xy).all()


def test_an_invalidated_frame_keeps_its_numbers_and_earlier_reasons():
    frame = TrackedFrame(
        Keypoints.absent(1, 1),
        AnnulusFrame(valid=True, x=3.0),
        CatheterDeviation(depth=0.002, within_tolerance=True, reasons=Reason.LOW_CONFIDENCE),
    )
    stale = invalidated(frame, Reason.IMAGE_STALE)
    assert (stale.annulus.x, stale.deviation.depth) == (3.0, 0.002)
    assert not stale.annulus.valid and not stale.deviation.within_tolerance
    assert stale.deviation.reasons == Reason.LOW_CONFIDENCE | Reason.IMAGE_STALE
