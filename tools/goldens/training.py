"""Losses of a small U-Net while it trains, for tests/training/parity.test.ts: tests/goldens/objectives/training.json.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/training.py

Weights, images and labels come from the formula of models.py, which TypeScript computes too. The curve is computed
in float32, which is what Phalanx is held to, and in float64, which shows how far float32 itself strays.
"""

import json
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch

from formula import filled, filled_state

STEPS, BATCHES, SIZE, CLASSES, CELL = 50, 3, 128, 4, 16
DECAY, CLIP = 0.01, 1.0


def batch(index):
    pixels = filled(f"pixels {index}", [2, SIZE, SIZE, 3], 0, 256)
    coarse = filled(f"labels {index}", [2, SIZE // CELL, SIZE // CELL, CLASSES], 0, 1) < 0.3
    labels = coarse.repeat(CELL, 1).repeat(CELL, 2)
    images = (np.floor(pixels) / 255 - 0.5) / 0.25
    return images.transpose(0, 3, 1, 2), labels.transpose(0, 3, 1, 2)


CASES = [
    (
        {"name": "adamw", "learningRate": 5e-5, "weightDecay": DECAY},
        lambda p: torch.optim.AdamW(p, lr=5e-5, weight_decay=DECAY),
    ),
    (
        {"name": "sgd", "learningRate": 0.004, "momentum": 0.9, "nesterov": True, "weightDecay": DECAY},
        lambda p: torch.optim.SGD(p, lr=0.004, momentum=0.9, nesterov=True, weight_decay=DECAY),
    ),
]


def curve(spec, make, dtype):
    model = smp.Unet("resnet18", encoder_weights=None, classes=CLASSES)
    state = model.state_dict()
    model.load_state_dict({key: filled_state(key, list(value.shape), value.dtype) for key, value in state.items()})
    model = model.to(dtype).train()
    bce, dice = torch.nn.BCEWithLogitsLoss(), smp.losses.DiceLoss("multilabel")
    optimizer = make(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, spec["learningRate"], total_steps=STEPS)
    losses, norms = [], []
    for step in range(STEPS):
        images, labels = (torch.tensor(x, dtype=dtype) for x in batch(step % BATCHES))
        loss = 5 * bce(logits := model(images), labels) + dice(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)))
        optimizer.step()
        if step < STEPS - 1:
            schedule.step()
        losses.append(float(loss.detach()))
    return {"losses": losses, "norms": norms}


def case(spec, make):
    return {"optimizer": spec, "float32": curve(spec, make, torch.float32), "float64": curve(spec, make, torch.float64)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    setup = {
        "steps": STEPS,
        "batches": BATCHES,
        "size": SIZE,
        "classes": CLASSES,
        "cell": CELL,
        "clipNorm": CLIP,
    }
    content = {**setup, "cases": [case(*pair) for pair in CASES]}
    Path("tests/goldens/objectives/training.json").write_text(json.dumps(content) + "\n")
