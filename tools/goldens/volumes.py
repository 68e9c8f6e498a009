"""Golden values of layers and networks for volumes, for tests/nn/volumeLayers.test.ts and tests/models/volumes.test.ts.

Needs from PyPI: torch 2.15, pytorch3dunet 1.9.6, numpy 2.

    python tools/goldens/volumes.py

As models.py: weights, input and the gradient's direction come from a formula, everything is computed in float64, and a
golden holds sampled values. Where PyTorch's own float32 gradients stray whatever the input, it tells by how much.
"""

import json
from pathlib import Path

import torch
from formula import difference, digest, digest_keys, direction, filled, filled_state, load_filled, write
from models import LIFT, NEGLIGIBLE, TOLERANCE
from pytorch3dunet.unet3d.model import UNet3D
from torch.nn import functional as F

TESTS = Path(__file__).parent.parent.parent / "tests" / "goldens"

# Layers by themselves: [name, layer, shape of the input].
LAYERS = [
    ["padded", torch.nn.Conv3d(3, 5, 3, padding=1), [2, 3, 4, 5, 6]],
    ["plain", torch.nn.Conv3d(4, 6, 3, bias=False), [1, 4, 5, 3, 7]],
    ["strided", torch.nn.Conv3d(2, 4, 3, stride=2, padding=1), [2, 2, 6, 7, 9]],
    ["wide", torch.nn.Conv3d(2, 3, 5, padding=1), [1, 2, 7, 6, 5]],
    ["deconvolved", torch.nn.ConvTranspose3d(4, 3, 3, stride=2, padding=1, bias=False), [2, 4, 3, 4, 5]],
    ["raised", torch.nn.ConvTranspose3d(4, 4, 2, stride=2), [1, 4, 2, 3, 4]],
    ["cut", torch.nn.ConvTranspose3d(3, 2, 4, stride=1, padding=2), [1, 3, 5, 4, 3]],
    ["pooled", torch.nn.MaxPool3d(2), [2, 3, 5, 6, 7]],
    ["normalized", torch.nn.BatchNorm3d(4), [2, 4, 3, 5, 4]],
    ["nearest", torch.nn.Upsample((5, 9, 6), mode="nearest"), [2, 3, 2, 4, 3]],
    ["trilinear", torch.nn.Upsample((5, 9, 6), mode="trilinear"), [2, 3, 2, 4, 3]],
    ["trilinear-down", torch.nn.Upsample((2, 3, 6), mode="trilinear"), [1, 3, 5, 4, 3]],
]

# Networks: name to options and size.
NETWORKS = {
    "unet3d": [{"name": "unet3d", "fMaps": 16}, [8, 16, 12]],
    "unet3d-odd": [{"name": "unet3d", "fMaps": [8, 16, 24], "layerOrder": "cgl", "numGroups": 4}, [9, 11, 14]],
    "unet3d-deconv": [
        {"name": "unet3d", "fMaps": 8, "numLevels": 3, "layerOrder": "cbr", "upsample": "deconv"},
        [8, 13, 12],
    ],
    "unet3d-trilinear": [
        {"name": "unet3d", "fMaps": 8, "numLevels": 3, "layerOrder": "crb", "upsample": "trilinear"},
        [8, 12, 12],
    ],
    "unet3d-plain": [
        {"name": "unet3d", "fMaps": 8, "numLevels": 2, "layerOrder": "cl", "upsample": "upconv"},
        [6, 8, 10],
    ],
    # As published, of fewer channels and resolutions.
    "unet3d-published": [
        {"name": "unet3d", "fMaps": 8, "numLevels": 3, "layerOrder": "cbr", "upsample": "upconv", "padding": False},
        [44, 48, 44],
    ],
    "unet3d-bcr-unpadded": [
        {"name": "unet3d", "fMaps": 8, "numLevels": 2, "layerOrder": "bcr", "padding": False},
        [20, 22, 20],
    ],
}
IN_CHANNELS, CLASSES = 2, 3


def original(decoder):
    """pytorch-3dunet's network, and what it leaves out of the paper's."""
    upconv, padding = decoder.get("upsample") == "upconv", decoder.get("padding", True)
    settings = {
        "f_maps": decoder.get("fMaps", 64),
        "num_levels": decoder.get("numLevels", 4),
        "layer_order": decoder.get("layerOrder", "gcr"),
        "num_groups": decoder.get("numGroups", 8),
        "upsample": "nearest" if upconv else decoder.get("upsample", "nearest"),
    }
    model = UNet3D(IN_CHANNELS, CLASSES, is_segmentation=False, conv_padding=1 if padding else 0, **settings)
    for up in model.decoders:
        if upconv:
            first = up.basic_module.SingleConv1.conv
            below = first.in_channels - first.out_channels
            up.upsampling = Upconvolution(below)
        if not padding:
            double(up.upsampling)
            up.joining = lambda skip, x: torch.cat([cropped(skip, x), x], 1)
    return model


class Upconvolution(torch.nn.Module):
    """The paper's, under the names of pytorch-3dunet's transposed convolution."""

    def __init__(self, channels):
        super().__init__()
        self.upsample = torch.nn.Module()
        self.upsample.conv_transposed = torch.nn.ConvTranspose3d(channels, channels, 2, stride=2, bias=False)

    def forward(self, encoder_features, x):
        return F.interpolate(self.upsample.conv_transposed(x), encoder_features.shape[2:])


def double(upsampling):
    """Enlarges by two, not to the size of the skip connection, which has lost less."""
    forward = upsampling.forward
    upsampling.forward = lambda encoder_features, x: forward(x.new_empty([1, 1, *(2 * side for side in x.shape[2:])]), x)


def cropped(skip, x):
    starts = [(a - b) // 2 for a, b in zip(skip.shape[2:], x.shape[2:])]
    for axis, start in enumerate(starts, 2):
        skip = skip.narrow(axis, start, x.shape[axis])
    return skip


def network(decoder, size):
    model = original(decoder).double()
    state = load_filled(model)
    name, gradients, error = steady_input(decoder, size)
    x = volumes(name, size).double()
    model.eval()
    with torch.no_grad():
        evaluated = digest("logits", model(x))
    model.train()
    with torch.no_grad():
        trained = digest("logits", model(x))
    running = {
        key: digest(key, value, 4)
        for key, value in model.state_dict().items()
        if key.endswith(("running_mean", "running_var"))
    }
    return {
        "options": {"decoder": decoder, "inChannels": IN_CHANNELS, "classes": CLASSES},
        "size": size,
        "input": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "keys": digest_keys(state),
        "evaluated": evaluated,
        "trained": trained,
        "running": running,
        "gradients": gradients,
        **({"float32Gradient": float(f"{error:.2g}")} if 2 * error > TOLERANCE else {}),
    }


def volumes(name, size):
    return torch.from_numpy(filled(name, [2, IN_CHANNELS, *size], -2, 2))


def steady_input(decoder, size):
    """The first input by which float32 changes no comparison of a ReLU or pooling, with its gradients; else the best.

    One value that rounding moves across zero, or before its neighbour, changes a gradient that is a sum over n voxels by
    about 1/√n of it.
    """
    best = None
    for attempt in range(12):
        name = f"x {attempt}" if attempt else "x"
        gradients = gradients_of(original(decoder).double(), volumes(name, size).double())
        error = max(rounding_error(decoder, size, name, seed, gradients) for seed in range(4))
        if best is None or error < best[2]:
            best = (name, gradients, error)
        if 4 * error < TOLERANCE:
            break
    return best


def rounding_error(decoder, size, name, seed, gradients):
    """The largest relative error of float32 gradients, measured as the test does, with an input that is off by so little."""
    x = volumes(name, size)
    noise = torch.from_numpy(filled(f"noise {seed}", list(x.shape), -1, 1))
    rounded = gradients_of(original(decoder), x * (1 + 1e-6 * seed * noise))
    least = max(truth["largest"] for truth in gradients.values()) * NEGLIGIBLE
    return max(difference(rounded[key], truth) / max(truth["largest"], least) for key, truth in gradients.items())


def gradients_of(model, x):
    load_filled(model, LIFT)
    model.train()
    logits = model(x)
    (logits * direction("direction", logits).to(x.dtype)).sum().backward()
    return {key: digest(key, value.grad, 6) for key, value in model.named_parameters()}


def layer(module, shape):
    module.load_state_dict({key: filled_state(key, list(p.shape), p.dtype) for key, p in module.state_dict().items()})
    module.double()
    x = torch.from_numpy(filled("x", shape, -2, 2)).double().requires_grad_()
    y = module(x)
    (y * direction("direction", y)).sum().backward()
    return {
        "input": shape,
        "output": digest("output", y),
        "inputGradient": digest("input gradient", x.grad),
        "gradients": {key: digest(key, p.grad, 12) for key, p in module.named_parameters()},
    }


def main():
    torch.set_num_threads(2)
    # A line for each, so that a new one changes one line.
    lines = (
        f"{json.dumps(name)}:{json.dumps(layer(module, shape), separators=(',', ':'))}" for name, module, shape in LAYERS
    )
    (TESTS / "nn" / "volumeLayers.json").write_text("{" + ",\n".join(lines) + "}\n")
    (TESTS / "volumes").mkdir(exist_ok=True)
    for name, (decoder, size) in NETWORKS.items():
        write(TESTS / "volumes" / f"{name}.json", network(decoder, size))
        print(name)


if __name__ == "__main__":
    main()
