"""The peers' side of ensemble.ts: three models' logits in .npy files to run-length codes."""

import math
import os

import cv2
import numpy as np
import torch
from calling import calling
from masks import frugal_rle, published_rle
from torch.nn import functional

SIZE, MODELS = 2048, 3


def read(folder, model, dtype):
    logits = np.load(os.path.join(folder, f"model-{model}-{dtype}.npy"))
    return logits if dtype == "float32" else logits.astype(np.float32) / 2048 - 16


def upsampled(planes):
    return functional.interpolate(planes[None], size=(SIZE, SIZE), mode="bilinear", align_corners=False)[0]


def ranked(planes):
    """Each class's ranks, 0 where the logit 0 stands; by what is stored, for ranking 2048² pixels takes far longer."""
    flat = planes.flatten(1)
    ordered = flat.sort(1).values
    zero = torch.zeros(len(flat), 1)
    ranks = torch.searchsorted(ordered, flat, right=True) - torch.searchsorted(ordered, zero, right=True)
    return ranks.to(torch.float32).reshape(planes.shape)


# Of one model's stored and upsampled logits, and what their sum has to exceed.
COMBINATIONS = {
    "logits": (lambda planes: planes, lambda full: full, 0),
    "probabilities": (lambda planes: planes, lambda full: full.sigmoid_(), 0.5 * MODELS),
    "geometric": (lambda planes: planes, functional.logsigmoid, math.log(0.5) * MODELS),
    "rank": (ranked, lambda full: full, 0),
    "vote": (lambda planes: planes, lambda full: (full > 0).to(torch.uint8), MODELS / 2),
}


def upsampled_each(folder, dtype, combine, encode):
    of_stored, of_full, bound = COMBINATIONS[combine]

    @torch.inference_mode()
    def once():
        total = None
        for model in range(MODELS):
            full = of_full(upsampled(of_stored(torch.from_numpy(read(folder, model, dtype)))))
            total = full if total is None else total.add_(full)
        return [encode(mask) for mask in (total > bound).numpy()]

    return once


def joined_small(folder, dtype, by_opencv):
    @torch.inference_mode()
    def once():
        mean = read(folder, 0, dtype)
        for model in range(1, MODELS):
            mean += read(folder, model, dtype)
        if by_opencv:
            return [
                frugal_rle(cv2.resize(plane, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR) > 0) for plane in mean
            ]
        return [frugal_rle(mask) for mask in (upsampled(torch.from_numpy(mean)) > 0).numpy()]

    return once


def build(mode, options, conditions):
    folder = conditions["material"]["folder"]
    dtype = "uint16" if "uint16" in mode else "float32"
    if mode.startswith("joined small"):
        return calling(conditions, joined_small(folder, dtype, "OpenCV" in mode))
    encode = published_rle if "baseline" in mode else frugal_rle
    return calling(conditions, upsampled_each(folder, dtype, options["combine"], encode))
