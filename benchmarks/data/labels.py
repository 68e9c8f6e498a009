"""The peers' side of labels.ts: 29 masks as byte planes, each row by a function of that name."""

import json

import cv2
import numpy as np
from calling import calling
from scipy import ndimage

SIZE = 2048
SQUARE = np.ones((7, 7), np.uint8)
OFFSETS = np.arange(-5, 6)
DISK = (OFFSETS[:, None] ** 2 + OFFSETS**2 <= 25).astype(np.uint8)
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def read_masks(annotation_path):
    """The masks of one image, and others like them: every polygon a few pixels further."""
    with open(annotation_path) as file:
        annotations = json.load(file)["annotations"]
    labels = list(dict.fromkeys(one["label"] for one in annotations))

    def filled(shift):
        masks = np.zeros((len(labels), SIZE, SIZE), np.uint8)
        for one in annotations:
            points = np.array(one["points"]).astype(np.int32) + shift
            cv2.fillPoly(masks[labels.index(one["label"])], [points], 1)
        return masks

    return filled([0, 0]), filled([3, 2])


def largest(mask):
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if len(stats) < 2:
        return mask
    return (labels == 1 + np.argmax(stats[1:, cv2.CC_STAT_AREA])).astype(np.uint8)


def flooded(mask):
    """Everything but what is connected to a corner outside the mask."""
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    cv2.floodFill(padded, None, (0, 0), 2)
    return (padded[1:-1, 1:-1] != 2).astype(np.uint8)


def scores(predicted, target):
    predicted, target = predicted.astype(bool), target.astype(bool)
    shared, a, b = np.count_nonzero(predicted & target), np.count_nonzero(predicted), np.count_nonzero(target)
    return 2 * shared / (a + b), shared / (a + b - shared), shared / a, shared / b


def boundary(mask):
    """mask_to_boundary of boundary-iou-api."""
    distance = max(1, int(round(0.02 * np.hypot(*mask.shape))))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return mask - cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=distance)[1:-1, 1:-1]


def boundary_iou(predicted, target):
    a, b = boundary(predicted), boundary(target)
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))


def surfaces(predicted, target, distance_to):
    """Hausdorff 95 and surface Dice of edge pixels, in the box around both masks as MONAI and surface-distance do."""
    x, y, width, height = cv2.boundingRect(predicted | target)
    box = np.s_[y : y + height, x : x + width]
    edges = []
    for mask in (predicted[box], target[box]):
        padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        edges.append((mask - cv2.erode(padded, CROSS)[1:-1, 1:-1]).astype(bool))
    forth, back = distance_to(edges[1])[edges[0]], distance_to(edges[0])[edges[1]]
    within = np.count_nonzero(forth <= 2) + np.count_nonzero(back <= 2)
    return max(np.percentile(forth, 95), np.percentile(back, 95)), within / (len(forth) + len(back))


def by_opencv(edge):
    return cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def by_scipy(edge):
    return ndimage.distance_transform_edt(~edge)


def prepare(work, mode, annotation_path):
    """A function of no arguments that does the work once."""
    target, predicted = read_masks(annotation_path)
    pairs = list(zip(predicted, target))
    distance_to = by_scipy if mode == "SciPy" else by_opencv
    fill = (lambda mask: ndimage.binary_fill_holes(mask)) if mode == "SciPy" else flooded
    works = {
        "dilate": lambda: [cv2.dilate(mask, SQUARE) for mask in target],
        "erode": lambda: [cv2.erode(mask, DISK) for mask in target],
        "components": lambda: [cv2.connectedComponentsWithStats(mask) for mask in target],
        "largest": lambda: [largest(mask) for mask in target],
        "holes": lambda: [fill(mask) for mask in target],
        "area": lambda: [
            cv2.resize(255 * mask, (512, 512), interpolation=cv2.INTER_AREA) >= 128 for mask in target
        ],
        "scores": lambda: [scores(*pair) for pair in pairs],
        "boundaryIou": lambda: [boundary_iou(*pair) for pair in pairs],
        "surfaces": lambda: [surfaces(*pair, distance_to) for pair in pairs],
    }
    return works[work]


def build(mode, options, conditions):
    """As the data suite asks for it."""
    return calling(conditions, prepare(options["work"], mode, conditions["material"]["annotationPath"]))
