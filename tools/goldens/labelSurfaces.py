"""Golden file for the surface metrics of src/labels, from DeepMind's surface-distance, MONAI and OpenCV.

Run from the repository root: python tools/goldens/labelSurfaces.py
Needs from PyPI: scipy 1.17, what labels.py needs, and, installed with --no-deps, monai 1.6.1 and surface-distance 0.1 (which
names modules and constants that NumPy and SciPy have since moved).
Writes tests/goldens/labels/surfaces.json; everything is drawn from fixed seeds.
"""

import math
import warnings

import cv2
import numpy as np
import torch
from scipy import ndimage

np.Inf, ndimage.filters, ndimage.morphology = np.inf, ndimage, ndimage

import surface_distance  # noqa: E402
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice  # noqa: E402

from labels import write  # noqa: E402
from labelShapes import random_mask  # noqa: E402

warnings.filterwarnings("ignore")


def number(value):
    """JSON has neither infinity nor NaN."""
    value = float(value)
    return value if math.isfinite(value) else str(value)


def by_contour(target, predicted, spacing, tolerance):
    """DeepMind's arguments are truth first, and rows before columns."""
    distances = surface_distance.compute_surface_distances(target.astype(bool), predicted.astype(bool), spacing[::-1])
    target_to_predicted, predicted_to_target = surface_distance.compute_average_surface_distance(distances)
    return {
        "hausdorff": {str(p): number(surface_distance.compute_robust_hausdorff(distances, p)) for p in (50, 95, 100)},
        "averages": [number(predicted_to_target), number(target_to_predicted)],
        "surfaceDice": number(surface_distance.compute_surface_dice_at_tolerance(distances, tolerance)),
    }


def by_pixels(target, predicted, spacing, tolerance):
    y, y_pred = torch.from_numpy(target)[None, None], torch.from_numpy(predicted)[None, None]
    options = {"include_background": True, "spacing": list(spacing[::-1])}
    return {
        "hausdorff": {
            str(p): number(compute_hausdorff_distance(y_pred, y, percentile=p, **options)) for p in (50, 95, 100)
        },
        "symmetricAverage": number(compute_average_surface_distance(y_pred, y, symmetric=True, **options)),
        "surfaceDice": number(compute_surface_dice(y_pred, y, class_thresholds=[tolerance], **options)),
    }


def boundary(mask, ratio):
    """mask_to_boundary of boundary-iou-api."""
    height, width = mask.shape
    distance = max(1, int(round(ratio * np.sqrt(height**2 + width**2))))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=distance)
    return mask - eroded[1 : height + 1, 1 : width + 1]


def boundary_iou(target, predicted, ratio):
    a, b = boundary(target, ratio), boundary(predicted, ratio)
    union = ((a + b) > 0).sum()
    return number((a * b > 0).sum() / union if union else math.nan)


def main():
    rng = np.random.default_rng(20240604)
    cases = []
    for index in range(48):
        width, height = (int(v) for v in rng.integers(1, 56, 2))
        target = random_mask(rng, index, width, height)
        if index % 6 == 5:
            predicted = random_mask(rng, index // 2, width, height)
        else:  # the truth, a little moved and worn
            moved = np.roll(target, rng.integers(-3, 4, 2), (0, 1))
            predicted = cv2.erode(moved, np.ones((2, 2), np.uint8)) if index % 2 else moved
        if index % 12 == 10:
            predicted[:] = 0
        spacing = [(1.0, 1.0), (0.5, 0.5), (0.25, 1.75)][index % 3]
        tolerance = float([0, 1, 1.5, 3][index % 4])
        cases.append(
            {
                "width": width,
                "height": height,
                "target": np.packbits(target).tobytes().hex(),
                "predicted": np.packbits(predicted).tobytes().hex(),
                "spacing": spacing,
                "tolerance": tolerance,
                "contour": by_contour(target, predicted, spacing, tolerance),
                "pixels": by_pixels(target, predicted, spacing, tolerance),
                "boundaryIou": {str(r): boundary_iou(target, predicted, r) for r in (0.02, 0.1)},
            }
        )
    write("surfaces.json", cases)


if __name__ == "__main__":
    main()
