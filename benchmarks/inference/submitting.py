"""The peers' side of submissions.ts. CSVs are read beforehand, and rows are a sample of them, one a call."""

import csv
import itertools
import json
import os

import cv2
import numpy as np
import torch
from calling import calling
from masks import CLASSES, NAMES, SIZE, frugal_rle, published_rle

SAMPLE = 8 * CLASSES

csv.field_size_limit(1 << 24)


def read_rows(path, most):
    with open(path, newline="") as file:
        return [row["rle"] for row in itertools.islice(csv.DictReader(file), most)]


def published_decode(rle):
    """As the competition's baseline."""
    numbers = rle.split()
    starts, lengths = [np.asarray(part, dtype=int) for part in (numbers[0::2], numbers[1::2])]
    starts -= 1
    mask = np.zeros(SIZE * SIZE, dtype=np.uint8)
    for low, high in zip(starts, starts + lengths):
        mask[low:high] = 1
    return mask.reshape(SIZE, SIZE)


def vote(rows, frugal):
    masks = [published_decode(rle) for rle in rows]
    if frugal:
        return frugal_rle(masks[0] + masks[1] + masks[2] >= 2)
    return published_rle((np.sum(masks, axis=0) > len(masks) / 2).astype(np.uint8))


def truth(annotation_path):
    masks = np.zeros((CLASSES, SIZE, SIZE), np.uint8)
    with open(annotation_path) as file:
        for one in json.load(file)["annotations"]:
            cv2.fillPoly(masks[NAMES.index(one["label"])], [np.array(one["points"]).astype(np.int32)], 1)
    return masks


def dice_by_numpy(predicted, target):
    shared, a, b = (np.count_nonzero(one) for one in (predicted & target, predicted, target))
    return 2 * shared / (a + b + 1e-4)


def dice_by_torch(predicted, target):
    predicted, target = (torch.from_numpy(one).flatten() for one in (predicted, target))
    return (2 * (predicted * target).sum() + 1e-4) / (predicted.sum() + target.sum() + 1e-4)


def score(rows, annotation_path, dice):
    return np.mean([dice(published_decode(rle), target) for rle, target in zip(rows, truth(annotation_path))])


def build(mode, options, conditions):
    folder = conditions["material"]["folder"]
    if options["work"] == "vote":
        ballots = [read_rows(os.path.join(folder, f"ballot-{model}.csv"), SAMPLE) for model in range(3)]
        turns = itertools.cycle(zip(*ballots))
        return calling(conditions, lambda: vote(next(turns), "without copies" in mode))
    rows = read_rows(os.path.join(folder, "prediction.csv"), CLASSES)
    if options["work"] == "decode":
        return calling(conditions, lambda: [published_decode(rle) for rle in rows])
    dice = dice_by_numpy if mode == "OpenCV and NumPy" else dice_by_torch
    return calling(conditions, lambda: score(rows, conditions["material"]["annotationPath"], dice))
