"""Goldens of src/inference/windows: MONAI's importance maps, places of windows and sliding_window_inference.

Needs from PyPI: numpy torch monai==1.6.1
Run: python tools/goldens/windows.py
"""

import json
from pathlib import Path

import torch
from monai.data.utils import compute_importance_map, dense_patch_slices
from monai.inferers import sliding_window_inference
from monai.inferers.utils import _get_scan_interval

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "inference" / "windows.json"
NAMES = {"uniform": "constant", "gaussian": "gaussian"}


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.double().flatten().tolist()]


def pixels(height, width):
    """[1, 3, height, width], whole numbers from 0 to 255, by a formula that the test repeats."""
    index = torch.arange(height * width * 3).reshape(1, height, width, 3).permute(0, 3, 1, 2)
    return ((index * 37) % 256).float()


def answer(windows):
    """Two classes that depend on where in the window a pixel lies, and on the pixels of its row."""
    n, _, height, width = windows.shape
    y = torch.arange(height).reshape(1, height, 1).expand(n, height, width)
    x = torch.arange(width).reshape(1, 1, width).expand(n, height, width)
    first = windows[:, 0] / 64 + y - 0.5 * x
    second = windows.mean(dim=(1, 3)).reshape(n, height, 1) / 32 - windows[:, 2] / 128
    return torch.stack([first, second], dim=1)


def inference(height, width, window, overlap, weights):
    joined = sliding_window_inference(
        pixels(height, width), window, 3, answer, overlap=overlap, mode=NAMES[weights], padding_mode="constant", cval=0
    )
    return {
        "height": height,
        "width": width,
        "window": {"height": window[0], "width": window[1]},
        "overlap": overlap,
        "weights": weights,
        # Channels last.
        "logits": rounded(joined[0].permute(1, 2, 0)),
    }


def places(length, window, overlap):
    size = (max(length, window),) * 2
    interval = _get_scan_interval(size, (window, window), 2, (overlap, overlap))
    tops = [int(slices[0].start) for slices in dense_patch_slices(size, (window, window), interval)]
    return {"length": length, "window": window, "overlap": overlap, "starts": sorted(set(tops))}


golden = {
    "maps": [
        {"height": h, "width": w, "weights": weights, "map": rounded(compute_importance_map((h, w), NAMES[weights]))}
        for h, w, weights in [(16, 16, "gaussian"), (17, 20, "gaussian"), (3, 2, "uniform")]
    ],
    "places": [
        places(length, window, overlap)
        for length, window in [(2048, 1024), (2048, 512), (1000, 384), (65, 64), (64, 64), (40, 64)]
        for overlap in [0, 0.25, 0.5, 0.7]
    ],
    "inference": [
        inference(24, 20, (16, 16), 0.5, "gaussian"),
        inference(24, 20, (16, 16), 0.25, "uniform"),
        # Smaller than the window in height, larger in width; and smaller in both.
        inference(11, 30, (16, 24), 0.5, "gaussian"),
        inference(10, 13, (16, 16), 0.5, "gaussian"),
    ],
}
OUT.write_text(json.dumps(golden) + "\n")
