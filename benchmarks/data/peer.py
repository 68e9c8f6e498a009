"""The peers' side of the suites data and inference: each work by the functions of the module that it names."""

import gc
import importlib
import json
import os
import sys
import warnings

os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
warnings.filterwarnings("ignore")

from answering import forget_peak, peak_bytes, serve  # noqa: E402

conditions = json.loads(sys.argv[1])
measures = {}


def threads_each(in_flight):
    """What calls share the cores: OpenCV's and PyTorch's own threads, or one for each call in flight."""
    threads = 1 if in_flight > 1 else conditions["threads"]
    import cv2

    cv2.setNumThreads(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def prepare(request):
    key = json.dumps([request["work"], request["mode"], request["inFlight"]])
    # One work at a time is in memory.
    for other in [other for other in measures if json.loads(other)[0] != request["work"]]:
        del measures[other]
    gc.collect()
    module = importlib.import_module(request["module"])
    threads_each(request["inFlight"])
    here = {**conditions, "inFlight": request["inFlight"]}
    measures[key] = module.build(request["mode"], request["options"], here)
    measures[key]()
    start_peak = peak_bytes()
    return {"startPeakBytes": start_peak}


def run(request):
    threads_each(request["inFlight"])
    forget_peak()
    measured = measures[json.dumps([request["work"], request["mode"], request["inFlight"]])]()
    return {**measured, "peakBytes": peak_bytes()}


serve({"prepare": prepare, "run": run})
