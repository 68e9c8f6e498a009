"""The machine's own ceiling through PyTorch (oneDNN, MKL): matrix product and 3×3 convolution, FLOP per second."""

import sys
import time

import torch
from answering import serve

torch.set_num_threads(int(sys.argv[1]))


def best(work, seconds):
    work()
    least, start = float("inf"), time.perf_counter()
    while time.perf_counter() - start < seconds:
        began = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - began)
    return least


def measure(request):
    kind = torch.bfloat16 if request["precision"] == "bfloat16" else torch.float32
    with torch.inference_mode():
        if request["kind"] == "matmul":
            n = request["size"]
            a, b = torch.randn(n, n, dtype=kind), torch.randn(n, n, dtype=kind)
            work = lambda: torch.mm(a, b)  # noqa: E731
        else:
            n, c = request["size"], request["channels"]
            layout = torch.channels_last
            x = torch.randn(2, c, n, n, dtype=kind).to(memory_format=layout)
            w = torch.randn(c, c, 3, 3, dtype=kind).to(memory_format=layout)
            work = lambda: torch.conv2d(x, w, padding=1)  # noqa: E731
        return {"seconds": best(work, request["seconds"])}


serve({"measure": measure})
