"""Makes X-ray angiography images as DICOM objects."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, XRayAngiographicImageStorage, generate_uid


def xa_dataset(
    pixels: NDArray[Any], bits: int | None = None, syntax: UID = ExplicitVRLittleEndian
) -> Dataset:
    """A minimal X-ray angiography image.

    Args:
        pixels: (rows, columns), (frames, rows, columns) or (rows, columns, 3).
        bits: stored of a pixel's container; None: all.
        syntax: not encapsulated; ``Dataset.compress`` makes it so.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.SOPClassUID = XRayAngiographicImageStorage
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["imaging tests"])
    dataset.Modality = "XA"
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    frames, (rows, columns) = 1, pixels.shape[:2]
    if pixels.ndim == 3 and not colour:
        frames, rows, columns = pixels.shape
    dataset.NumberOfFrames = frames
    dataset.Rows, dataset.Columns = rows, columns
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    order = "<" if syntax.is_little_endian else ">"
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"
    return dataset
