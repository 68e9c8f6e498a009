"""Scores a submission without any of Phalanx: reads the CSV and the annotations, fills polygons with OpenCV, decodes
every mask, prints the mean Dice as the hand-bone competition computes it.

Needs from PyPI: numpy opencv-python-headless
Run: python tools/score/score.py SUBMISSION.csv DATA/test/outputs_json [--json]
"""

import argparse
import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np

CLASSES = [f"finger-{i}" for i in range(1, 20)] + [
    "Trapezium", "Trapezoid", "Capitate", "Hamate", "Scaphoid", "Lunate", "Triquetrum", "Pisiform", "Radius", "Ulna",
]
EPSILON = 1e-4


def read_annotation(path):
    """Masks [height, width] of 0 and 1, by class; a class without polygon is empty."""
    annotation = json.loads(path.read_text(encoding="utf-8"))
    shape = annotation["metadata"]["height"], annotation["metadata"]["width"]
    masks = {name: np.zeros(shape, np.uint8) for name in CLASSES}
    for polygon in annotation["annotations"]:
        cv2.fillPoly(masks[polygon["label"]], [np.array(polygon["points"], np.int32)], 1)
    return masks


def decode_rle(rle, shape):
    mask = np.zeros(shape[0] * shape[1], np.uint8)
    numbers = np.array(rle.split(), dtype=np.int64)
    for start, length in zip(numbers[0::2] - 1, numbers[1::2]):
        if start < 0 or length < 1 or start + length > mask.size:
            raise ValueError(f"run {start + 1} {length} is not within {mask.size} pixels")
        mask[start : start + length] = 1
    return mask.reshape(shape)


def dice(a, b):
    a, b = a.astype(bool), b.astype(bool)
    return 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b) + EPSILON)


def score(submission, annotations):
    csv.field_size_limit(2**31 - 1)
    with open(submission, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    predictions = {(row["image_name"], row["class"]): row["rle"] for row in rows}
    if len(predictions) != len(rows):
        raise ValueError("some rows are there twice")
    paths = sorted(Path(annotations).rglob("*.json"))
    if len(rows) != len(paths) * len(CLASSES):
        raise ValueError(f"{len(rows)} rows for {len(paths)} annotated images of {len(CLASSES)} classes")
    scores = {name: [] for name in CLASSES}
    for path in paths:
        for name, truth in read_annotation(path).items():
            scores[name].append(dice(decode_rle(predictions[f"{path.stem}.png", name], truth.shape), truth))
    per_class = {name: float(np.mean(values)) for name, values in scores.items()}
    return {"meanDice": float(np.mean(list(per_class.values()))), "perClass": per_class}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("submission")
    parser.add_argument("annotations", help="folder with the split's outputs_json")
    parser.add_argument("--json", action="store_true", help="print the classes' scores too, as JSON")
    arguments = parser.parse_args()
    try:
        result = score(arguments.submission, arguments.annotations)
    except (ValueError, KeyError, OSError) as error:
        sys.exit(f"score.py: {type(error).__name__}: {error}")
    print(json.dumps(result) if arguments.json else f"{result['meanDice']:.6f}")


if __name__ == "__main__":
    main()
