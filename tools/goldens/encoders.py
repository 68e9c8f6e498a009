"""Golden values of encoders by themselves and under four decoders, for tests/models/encoders.test.ts.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, numpy 2.

    python tools/goldens/encoders.py            # every encoder that has a golden
    python tools/goldens/encoders.py resnet18   # only those named
"""

import sys
from pathlib import Path

import segmentation_models_pytorch as smp
import torch
from formula import digest, digest_keys, filled, load_filled, write
from originals import original
from segmentation_models_pytorch.encoders import mix_transformer

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "encoders"

DECODERS = ["unet", "unetplusplus", "deeplabv3plus", "fpn"]
SIZE = [64, 96]
CLASSES = 3
BATCH = 2

# Slow, several times for each weight, and every weight is replaced.
mix_transformer.trunc_normal_ = lambda *_, **__: None


def takes(encoder, side):
    """Whether a square image is large enough for every halving."""
    try:
        with torch.no_grad():
            encoder(torch.zeros([1, 3, side, side]).double())
    except RuntimeError:
        return False
    return True


def features(encoder, x):
    with torch.no_grad():
        return [digest(f"feature {i}", f, 12) for i, f in enumerate(encoder(x)[1:]) if f.numel() > 0]


def dilated(name, stride, x):
    """Features at another output stride; None where the original has no dilation."""
    encoder = smp.encoders.get_encoder(name, weights=None)
    try:
        encoder.make_dilated(stride)
    except (NotImplementedError, ValueError):
        return None
    encoder = encoder.double().eval()
    load_filled(encoder)
    return features(encoder, x)


def model(decoder, name, x):
    """Logits of the decoder with its defaults on this encoder; None where the original refuses the pair."""
    encoder = {"name": name}
    try:
        whole = original({"decoder": {"name": decoder}, "encoder": encoder, "inChannels": 3, "classes": CLASSES})
    except (NotImplementedError, ValueError):
        return None
    whole = whole.double().eval()
    state = load_filled(whole)
    with torch.no_grad():
        logits = digest("logits", whole(x), 12)
    return {"parameters": sum(p.numel() for p in whole.parameters()), "keys": digest_keys(state), "logits": logits}


def golden(name):
    """Everything in inference, for colour images at depth 5; and the smallest image that the encoder takes."""
    encoder = smp.encoders.get_encoder(name, weights=None).double().eval()
    state = load_filled(encoder)
    x = torch.from_numpy(filled("x", [BATCH, 3, *SIZE], -2, 2)).double()
    return {
        "size": SIZE,
        "smallestSide": next(side for side in range(1, 65) if takes(encoder, side)),
        "parameters": sum(p.numel() for p in encoder.parameters()),
        "keys": digest_keys(state),
        "features": features(encoder, x),
        "dilated": {stride: dilated(name, stride, x) for stride in (8, 16)},
        "models": {decoder: model(decoder, name, x) for decoder in DECODERS},
    }


def main():
    torch.set_num_threads(2)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.json")):
        write(FOLDER / f"{name}.json", golden(name))
        print(name)


if __name__ == "__main__":
    main()
