"""Writes tests/goldens/firstConv.json: a pretrained first convolution for other channels, by the original."""

import json
from pathlib import Path

import torch
from segmentation_models_pytorch.encoders._utils import patch_first_conv

torch.manual_seed(0)
weight = torch.randn(2, 3, 2, 2)


def patched(channels: int) -> list[float]:
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 2))
    model[0].weight = torch.nn.Parameter(weight.clone())
    patch_first_conv(model, new_in_channels=channels, pretrained=True)
    return model[0].weight.flatten().tolist()


path = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "firstConv.json"
golden = {"weight": weight.flatten().tolist(), "channels": {str(n): patched(n) for n in (1, 2, 4, 7)}}
path.write_text(json.dumps(golden) + "\n")
