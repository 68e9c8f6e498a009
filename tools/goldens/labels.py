"""Golden files for src/labels, from the originals that its kernels are held to.

Run from the repository root: python tools/goldens/labels.py
Needs from PyPI: numpy 2.x, opencv-python-headless 5.0.0 (polygons, resizing), torch 2.15 (bilinear upsampling),
pycocotools 2.0.11 (COCO's run-length encoding).
Writes tests/goldens/labels/*.json; everything is drawn from fixed seeds, so a second run writes the same bytes.
"""

import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
import torch
from pycocotools import mask as coco
from torch.nn import functional

OUT = Path("tests/goldens/labels")


def write(name, cases):
    """One case per line, so that a changed golden shows in a diff."""
    OUT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (OUT / name).write_text(f"[\n{lines}\n]\n")


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def random_polygon(rng, kind, width, height):
    side = np.array([width, height])
    if kind == "scribble":  # crosses itself
        return rng.integers(0, side, (rng.integers(3, 24), 2))
    if kind == "star":  # concave
        n = int(rng.integers(5, 60))
        angle = np.sort(rng.uniform(0, 2 * np.pi, n))
        radius = rng.uniform(0.1, 0.5, n) * min(width, height)
        return (side / 2 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)).astype(np.int32)
    if kind == "outside":  # clipped on every side, or wholly outside
        centre = rng.uniform(-0.5, 1.5, 2) * side
        return (centre + rng.uniform(-1.5, 1.5, (rng.integers(3, 12), 2)) * side).astype(np.int32)
    if kind == "far":  # long edges from far away
        return rng.integers(-4000, 4000, (rng.integers(3, 8), 2))
    if kind == "steps":  # horizontal and vertical edges only
        n = int(rng.integers(2, 10))
        xs, ys = rng.integers(0, width, n), rng.integers(0, height, n)
        return np.array([p for i in range(n) for p in ((xs[i], ys[i]), (xs[(i + 1) % n], ys[i]))])
    if kind == "collinear":
        start, step = rng.integers(0, side), rng.integers(-3, 4, 2)
        return start + np.outer(rng.integers(-6, 7, rng.integers(3, 7)), step)
    if kind == "tiny":
        return rng.integers(0, side, 2) + rng.integers(-2, 3, (rng.integers(1, 6), 2))
    if kind == "repeated":  # repeated points and edges walked back
        points = rng.integers(0, side, (rng.integers(2, 8), 2))
        return np.concatenate([points, points[::-1], points[: len(points) // 2]])
    raise ValueError(kind)


def polygons():
    rng = np.random.default_rng(20240501)
    cases = []
    kinds = ["scribble", "star", "outside", "far", "steps", "collinear", "tiny", "repeated"]
    for index in range(480):
        kind = kinds[index % len(kinds)]
        width, height = (int(v) for v in rng.integers(1, 160, 2))
        points = random_polygon(rng, kind, width, height).astype(np.int32)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [points], 1)
        cases.append(
            {
                "kind": kind,
                "width": width,
                "height": height,
                "points": points.tolist(),
                "area": int(mask.sum()),
                "sha256": digest(mask),
            }
        )
    write("polygons.json", cases)


def hand_bone_rle(mask):
    """The hand-bone competition's encode_mask_to_rle."""
    pixels = mask.flatten()
    pixels = np.concatenate([[0], pixels, [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def siim_rle(mask):
    """SIIM-ACR's mask2rle, which takes the transposed mask; with the run that touches the last pixel, which it drops."""
    rle, last, position, start, length = [], 0, 0, -1, 0
    for value in np.append(mask.T.flatten(), 0):
        if value != last:
            if value:
                start, length = position, 1
            else:
                rle += [start, length]
                start, length, position = -1, 0, 0
        elif start > -1:
            length += 1
        last = value
        position += 1
    return " ".join(str(x) for x in rle) or "-1"


def rle():
    rng = np.random.default_rng(20240502)
    cases = []
    for index in range(60):
        width, height = (int(v) for v in rng.integers(1, 40, 2))
        density = [0.0, 1.0, 0.02, 0.5, 0.98][index % 5]
        mask = (rng.random((height, width)) < density).astype(np.uint8)
        if index % 3 == 2:
            mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        cases.append(
            {
                "width": width,
                "height": height,
                "bits": np.packbits(mask).tobytes().hex(),
                "handBone": hand_bone_rle(mask),
                "hubmap": hand_bone_rle(mask.T),
                "siimAcr": siim_rle(mask),
                "coco": coco.encode(np.asfortranarray(mask))["counts"].decode(),
            }
        )
    write("rle.json", cases)


def pattern(width, height, channels=1):
    """Noise that the tests make again by the same formula: uint32 [height, width, channels]."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    with np.errstate(over="ignore"):
        h = (x + 1).astype(np.uint32) * np.uint32(0x9E3779B1)
        h ^= (y + 1).astype(np.uint32) * np.uint32(0x85EBCA6B)
        h ^= (c + 1).astype(np.uint32) * np.uint32(0xC2B2AE35)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x2C1B3C6D)
        h ^= h >> np.uint32(12)
        h *= np.uint32(0x297A2D39)
        h ^= h >> np.uint32(15)
    return h


def nearest():
    rng = np.random.default_rng(20240503)
    sizes = [(64, 64, 128, 128), (128, 128, 64, 64), (2048, 30, 512, 7), (512, 512, 100, 333), (1, 1, 9, 5), (9, 5, 1, 1)]
    sizes += [tuple(int(v) for v in rng.integers(1, 300, 4)) for _ in range(60)]
    cases = []
    for width, height, to_width, to_height in sizes:
        labels = pattern(width, height)[..., 0].view(np.int32)
        resized = cv2.resize(labels, (to_width, to_height), interpolation=cv2.INTER_NEAREST)
        cases.append({"from": [width, height], "to": [to_width, to_height], "sha256": digest(resized)})
    write("nearest.json", cases)


def noise_logits(width, height, classes):
    """float32 [height, width, classes] in [-4, 4), made again by the tests."""
    return (pattern(width, height, classes) / 2**32 * 8 - 4).astype(np.float32)


def bilinear(logits, width, height):
    planes = torch.from_numpy(logits.transpose(2, 0, 1).copy())[None]
    resized = functional.interpolate(planes, size=(height, width), mode="bilinear", align_corners=False)
    return resized[0].permute(1, 2, 0).numpy()


def upsample():
    """Values for the plain twin; thresholded masks, whose thresholds stay clear of every value, for the kernel."""
    rng = np.random.default_rng(20240504)
    values = []
    for width, height, classes, to_width, to_height in [(3, 2, 2, 7, 5), (4, 4, 1, 16, 16), (5, 6, 1, 4, 3), (1, 3, 2, 4, 1)]:
        result = bilinear(noise_logits(width, height, classes), to_width, to_height)
        values.append(
            {
                "from": [width, height],
                "classes": classes,
                "to": [to_width, to_height],
                "values": [round(float(v), 6) for v in result.flatten()],
            }
        )
    write("bilinear.json", values)

    masks = []
    sizes = [(32, 32, 29, 128, 128), (16, 16, 40, 48, 80), (64, 64, 3, 512, 512), (50, 40, 5, 31, 17), (1, 1, 33, 9, 9)]
    sizes += [(*(int(v) for v in rng.integers(1, 40, 3)), *(int(v) for v in rng.integers(1, 150, 2))) for _ in range(30)]
    for width, height, classes, to_width, to_height in sizes:
        result = bilinear(noise_logits(width, height, classes), to_width, to_height)
        thresholds = rng.uniform(-1, 1, classes).astype(np.float32)
        while (close := (np.abs(result - thresholds) < 1e-5).any(axis=(0, 1))).any():
            thresholds[close] += np.float32(3e-5)
        masks.append(
            {
                "from": [width, height],
                "classes": classes,
                "to": [to_width, to_height],
                "thresholds": [float(t) for t in thresholds],
                "sha256": digest((result > thresholds).astype(np.uint8)),
            }
        )
    write("upsample.json", masks)


def resize():
    rng = np.random.default_rng(20240505)
    sizes = [(64, 64, 16, 16), (64, 64, 32, 32), (96, 60, 32, 20), (100, 80, 37, 29), (2048, 8, 512, 2), (147, 98, 3, 2)]
    sizes += [(20, 30, 77, 91), (30, 20, 15, 40), (7, 9, 7, 5), (1, 1, 5, 4), (5, 4, 1, 1), (13, 13, 13, 13), (64, 48, 32, 16)]
    sizes += [tuple(int(v) for v in rng.integers(1, 160, 4)) for _ in range(50)]
    cases = []
    for index, (width, height, to_width, to_height) in enumerate(sizes):
        channels = [1, 3, 4][index % 3]
        image = (pattern(width, height, channels) & 255).astype(np.uint8)
        case = {"from": [width, height], "to": [to_width, to_height], "channels": channels}
        for name, flag in [("area", cv2.INTER_AREA), ("linear", cv2.INTER_LINEAR), ("nearest", cv2.INTER_NEAREST)]:
            case[name] = digest(cv2.resize(image, (to_width, to_height), interpolation=flag))
        cases.append(case)
    write("resize.json", cases)


if __name__ == "__main__":
    resize()
    polygons()
    rle()
    nearest()
    upsample()
