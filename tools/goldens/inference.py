"""Goldens of src/inference: PyTorch's bilinear resize, a submission as the hand-bone competition's baseline writes it,
a submission's score by tools/score/score.py, and a file of logits read by the reader in docs/logit-store.md.

Needs from PyPI: numpy pandas torch opencv-python-headless; the last part needs Node and this project's packages.
Run: python tools/goldens/inference.py
"""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "goldens" / "inference"
sys.path.insert(0, str(ROOT / "tools" / "score"))
import score  # noqa: E402


def write(name, value):
    (OUT / name).write_text(json.dumps(value) + "\n")


def rounded(values):
    return np.round(values.astype(np.float64), 6).ravel().tolist()


def smooth_codes(rng, height, width, classes):
    """Codes of logits between -3.5 and 3.5: exact in the store, which keeps such blocks in detail."""
    coarse = torch.from_numpy(rng.normal(0, 60, (1, classes, 4, 4)))
    codes = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
    return codes.round().clamp(-86, 86).numpy()[0]


def resize():
    rng = np.random.default_rng(0)
    cases = []
    for height, width, to_height, to_width in [(7, 5, 20, 33), (20, 33, 7, 5), (16, 16, 64, 64), (6, 6, 6, 9), (1, 1, 3, 2)]:
        x = rng.normal(0, 5, (1, 2, height, width)).round(4).astype(np.float32)
        y = F.interpolate(torch.from_numpy(x), size=(to_height, to_width), mode="bilinear", align_corners=False)
        cases.append({
            "from": [height, width], "to": [to_height, to_width],
            "source": rounded(x[0].transpose(1, 2, 0)), "target": rounded(y[0].permute(1, 2, 0).numpy()),
        })
    write("resize.json", cases)


def encode_mask_to_rle(mask):
    """As the competition's baseline does it."""
    pixels = mask.flatten()
    pixels = np.concatenate([[0], pixels, [0]])
    runs = np.where(pixels[1:] != pixels[:-1])[0] + 1
    runs[1::2] -= runs[::2]
    return " ".join(str(x) for x in runs)


def submission():
    """Two models, as the baseline predicts (upsample, threshold, encode, to_csv), on the mean of their logits."""
    rng = np.random.default_rng(1)
    height, width, original, threshold = 12, 10, (40, 45), 0.4
    names = ["image1.png", 'image "2", left.png', "image3.png"]
    models, rles, filename_and_class = [{}, {}], [], []
    for name in names:
        codes = [smooth_codes(rng, height, width, len(score.CLASSES)) for _ in models]
        for model, each in zip(models, codes):
            # A class that is nowhere gives an empty field.
            each[6] = np.minimum(each[6], -60)
            model[name] = each.astype(int).transpose(1, 2, 0).ravel().tolist()
        logits = sum(torch.from_numpy((0.1875 * np.sinh(each / 24)).astype(np.float32)) for each in codes) / 2
        outputs = F.interpolate(logits[None], size=original, mode="bilinear")
        outputs = (torch.sigmoid(outputs) > threshold).numpy()[0]
        for c, segm in enumerate(outputs):
            rles.append(encode_mask_to_rle(segm))
            filename_and_class.append(f"{score.CLASSES[c]}_{name}")
    classes, filename = zip(*[x.split("_", 1) for x in filename_and_class])
    pd.DataFrame({"image_name": filename, "class": classes, "rle": rles}).to_csv(OUT / "submission.csv", index=False)
    write("submission.json", {
        "height": height, "width": width, "originalHeight": original[0], "originalWidth": original[1],
        "threshold": threshold, "images": names, "codes": models,
    })


def scored():
    """Annotations of three images, and a submission of other polygons at nearly the same places."""
    rng = np.random.default_rng(2)
    height, width = 48, 64
    annotations, rows = {}, []
    for person, name in [("ID001", "image1_L"), ("ID001", "image1_R"), ("ID002", "image2")]:
        polygons = []
        for label in score.CLASSES:
            centre = rng.uniform((10, 10), (width - 10, height - 10))
            angles = np.sort(rng.uniform(0, 2 * np.pi, 6))
            points = centre + 9 * np.stack([np.cos(angles), np.sin(angles)], 1)
            polygons.append({"id": label, "type": "poly_seg", "attributes": {}, "label": label,
                             "points": points.round().astype(int).tolist()})
            mask = np.zeros((height, width), np.uint8)
            cv2.fillPoly(mask, [(points + rng.uniform(-3, 3, 2)).round().astype(np.int32)], 1)
            rows.append({"image_name": f"{name}.png", "class": label,
                         "rle": "" if label == "Pisiform" and name == "image2" else encode_mask_to_rle(mask)})
        annotations[f"{person}/{name}"] = {"annotations": polygons, "attributes": {}, "file_id": name,
                                           "filename": f"{name}.png", "parent_path": "", "last_modifier_id": "",
                                           "metadata": {"height": height, "width": width}, "last_workers": ""}
    folder = OUT / "score"
    folder.mkdir(exist_ok=True)
    for key, annotation in annotations.items():
        path = folder / "outputs_json" / f"{key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(annotation))
    pd.DataFrame(rows).to_csv(folder / "submission.csv", index=False)
    write("score/score.json", score.score(folder / "submission.csv", folder / "outputs_json"))


def example():
    subprocess.run(["node", "--import", "tsx", "tools/goldens/exampleLogits.ts", str(OUT / "example.logits")], cwd=ROOT, check=True)
    code = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "logit-store.md").read_text(), re.S).group(1)
    namespace = {}
    exec(code, namespace)
    file = namespace["LogitFile"](OUT / "example.logits")
    write("example.json", {
        "reader": hashlib.sha256(code.encode()).hexdigest(), "header": file.header,
        "logits": rounded(file.array().transpose(1, 2, 0)),
    })


if __name__ == "__main__":
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    resize()
    submission()
    scored()
    example()
