"""Goldens of src/inference/search: SciPy's adaptive Nelder-Mead and pycma's purecma (positive weights) step by step.

Needs from PyPI: numpy scipy==1.17.1 cma==4.5.0
Run: python tools/goldens/weightSearch.py
"""

import json
from pathlib import Path

import numpy as np
from cma.more_algorithms import purecma
from scipy.optimize import minimize

OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "inference" / "weightSearch.json"


def sphere(x):
    return float(sum((v - 0.3) ** 2 for v in x))


def rosenbrock(x):
    return float(sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:])))


def ellipsoid(x):
    return float(sum(1000 ** (i / (len(x) - 1)) * v * v for i, v in enumerate(x)))


FUNCTIONS = {"sphere": sphere, "rosenbrock": rosenbrock, "ellipsoid": ellipsoid}


def simplex(start):
    return [start] + [[v + (i == k) for i, v in enumerate(start)] for k in range(len(start))]


def nelder_mead(name, start, evaluations):
    result = minimize(
        FUNCTIONS[name],
        start,
        method="Nelder-Mead",
        options={
            "adaptive": True,
            "initial_simplex": np.array(simplex(start), float),
            "maxfev": evaluations,
            "xatol": 1e-6,
            "fatol": 1e-6,
        },
    )
    return {
        "function": name,
        "start": start,
        "limit": evaluations,
        "at": result.x.tolist(),
        "cost": result.fun,
        "evaluations": result.nfev,
    }


def cma_es(name, start, generations, seed):
    """The candidates of each generation and the state after it."""
    random = np.random.RandomState(seed)
    es = purecma.CMAES(start, 0.5, randn=lambda mean, deviation: float(random.randn()))
    es.params = purecma.CMAESParameters(len(start), es.params.lam, None)
    es.params.lazy_gap_evals = 0
    steps = []
    for _ in range(generations):
        candidates = [list(map(float, x)) for x in es.ask()]
        es.tell(candidates, [FUNCTIONS[name](x) for x in candidates])
        es.C.update_eigensystem(es.counteval, 0)
        steps.append(
            {
                "candidates": candidates,
                "mean": list(map(float, es.xmean)),
                "sigma": float(es.sigma),
                "covariance": [[float(es.C[i][j]) for j in range(len(start))] for i in range(len(start))],
            }
        )
    return {"function": name, "start": start, "sigma": 0.5, "steps": steps}


OUT.write_text(
    json.dumps(
        {
            "nelderMead": [
                nelder_mead("sphere", [1.0, 2.0, -1.0], 1000),
                nelder_mead("rosenbrock", [-1.2, 1.0], 1000),
                nelder_mead("ellipsoid", [1.0, 1.0, 1.0, 1.0], 57),
                nelder_mead("ellipsoid", [1.0, 1.0, 1.0, 1.0], 2000),
            ],
            "cmaEs": [
                cma_es("rosenbrock", [0.0, 0.5, -0.3], 6, 1),
                cma_es("ellipsoid", [1.0, 1.0, 1.0, 1.0], 6, 2),
            ],
        },
        separators=(",", ":"),
    )
    + "\n"
)
