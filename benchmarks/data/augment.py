"""Single transforms by albumentations, on an image with its 29 masks or alone, and by bare calls of OpenCV."""

import os
import threading

import albumentations as A
import cv2
import numpy as np
from calling import calling

SIZE, CLASSES = 512, 29


def first(material, name, dtype, *shape):
    path = os.path.join(material["folder"], name)
    return np.fromfile(path, dtype, int(np.prod(shape))).reshape(shape)


def unpack(packed):
    """29 masks, classes last."""
    return np.stack([(packed >> np.uint32(c)) & np.uint32(1) for c in range(CLASSES)], -1).astype(np.uint8)


def bare(name, options):
    if name == "CLAHE":
        clahe = cv2.createCLAHE(clipLimit=options["clip_limit"][0], tileGridSize=(8, 8))

        def equalize(image):
            lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
            lab[..., 0] = clahe.apply(lab[..., 0])
            return cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)

        return equalize
    if name == "GaussianBlur":
        return lambda image: cv2.GaussianBlur(image, (0, 0), options["sigma_limit"][0])
    alpha = options["alpha"][0]
    if name == "Emboss":
        s = options["strength"][0]
        effect = [[-1 - s, -s, 0], [-s, 1, s], [0, s, 1 + s]]
    else:
        effect = [[-1, -1, -1], [-1, 8 + options["lightness"][0], -1], [-1, -1, -1]]
    same = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    kernel = (1 - alpha) * np.array(same, np.float32) + alpha * np.array(effect, np.float32)
    return lambda image: cv2.filter2D(image, -1, kernel)


def build(mode, options, conditions):
    material = conditions["material"]
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    name = options.pop("name")
    image = first(material, f"images-{SIZE}.bin", np.uint8, SIZE, SIZE, 3)
    if mode == "OpenCV":
        work = bare(name, options)
        return calling(conditions, lambda: work(image))
    # A transform keeps what it drew last: a thread must have its own.
    own = threading.local()

    def transform(**targets):
        if not hasattr(own, "compose"):
            own.compose = A.Compose([getattr(A, name)(**options, p=1)])
        return own.compose(**targets)

    if mode == "albumentations":
        return calling(conditions, lambda: transform(image=image))
    last = unpack(first(material, f"labels-{SIZE}.bin", np.uint32, SIZE, SIZE))
    if mode.endswith("channels"):
        return calling(conditions, lambda: transform(image=image, mask=last))
    stacked = np.ascontiguousarray(last.transpose(2, 0, 1))
    masks = stacked if mode.endswith("stacked masks") else list(stacked)
    return calling(conditions, lambda: transform(image=image, masks=masks))
