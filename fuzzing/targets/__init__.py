"""Every reader that takes what others wrote, by name."""

from fuzzing.target import Target
from fuzzing.targets import annotations, bags, bundles, dicom, images, settings

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (images, dicom, bags, annotations, bundles, settings)
    for target in module.TARGETS
}
