"""Goldens of src/augment/annotated.ts: albumentations' keypoints and boxes under forced transforms.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless>=5.
Run: python tools/goldens/points.py

Writes tests/goldens/augment/points.json. A transform is written as it is in TypeScript; ranges whose ends are equal force
the parameter. Boxes are pascal_voc. `tolerance` is in pixels: through distortions albumentations follows points by tables
of whole pixels and boxes by masks, TypeScript by the map itself.
"""

import json

import albumentations as A
import numpy as np
from augment import EVEN, ODD, OUT, to_python

KEYPOINTS = [[0, 0], [10.5, 7.25], [31.5, 23.5], [47, 30], [62.75, 46.5], [5, 44], [60, 3.5]]
BOXES = [[2, 3, 20, 15], [25.5, 10, 50, 40.25], [0, 0, 64, 48], [40, 30, 44, 33], [55, 2, 63, 9]]
EXACT, TABLES, LENS = 1e-3, 1.6, 2.1


def cases():
    def always(name, **options):
        return {"name": name, **options, "p": 1}

    for size in (EVEN, ODD):
        yield always("HorizontalFlip"), size, EXACT
        yield always("VerticalFlip"), size, EXACT
        yield always("Transpose"), size, EXACT
        yield always("Resize", height=40, width=50), size, EXACT
        yield always("Resize", height=90, width=121), size, EXACT
        for angle in (17.3, -71.2, 90):
            yield always("Rotate", limit=[angle, angle]), size, EXACT
            yield always("SafeRotate", limit=[angle, angle]), size, EXACT
        yield always("Rotate", limit=[27.3, 27.3], cropBorder=True), size, EXACT
        yield always("CenterCrop", height=33, width=40), size, EXACT
        yield always("CenterCrop", height=70, width=90, padIfNeeded=True), size, EXACT
        yield always("PadIfNeeded", minHeight=60, minWidth=80, position="top_left"), size, EXACT
        yield always("PadIfNeeded", minHeight=61, minWidth=110), size, EXACT
    ssr = {"shiftLimit": [0.06, 0.06], "scaleLimit": [0.09, 0.09], "rotateLimit": [-23, -23]}
    yield always("ShiftScaleRotate", **ssr), EVEN, EXACT
    affine = {"scale": [1.2, 1.2], "rotate": [8, 8], "shear": [5, 5], "translatePx": [3, 3]}
    yield always("Affine", **affine), EVEN, EXACT
    yield always("Affine", rotate=[27.3, 27.3], scale=[1.2, 1.2], fitOutput=True), ODD, EXACT
    full = {"size": [40, 40], "scale": [1, 1], "ratio": [64 / 48, 64 / 48]}
    yield always("RandomResizedCrop", **full), EVEN, EXACT
    for limit in (0.3, 0.1):
        yield always("OpticalDistortion", distortLimit=[limit, limit]), EVEN, LENS
        yield always("OpticalDistortion", distortLimit=[limit, limit], mode="fisheye"), EVEN, LENS


def main():
    described = []
    for spec, size, tolerance in cases():
        composed = A.Compose(
            [to_python(spec)],
            keypoint_params=A.KeypointParams(format="xy", label_fields=["names"], remove_invisible=True),
            bbox_params=A.BboxParams(format="pascal_voc", label_fields=["classes"]),
        )
        width, height = size
        keypoints = [k for k in KEYPOINTS if k[0] < width and k[1] < height]
        boxes = [[min(b[0], width), min(b[1], height), min(b[2], width), min(b[3], height)] for b in BOXES]
        boxes = [b for b in boxes if b[0] < b[2] and b[1] < b[3]]
        result = composed(
            image=np.zeros((height, width, 3), np.uint8),
            keypoints=np.array(keypoints, np.float32),
            names=list(range(len(keypoints))),
            bboxes=np.array(boxes, np.float32),
            classes=list(range(len(boxes))),
        )
        described.append(
            {
                "spec": spec,
                "size": list(size),
                "tolerance": tolerance,
                # There SafeRotate turns boxes about another centre than pixels and keypoints, half a pixel away.
                "boxTolerance": 0.51 if spec["name"] == "SafeRotate" else tolerance,
                "keypoints": keypoints,
                "boxes": boxes,
                "movedKeypoints": np.round(np.asarray(result["keypoints"], float).reshape(-1, 2), 4).tolist(),
                "keypointIndices": [int(i) for i in result["names"]],
                "movedBoxes": np.round(np.asarray(result["bboxes"], float).reshape(-1, 4), 4).tolist(),
                "boxIndices": [int(i) for i in result["classes"]],
            }
        )
    (OUT / "points.json").write_text(json.dumps(described, indent=1) + "\n")
    print(len(described), "cases")


if __name__ == "__main__":
    main()
