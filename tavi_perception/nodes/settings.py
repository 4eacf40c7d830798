"""The parameters of perception node and image player beside those of tracking: meaning, unit and range."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tavi_perception.inference.runtimes import RUNTIMES
from tavi_perception.nodes.frame_names import check_frame_names
from tavi_perception.parameters import check_parameters, parameter

at_start = partial(parameter, read_only=True)
"""A parameter that can be set only when the node starts."""

_length_mm = partial(at_start, 0.0, unit="mm", minimum=0.0)


@dataclass(frozen=True)
class NodeConfig:
    """Parameters of the perception node beside those of the tracking."""

    model: str = parameter(
        "",
        "Folder of the model bundle; empty: the shipped one. Takes effect at the next configure transition.",
    )
    runtime: str = parameter(
        "auto",
        "What runs the model: auto takes a GPU through TensorFlow if there is one, else LiteRT, with "
        "convolutions of 8 bits where the bundle has them. Takes effect at the next configure transition.",
        choices=RUNTIMES,
    )
    threads: int = parameter(
        2,
        "CPU threads of the inference. Takes effect at the next configure transition.",
        minimum=1,
        maximum=64,
    )
    image_transport: str = at_start(
        "raw", "raw subscribes to image, compressed to image/compressed.", choices=("raw", "compressed")
    )
    image_reliability: str = at_start(
        "best_effort",
        "best_effort takes the newest image from any publisher; reliable loses none, from reliable "
        "publishers only.",
        choices=("best_effort", "reliable"),
    )
    bits_stored: int = parameter(
        16,
        "How many of the 16 bits of mono16 and 16UC1 images carry the grey level.",
        minimum=8,
        maximum=16,
    )
    stale_after: float = parameter(
        0.2,
        "An image older than this at publication, or none for this long, makes the outputs invalid with "
        "IMAGE_STALE; at less than 5 frames/s it must be longer than the time between frames.",
        unit="s",
        minimum=0.01,
        maximum=60.0,
    )
    overlay_rate: float = parameter(
        30.0, "Overlays a second at most, while somebody subscribes.", unit="Hz", minimum=0.1, maximum=120.0
    )
    publish_tf: bool = at_start(
        True, "Send the annulus frame as a transform while it is valid, and the C-arm's own frame."
    )
    annulus_frame_id: str = at_start("aortic_annulus", "Name of the annulus frame in the transform tree.")
    c_arm_frame_id: str = at_start(
        "c_arm",
        "Parent of the image's frame in the transform tree: patient axes (left, caudal, anterior), origin on "
        "the optical axis at the patient. Empty: others publish it.",
    )
    image_camera_info: bool = at_start(
        True,
        "Publish camera_info beside the image too, where RViz's Camera display looks for it; false where the "
        "source of the images does.",
    )
    autostart: bool = at_start(
        True, "Configure and activate without being asked; false leaves both to a lifecycle manager."
    )

    def __post_init__(self) -> None:
        check_parameters(self)
        check_frame_names(annulus_frame_id=self.annulus_frame_id)
        if self.c_arm_frame_id:
            check_frame_names(c_arm_frame_id=self.c_arm_frame_id)


@dataclass(frozen=True)
class ImagePublisherConfig:
    """Parameters of every node that publishes fluoroscopy images."""

    frame_id: str = at_start("fluoro", "Frame of the images, origin at the X-ray source.")
    image_reliability: str = at_start(
        "best_effort", "best_effort as of a camera, or reliable.", choices=("best_effort", "reliable")
    )

    def __post_init__(self) -> None:
        check_parameters(self)


@dataclass(frozen=True)
class PlayerConfig(ImagePublisherConfig):
    """Parameters of the image player."""

    source: str = at_start("", "DICOM file, video, image, folder of images, or bag to play.")
    frame_rate: float = at_start(
        0.0, "Frames per second; 0 takes the recorded rate.", unit="Hz", minimum=0.0, maximum=120.0
    )
    loop: bool = at_start(False, "Start again after the last frame.")
    bits_stored: int = at_start(
        0,
        "How many low bits of a 16-bit pixel carry the grey level; 0: what the source says.",
        minimum=0,
        maximum=16,
    )
    pixel_size_mm: float = _length_mm(
        "Size of a pixel at the patient, above all that the source says; 0: not given.", maximum=10.0
    )
    sid_mm: float = _length_mm(
        "Source to detector; with sod_mm and imager_pixel_spacing_mm instead of pixel_size_mm; 0: not given.",
        maximum=10_000.0,
    )
    sod_mm: float = _length_mm("Source to patient; 0: not given.", maximum=10_000.0)
    imager_pixel_spacing_mm: float = _length_mm(
        "Pitch of the image's pixels at the detector; 0: not given.", maximum=10.0
    )
