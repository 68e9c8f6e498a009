"""Measures a piece of work by calling it over and over, as many at once as there are to be in flight."""

import time
from concurrent.futures import ThreadPoolExecutor


def calling(conditions, once):
    least, lanes = conditions["seconds"], conditions["inFlight"]

    def lane(start):
        calls = 0
        while calls == 0 or time.perf_counter() - start < least:
            once()
            calls += 1
        return calls

    def measure():
        processor, start = time.process_time(), time.perf_counter()
        if lanes == 1:
            calls = lane(start)
        else:
            with ThreadPoolExecutor(lanes) as pool:
                calls = sum(pool.map(lane, [start] * lanes))
        seconds = time.perf_counter() - start
        return {"seconds": seconds / calls, "processorSeconds": (time.process_time() - processor) / calls}

    return measure
