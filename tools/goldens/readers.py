"""Goldens of src/data: small files as other tools write them, and the numbers that those tools read from them.

Needs from PyPI: numpy==2.4.6 nibabel==5.4.2 SimpleITK==2.5.7 pydicom==3.0.2 pycocotools==2.0.11 tifffile==2026.3.3
imagecodecs==2026.3.6 pillow==13.0.0
Run from the repository's root: python tools/goldens/readers.py

Writes tests/goldens/readers/: images/, volumes/, dicom/, coco/, tables/ and expected.json.
"""

import io
import json
import shutil
from pathlib import Path

import imagecodecs
import nibabel as nib
import numpy as np
import pydicom
import SimpleITK as sitk
import tifffile
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut, apply_windowing
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

OUT = Path("tests/goldens/readers")
RNG = np.random.default_rng(6)
EXPECTED = {}


def fresh(name):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def numbers(array):
    values = np.asarray(array).astype(np.float64).ravel().tolist()
    return [int(value) if value.is_integer() else value for value in values]


def images():
    folder = fresh("images")
    entries = {}

    def add(name, array, write):
        write(folder / name)
        channels = 1 if array.ndim == 2 else array.shape[2]
        entries[name] = {
            "width": array.shape[1],
            "height": array.shape[0],
            "channels": channels,
            "values": numbers(array),
        }

    grey8 = RNG.integers(0, 256, (7, 9), dtype=np.uint8)
    rgb8 = RNG.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    grey16 = RNG.integers(0, 65536, (7, 9), dtype=np.uint16)
    rgb16 = RNG.integers(0, 65536, (7, 9, 3), dtype=np.uint16)
    add("grey8.png", grey8, lambda path: Image.fromarray(grey8).save(path))
    add("rgb8.png", rgb8, lambda path: Image.fromarray(rgb8).save(path))
    add("grey16.png", grey16, lambda path: Image.fromarray(grey16).save(path))
    add("grey8.tif", grey8, lambda path: tifffile.imwrite(path, grey8))
    add("rgb8.tif", rgb8, lambda path: tifffile.imwrite(path, rgb8, photometric="rgb", compression="lzw"))
    add("grey16.tif", grey16, lambda path: tifffile.imwrite(path, grey16, compression="zlib", predictor=True))
    add("grey16big.tif", grey16, lambda path: tifffile.imwrite(path, grey16, byteorder=">"))
    add("rgb16.tif", rgb16, lambda path: tifffile.imwrite(path, rgb16, photometric="rgb"))
    add("rgb16planar.tif", rgb16, lambda path: tifffile.imwrite(path, np.moveaxis(rgb16, -1, 0), photometric="rgb", planarconfig="separate"))
    # Transparency is dropped, whatever is behind it.
    for name, visible in (("greyAlpha8", grey8), ("rgbAlpha8", rgb8), ("rgbAlpha16", rgb16), ("greyAlpha16", grey16)):
        alpha = (np.arange(63).reshape(7, 9) * 4).astype(visible.dtype)
        add(f"{name}.png", visible, lambda path: path.write_bytes(imagecodecs.png_encode(np.dstack([visible, alpha]))))
    float32 = RNG.normal(size=(7, 9)).astype(np.float32)
    tifffile.imwrite(folder / "float32.tif", float32)

    # Indices of palettes and grey of few bits, of odd widths, so that rows end within a byte.
    for bits in (1, 2, 4, 8):
        indices = RNG.integers(0, 2**bits, (11, 13), dtype=np.uint8)
        image = Image.fromarray(indices, "P")
        image.putpalette(RNG.integers(0, 256, 3 * 2**bits, dtype=np.uint8).tolist())
        add(f"palette{bits}.png", indices, lambda path: image.save(path, bits=bits))
        entries[f"palette{bits}.png"]["colours"] = numbers(np.asarray(image.convert("RGB")))
    ramp = (np.add.outer(np.arange(40), np.arange(50)) // 9).astype(np.uint8)
    image = Image.fromarray(ramp, "P")
    image.putpalette(RNG.integers(0, 256, 768, dtype=np.uint8).tolist())
    # Rows of a ramp are filtered in different ways.
    add("paletteFiltered.png", ramp, lambda path: image.save(path, optimize=True))
    entries["paletteFiltered.png"]["colours"] = numbers(np.asarray(image.convert("RGB")))
    bit = RNG.integers(0, 2, (11, 13)).astype(bool)
    add("bit.png", bit.astype(np.uint8), lambda path: Image.fromarray(bit).save(path))
    EXPECTED["images"] = entries


def intensity():
    """Numbers as bytes: from one number, percentile or extreme to another, halves rounded up."""
    cases = []
    arrays = {
        "uint8": RNG.integers(0, 200, 60),
        "int8": RNG.integers(-100, 100, 60),
        "uint16": RNG.integers(0, 65536, 60),
        # Long enough for a table of all numbers, and too long to be stored.
        "int16": np.arange(70_000) * 7919 % 5003 - 2500,
        "float32": RNG.normal(0, 1, 61),
    }
    for name, array in arrays.items():
        array = array.astype(name)
        for slope, intercept in ((1, 0), (0.25, -12), (-2, 5)):
            values = array.astype(np.float64) * slope + intercept
            for low, high in ((0.5, 99.5), (0, 100), (10, 60)):
                ends = np.percentile(values, [low, high])
                scaled = np.floor((values - ends[0]) * (255 / (ends[1] - ends[0])) + 0.5)
                cases.append(
                    {
                        "type": name,
                        "stored": numbers(array) if len(array) < 1000 else None,
                        "slope": slope,
                        "intercept": intercept,
                        "low": low,
                        "high": high,
                        "limits": numbers(ends),
                        "bytes": numbers(np.clip(scaled, 0, 255)[:100]),
                    }
                )
    EXPECTED["intensity"] = cases


def volumes():
    folder = fresh("volumes")
    entries = {}
    # Numbers in the order of the file, x fastest.
    shape = (5, 4, 3)
    ramp = RNG.integers(-1000, 2000, shape, dtype=np.int16)
    affine = np.array([[-1.5, 0.2, 0, 30], [0.1, 2, -0.3, -40], [0, 0.4, 3, 12.5], [0, 0, 0, 1]])
    points = [[0, 0, 0], [4, 1, 2], [1.5, 2.25, 0.5]]

    def nifti(name, data, header=None, sform=None, qform=None, slope=None, big=False):
        header = nib.Nifti1Header(endianness=">" if big else "<")
        image = nib.Nifti1Image(data, None, header)
        image.header.set_data_dtype(data.dtype)
        if sform is not None:
            image.set_sform(sform, 2)
        if qform is not None:
            image.set_qform(qform, 1)
        if sform is None and qform is None:
            image.header["pixdim"][1:4] = [0.5, 0.75, 2]
        if slope is not None:
            image.header.set_slope_inter(*slope)
        nib.save(image, folder / name)
        loaded = nib.load(folder / name)
        entries[name] = {
            "size": list(shape),
            "values": numbers(loaded.get_fdata().ravel(order="F")),
            "spacing": numbers(loaded.header.get_zooms()),
            "points": [[point, numbers(nib.affines.apply_affine(loaded.affine, point))] for point in points],
        }

    nifti("int16.nii.gz", ramp, sform=affine)
    nifti("plain.nii", ramp)
    nifti("big.nii", ramp, sform=affine, big=True)
    rotation = nib.affines.from_matvec(nib.eulerangles.euler2mat(0.3, -0.2, 0.5) @ np.diag([1.5, 2, -3]), [3, -4, 5])
    nifti("qform.nii.gz", ramp, qform=rotation)
    for dtype in (np.uint8, np.int8, np.uint16, np.uint32, np.int32, np.float32, np.float64):
        data = RNG.integers(0, 100, shape).astype(dtype)
        nifti(f"{np.dtype(dtype).name}.nii.gz", data, sform=affine)
    scaled = nib.Nifti1Image(ramp, affine)
    scaled.header.set_slope_inter(0.5, -100)
    nib.save(scaled, folder / "scaled.nii")
    # nibabel scales to its own taste when it saves; the file's numbers are set by hand.
    raw = bytearray((folder / "scaled.nii").read_bytes())
    raw[112:120] = np.array([0.5, -100], "<f4").tobytes()
    (folder / "scaled.nii").write_bytes(raw)
    loaded = nib.load(folder / "scaled.nii")
    entries["scaled.nii"] = {
        "size": list(shape),
        "values": numbers(loaded.get_fdata().ravel(order="F")),
        "spacing": numbers(loaded.header.get_zooms()),
        "points": [[point, numbers(nib.affines.apply_affine(loaded.affine, point))] for point in points],
    }

    def meta(name, data, compress=False):
        image = sitk.GetImageFromArray(data)
        image.SetSpacing((0.7, 0.8, 2.5))
        image.SetOrigin((-120.5, 33, 7.25))
        image.SetDirection(nib.eulerangles.euler2mat(0.3, -0.2, 0.5).ravel().tolist())
        sitk.WriteImage(image, str(folder / name), useCompression=compress)
        loaded = sitk.ReadImage(str(folder / name))
        entries[name] = {
            "size": list(loaded.GetSize()),
            "values": numbers(sitk.GetArrayFromImage(loaded)),
            "spacing": list(loaded.GetSpacing()),
            "points": [
                [point, list(loaded.TransformContinuousIndexToPhysicalPoint([float(value) for value in point]))]
                for point in points
            ],
        }

    meta("raw.mhd", np.ascontiguousarray(ramp.T))
    meta("packed.mhd", np.ascontiguousarray(ramp.T), compress=True)
    meta("local.mha", np.ascontiguousarray(ramp.T))
    meta("packed.mha", RNG.normal(size=shape[::-1]).astype(np.float32), compress=True)
    for dtype in (np.uint8, np.int8, np.uint16, np.uint32, np.int32, np.float64):
        meta(f"{np.dtype(dtype).name}.mha", RNG.integers(0, 100, shape[::-1]).astype(dtype))
    # The other order of bytes, as old scanners wrote it.
    header = (folder / "raw.mhd").read_text()
    big = header.replace("BinaryDataByteOrderMSB = False", "BinaryDataByteOrderMSB = True").replace("raw.raw", "big.raw")
    (folder / "big.mhd").write_text(big)
    (folder / "big.raw").write_bytes(np.frombuffer((folder / "raw.raw").read_bytes(), "<i2").astype(">i2").tobytes())
    entries["big.mhd"] = entries["raw.mhd"]
    EXPECTED["volumes"] = entries


def dicom():
    folder = fresh("dicom")
    entries = {}

    def add(name, array, syntax=ExplicitVRLittleEndian, photometric="MONOCHROME2", stored=None, window=None, **tags):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = syntax
        meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
        meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
        dataset = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        dataset.SOPClassUID = meta.MediaStorageSOPClassUID
        dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        dataset.PatientID = "ID001"
        dataset.Rows, dataset.Columns = array.shape[:2]
        dataset.SamplesPerPixel = 1 if array.ndim == 2 else 3
        dataset.PhotometricInterpretation = photometric
        if array.ndim == 3:
            dataset.PlanarConfiguration = tags.pop("planar", 0)
        dataset.BitsAllocated = 8 * array.itemsize
        dataset.BitsStored = stored or 8 * array.itemsize
        dataset.HighBit = dataset.BitsStored - 1
        dataset.PixelRepresentation = int(array.dtype.kind == "i")
        if window is not None:
            dataset.WindowCenter, dataset.WindowWidth = window
        for key, value in tags.items():
            setattr(dataset, key, value)
        if syntax in (JPEGLosslessSV1, JPEG2000Lossless):
            encode = imagecodecs.ljpeg_encode if syntax == JPEGLosslessSV1 else imagecodecs.jpeg2k_encode
            dataset.PixelData = encapsulate([encode(array)])
            dataset["PixelData"].is_undefined_length = True
        elif syntax == JPEGBaseline8Bit:
            buffer = io.BytesIO()
            Image.fromarray(array).save(buffer, "JPEG", quality=95, subsampling=0)
            dataset.PixelData = encapsulate([buffer.getvalue()])
            dataset["PixelData"].is_undefined_length = True
        elif syntax == RLELossless:
            dataset.PixelData = array.tobytes()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            dataset.compress(RLELossless, generate_instance_uid=False)
        else:
            if array.ndim == 3 and dataset.PlanarConfiguration == 1:
                array = np.ascontiguousarray(np.moveaxis(array, -1, 0))
            big = syntax == ExplicitVRBigEndian
            dataset.PixelData = (array.astype(array.dtype.newbyteorder(">")) if big else array).tobytes()
            dataset["PixelData"].VR = "OW" if array.itemsize > 1 else "OB"
        if syntax == ExplicitVRBigEndian:
            pydicom.dcmwrite(folder / name, dataset, implicit_vr=False, little_endian=False, force_encoding=True)
        else:
            dataset.save_as(folder / name, enforce_file_format=True)
        if syntax in (JPEGLosslessSV1, JPEG2000Lossless):
            return
        read = pydicom.dcmread(folder / name)
        values = apply_modality_lut(read.pixel_array, read)
        entries[name] = {
            "width": read.Columns,
            "height": read.Rows,
            "channels": read.SamplesPerPixel,
            "values": numbers(values),
            "inverted": photometric == "MONOCHROME1",
        }
        if window is not None:
            windowed = apply_windowing(values, read)
            low, high = output_range(read)
            bytes_ = np.floor((windowed - low) / (high - low) * 255 + 0.5)
            entries[name]["bytes"] = numbers(255 - bytes_ if photometric == "MONOCHROME1" else bytes_)

    def output_range(read):
        # What apply_windowing maps to: the range of stored numbers, rescaled.
        bits = read.BitsStored
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if read.PixelRepresentation else (0, 2**bits - 1)
        if "RescaleSlope" in read:
            low = low * read.RescaleSlope + read.RescaleIntercept
            high = high * read.RescaleSlope + read.RescaleIntercept
        return float(low), float(high)

    shape = (6, 10)
    twelve = RNG.integers(0, 4096, shape, dtype=np.uint16)
    add("ct.dcm", twelve, stored=12, window=(40, 400), RescaleSlope="1", RescaleIntercept="-1024")
    add("negative.dcm", twelve, photometric="MONOCHROME1", stored=12, window=(2048, 3000))
    add("exact.dcm", twelve, stored=12, window=(2000, 1500), VOILUTFunction="LINEAR_EXACT")
    add("signed.dcm", RNG.integers(-2048, 2048, shape, dtype=np.int16), stored=16)
    add("slope.dcm", RNG.integers(-2048, 2048, shape, dtype=np.int16), RescaleSlope="0.25", RescaleIntercept="10.5")
    add("grey8.dcm", RNG.integers(0, 256, shape, dtype=np.uint8))
    add("rgb.dcm", RNG.integers(0, 256, (*shape, 3), dtype=np.uint8), photometric="RGB")
    add("planar.dcm", RNG.integers(0, 256, (*shape, 3), dtype=np.uint8), photometric="RGB", planar=1)
    add("implicit.dcm", twelve, syntax=ImplicitVRLittleEndian, stored=12)
    add("big.dcm", twelve, syntax=ExplicitVRBigEndian, stored=12)
    add("rle16.dcm", np.sort(twelve, axis=1), syntax=RLELossless, stored=12)
    add("rle8.dcm", np.repeat(RNG.integers(0, 256, (6, 2), dtype=np.uint8), 5, 1), syntax=RLELossless)
    smooth = np.clip(np.add.outer(np.arange(16) * 6, np.arange(24) * 5), 0, 255).astype(np.uint8)
    add("jpeg.dcm", smooth, syntax=JPEGBaseline8Bit)
    # Of kinds that are refused.
    add("lossless12.dcm", twelve, syntax=JPEGLosslessSV1, stored=12)
    add("jpeg2000.dcm", twelve, syntax=JPEG2000Lossless, stored=12)
    EXPECTED["dicom"] = entries


def coco():
    folder = fresh("coco/train")
    (folder / "images").mkdir()
    width, height = 40, 30
    names = ["a.png", "b.png"]
    for name in names:
        Image.fromarray(RNG.integers(0, 256, (height, width), dtype=np.uint8)).save(folder / "images" / name)
    annotations = []

    def add(image, category, segmentation, crowd=0):
        annotations.append(
            {
                "id": len(annotations) + 1,
                "image_id": image,
                "category_id": category,
                "segmentation": segmentation,
                "iscrowd": crowd,
                "area": 1,
                "bbox": [0, 0, 1, 1],
            }
        )

    for image in (7, 9):
        for category in (3, 5, 11):
            for _ in range(4):
                count = int(RNG.integers(3, 9))
                points = np.stack([RNG.uniform(-6, width + 6, count), RNG.uniform(-6, height + 6, count)], 1)
                # Whole, halved and any coordinates; some polygons close themselves.
                kind = RNG.integers(0, 3)
                points = np.round(points * [1, 2, 100][kind]) / [1, 2, 100][kind]
                if RNG.random() < 0.5:
                    points = np.concatenate([points, points[:1]])
                add(image, category, [points.ravel().tolist()])
    add(7, 3, [[2, 2, 6, 2, 6, 6], [20, 20, 25, 20, 25, 25, 20, 25]])
    noise = np.asfortranarray(RNG.random((height, width)) < 0.1).astype(np.uint8)
    packed = coco_mask.encode(noise)
    add(9, 5, {"size": [height, width], "counts": packed["counts"].decode()})
    counts, current = [], 0
    for value in noise.ravel(order="F"):
        if value == current % 2 and counts:
            counts[-1] += 1
        else:
            if not counts and value == 1:
                counts.append(0)
            counts.append(1)
            current = value
    add(9, 11, {"size": [height, width], "counts": counts}, crowd=1)
    document = {
        "images": [
            {"id": image, "file_name": name, "width": width, "height": height} for image, name in zip((7, 9), names)
        ],
        "annotations": annotations,
        "categories": [{"id": 11, "name": "bowel"}, {"id": 3, "name": "stomach"}, {"id": 5, "name": "liver"}],
    }
    (folder / "annotations.json").write_text(json.dumps(document))
    reader = COCO(str(folder / "annotations.json"))
    masks = {}
    for image, name in zip((7, 9), names):
        masks[name] = {}
        for category, label in ((3, "stomach"), (5, "liver"), (11, "bowel")):
            merged = np.zeros((height, width), np.uint8)
            for annotation in reader.loadAnns(reader.getAnnIds(imgIds=[image], catIds=[category])):
                merged |= reader.annToMask(annotation)
            masks[name][label] = coco_mask.encode(np.asfortranarray(merged))["counts"].decode()
    singles = []
    for annotation in reader.loadAnns(reader.getAnnIds()):
        mask = reader.annToMask(annotation)
        singles.append(coco_mask.encode(np.asfortranarray(mask))["counts"].decode())
    EXPECTED["coco"] = {"width": width, "height": height, "masks": masks, "singles": singles}


def main():
    images()
    intensity()
    volumes()
    dicom()
    coco()
    (OUT / "expected.json").write_text(json.dumps(EXPECTED, separators=(",", ":")))


if __name__ == "__main__":
    main()
