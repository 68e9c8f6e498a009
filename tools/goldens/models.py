"""Golden values of models from their originals, for tests/models/parity.test.ts.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/models.py                            # every golden there is, again
    python tools/goldens/models.py unet-resnet18              # only those named
    python tools/goldens/models.py NAME --size 64 96 --options '{"decoder": {"name": "unet"}, "encoder":
        {"name": "resnet18"}, "inChannels": 3, "classes": 29}'    # a new one

Weights, input and the gradient's direction come from a formula over name and index that both sides compute, so a
golden holds only its options and sampled values. Everything is computed in float64 from float32 weights: the truth that
both float32 implementations approximate.
"""

import argparse
import json
from pathlib import Path

import torch
from formula import digest, digest_keys, direction, filled, load_filled, write
from originals import features_of, logits_of, original

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "models"

BATCH = 2
# What the gradients' goldens add to every bias.
LIFT = 5


def auxiliary_name(index):
    return f"auxiliary {index}" if index else "auxiliary"


def golden(options, size):
    model = original(options).double()
    state = load_filled(model)
    x = torch.from_numpy(filled("x", [BATCH, options["inChannels"], *size], -2, 2)).double()

    model.eval()
    with torch.no_grad():
        evaluated = {
            "features": [digest(f"feature {i}", f, 12) for i, f in enumerate(features_of(model, x))],
            "logits": digest("logits", logits_of(model, x)[0]),
        }

    model.train()
    with torch.no_grad():
        logits, auxiliary = logits_of(model, x)
    trained = {
        "logits": digest("logits", logits),
        "running": {
            key: digest(key, value, 4)
            for key, value in model.state_dict().items()
            if key.endswith(("running_mean", "running_var"))
        },
    }
    if auxiliary:
        trained["auxiliary"] = [digest(auxiliary_name(i), side) for i, side in enumerate(auxiliary)]

    # Nearly all inputs of the ReLUs are made positive: one that rounding moves across zero changes every gradient
    # before it by up to a fifth, in float32 PyTorch as well.
    load_filled(model, LIFT)
    logits, auxiliary = logits_of(model, x)
    loss = (logits * direction("direction", logits)).sum()
    for i, side in enumerate(auxiliary):
        loss = loss + (side * direction(f"{auxiliary_name(i)} direction", side)).sum()
    loss.backward()
    gradients = {
        key: None if value.grad is None else digest(key, value.grad, 6) for key, value in model.named_parameters()
    }

    return {
        "options": options,
        "size": size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "keys": digest_keys(state),
        "evaluated": evaluated,
        "trained": trained,
        "gradients": gradients,
    }


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--options", type=json.loads)
    arguments.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"))
    chosen = arguments.parse_args()
    torch.set_num_threads(2)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or sorted(path.stem for path in FOLDER.glob("*.json")):
        path = FOLDER / f"{name}.json"
        known = {} if chosen.options else json.loads(path.read_text())
        write(path, golden(chosen.options or known["options"], chosen.size or known["size"]))
        print(name)


if __name__ == "__main__":
    main()
