"""The perception node fed by the image player: a DICOM cine, a video, a folder of images or a bag."""

from tavi_perception.nodes.launching import fed_by


def generate_launch_description():
    arguments = {
        "source": (None, "DICOM file, video, image, folder of images, or bag"),
        "frame_rate": ("0.0", "frames a second; 0 takes the recorded rate"),
        "loop": ("false", "start again after the last frame"),
        "pixel_size_mm": (
            "0.0",
            "size of a pixel at the patient, above all that the file says; 0: not given",
        ),
        "sid_mm": ("0.0", "source to detector, together with the next two; 0: not given"),
        "sod_mm": ("0.0", "source to patient; 0: not given"),
        "imager_pixel_spacing_mm": ("0.0", "pitch of the image's pixels at the detector; 0: not given"),
    }
    return fed_by("image_player", arguments, "perception.launch.py")
