"""Golden values of layers, for tests/nn/layers.test.ts.

Needs from PyPI: torch 2.15, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/layers.py
"""

import json
from functools import partial
from pathlib import Path

import torch
from formula import digest, direction, filled, filled_state
from segmentation_models_pytorch.encoders import mix_transformer
from segmentation_models_pytorch.encoders._efficientnet import Conv2dStaticSamePadding

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "nn"


class PixelLinear(torch.nn.Linear):
    """A linear layer on the channels of each pixel."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


NORM = partial(mix_transformer.LayerNorm, eps=1e-6)

# Layers by themselves: [name, layer, shape of the input].
LAYERS = [
    ["strided", torch.nn.Conv2d(3, 8, 7, stride=2, padding=3), [2, 3, 17, 22]],
    ["dilated", torch.nn.Conv2d(4, 6, 3, padding=4, dilation=4, bias=False), [2, 4, 15, 9]],
    ["grouped", torch.nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=4), [2, 8, 10, 11]],
    ["depthwise", torch.nn.Conv2d(6, 6, 5, padding=2, groups=6), [2, 6, 9, 8]],
    ["depthwise-sides", Conv2dStaticSamePadding(4, 4, 5, 2, image_size=8, groups=4, bias=False), [2, 4, 8, 9]],
    ["transposed", torch.nn.ConvTranspose2d(5, 7, 2, stride=2), [2, 5, 6, 9]],
    ["transposed-padded", torch.nn.ConvTranspose2d(5, 4, 4, stride=2, padding=1, bias=False), [1, 5, 7, 6]],
    ["pooled", torch.nn.MaxPool2d(3, 2, 1), [2, 3, 15, 10]],
    ["averaged", torch.nn.AvgPool2d(2, 2), [2, 3, 15, 10]],
    ["linear", PixelLinear(6, 9), [2, 6, 5, 4]],
    ["linear-plain", PixelLinear(7, 3, bias=False), [1, 7, 3, 4]],
    ["layer-norm", mix_transformer.LayerNorm(21), [2, 21, 5, 3]],
    ["layer-norm-epsilon", mix_transformer.LayerNorm(6, eps=0.5), [1, 6, 4, 4]],
    ["mix-transformer", mix_transformer.Block(12, num_heads=1, qkv_bias=True, norm_layer=NORM, sr_ratio=1), [2, 12, 5, 4]],
    ["mix-transformer-reduced", mix_transformer.Block(12, num_heads=3, qkv_bias=True, norm_layer=NORM, sr_ratio=2), [2, 12, 5, 7]],
    ["gelu", torch.nn.GELU(), [2, 3, 7, 9]],
    ["nearest-odd", torch.nn.Upsample((13, 21), mode="nearest"), [1, 3, 7, 11]],
    ["bilinear-up", torch.nn.Upsample((13, 21), mode="bilinear"), [1, 3, 4, 9]],
    ["bilinear-down", torch.nn.Upsample((5, 4), mode="bilinear"), [1, 3, 11, 9]],
]


def layers():
    """Output of every layer, and the gradients of its input and parameters for a given direction."""
    results = {}
    for name, layer, shape in LAYERS:
        layer.load_state_dict({key: filled_state(key, list(p.shape), p.dtype) for key, p in layer.state_dict().items()})
        layer.double()
        x = torch.from_numpy(filled("x", shape, -2, 2)).double().requires_grad_()
        y = layer(x)
        (y * direction("direction", y)).sum().backward()
        results[name] = {
            "input": shape,
            "output": digest("output", y),
            "inputGradient": digest("input gradient", x.grad),
            "gradients": {key: digest(key, p.grad, 12) for key, p in layer.named_parameters()},
        }
    return results


def main():
    FOLDER.mkdir(exist_ok=True)
    # A line for each, so that a new one changes one line.
    lines = (f"{json.dumps(name)}:{json.dumps(result, separators=(',', ':'))}" for name, result in layers().items())
    (FOLDER / "layers.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
