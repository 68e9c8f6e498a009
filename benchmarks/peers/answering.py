"""A contender's side of the protocol in benchmarks/contender.ts, for Python."""

import json
import os
import sys

MARK = "@bench "


def serve(handlers):
    """Answers requests, one JSON line each, by their `do` until the parent is done."""
    # Whatever libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = handlers[request["do"]](request)
        except Exception as error:  # noqa: BLE001
            answer = {"error": f"{type(error).__name__}: {error}".strip()[:400]}
        answers.write(MARK + json.dumps(answer) + "\n")
        answers.flush()


def peak_bytes():
    """Largest resident memory of this process since it began or since `forget_peak`."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as control:
        control.write("5")
