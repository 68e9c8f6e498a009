"""Weights, inputs and digests that Python and the tests compute alike; in TypeScript tests/models/formula.ts and golden.ts."""

import hashlib
import json

import numpy as np
import torch

def filled(name, shape, low, high):
    """Uniform values in [low, high): MurmurHash3's finalizer over FNV-1a of the name plus a Weyl sequence."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    count = int(np.prod(shape, dtype=np.int64))
    h = np.uint32(seed) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
    h ^= h >> np.uint32(16)
    h *= np.uint32(0x85EBCA6B)
    h ^= h >> np.uint32(13)
    h *= np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    unit = h.astype(np.float64) / 2**32
    return (low + unit * (high - low)).astype(np.float32).reshape(shape)


def filled_state(name, shape, dtype, lift=0):
    """The value of one state-dict entry; batch-norm layers get statistics far from 0 and 1. `lift` raises biases."""
    if dtype == torch.int64:
        return torch.tensor(7)
    if len(shape) > 1:
        bound = (6 / np.prod(shape[1:])) ** 0.5
        return torch.from_numpy(filled(name, shape, -bound, bound))
    if name.endswith("running_var"):
        return torch.from_numpy(filled(name, shape, 0.5, 2))
    if name.endswith("weight"):
        return torch.from_numpy(filled(name, shape, 0.25, 1.25))
    return torch.from_numpy(filled(name, shape, lift - 0.5, lift + 0.5))


def digest(name, tensor, samples=48):
    """Extent, moments and values of a tensor at places given by the formula."""
    values = tensor.detach().double().flatten().numpy()
    places = np.floor(filled(f"places of {name}", [samples], 0, 1).astype(np.float64) * len(values)).astype(np.int64)
    return {
        "shape": list(tensor.shape),
        "largest": number(np.abs(values).max()),
        "mean": number(values.mean()),
        "deviation": number(values.std()),
        "values": [number(value) for value in values[places]],
    }


def difference(digested, other):
    """The largest difference of two digests of a name."""
    pairs = [*zip(digested["values"], other["values"], strict=True)]
    pairs += [(digested[key], other[key]) for key in ("largest", "mean", "deviation")]
    return max(abs(a - b) for a, b in pairs)


def number(value):
    return float(f"{value:.9g}")


def load_filled(model, lift=0):
    state = {key: filled_state(key, list(v.shape), v.dtype, lift) for key, v in model.state_dict().items()}
    model.load_state_dict(state)
    return state


def digest_keys(state):
    keys = json.dumps([[key, list(value.shape)] for key, value in state.items()], separators=(",", ":"))
    return hashlib.sha256(keys.encode()).hexdigest()


def direction(name, tensor):
    return torch.from_numpy(filled(name, list(tensor.shape), -1, 1)).double()


def write(path, result):
    with open(path, "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")
