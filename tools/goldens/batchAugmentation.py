"""Goldens of src/training/batchAugmentation.ts: PyTorch's affine_grid and grid_sample on fixed maps.

Needs from PyPI: torch==2.15.0 numpy.
Run from the project's root: python tools/goldens/batchAugmentation.py

Writes tests/goldens/batchAugmentation/warps.json. Inputs are `filled` of formula.py; maps are in pixels, as
`warpBatch` takes them, and turned into PyTorch's normalized ones here.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from formula import filled

torch.set_num_threads(1)
OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "batchAugmentation"


def about_centre(a, b, d, e, dx, dy, height, width):
    """Reads at a linear map about the image's centre, then shifted by pixels."""
    cx, cy = (width - 1) / 2, (height - 1) / 2
    return [a, b, cx - a * cx - b * cy + dx, d, e, cy - d * cx - e * cy + dy]


def rotation(degrees, sx, sy, dx, dy, height, width):
    sin, cos = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
    return about_centre(sx * cos, -sx * sin, sy * sin, sy * cos, dx, dy, height, width)


def theta(map_, height, width):
    """PyTorch's map, in which the image reaches from -1 to 1: pixel = ((normalized + 1) * side - 1) / 2."""
    a, b, c, d, e, f = map_
    tx = (2 * c + 1 + a * (width - 1) + b * (height - 1)) / width - 1
    ty = (2 * f + 1 + d * (width - 1) + e * (height - 1)) / height - 1
    return [[a, b * height / width, tx], [d * width / height, e, ty]]


def cases():
    for height, width in ((13, 17), (16, 12)):
        size = (height, width)
        yield size, [rotation(0, -1, 1, 0, 0, *size), rotation(0, 1, -1, 0, 0, *size)]
        yield size, [rotation(23.7, 1.13, 0.91, 1.37, -2.21, *size), rotation(-131.3, -0.83, 1.19, -3.3, 0.7, *size)]


def main():
    rows = []
    for (height, width), maps in cases():
        images = torch.from_numpy(filled("images", [2, height, width, 2], 0, 255)).permute(0, 3, 1, 2)
        bits = torch.from_numpy(np.floor(filled("bits", [2, height, width, 1], 0, 2**20))).permute(0, 3, 1, 2)
        matrices = torch.tensor([theta(map_, height, width) for map_ in maps], dtype=torch.float64).double()
        grid = F.affine_grid(matrices, [2, 1, height, width], align_corners=False)
        options = {"padding_mode": "border", "align_corners": False}
        moved = F.grid_sample(images.double(), grid, mode="bilinear", **options)
        moved_bits = F.grid_sample(bits.double(), grid, mode="nearest", **options)
        rows.append(
            {
                "height": height,
                "width": width,
                "maps": maps,
                "images": [round(float(v), 5) for v in moved.permute(0, 2, 3, 1).reshape(-1)],
                "labels": [int(v) for v in moved_bits.permute(0, 2, 3, 1).reshape(-1)],
            }
        )
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "warps.json").write_text(json.dumps({"madeWith": torch.__version__, "cases": rows}) + "\n")


if __name__ == "__main__":
    main()
