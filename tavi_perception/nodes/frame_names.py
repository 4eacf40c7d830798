"""Names of coordinate frames, as far as tf2 takes them."""

from __future__ import annotations


def defect_of(frame_id: str) -> str:
    """Why tf2 takes no such name, in words that follow it; empty where it does."""
    if not frame_id:
        return "is empty, and tf2 takes no frame without a name"
    if frame_id.startswith("/"):
        return "begins with a slash, which tf2 refuses"
    return ""


def transform_defect(parent: str, child: str) -> str:
    """A sentence on why no transform may be sent between two frames; empty where it may."""
    for name in (parent, child):
        defect = defect_of(name)
        if defect:
            return f"no transform is sent: the frame name {name!r} {defect}; correct it in the image's header"
    if parent == child:
        return f"no transform is sent: {parent!r} would be its own parent; give the frames different names"
    return ""


def check_frame_names(**names: str) -> None:
    """Raises ValueError with one sentence for the first parameter that holds no name of a frame."""
    for parameter, name in names.items():
        defect = defect_of(name)
        if defect:
            raise ValueError(f"{parameter} is {name!r}: it {defect}; give a name such as aortic_annulus")
