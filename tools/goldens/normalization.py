"""Goldens of data.normalization: albumentations' Normalize per image, and NumPy's percentiles.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless.
Run: python tools/goldens/normalization.py

Writes tests/goldens/normalization.json.
"""

import json
from pathlib import Path

import albumentations as A
import numpy as np

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "normalization.json"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def by_percentiles(image, low, high, axis):
    a, b = np.percentile(image, [low, high], axis=axis, keepdims=True)
    return (image - a) / (b - a + 1e-4)


def main():
    rng = np.random.default_rng(3)
    ramp = np.linspace(20, 200, 7 * 6 * 3).reshape(7, 6, 3)
    image = np.clip(ramp + rng.normal(0, 25, ramp.shape), 0, 255).astype(np.uint8)
    dark = (image[::-1] // 3 + np.array([0, 40, 90])).astype(np.uint8)
    cases = []
    for picture in (image, dark):
        standard = A.Normalize(MEAN, STD)(image=picture)["image"]
        results = {"standard": standard}
        for name in ("image", "image_per_channel", "min_max", "min_max_per_channel"):
            results[name] = A.Normalize(normalization=name)(image=picture)["image"]
        results["percentile"] = by_percentiles(picture, 2, 90, None)
        results["percentile_per_channel"] = by_percentiles(picture, 2, 90, (0, 1))
        cases.append(
            {
                "image": picture.ravel().tolist(),
                "results": {name: np.round(value.ravel().astype(float), 6).tolist() for name, value in results.items()},
            }
        )
    document = {
        "madeWith": {"albumentations": A.__version__, "numpy": np.__version__},
        "shape": [7, 6, 3],
        "mean": MEAN,
        "std": STD,
        "percentiles": [2, 90],
        "cases": cases,
    }
    OUT.write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
