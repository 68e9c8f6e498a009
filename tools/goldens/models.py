"""Golden values of models from their originals, for tests/models/parity.test.ts.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/models.py                            # every golden there is, again
    python tools/goldens/models.py unet-resnet18              # only those named
    python tools/goldens/models.py NAME --offsets -1 1        # with something added to the values of each image
    python tools/goldens/models.py NAME --inputs 12           # with the first of so many inputs that rounds well
    python tools/goldens/models.py NAME --size 64 96 --options '{"decoder": {"name": "unet"}, "encoder":
        {"name": "resnet18"}, "inChannels": 3, "classes": 29}'    # a new one

Weights, input and the gradient's direction come from a formula over name and index that both sides compute, so a
golden holds only its options and sampled values. Everything is computed in float64 from float32 weights: the truth that
both float32 implementations approximate. Where PyTorch's own float32 gradients stray so far from it that the test's
bound must be wider, their error is recorded. Without normalization, activations outgrow the lifted biases and some
inputs of ReLUs lie so close to zero that rounding takes them across: one of them changes the gradient of a bias, a sum
over n pixels, by about 1/√n. `--inputs` looks for an input by which none does.
"""

import argparse
import json
from pathlib import Path

import torch
from formula import difference, digest, digest_keys, direction, filled, load_filled, write
from originals import features_of, labels_of, logits_of, original

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "models"

# What is added to each image of the batch. Where a decoder normalizes the images' means, these should differ: those of
# noise are nearly the same, and their normalization enlarges rounding.
OFFSETS = [0, 0]
# Names of the values of the images, of which the first is the default.
INPUTS = ["x", *(f"x {i}" for i in range(1, 12))]
# What the gradients' goldens add to every bias.
LIFT = 5
# Gradients that are smaller than the model's largest by this factor are compared relative to that.
NEGLIGIBLE = 1e-2
# The test's bound unless twice PyTorch's own error is more.
TOLERANCE = 1e-4


def auxiliary_name(index):
    return f"auxiliary {index}" if index else "auxiliary"


def golden(options, size, offsets, name):
    model = original(options).double()
    state = load_filled(model)
    x = images(options, size, offsets, name).double()

    model.eval()
    with torch.no_grad():
        evaluated = {
            # Some originals have an empty feature, which says nothing.
            "features": [
                digest(f"feature {i}", f, 12) if f.numel() > 0 else None for i, f in enumerate(features_of(model, x))
            ],
            "logits": digest("logits", logits_of(model, x)[0]),
        }
        labels = labels_of(model, x)
        if labels is not None:
            evaluated["labels"] = digest("labels", labels)

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

    gradients = gradients_of(model, x)
    error = float32_gradient(options, size, offsets, name, gradients)
    return {
        "options": options,
        "size": size,
        **({} if name == INPUTS[0] else {"input": name}),
        **({} if offsets == OFFSETS else {"offsets": offsets}),
        "parameters": sum(p.numel() for p in model.parameters()),
        "keys": digest_keys(state),
        "evaluated": evaluated,
        "trained": trained,
        "gradients": gradients,
        **({"float32Gradient": error} if 2 * error > TOLERANCE else {}),
    }


def images(options, size, offsets, name):
    noise = torch.from_numpy(filled(name, [len(offsets), options["inChannels"], *size], -2, 2))
    return noise + torch.tensor(offsets, dtype=torch.float32).reshape(-1, 1, 1, 1)


def gradients_of(model, x):
    """Digests of every parameter's gradient, in the precision of the model."""
    # Nearly all inputs of the ReLUs are made positive: one that rounding moves across zero changes every gradient
    # before it by up to a fifth, in float32 PyTorch as well.
    load_filled(model, LIFT)
    model.train()
    logits, auxiliary = logits_of(model, x)
    loss = (logits * direction("direction", logits).to(x.dtype)).sum()
    for i, side in enumerate(auxiliary):
        loss = loss + (side * direction(f"{auxiliary_name(i)} direction", side).to(x.dtype)).sum()
    labels = labels_of(model, x)
    if labels is not None:
        loss = loss + (labels * direction("labels direction", labels).to(x.dtype)).sum()
    loss.backward()
    return {key: None if value.grad is None else digest(key, value.grad, 6) for key, value in model.named_parameters()}


def steady_input(options, size, offsets, names):
    """The first input by which float32 changes no comparison, though it be off by little; else the best."""
    errors = {}
    for name in names:
        gradients = gradients_of(original(options).double(), images(options, size, offsets, name).double())
        errors[name] = max(float32_gradient(options, size, offsets, name, gradients, off) for off in (0, 1e-6, 3e-6))
        if 4 * errors[name] < TOLERANCE:
            break
    return min(errors, key=errors.get)


def float32_gradient(options, size, offsets, name, gradients, off=0):
    """The largest relative error of PyTorch's float32 gradients, measured as the test does, over two memory layouts."""
    exact = images(options, size, offsets, name)
    x = exact * (1 + off * torch.from_numpy(filled("noise", list(exact.shape), -1, 1)))
    least = max(truth["largest"] for truth in gradients.values() if truth is not None) * NEGLIGIBLE
    errors = []
    model = original(options)
    for layout in (torch.contiguous_format, torch.channels_last):
        model.to(memory_format=layout)
        model.zero_grad()
        rounded = gradients_of(model, x.to(memory_format=layout))
        errors += [
            difference(rounded[key], truth) / max(truth["largest"], least)
            for key, truth in gradients.items()
            if truth is not None
        ]
    return float(f"{max(errors):.2g}")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("names", nargs="*")
    arguments.add_argument("--options", type=json.loads)
    arguments.add_argument("--size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"))
    arguments.add_argument("--offsets", type=float, nargs="+", metavar="OFFSET")
    arguments.add_argument("--inputs", type=int, metavar="COUNT")
    chosen = arguments.parse_args()
    torch.set_num_threads(2)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in chosen.names or sorted(path.stem for path in FOLDER.glob("*.json")):
        path = FOLDER / f"{name}.json"
        known = {} if chosen.options else json.loads(path.read_text())
        offsets = chosen.offsets or known.get("offsets", OFFSETS)
        options, size = chosen.options or known["options"], chosen.size or known["size"]
        name_of_input = known.get("input", INPUTS[0])
        if chosen.inputs:
            name_of_input = steady_input(options, size, offsets, INPUTS[: chosen.inputs])
        write(path, golden(options, size, offsets, name_of_input))
        print(name)


if __name__ == "__main__":
    main()
