"""What a data set holds, in numbers: as figures 4 to 6 of Danilov et al. 2021."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tavi_perception.landmarks import COUNT, NAMES
from training.annotations.frame import AnnotatedFrame
from training.annotations.weights import sampling_weights


@dataclass(frozen=True)
class SetStatistics:
    """Numbers of a data set.

    Attributes:
        frames: number of frames.
        procedures: frames of each procedure, by its name.
        stages: frames of each stage, where frames have one.
        sizes: frames of each image size (width, height) in px.
        keypoints_per_image: (12,) how many frames show 0, 1, … 11 landmarks.
        images_per_keypoint: (11,) how many frames show each landmark.
        weighted_share: (11,) share of draws that show each landmark with ``sampling_weights``.
        xy: (frames, 11, 2) positions as shares of the image's width and height, 0…1; NaN where not visible.
    """

    frames: int
    procedures: dict[str, int]
    stages: dict[str, int]
    sizes: dict[tuple[int, int], int]
    keypoints_per_image: NDArray[np.int64]
    images_per_keypoint: NDArray[np.int64]
    weighted_share: NDArray[np.float64]
    xy: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """(11,) share of frames that show each landmark."""
        return self.images_per_keypoint / max(self.frames, 1)

    @property
    def imbalance(self) -> float:
        """Frames with the most frequent landmark for each with the rarest that occurs; NaN without any."""
        seen = self.images_per_keypoint[self.images_per_keypoint > 0]
        return float(seen.max() / seen.min()) if seen.size else float("nan")

    def as_json(self) -> dict[str, Any]:
        """For a file; unknown numbers are null."""
        return {
            "frames": self.frames,
            "procedures": self.procedures,
            "stages": self.stages,
            "image_sizes": {f"{w}x{h}": count for (w, h), count in self.sizes.items()},
            "keypoints_per_image": self.keypoints_per_image.tolist(),
            "mean_keypoints_per_image": _known(self.images_per_keypoint.sum() / max(self.frames, 1)),
            "imbalance": _known(self.imbalance),
            "landmarks": [self._landmark(i, name) for i, name in enumerate(NAMES)],
        }

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_json(), indent=2) + "\n", encoding="utf-8")

    def _landmark(self, index: int, name: str) -> dict[str, Any]:
        seen = self.xy[:, index][np.isfinite(self.xy[:, index, 0])]
        mean, spread = (seen.mean(axis=0), seen.std(axis=0)) if len(seen) else (np.full(2, np.nan),) * 2
        return {
            "name": name,
            "images": int(self.images_per_keypoint[index]),
            "share": _known(self.share[index]),
            "weighted_share": _known(self.weighted_share[index]),
            "mean_xy": [_known(value) for value in mean],
            "std_xy": [_known(value) for value in spread],
        }


def statistics_of(frames: Sequence[AnnotatedFrame]) -> SetStatistics:
    """Counts and positions over all frames."""
    visible = np.array([frame.visible for frame in frames], bool).reshape(-1, COUNT)
    # Half a pixel: a share of the image counts from its edge, a pixel from its centre.
    xy = [(frame.xy + 0.5) / (frame.width, frame.height) for frame in frames]
    weights = sampling_weights(visible)
    return SetStatistics(
        frames=len(frames),
        procedures=_counted(frame.procedure for frame in frames),
        stages=_counted(frame.stage for frame in frames if frame.stage is not None),
        sizes=dict(Counter((frame.width, frame.height) for frame in frames)),
        keypoints_per_image=np.bincount(visible.sum(axis=1), minlength=COUNT + 1),
        images_per_keypoint=visible.sum(axis=0),
        weighted_share=weights @ visible / max(len(frames), 1),
        xy=np.array(xy).reshape(-1, COUNT, 2),
    )


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _known(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
