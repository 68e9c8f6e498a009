"""Goldens of src/augment's maps whose random parts no option can force: albumentations given corners, factors, noise.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless>=5 (pixels of warps changed with OpenCV 5).
Run: python tools/goldens/augmentMaps.py

Writes tests/goldens/augment/maps.json (what was given) and maps.bin.gz (noise, inputs and outputs, one after the
other): images of 8 bits, masks packed into 32, noise in float32.
"""

import gzip
import json

import albumentations as A
import albumentations.augmentations.geometric.functional as fgeometric
import cv2
import numpy as np
from augment import BORDERS, CLASSES, INTERPOLATIONS, OUT, make_input, pack

SIZE = (64, 48)


class GivenNoise:
    """Stands for NumPy's generator."""

    def __init__(self, noise):
        self.noise = noise

    def standard_normal(self, shape, dtype):
        return self.noise.reshape(shape).astype(dtype)


def perspectives():
    corners = [[4.5, 3.25], [60.1, 6.7], [55.3, 40.2], [2.2, 45.9]]
    for options in ({}, {"keepSize": False}, {"fitOutput": True}, {"fitOutput": True, "keepSize": False}):
        yield {"corners": corners, **options}
    # In any order: they are sorted.
    yield {"corners": [[55.3, 40.2], [2.2, 45.9], [60.1, 6.7], [4.5, 3.25]], "borderMode": "reflect101"}
    yield {"corners": corners, "interpolation": "nearest", "borderMode": "replicate"}


def grids():
    columns, rows = [1.2, 0.8, 1.1, 0.75, 1.3, 0.9], [0.7, 1.3, 1.0, 1.25, 0.8, 1.1]
    for normalized in (True, False):
        yield {"columns": columns, "rows": rows, "normalized": normalized}
    yield {"columns": columns[:4], "rows": rows[:4], "normalized": True, "borderMode": "wrap", "interpolation": "nearest"}


def elastics():
    yield {"alpha": 120, "sigma": 4, "approximate": False, "sameDxdy": False}
    yield {"alpha": 400, "sigma": 13, "approximate": False, "sameDxdy": False, "borderMode": "reflect"}
    yield {"alpha": 90, "sigma": 25, "approximate": True, "sameDxdy": True, "interpolation": "nearest"}


def warp_options(case):
    return {
        "interpolation": INTERPOLATIONS[case.get("interpolation", "linear")],
        "border_mode": BORDERS[case.get("borderMode", "constant")],
        "p": 1,
    }


def perspective(case, image, masks):
    transform = A.Perspective(
        keep_size=case.get("keepSize", True), fit_output=case.get("fitOutput", False), **warp_options(case)
    )
    original = fgeometric.generate_perspective_points
    fgeometric.generate_perspective_points = lambda *_: np.array(case["corners"], np.float64)
    try:
        return transform(image=image, masks=masks)
    finally:
        fgeometric.generate_perspective_points = original


def remapped(case, image, masks, map_x, map_y):
    options = warp_options(case)
    border = options["border_mode"]
    return {
        "image": fgeometric.remap(image, map_x, map_y, options["interpolation"], border, 0),
        "masks": [fgeometric.remap(mask, map_x, map_y, cv2.INTER_NEAREST, border, 0) for mask in masks],
    }


def grid(case, image, masks):
    shape, steps = image.shape[:2], len(case["columns"]) - 1
    columns, rows = list(case["columns"]), list(case["rows"])
    if case["normalized"]:
        normalized = fgeometric.normalize_grid_distortion_steps(shape, steps, columns, rows)
        columns, rows = normalized["steps_x"], normalized["steps_y"]
    return remapped(case, image, masks, *fgeometric.generate_grid(shape, columns, rows, steps))


def elastic(case, image, masks, noise):
    transform = A.ElasticTransform(
        alpha=case["alpha"],
        sigma=case["sigma"],
        approximate=case["approximate"],
        same_dxdy=case["sameDxdy"],
        **warp_options(case),
    )
    transform.random_generator = GivenNoise(noise)
    maps = transform.get_params_dependent_on_data({"shape": image.shape}, {})
    return remapped(case, image, masks, maps["map_x"], maps["map_y"])


def main():
    cv2.setNumThreads(1)
    blob, described = bytearray(), []

    def append(array):
        offset = len(blob)
        blob.extend(np.ascontiguousarray(array).tobytes())
        return offset

    rng = np.random.default_rng(6)
    image, masks = make_input("colour", *SIZE, seed=61)
    source = {"width": SIZE[0], "height": SIZE[1], "image": append(image), "labels": append(pack(masks))}

    def add(kind, case, result):
        result_image, labels = result["image"], pack(list(result["masks"]))
        height, width = result_image.shape[:2]
        place = {"width": width, "height": height, "image": append(result_image), "labels": append(labels)}
        described.append({"kind": kind, **case, **place})

    for case in perspectives():
        add("perspective", case, perspective(case, image, masks))
    for case in grids():
        add("grid", case, grid(case, image, masks))
    for case in elastics():
        fields = 1 if case["sameDxdy"] else 2
        noise = rng.standard_normal((fields, SIZE[1], SIZE[0]), dtype=np.float32)
        given = {**case, "noise": append(noise), "largest": float(np.abs(noise).max())}
        add("elastic", given, elastic(case, image, masks, noise))
    for element in ("e", "r90", "r180", "r270", "v", "hvt", "h", "t"):
        turned = {
            "image": fgeometric.d4(image, element),
            "masks": [fgeometric.d4(mask, element) for mask in masks],
        }
        add("symmetry", {"element": element}, turned)
    document = {
        "madeWith": {"albumentations": A.__version__, "opencv": cv2.__version__},
        "classes": CLASSES,
        "source": source,
        "cases": described,
    }
    (OUT / "maps.json").write_text(json.dumps(document, indent=1) + "\n")
    (OUT / "maps.bin.gz").write_bytes(gzip.compress(bytes(blob), 9, mtime=0))
    print(len(described), "cases,", (OUT / "maps.bin.gz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
