"""Golden values of encoders by themselves and under four decoders, for tests/models/encoders.test.ts.

Needs from PyPI: torch 2.15, torchvision 0.29, segmentation-models-pytorch 0.6.0, timm 1.0.31, numpy 2.

    python tools/goldens/encoders.py            # every encoder that has a golden
    python tools/goldens/encoders.py resnet18   # only those named
"""

import sys
from pathlib import Path

import timm
import torch
from formula import digest, digest_keys, filled, load_filled, write
from originals import encoder_of, original
from segmentation_models_pytorch.encoders import mix_transformer

FOLDER = Path(__file__).parent.parent.parent / "tests" / "goldens" / "encoders"

DECODERS = ["unet", "unetplusplus", "deeplabv3plus", "fpn"]
SIZE = [64, 96]
# For what pads by the size: even all the way down, odd at once, and odd after one or several halvings.
SIZES = [SIZE, [75, 101], [50, 84]]
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


def dilated(name, stride, x, padding="symmetric"):
    """Features at another output stride; None where the original has no dilation."""
    encoder = encoder_of(name, padding)
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


def same(name):
    """Features of timm's model of this name, by size, and at other output strides as the other encoders have them."""
    encoder = encoder_of(name, "same").double().eval()
    load_filled(encoder)
    images = [torch.from_numpy(filled("x", [BATCH, 3, *size], -2, 2)).double() for size in SIZES]
    plain = timm.create_model(name).double().eval()
    load_filled(plain)
    with torch.no_grad():
        for x in images:
            deepest = encoder.bn2(encoder.conv_head(encoder(x)[-1]))
            torch.testing.assert_close(deepest, plain.forward_features(x), rtol=0, atol=0)
    return {
        "sizes": [{"size": size, "features": features(encoder, x)} for size, x in zip(SIZES, images, strict=True)],
        "dilated": {stride: dilated(name, stride, images[1], "same") for stride in (8, 16)},
    }


def golden(name):
    """Everything in inference, for colour images at depth 5; and the smallest image that the encoder takes."""
    encoder = encoder_of(name).double().eval()
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
    } | ({"same": same(name)} if "efficientnet_lite" in name else {})


def main():
    # Depthwise convolutions in float64 go group by group: threads that wait for each other make them slower.
    torch.set_num_threads(1)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[1:] or sorted(path.stem for path in FOLDER.glob("*.json")):
        write(FOLDER / f"{name}.json", golden(name))
        print(name)


if __name__ == "__main__":
    main()
