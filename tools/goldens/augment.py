"""Goldens of src/augment: albumentations applied with forced parameters to small images and 29 masks.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless>=5 (pixels of warps changed with OpenCV 5).
Run: python tools/goldens/augment.py

Writes tests/goldens/augment/cases.json (what was applied), cases.bin.gz (inputs and outputs, one after the other) and
reference.png.
A transform is written as it is in TypeScript; ranges whose ends are equal force the parameter.
"""

import gzip
import json
import re
from pathlib import Path

import albumentations as A
import cv2
import numpy as np

cv2.setNumThreads(1)
OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "augment"
CLASSES = 29
BORDERS = {
    "constant": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT,
    "wrap": cv2.BORDER_WRAP,
    "reflect101": cv2.BORDER_REFLECT_101,
}
INTERPOLATIONS = {"nearest": cv2.INTER_NEAREST, "linear": cv2.INTER_LINEAR}


def make_input(kind, width, height, seed):
    """A smooth image with noise, and overlapping discs as masks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = []
    for _ in range(3):
        plane = np.zeros((height, width))
        for _ in range(12):
            cx, cy, s = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(4, 16)
            plane += rng.uniform(30, 140) * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * s * s))
        planes.append(np.clip(plane + rng.integers(-6, 7, plane.shape), 0, 255).astype(np.uint8))
    if kind == "grey":
        image = planes[0]
    elif kind == "repeated":
        image = np.stack([planes[0]] * 3, -1)
    else:
        image = np.stack(planes, -1)
    masks = []
    for _ in range(CLASSES):
        cx, cy, r = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(2, 14)
        masks.append(((x - cx) ** 2 + (y - cy) ** 2 <= r * r).astype(np.uint8))
    return image, masks


def snake(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def to_python(spec):
    options = {}
    for key, value in spec.items():
        if key in ("name", "referenceImages"):
            continue
        if key == "interpolation":
            value = INTERPOLATIONS[value]
        elif key == "borderMode":
            value = BORDERS[value]
        elif isinstance(value, list):
            value = tuple(value)
        options[snake(key)] = value
    return getattr(A, spec["name"])(**options)


def pack(masks):
    packed = np.zeros(masks[0].shape, np.uint32)
    for bit, mask in enumerate(masks):
        packed |= mask.astype(np.uint32) << np.uint32(bit)
    return packed


# A width divisible by 32: OpenCV's remainder columns take other arithmetic.
EVEN, ODD = (64, 48), (51, 37)
WARP = 1  # most grey levels that a pixel may differ by, where OpenCV's arithmetic is not the same everywhere


def cases():
    def always(name, **options):
        return {"name": name, **options, "p": 1}

    for kind in ("grey", "repeated", "colour"):
        yield always("HorizontalFlip"), kind, EVEN, 0
        yield always("VerticalFlip"), kind, ODD, 0
        yield always("Emboss", alpha=[0.37, 0.37], strength=[0.61, 0.61]), kind, ODD, 0
        yield always("Sharpen", alpha=[0.31, 0.31], lightness=[0.77, 0.77]), kind, ODD, 0
        yield always("CLAHE", clipLimit=[2.7, 2.7]), kind, EVEN, 0
        yield always("CLAHE", clipLimit=[4, 4], tileGridSize=[4, 7]), kind, ODD, 0
        yield always("Rotate", limit=[17.3, 17.3]), kind, EVEN, 0
        yield always("GaussianBlur", sigmaLimit=[1.3, 1.3]), kind, ODD, 1
        yield always("Resize", height=40, width=50), kind, ODD, 0
    for angle in (-71.2, 90, 180, 33):
        yield always("Rotate", limit=[angle, angle]), "colour", ODD, WARP
    for border in BORDERS:
        yield always("Rotate", limit=[-41.7, -41.7], borderMode=border, fill=33), "colour", EVEN, 0
        yield always("PadIfNeeded", minHeight=60, minWidth=110, borderMode=border), "repeated", ODD, 0
    yield always("Rotate", limit=[12, 12], interpolation="nearest"), "colour", EVEN, 0
    ssr = {"shiftLimit": [0.06, 0.06], "scaleLimit": [0.09, 0.09], "rotateLimit": [-23, -23]}
    yield always("ShiftScaleRotate", **ssr), "colour", EVEN, 0
    yield always("ShiftScaleRotate", **{**ssr, "scaleLimit": [-0.2, -0.2]}, shiftLimitX=[-0.1, -0.1]), "repeated", EVEN, 0
    affine = {"scale": [1.2, 1.2], "rotate": [8, 8], "shear": [5, 5], "translatePx": [3, 3]}
    yield always("Affine", **affine), "colour", EVEN, 0
    yield always("Affine", scale=[0.8, 0.8], translatePercent=[-0.07, -0.07], fill=200), "grey", EVEN, 0
    for brightness, contrast in ((0.2, -0.15), (-0.13, 0.3), (0, 0)):
        options = {"brightnessLimit": [brightness] * 2, "contrastLimit": [contrast] * 2}
        yield always("RandomBrightnessContrast", **options), "colour", ODD, 0
        yield always("RandomBrightnessContrast", **options, brightnessByMax=False), "grey", ODD, 0
    for gamma in (80, 100, 120, 43.7, 250):
        yield always("RandomGamma", gammaLimit=[gamma, gamma]), "colour", ODD, 0
    yield always("GaussianBlur", sigmaLimit=[0.9, 0.9], blurLimit=[5, 5]), "colour", EVEN, 1
    yield always("GaussianBlur", sigmaLimit=[3, 3]), "colour", EVEN, 1
    yield always("CenterCrop", height=33, width=40), "colour", ODD, 0
    yield always("CenterCrop", height=50, width=70, padIfNeeded=True), "colour", ODD, 0
    for position in ("top_left", "top_right", "bottom_left", "bottom_right"):
        yield always("PadIfNeeded", minHeight=60, minWidth=80, position=position, fill=9), "grey", ODD, 0
    for height, width in ((90, 122), (45, 30), (128, 128)):
        yield always("Resize", height=height, width=width), "colour", ODD, 0
        yield always("Resize", height=height, width=width, interpolation="nearest"), "colour", ODD, 0
    for kind in ("grey", "colour"):
        yield always("Transpose"), kind, ODD, 0
        for side in (3, 5, 7, 11):
            yield always("MedianBlur", blurLimit=[side, side]), kind, ODD, 0
        for mode, limit in (("camera", 0.6), ("camera", -0.4), ("fisheye", 0.47), ("fisheye", -0.7)):
            yield always("OpticalDistortion", distortLimit=[limit, limit], mode=mode), kind, EVEN, WARP
    for border in BORDERS:
        yield always("OpticalDistortion", distortLimit=[0.9, 0.9], borderMode=border, fill=[44, 44, 44]), "colour", ODD, WARP
    yield always("OpticalDistortion", distortLimit=[0.5, 0.5], interpolation="nearest"), "colour", ODD, 0
    for angle in (27.3, -66):
        yield always("SafeRotate", limit=[angle, angle]), "colour", EVEN, 0
        yield always("Rotate", limit=[angle, angle], cropBorder=True), "colour", EVEN, WARP
        yield always("Affine", rotate=[angle, angle], scale=[1.2, 1.2], fitOutput=True), "colour", ODD, WARP
    # Of windows whose standard deviation follows from their side, residuals are multiples of 1/16 or so of a grey
    # level, and OpenCV's rounding decides which of them exceed a whole threshold; none is 10.3.
    for side, sigma, alpha, threshold in ((5, 1.1, 0.5, 10), (7, 0.7, 1, 4), (3, 2, 0.3, 0)):
        options = {"blurLimit": [side, side], "sigmaLimit": [sigma, sigma], "alpha": [alpha, alpha]}
        yield always("UnsharpMask", **options, threshold=threshold), "colour", ODD, 1
        yield always("UnsharpMask", **options, threshold=threshold), "grey", EVEN, 1
    for method in ("weighted_average", "desaturation", "average", "max"):
        yield always("ToGray", method=method), "colour", ODD, 0
    dropout = {"randomOffset": False, "holesNumberXy": [4, 8], "fill": 77}
    yield always("GridDropout", **dropout, ratio=0.4), "colour", EVEN, 0
    yield always("GridDropout", **dropout, ratio=0.6, shiftXy=[2, 3], fillMask=0), "grey", EVEN, 0
    yield always("Resize", height=20, width=30, areaForDownscale="image"), "colour", EVEN, 0
    for ratio in (1, 0.63):
        files = ["tests/goldens/augment/reference.png"]
        yield always("HistogramMatching", referenceImages=files, blendRatio=[ratio, ratio]), "colour", ODD, 0
    full = {"size": [40, 40], "scale": [1, 1], "ratio": [64 / 48, 64 / 48]}
    yield always("RandomResizedCrop", **full), "colour", EVEN, 0
    # Of a mask of 0 and 1 that covers exactly half of a pixel, OpenCV's rounding decides: the pixel is set where the factor
    # is 2, else not. Factors of 2, and of 3 along one side only, have no other half.
    for height, width in ((24, 32), (16, 64)):
        yield always("Resize", height=height, width=width, areaForDownscale="image_mask"), "colour", EVEN, 0
    yield always("RandomResizedCrop", **{**full, "size": [24, 32]}, areaForDownscale="image_mask"), "grey", EVEN, 0


def main():
    inputs, described, blob = {}, [], bytearray()

    def append(array):
        offset = len(blob)
        blob.extend(np.ascontiguousarray(array).tobytes())
        return offset

    OUT.mkdir(parents=True, exist_ok=True)
    reference = make_input("colour", 40, 31, seed=77)[0] // 2 + 60
    cv2.imwrite(str(OUT / "reference.png"), reference[..., ::-1])
    for spec, kind, size, tolerance in cases():
        key = f"{kind} {size[0]}x{size[1]}"
        if key not in inputs:
            image, masks = make_input(kind, *size, seed=len(inputs) + 1)
            inputs[key] = {
                "image": image,
                "masks": masks,
                "entry": {
                    "width": size[0],
                    "height": size[1],
                    "channels": 1 if image.ndim == 2 else 3,
                    "image": append(image),
                    "labels": append(pack(masks)),
                },
            }
        source = inputs[key]
        given = {"hm_metadata": [reference]} if spec["name"] == "HistogramMatching" else {}
        result = to_python(spec)(image=source["image"], masks=source["masks"], **given)
        image, labels = result["image"], pack(list(result["masks"]))
        described.append(
            {
                "spec": spec,
                "input": key,
                "tolerance": tolerance,
                "width": image.shape[1],
                "height": image.shape[0],
                "image": append(image),
                "labels": append(labels),
            }
        )
    versions = {"albumentations": A.__version__, "opencv": cv2.__version__}
    document = {
        "madeWith": versions,
        "classes": CLASSES,
        "inputs": {key: value["entry"] for key, value in inputs.items()},
        "cases": described,
    }
    (OUT / "cases.json").write_text(json.dumps(document, indent=1) + "\n")
    (OUT / "cases.bin.gz").write_bytes(gzip.compress(bytes(blob), 9, mtime=0))
    print(len(described), "cases,", (OUT / "cases.bin.gz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
