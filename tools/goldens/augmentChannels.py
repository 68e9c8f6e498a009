"""Goldens of src/augment on images of more channels than colours have: what albumentations makes of them, and which
transforms it refuses.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless>=5.
Run: python tools/goldens/augmentChannels.py

Writes tests/goldens/augment/channels.json (what was applied, and to how many channels) and channels.bin.gz (the input
of seven channels, of which a case takes the first, then the outputs).
A transform is written as it is in TypeScript; ranges whose ends are equal force the parameter.
"""

import gzip
import json
import warnings
from pathlib import Path

import albumentations as A
import numpy as np
from augment import OUT, make_input, to_python

WIDTH, HEIGHT = 64, 20


def cases():
    def always(name, **options):
        return {"name": name, **options, "p": 1}

    for channels in (2, 7):
        yield always("Transpose"), channels, 0
        if channels != 2:  # of which OpenCV warps two in an older arithmetic, with weights of five bits
            yield always("Rotate", limit=[17.3, 17.3]), channels, 0
            yield always("Rotate", limit=[-9, -9], interpolation="nearest", borderMode="reflect101"), channels, 0
        yield always("Resize", height=17, width=50), channels, 0
        yield always("CenterCrop", height=13, width=40), channels, 0
        yield always("Emboss", alpha=[0.37, 0.37], strength=[0.61, 0.61]), channels, 0
        yield always("Sharpen", alpha=[0.31, 0.31], lightness=[0.77, 0.77]), channels, 0
        yield always("GaussianBlur", sigmaLimit=[1.3, 1.3]), channels, 1
        yield always("MedianBlur", blurLimit=[5, 5]), channels, 0
        yield always("UnsharpMask", blurLimit=[5, 5], alpha=[0.4, 0.4], threshold=8), channels, 1
        options = {"brightnessLimit": [0.2, 0.2], "contrastLimit": [-0.15, -0.15]}
        yield always("RandomBrightnessContrast", **options), channels, 0
        yield always("RandomBrightnessContrast", **options, brightnessByMax=False), channels, 0
        yield always("RandomGamma", gammaLimit=[80, 80]), channels, 0
        for method in ("average", "max"):
            yield always("ToGray", method=method), channels, 0


def refused():
    for name, options in (
        ("CLAHE", {}),
        ("ToGray", {}),
        ("ToGray", {"method": "desaturation"}),
        ("MedianBlur", {}),
        ("GaussNoise", {}),
        ("CoarseDropout", {}),
        ("GridDropout", {}),
        ("ElasticTransform", {}),
        ("Perspective", {}),
    ):
        yield {"name": name, **options, "p": 1}


def transform(spec, channels):
    if spec["name"] == "ToGray":
        # Here the number of channels stays.
        return A.ToGray(num_output_channels=channels, method=spec.get("method", "weighted_average"), p=1)
    return to_python(spec)


def accepts(spec, image):
    try:
        transform(spec, image.shape[-1])(image=image)
        return True
    except (TypeError, ValueError):
        return False


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    planes = [make_input("grey", WIDTH, HEIGHT, seed)[0] for seed in range(7)]
    whole = np.stack(planes, -1)
    parts, written, offset = [whole.tobytes()], [], whole.size
    for spec, channels, tolerance in cases():
        image = np.ascontiguousarray(whole[..., :channels])
        result = transform(spec, channels)(image=image)["image"]
        height, width = result.shape[:2]
        assert result.shape == (height, width, channels) and result.dtype == np.uint8, (spec, result.shape)
        entry = {"spec": spec, "channels": channels, "tolerance": tolerance}
        written.append({**entry, "width": width, "height": height, "offset": offset})
        parts.append(result.tobytes())
        offset += result.size
    taken = [{"spec": spec, "accepted": accepts(spec, whole)} for spec in refused()]
    described = {"width": WIDTH, "height": HEIGHT, "channels": 7, "cases": written, "taken": taken}
    (OUT / "channels.json").write_text(json.dumps(described, indent=1) + "\n")
    (OUT / "channels.bin.gz").write_bytes(gzip.compress(b"".join(parts), 9, mtime=0))
    print(taken)
