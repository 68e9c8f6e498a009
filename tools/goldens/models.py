"""Golden values of models from their originals, for tests/models/parity.test.ts, encoders.test.ts and tests/nn/layers.test.ts.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/models.py                 # every configuration
    python tools/goldens/models.py unet-resnet18   # only those named

Weights, input and the gradient's direction come from a formula over name and index that both sides compute
(`filled`, in TypeScript tests/models/formula.ts), so a golden holds only sampled values. Everything is computed in
float64 from float32 weights: the truth that both float32 implementations approximate.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch
import torchvision
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from segmentation_models_pytorch.encoders._efficientnet import Conv2dStaticSamePadding

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "models"

CONFIGURATIONS = {
    "unet-resnet18": {
        "options": {"decoder": {"name": "unet"}, "encoder": {"name": "resnet18"}, "inChannels": 3, "classes": 29},
        "size": [64, 96],
    },
    "unet-resnet34-odd": {
        "options": {"decoder": {"name": "unet"}, "encoder": {"name": "resnet34"}, "inChannels": 3, "classes": 1},
        "size": [65, 99],
    },
    "unet-resnet50-scse": {
        "options": {
            "decoder": {"name": "unet", "attentionType": "scse", "channels": [128, 64, 32, 16]},
            "encoder": {"name": "resnet50", "depth": 4},
            "inChannels": 1,
            "classes": 5,
        },
        "size": [64, 64],
    },
    "unet-resnet18-plain": {
        "options": {
            "decoder": {"name": "unet", "useNorm": "identity", "interpolation": "bilinear", "channels": [48, 24, 12]},
            "encoder": {"name": "resnet18", "depth": 3},
            "inChannels": 5,
            "classes": 2,
        },
        "size": [50, 70],
    },
    "unet-resnet18-center": {
        "options": {
            "decoder": {"name": "unet", "center": True},
            "encoder": {"name": "resnet18"},
            "inChannels": 3,
            "classes": 3,
        },
        "size": [64, 64],
    },
    "unetplusplus-resnet18": {
        "options": {
            "decoder": {"name": "unetplusplus"},
            "encoder": {"name": "resnet18"},
            "inChannels": 3,
            "classes": 29,
        },
        "size": [64, 96],
    },
    "unetplusplus-resnet34": {
        "options": {
            "decoder": {"name": "unetplusplus"},
            "encoder": {"name": "resnet34"},
            "inChannels": 1,
            "classes": 4,
        },
        "size": [64, 64],
    },
    "unetplusplus-resnet50-depth3": {
        "options": {
            "decoder": {"name": "unetplusplus", "useNorm": "identity", "channels": [64, 32, 16]},
            "encoder": {"name": "resnet50", "depth": 3},
            "inChannels": 3,
            "classes": 2,
        },
        "size": [40, 56],
    },
    "unetplusplus-resnet18-scse": {
        "options": {
            "decoder": {
                "name": "unetplusplus",
                "attentionType": "scse",
                "interpolation": "bilinear",
                "channels": [128, 64, 32, 16],
            },
            "encoder": {"name": "resnet18", "depth": 4},
            "inChannels": 3,
            "classes": 2,
        },
        "size": [64, 64],
    },
    "unet-efficientnet-b0": {
        "options": {
            "decoder": {"name": "unet"},
            "encoder": {"name": "efficientnet-b0", "dropConnect": 0},
            "inChannels": 3,
            "classes": 29,
        },
        "size": [64, 96],
    },
    "unet-efficientnet-b2-odd": {
        "options": {
            "decoder": {"name": "unet"},
            "encoder": {"name": "efficientnet-b2", "dropConnect": 0},
            "inChannels": 1,
            "classes": 2,
        },
        "size": [65, 99],
    },
    "unetplusplus-efficientnet-b0-depth4": {
        "options": {
            "decoder": {"name": "unetplusplus", "channels": [64, 48, 32, 16]},
            "encoder": {"name": "efficientnet-b0", "depth": 4, "dropConnect": 0},
            "inChannels": 1,
            "classes": 3,
        },
        "size": [64, 80],
    },
    "fcn-resnet50": {
        "options": {
            "decoder": {"name": "fcn", "dropout": 0},
            "encoder": {"name": "resnet50"},
            "inChannels": 3,
            "classes": 29,
        },
        "size": [65, 90],
    },
    "fcn-resnet50-plain": {
        "options": {
            "decoder": {"name": "fcn", "dropout": 0, "auxiliary": False},
            "encoder": {"name": "resnet50"},
            "inChannels": 1,
            "classes": 2,
        },
        "size": [64, 64],
    },
}

# Encoders by themselves, of every width and depth.
ENCODERS = ["resnet18", "resnet34", "resnet50"] + [f"efficientnet-b{size}" for size in range(8)]

BATCH = 2
# What the gradients' goldens add to every bias.
LIFT = 5

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
    ["nearest-odd", torch.nn.Upsample((13, 21), mode="nearest"), [1, 3, 7, 11]],
    ["bilinear-up", torch.nn.Upsample((13, 21), mode="bilinear"), [1, 3, 4, 9]],
    ["bilinear-down", torch.nn.Upsample((5, 4), mode="bilinear"), [1, 3, 11, 9]],
]


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


def original(options):
    """The original model that the options describe."""
    decoder, encoder = options["decoder"], options["encoder"]
    depth = encoder.get("depth", 5)
    if decoder["name"] == "fcn":
        model = torchvision.models.segmentation.fcn_resnet50(
            weights=None, weights_backbone=None, num_classes=options["classes"], aux_loss=decoder.get("auxiliary", True)
        )
        if options["inChannels"] != 3:
            model.backbone.conv1 = torch.nn.Conv2d(options["inChannels"], 64, 7, 2, 3, bias=False)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = decoder["dropout"]
        return model
    common = {
        "use_norm": decoder.get("useNorm", "batchnorm"),
        "attention_type": decoder.get("attentionType"),
        "interpolation_mode": decoder.get("interpolation", "nearest"),
    }
    channels = decoder.get("channels", [256, 128, 64, 32, 16])
    build = {"unet": smp.Unet, "unetplusplus": smp.UnetPlusPlus}[decoder["name"]]
    model = build(
        encoder["name"],
        encoder_weights=None,
        encoder_depth=depth,
        decoder_channels=channels,
        in_channels=options["inChannels"],
        classes=options["classes"],
        **{f"decoder_{key.removesuffix('_mode')}": value for key, value in common.items()},
    )
    if "dropConnect" in encoder:
        model.encoder._drop_connect_rate = encoder["dropConnect"]
    if decoder.get("center"):
        # Only the vgg encoders switch it on by themselves.
        model.decoder = UnetDecoder(
            model.encoder.out_channels, channels, n_blocks=depth, add_center_block=True, **common
        )
    return model


def features_of(model, x):
    if hasattr(model, "encoder"):
        return model.encoder(x)[1:]
    return list(model.backbone(x).values())


def logits_of(model, x):
    result = model(x)
    return (result["out"], result.get("aux")) if isinstance(result, dict) else (result, None)


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


def number(value):
    return float(f"{value:.9g}")


def load_filled(model, lift=0):
    state = {key: filled_state(key, list(v.shape), v.dtype, lift) for key, v in model.state_dict().items()}
    model.load_state_dict(state)
    return state


def digest_keys(state):
    keys = json.dumps([[key, list(value.shape)] for key, value in state.items()], separators=(",", ":"))
    return hashlib.sha256(keys.encode()).hexdigest()


def takes(encoder, side):
    """Whether a square image is large enough for every halving."""
    try:
        with torch.no_grad():
            encoder(torch.zeros([1, 3, side, side]).double())
    except RuntimeError:
        return False
    return True


def golden_encoder(name):
    """Features in inference, and the smallest image, of an encoder for colour images at depth 5."""
    size = [64, 96]
    encoder = smp.encoders.get_encoder(name, weights=None).double().eval()
    state = load_filled(encoder)
    x = torch.from_numpy(filled("x", [BATCH, 3, *size], -2, 2)).double()
    with torch.no_grad():
        features = [digest(f"feature {i}", f, 12) for i, f in enumerate(encoder(x)[1:])]
    return {
        "size": size,
        "smallestSide": next(side for side in range(1, 65) if takes(encoder, side)),
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "keys": digest_keys(state),
        "features": features,
    }


def golden(name):
    configuration = CONFIGURATIONS[name]
    options, size = configuration["options"], configuration["size"]
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
    if auxiliary is not None:
        trained["auxiliary"] = digest("auxiliary", auxiliary)

    # Nearly all inputs of the ReLUs are made positive: one that rounding moves across zero changes every gradient
    # before it by up to a fifth, in float32 PyTorch as well.
    load_filled(model, LIFT)
    logits, auxiliary = logits_of(model, x)
    loss = (logits * direction("direction", logits)).sum()
    if auxiliary is not None:
        loss = loss + (auxiliary * direction("auxiliary direction", auxiliary)).sum()
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


def direction(name, tensor):
    return torch.from_numpy(filled(name, list(tensor.shape), -1, 1)).double()


def main():
    torch.set_num_threads(2)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or CONFIGURATIONS:
        write(FOLDER / f"{name}.json", golden(name))
        print(name)
    write(FOLDER.parent / "encoders.json", {name: golden_encoder(name) for name in ENCODERS})
    (FOLDER.parent / "nn").mkdir(exist_ok=True)
    write(FOLDER.parent / "nn" / "layers.json", layers())


def write(path, result):
    with open(path, "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
