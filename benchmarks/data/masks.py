"""Label maps by OpenCV, NumPy and PyTorch: from polygons, to run-length codes, from logits."""

import json
import os

import cv2
import numpy as np
from calling import calling

SIZE, LOW, CLASSES = 2048, 512, 29
NAMES = [f"finger-{i}" for i in range(1, 20)] + [
    "Trapezium", "Trapezoid", "Capitate", "Hamate", "Scaphoid", "Lunate", "Triquetrum", "Pisiform", "Radius", "Ulna",
]  # fmt: skip


def read_polygons(material):
    with open(material["annotationPath"]) as file:
        annotations = json.load(file)["annotations"]
    return [(NAMES.index(one["label"]), np.array(one["points"]).astype(np.int32)) for one in annotations]


def plane_of(points):
    plane = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(plane, [points], 1)
    return plane


def filled_last(polygons):
    """As the competition's baseline lays it out, and as albumentations takes it."""
    masks = np.zeros((SIZE, SIZE, CLASSES), np.uint8)
    for index, points in polygons:
        masks[..., index] = plane_of(points)
    return masks


def filled_first(polygons):
    masks = np.zeros((CLASSES, SIZE, SIZE), np.uint8)
    for index, points in polygons:
        cv2.fillPoly(masks[index], [points], 1)
    return masks


def stacked(polygons, axis):
    return np.stack([plane_of(points) for _, points in sorted(polygons, key=lambda one: one[0])], axis=axis)


FILLS = {
    "OpenCV, a plane each, copied": filled_last,
    "OpenCV, planes stacked last": lambda polygons: stacked(polygons, -1),
    "OpenCV, into zeros not yet touched": filled_first,
    "OpenCV, planes stacked first": lambda polygons: stacked(polygons, 0),
}


def published_rle(mask):
    pixels = np.concatenate([[0], mask.flatten(), [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def frugal_rle(mask):
    """The same string, without copying the mask into 8-byte integers."""
    pixels = mask.reshape(-1)
    runs = np.flatnonzero(pixels[1:] != pixels[:-1]) + 2
    if pixels[0]:
        runs = np.concatenate([[1], runs])
    if pixels[-1]:
        runs = np.concatenate([runs, [pixels.size + 1]])
    runs[1::2] -= runs[::2]
    return " ".join(map(str, runs.tolist()))


def upsampled_by_torch(logits):
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(logits.transpose(2, 0, 1)))[None]

    @torch.inference_mode()
    def once():
        full = torch.nn.functional.interpolate(planes, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
        return [frugal_rle(mask) for mask in (full[0] > 0).numpy()]

    return once


def upsampled_by_opencv(logits):
    planes = np.ascontiguousarray(logits.transpose(2, 0, 1))
    return lambda: [
        frugal_rle(cv2.resize(plane, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) > 0) for plane in planes
    ]


def build(mode, options, conditions):
    material, work = conditions["material"], options["work"]
    if work in ("fill-last", "fill-first"):
        polygons = read_polygons(material)
        return calling(conditions, lambda: FILLS[mode](polygons))
    if work == "rle":
        masks = filled_first(read_polygons(material))
        encode = published_rle if mode == "NumPy, as published" else frugal_rle
        return calling(conditions, lambda: [encode(mask) for mask in masks])
    logits = np.fromfile(os.path.join(material["folder"], "logits.bin"), np.float32).reshape(LOW, LOW, CLASSES)
    upsampled = upsampled_by_torch if mode.startswith("PyTorch") else upsampled_by_opencv
    return calling(conditions, upsampled(logits))
