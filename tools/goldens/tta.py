"""Goldens of src/inference/tta: ttach 0.0.3 on a small network that is not indifferent to any of the transforms.

Needs from PyPI: numpy torch ttach==0.0.3
Run: python tools/goldens/tta.py
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
import ttach as tta
from formula import filled

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "inference" / "tta.json"
SHAPE = [2, 3, 8, 12]

weight = torch.from_numpy(filled("weight", [2, 3, 3, 3], -0.6, 0.6))


def logits(x):
    """A convolution, and the square of another, so that sums and factors do not simply pass through."""
    return 2 * F.conv2d(x, weight, padding=1) + F.conv2d(x, weight.flip(1), padding=1) ** 2 - 1


def probabilities(x):
    return torch.sigmoid(logits(x))


BILINEAR = {"interpolation": "bilinear", "align_corners": False}
COMPOSITIONS = {
    "hflip": ("hflip", tta.aliases.hflip_transform()),
    "vflip": ("vflip", tta.aliases.vlip_transform()),
    "flip": ("flip", tta.aliases.flip_transform()),
    "d4": ("d4", tta.aliases.d4_transform()),
    "turned": ([{"name": "Rotate90", "angles": [90, 270]}], tta.Compose([tta.Rotate90([90, 270])])),
    "multiscale": (
        [{"name": "Scale", "scales": [0.5, 1.5]}],
        tta.Compose([tta.Scale([0.5, 1.5], **BILINEAR)]),
    ),
    "multiscale nearest": (
        [{"name": "Scale", "scales": [0.5, 2], "interpolation": "nearest"}],
        tta.aliases.multiscale_transform([0.5, 2]),
    ),
    "resize": (
        [{"name": "Resize", "sizes": [{"height": 12, "width": 10}]}],
        tta.Compose([tta.Resize([(12, 10)], original_size=(8, 12), **BILINEAR)]),
    ),
    "values": (
        [{"name": "Add", "values": [0.25]}, {"name": "Multiply", "factors": [0.9, 1.1]}],
        tta.Compose([tta.Add([0.25]), tta.Multiply([0.9, 1.1])]),
    ),
    "all": (
        [{"name": "HorizontalFlip"}, {"name": "Rotate90", "angles": [90]}, {"name": "Scale", "scales": [2]}, {"name": "Multiply", "factors": [1.2]}],
        tta.Compose([tta.HorizontalFlip(), tta.Rotate90([90]), tta.Scale([2], **BILINEAR), tta.Multiply([1.2])]),
    ),
}
MERGES = {
    "logits": (logits, ["mean", "sum", "max", "min"]),
    "probabilities": (probabilities, ["mean", "gmean", "max", "min", "tsharpen"]),
}


def case(composition, of, merge):
    transforms, compose = COMPOSITIONS[composition]
    model = tta.SegmentationTTAWrapper(MERGES[of][0], compose, merge)
    with torch.inference_mode():
        y = model(torch.from_numpy(filled("images", SHAPE, -1, 1)))
    # Channels last, of the second image only.
    values = y[1].permute(1, 2, 0).double().flatten().tolist()
    return {"transforms": transforms, "merge": {"of": of, "type": merge}, "values": [float(f"{v:.7g}") for v in values]}


cases = [case(name, "logits", "mean") for name in COMPOSITIONS]
cases += [case("d4", of, merge) for of, (_, merges) in MERGES.items() for merge in merges if (of, merge) != ("logits", "mean")]
OUT.write_text(json.dumps({"shape": SHAPE, "cases": cases}) + "\n")
