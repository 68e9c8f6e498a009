"""Goldens of src/augment/mixing: albumentations' Mosaic and OpenCV's weighted average on small images and masks.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless>=5 torch (formula.py imports it).
Run from the project's root: python tools/goldens/mixing.py

Writes tests/goldens/mixing/mixing.json. Images and labels are those of `filled` in formula.py, by the names below; of the
results, SHA-256 of the bytes (Mosaic) or the values (the average).
"""

import hashlib
import json
from pathlib import Path

import albumentations as A
import cv2
import numpy as np
from formula import filled

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "mixing"


def image(name, height, width):
    return np.floor(filled(f"image {name}", [height, width, 3], 0, 256)).astype(np.uint8)


def labels(name, height, width):
    """Packed labels of 29 classes, which OpenCV moves as integers."""
    return np.floor(filled(f"labels {name}", [height, width], 0, 2**29)).astype(np.int32)


def mosaics():
    for height, width, centre in ((23, 32, 0.3), (23, 32, 0.5), (24, 31, 0.62), (24, 31, 0.7), (16, 16, 0.0)):
        transform = A.Mosaic(
            grid_yx=(2, 2),
            target_size=(height, width),
            cell_shape=(height, width),
            center_range=(centre, centre),
            p=1,
        )
        names = ["own", "p", "q", "r"]
        inputs = {name: {"image": image(name, height, width), "mask": labels(name, height, width)} for name in names}
        # albumentations shuffles the other three; which went where is read off the result.
        result = A.Compose([transform], seed=1)(**inputs["own"], mosaic_metadata=[inputs[n] for n in names[1:]])
        yield {
            "height": height,
            "width": width,
            "center": centre,
            "image": hashlib.sha256(np.ascontiguousarray(result["image"]).tobytes()).hexdigest(),
            "labels": hashlib.sha256(np.ascontiguousarray(result["mask"].astype("<i4")).tobytes()).hexdigest(),
        }


def averages():
    for share in (0.0, 0.25, 0.4, 0.9, 1.0):
        a, b = image("own", 9, 14), image("p", 9, 14)
        values = cv2.addWeighted(a, 1 - share, b, share, 0)
        yield {"share": share, "values": values.reshape(-1).tolist()}


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    document = {
        "madeWith": {"albumentations": A.__version__, "opencv": cv2.__version__},
        "mosaics": list(mosaics()),
        "averages": list(averages()),
    }
    (OUT / "mixing.json").write_text(json.dumps(document) + "\n")
