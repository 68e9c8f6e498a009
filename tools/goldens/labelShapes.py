"""Golden files for the shapes of src/labels: morphology, components, holes and shrinking by area.

Run from the repository root: python tools/goldens/labelShapes.py
Needs from PyPI: scipy 1.17 and what labels.py needs.
Writes tests/goldens/labels/{morphology,components,area}.json; everything is drawn from fixed seeds.
"""

import cv2
import numpy as np
from scipy import ndimage

from labels import digest, write


def random_mask(rng, index, width, height):
    """Noise of several densities, blobs with holes, and shapes that the image cuts."""
    kind = index % 4
    if kind == 0:
        return (rng.random((height, width)) < [0.0, 0.1, 0.4, 0.6, 0.9, 1.0][index // 4 % 6]).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(int(rng.integers(1, 7))):
        centre = tuple(int(v) for v in rng.integers(-5, [width + 5, height + 5]))
        axes = tuple(int(v) for v in rng.integers(1, max(3, min(width, height) // 2), 2))
        thickness = -1 if kind == 1 else int(rng.integers(1, 4))
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, thickness)
    if kind == 3:
        mask ^= (rng.random((height, width)) < 0.05).astype(np.uint8)
    return mask


def case_of(mask):
    height, width = mask.shape
    return {"width": width, "height": height, "bits": np.packbits(mask).tobytes().hex()}


def element(shape, radius):
    size = 2 * radius + 1
    if shape == "square":
        return cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    if shape == "cross":
        return cv2.getStructuringElement(cv2.MORPH_CROSS, (size, size))
    y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


def morphology():
    rng = np.random.default_rng(20240601)
    cases = []
    for index in range(36):
        width, height = (int(v) for v in rng.integers(1, 60, 2))
        mask = random_mask(rng, index, width, height)
        shape, radius = ["square", "cross", "disk"][index % 3], int([0, 1, 2, 3, 5, 9, 40][index // 3 % 7])
        kernel = element(shape, radius)
        cases.append(
            {
                **case_of(mask),
                "shape": shape,
                "radius": radius,
                "dilated": digest(cv2.dilate(mask, kernel)),
                "eroded": digest(cv2.erode(mask, kernel)),
                "erodedFromOutside": digest(ndimage.binary_erosion(mask, kernel).astype(np.uint8)),
            }
        )
    write("morphology.json", cases)


def components():
    rng = np.random.default_rng(20240602)
    cases = []
    for index in range(32):
        width, height = (int(v) for v in rng.integers(1, 60, 2))
        mask = random_mask(rng, index, width, height)
        case = case_of(mask)
        for connectivity in (4, 8):
            count, labels, stats, centroids = cv2.connectedComponentsWithStats(mask, connectivity=connectivity)
            firsts = {label: int(np.flatnonzero(labels == label)[0]) for label in range(1, count)}
            order = sorted(firsts, key=firsts.get)
            largest = sorted(order, key=lambda label: -stats[label, cv2.CC_STAT_AREA])[:2]
            least = int(rng.integers(1, 12))
            kept = [label for label in order if stats[label, cv2.CC_STAT_AREA] >= least]
            # Background is connected the other way.
            filled = ndimage.binary_fill_holes(mask, np.ones((3, 3)) if connectivity == 4 else None)
            holes, hole_count = ndimage.label(filled & (mask == 0), np.ones((3, 3)) if connectivity == 4 else None)
            sizes = np.bincount(holes.ravel(), minlength=hole_count + 1)
            small = (sizes <= least) & (np.arange(hole_count + 1) > 0)
            case[str(connectivity)] = {
                "areas": [int(stats[label, cv2.CC_STAT_AREA]) for label in order],
                "boxes": [[int(v) for v in stats[label, :4]] for label in order],
                "centroids": [[round(float(v), 9) for v in centroids[label]] for label in order],
                "twoLargest": digest(np.isin(labels, largest).astype(np.uint8)),
                "least": least,
                "withoutSmall": digest(np.isin(labels, kept).astype(np.uint8)),
                "filled": digest(filled.astype(np.uint8)),
                "filledSmall": digest((mask | small[holes]).astype(np.uint8)),
            }
        cases.append(case)
    write("components.json", cases)


def area():
    """Whole factors by OpenCV; others by counting on a grid fine enough for both sizes."""
    rng = np.random.default_rng(20240603)
    cases = []
    for index in range(32):
        to_width, to_height = (int(v) for v in rng.integers(1, 20, 2))
        if index % 2 == 0:
            width, height = to_width * int(rng.integers(1, 6)), to_height * int(rng.integers(1, 6))
        else:
            width, height = (int(v) for v in rng.integers(1, 40, 2))
        mask = random_mask(rng, index // 2, width, height)
        fine = np.kron(mask, np.ones((to_height, to_width), np.int64))
        counts = fine.reshape(to_height, height, to_width, width).sum(axis=(1, 3))
        shrunk = 2 * counts >= width * height
        if index % 2 == 0:
            opencv = cv2.resize(mask.astype(np.float64), (to_width, to_height), interpolation=cv2.INTER_AREA)
            assert (np.round(opencv, 9) >= 0.5).tolist() == shrunk.tolist()
        cases.append({**case_of(mask), "to": [to_width, to_height], "sha256": digest(shrunk.astype(np.uint8))})
    write("area.json", cases)


if __name__ == "__main__":
    morphology()
    components()
    area()
