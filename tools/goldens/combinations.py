"""Goldens of src/inference/ensemble's combinations, the Python way: every member's logits upsampled by PyTorch to the
image, sigmoid, mean (or ttach's gmean, SciPy's ranks, a majority), threshold, in float64.

Needs from PyPI: numpy scipy torch.
Run: python tools/goldens/combinations.py
"""

import base64
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from scipy.stats import rankdata
from scipy.special import logit

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "inference"
HEIGHT, WIDTH, CLASSES = 46, 53, 2
LEVELS = 0.1875 * np.sinh((np.arange(1, 256) - 128) / 24)  # the logits that the store has
THRESHOLDS = [0.5, 0.35]
WEIGHTS = [[2.0, 1.0], [1.0, 0.0], [0.5, 3.0]]


def smooth_codes(rng, height, width):
    """Codes of logits between -3.5 and 3.5: exact in the store, which keeps such blocks in detail."""
    coarse = torch.from_numpy(rng.normal(0, 60, (1, CLASSES, 4, 4)))
    codes = F.interpolate(coarse, size=(height, width), mode="bicubic", align_corners=False)
    return codes.round().clamp(-86, 86).numpy()[0].astype(int)


def upsample(logits):
    image = torch.from_numpy(logits)[None]
    return F.interpolate(image, size=(HEIGHT, WIDTH), mode="bilinear", align_corners=False).numpy()[0]


def gmean(ps, ws):
    """As ttach's Merger does for equal weights: the product, then the n-th root."""
    return np.prod([p**w for p, w in zip(ps, ws)], 0) ** (1 / sum(ws))


def ranks(stored, x):
    """Ranks of x among the stored logits and the levels of the store, between levels by interpolation."""
    pool = np.concatenate([stored.ravel(), LEVELS])
    of_level = rankdata(pool, method="average")[-len(LEVELS):] / len(pool)
    return np.interp(x, LEVELS, of_level)


def masks(stored):
    found = {name: [] for name in ["logits", "probabilities", "geometric", "rank", "vote", "nested"]}
    for c, t in enumerate(THRESHOLDS):
        used = [m for m in range(3) if WEIGHTS[m][c] > 0]
        ws = [WEIGHTS[m][c] for m in used]
        total = sum(ws)
        xs = [upsample(stored[m])[c] for m in used]
        ps = [torch.sigmoid(torch.from_numpy(x)).numpy() for x in xs]

        def mean(values):
            return sum(w * value for w, value in zip(ws, values)) / total

        found["logits"].append(mean(xs) > logit(t))
        found["probabilities"].append(mean(ps) > t)
        found["geometric"].append(gmean(ps, ws) > t)
        own = [(ranks(stored[m][c], x), ranks(stored[m][c], logit(t))) for m, x in zip(used, xs)]
        found["rank"].append(mean([a for a, _ in own]) > mean([b for _, b in own]))
        found["vote"].append(mean([p > t for p in ps]) > 0.5)
        # The mean, weights 2 to 1, of the probabilities of a joint of logits and of a geometric mean.
        a, b, d = [upsample(each)[c] for each in stored]
        sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
        found["nested"].append((2 * sigmoid((a + 3 * b) / 4) + gmean([sigmoid(b), sigmoid(d)], [1, 1])) / 3 > t)
    return {name: [base64.b64encode(np.packbits(mask)).decode() for mask in of] for name, of in found.items()}


if __name__ == "__main__":
    rng = np.random.default_rng(7)
    codes = [smooth_codes(rng, height, width) for height, width in [(12, 10), (12, 10), (23, 31)]]
    stored = [LEVELS[each + 127] for each in codes]
    (OUT / "combinations.json").write_text(json.dumps({
        "height": HEIGHT, "width": WIDTH, "thresholds": THRESHOLDS, "weights": WEIGHTS,
        "members": [{"height": each.shape[1], "width": each.shape[2],
                     "codes": each.transpose(1, 2, 0).ravel().tolist()} for each in codes],
        "masks": masks(stored),
    }) + "\n")
