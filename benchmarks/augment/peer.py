"""albumentations' side of benchmarks/augment/run.ts: reads one transform per line, answers seconds per call.

Needs from PyPI: albumentations==2.0.8 numpy opencv-python-headless.
"""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import albumentations as A  # noqa: E402
import cv2  # noqa: E402
import numpy as np  # noqa: E402

cv2.setNumThreads(1)


def main():
    size, classes = int(sys.argv[1]), int(sys.argv[2])
    raw = np.frombuffer(open(sys.argv[3], "rb").read(), np.uint8)
    image = raw[: size * size * 3].reshape(size, size, 3)
    packed = raw[size * size * 3 :].view(np.uint32).reshape(size, size)
    mask = np.stack([(packed >> np.uint32(c)) & np.uint32(1) for c in range(classes)], -1).astype(np.uint8)
    for line in sys.stdin:
        request = json.loads(line)
        options = {k: tuple(v) if isinstance(v, list) else v for k, v in request["options"].items()}
        transform = A.Compose([getattr(A, request["name"])(**options, p=1)])
        start, cpu, calls = time.perf_counter(), time.process_time(), 0
        while calls < 2 or time.perf_counter() - start < request["seconds"]:
            transform(image=image, mask=mask)
            calls += 1
        print(json.dumps((time.process_time() - cpu) / calls), flush=True)


main()
