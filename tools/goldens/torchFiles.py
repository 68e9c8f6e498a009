"""Writes tests/goldens/torchFiles/: small state dicts as torch.save writes them, and the same as .safetensors."""

from collections import OrderedDict
from pathlib import Path

import torch
from safetensors.torch import save_file

folder = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "torchFiles"
folder.mkdir(parents=True, exist_ok=True)

numbers = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4) / 7
state = OrderedDict(
    {
        "weight": numbers.clone(),
        "bias": torch.tensor([1.5, -2.0]),
        "transposed": numbers.permute(2, 0, 1),
        "sliced": numbers[:, 1:, ::2],
        "parameter": torch.nn.Parameter(torch.tensor([[3.0, 4.0]])),
        "half": torch.tensor([1.5, -2.0, 65504.0]).half(),
        "bfloat16": torch.tensor([1.5, -2.0, 3e38]).bfloat16(),
        "count": torch.tensor(7),
        "int": torch.tensor([1, -2], dtype=torch.int32),
        "byte": torch.tensor([1, 255], dtype=torch.uint8),
        "empty": torch.zeros(0, 3),
    }
)
state._metadata = {"": {"version": 1}}
checkpoint = {
    "epoch": 3,
    "lr": 0.1,
    "best": None,
    "state_dict": {f"module.{name}": tensor for name, tensor in state.items()},
    "optimizer": {
        "state": {0: {"step": torch.tensor(1.0)}},
        "param_groups": [{"lr": 0.1, "betas": (0.9, 0.99), "params": [0]}],
    },
}

torch.save(state, folder / "zip.pth")
torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(checkpoint, folder / "checkpoint.pth")
torch.save(torch.nn.Linear(2, 2), folder / "module.pth")
save_file({name: tensor.detach().contiguous() for name, tensor in state.items()}, folder / "expected.safetensors")
