"""Golden values for losses, optimizers and schedules: tests/goldens/objectives/{losses,softLosses,
unknownLosses,optimizers,schedules}.json.

Needs from PyPI: torch==2.15.0, segmentation-models-pytorch==0.6.0, numpy==2.4.6.
Run from the project's root: python tools/goldens/objectives.py
"""

import json
from pathlib import Path

import numpy as np
import segmentation_models_pytorch as smp
import torch

torch.set_num_threads(1)
OUT = Path("tests/goldens/objectives")


def numbers(tensor):
    """Flat list of numbers that are exact in float32."""
    return [float(x) for x in tensor.detach().reshape(-1)]


def write(name, content):
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.json").write_text(json.dumps(content) + "\n")


def losses():
    generator = np.random.default_rng(7)
    n, h, w, c = 2, 5, 4, 3
    logits = generator.normal(0, 3, (n, h, w, c)).astype(np.float32)
    # Saturated logits, right and wrong, must stay finite.
    logits[0, 0, 0] = [60, -60, 60]
    logits[0, 0, 1] = [-60, 60, -60]
    targets = (generator.uniform(size=(n, h, w, c)) < 0.3).astype(np.float32)
    absent = targets.copy()
    absent[..., 1] = 0

    pos_weight = [0.5, 1.0, 4.0]
    cases = [
        ({"name": "bce"}, torch.nn.BCEWithLogitsLoss()),
        ({"name": "bce", "posWeight": 3.0}, torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0))),
        (
            {"name": "bce", "posWeight": pos_weight},
            torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight).reshape(3, 1, 1)),
        ),
        ({"name": "dice"}, smp.losses.DiceLoss("multilabel")),
        ({"name": "dice", "smooth": 1.0}, smp.losses.DiceLoss("multilabel", smooth=1.0)),
        ({"name": "focal"}, smp.losses.FocalLoss("multilabel")),
        ({"name": "focal", "gamma": 0}, smp.losses.FocalLoss("multilabel", gamma=0.0)),
        ({"name": "focal", "gamma": 1.5, "alpha": 0.25}, smp.losses.FocalLoss("multilabel", alpha=0.25, gamma=1.5)),
    ]
    bce, dice = torch.nn.BCEWithLogitsLoss(), smp.losses.DiceLoss("multilabel")
    cases.append(([{"name": "bce", "weight": 5}, {"name": "dice"}], lambda x, z: 5 * bce(x, z) + dice(x, z)))

    rows = []
    for spec, loss in cases:
        for which, truth in (("present", targets), ("absent", absent)):
            x = torch.tensor(logits.transpose(0, 3, 1, 2), requires_grad=True)
            value = loss(x, torch.tensor(truth.transpose(0, 3, 1, 2)))
            value.backward()
            gradient = x.grad.permute(0, 2, 3, 1)
            rows.append({"spec": spec, "targets": which, "value": float(value.detach()), "gradient": numbers(gradient)})
    write(
        "losses",
        {
            "shape": [n, h, w, c],
            "logits": logits.reshape(-1).tolist(),
            "targets": {"present": targets.reshape(-1).tolist(), "absent": absent.reshape(-1).tolist()},
            "cases": rows,
        },
    )


def soft_losses():
    """Targets between 0 and 1: two labels, each to its share of a sample, as mixup makes them."""
    generator = np.random.default_rng(13)
    n, h, w, c = 2, 4, 3, 3
    logits = generator.normal(0, 3, (n, h, w, c)).astype(np.float32)
    logits[0, 0, 0] = [60, -60, 60]
    first, second = (generator.uniform(size=(2, n, h, w, c)) < 0.3).astype(np.float32)
    # One class is in one pixel alone, with less than its whole weight; another in none.
    first[..., 1], second[..., 1] = 0, 0
    second[0, 1, 1, 1] = 1
    first[..., 2], second[..., 2] = 0, 0
    shares = np.array([0.25, 0.8125], np.float32)
    part = shares.reshape(n, 1, 1, 1)
    targets = (1 - part) * first + part * second

    pos_weight = [0.5, 1.0, 4.0]
    cases = [
        ({"name": "bce"}, torch.nn.BCEWithLogitsLoss()),
        (
            {"name": "bce", "posWeight": pos_weight},
            torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight).reshape(3, 1, 1)),
        ),
        ({"name": "dice"}, smp.losses.DiceLoss("multilabel")),
        ({"name": "dice", "smooth": 1.0}, smp.losses.DiceLoss("multilabel", smooth=1.0)),
        ({"name": "focal"}, smp.losses.FocalLoss("multilabel")),
        ({"name": "focal", "gamma": 0}, smp.losses.FocalLoss("multilabel", gamma=0.0)),
        ({"name": "focal", "gamma": 1.5, "alpha": 0.25}, smp.losses.FocalLoss("multilabel", alpha=0.25, gamma=1.5)),
    ]
    bce, dice = torch.nn.BCEWithLogitsLoss(), smp.losses.DiceLoss("multilabel")
    cases.append(([{"name": "bce", "weight": 5}, {"name": "dice"}], lambda x, z: 5 * bce(x, z) + dice(x, z)))
    rows = []
    for spec, loss in cases:
        x = torch.tensor(logits.transpose(0, 3, 1, 2), requires_grad=True)
        value = loss(x, torch.tensor(targets.transpose(0, 3, 1, 2)))
        value.backward()
        gradient = x.grad.permute(0, 2, 3, 1)
        rows.append({"spec": spec, "value": float(value.detach()), "gradient": numbers(gradient)})
    write(
        "softLosses",
        {
            "shape": [n, h, w, c],
            "logits": logits.reshape(-1).tolist(),
            "first": first.reshape(-1).tolist(),
            "second": second.reshape(-1).tolist(),
            "shares": shares.tolist(),
            "cases": rows,
        },
    )


def unknown_losses():
    """Some pixels are unknown in all classes, as by ignore_index."""
    generator = np.random.default_rng(17)
    n, h, w, c = 2, 5, 4, 3
    logits = generator.normal(0, 3, (n, h, w, c)).astype(np.float32)
    targets = (generator.uniform(size=(n, h, w, c)) < 0.3).astype(np.float32)
    unknown = (generator.uniform(size=(n, h, w, 1)) < 0.35).astype(np.float32)
    # Saturated logits, right and wrong, known and not, must stay finite.
    logits[0, 0, 0], unknown[0, 0, 0] = [60, -60, 60], 1
    logits[0, 0, 1], unknown[0, 0, 1] = [-60, 60, -60], 0
    # A class that only unknown pixels might have is absent.
    targets[..., 2] *= unknown[..., 0]
    ignored = np.where(unknown > 0, 255, targets).astype(np.float32)

    def focal(**options):
        # With several classes FocalLoss and ignore_index do not go together (its mask has a dimension too many); of one
        # they do, and the loss of several is the mean over classes.
        one = smp.losses.FocalLoss("binary", ignore_index=255, **options)
        return lambda x, z: torch.stack([one(x[:, k], z[:, k]) for k in range(c)]).mean()

    pos_weight = [0.5, 1.0, 4.0]
    bce = smp.losses.SoftBCEWithLogitsLoss(ignore_index=255)
    dice = smp.losses.DiceLoss("multilabel", ignore_index=255)
    cases = [
        ({"name": "bce"}, bce),
        (
            {"name": "bce", "posWeight": pos_weight},
            smp.losses.SoftBCEWithLogitsLoss(
                ignore_index=255, pos_weight=torch.tensor(pos_weight).reshape(3, 1, 1)
            ),
        ),
        ({"name": "dice"}, dice),
        ({"name": "dice", "smooth": 1.0}, smp.losses.DiceLoss("multilabel", smooth=1.0, ignore_index=255)),
        ({"name": "focal"}, focal()),
        ({"name": "focal", "gamma": 0}, focal(gamma=0.0)),
        ({"name": "focal", "gamma": 1.5, "alpha": 0.25}, focal(alpha=0.25, gamma=1.5)),
        ([{"name": "bce", "weight": 5}, {"name": "dice"}], lambda x, z: 5 * bce(x, z) + dice(x, z)),
    ]
    rows = []
    for spec, loss in cases:
        x = torch.tensor(logits.transpose(0, 3, 1, 2), requires_grad=True)
        value = loss(x, torch.tensor(ignored.transpose(0, 3, 1, 2)))
        value.backward()
        rows.append(
            {"spec": spec, "value": float(value.detach()), "gradient": numbers(x.grad.permute(0, 2, 3, 1))}
        )
    write(
        "unknownLosses",
        {
            "shape": [n, h, w, c],
            "logits": logits.reshape(-1).tolist(),
            "targets": targets.reshape(-1).tolist(),
            "unknown": unknown.reshape(-1).tolist(),
            "cases": rows,
        },
    )


def optimizers():
    generator = np.random.default_rng(11)
    shapes = {"weight": [3, 4], "bias": [4]}
    start = {k: generator.normal(size=s).astype(np.float32) for k, s in shapes.items()}
    gradients = [{k: generator.normal(size=s).astype(np.float32) for k, s in shapes.items()} for _ in range(10)]
    rates = [1e-2 * (1 + np.sin(i)) + 1e-3 for i in range(10)]
    cases = [
        ({"name": "adamw"}, lambda p: torch.optim.AdamW(p), {}),
        (
            {"name": "adamw", "weightDecay": 0.1, "betas": [0.8, 0.99], "epsilon": 1e-6},
            lambda p: torch.optim.AdamW(p, weight_decay=0.1, betas=(0.8, 0.99), eps=1e-6),
            {},
        ),
        ({"name": "adamw", "weightDecay": 0.1, "excludeNormAndBias": True}, "exclude", {}),
        ({"name": "adamw", "weightDecay": 0.05}, lambda p: torch.optim.AdamW(p, weight_decay=0.05), {"clipNorm": 0.5}),
        ({"name": "adamw", "weightDecay": 0.05}, lambda p: torch.optim.AdamW(p, weight_decay=0.05), {"momenta": True}),
        ({"name": "adam"}, lambda p: torch.optim.Adam(p), {}),
        ({"name": "adam", "weightDecay": 0.1}, lambda p: torch.optim.Adam(p, weight_decay=0.1), {}),
        ({"name": "sgd"}, lambda p: torch.optim.SGD(p), {}),
        (
            {"name": "sgd", "momentum": 0.9, "weightDecay": 0.01},
            lambda p: torch.optim.SGD(p, momentum=0.9, weight_decay=0.01),
            {},
        ),
        (
            {"name": "sgd", "momentum": 0.9, "nesterov": True, "weightDecay": 0.01},
            lambda p: torch.optim.SGD(p, momentum=0.9, nesterov=True, weight_decay=0.01),
            {"momenta": True},
        ),
    ]
    rows = []
    for spec, make, options in cases:
        parameters = {k: torch.nn.Parameter(torch.tensor(v)) for k, v in start.items()}
        if make == "exclude":
            optimizer = torch.optim.AdamW(
                [
                    {"params": [parameters["weight"]], "weight_decay": 0.1},
                    {"params": [parameters["bias"]], "weight_decay": 0.0},
                ]
            )
        else:
            optimizer = make(parameters.values())
        momenta = [0.85 + 0.01 * i for i in range(10)] if options.get("momenta") else None
        steps, norms = [], []
        for i, gradient in enumerate(gradients):
            for group in optimizer.param_groups:
                group["lr"] = rates[i]
                if momenta is not None and "betas" in group:
                    group["betas"] = (momenta[i], group["betas"][1])
                elif momenta is not None:
                    group["momentum"] = momenta[i]
            for k, parameter in parameters.items():
                parameter.grad = torch.tensor(gradient[k])
            limit = options.get("clipNorm", float("inf"))
            norms.append(float(torch.nn.utils.clip_grad_norm_(parameters.values(), limit)))
            optimizer.step()
            steps.append({k: numbers(v) for k, v in parameters.items()})
        rows.append({"spec": spec, "clipNorm": options.get("clipNorm"), "momenta": momenta, "norms": norms, "steps": steps})
    write(
        "optimizers",
        {
            "shapes": shapes,
            "start": {k: v.reshape(-1).tolist() for k, v in start.items()},
            "gradients": [{k: v.reshape(-1).tolist() for k, v in g.items()} for g in gradients],
            "learningRates": rates,
            "cases": rows,
        },
    )


def schedules():
    rate, total, warmup = 0.02, 40, 8
    s = torch.optim.lr_scheduler

    def warmed(make):
        def build(o):
            first = s.LinearLR(o, start_factor=0.01, total_iters=warmup)
            return s.SequentialLR(o, [first, make(o, total - warmup)], milestones=[warmup])

        return build

    plain = {
        "constant": ({"name": "constant"}, lambda o, n: s.ConstantLR(o, factor=1.0)),
        "cosine": ({"name": "cosine", "minimum": 1e-4}, lambda o, n: s.CosineAnnealingLR(o, n, eta_min=1e-4)),
        "poly": ({"name": "poly", "power": 0.9}, lambda o, n: s.PolynomialLR(o, n, power=0.9)),
        "step": ({"name": "step", "stepSize": 7, "gamma": 0.5}, lambda o, n: s.StepLR(o, 7, gamma=0.5)),
    }
    cases = []
    for spec, make in plain.values():
        cases.append((spec, lambda o, make=make: make(o, total)))
        cases.append(({**spec, "warmupSteps": warmup}, warmed(make)))
    cases.append(({"name": "oneCycle"}, lambda o: s.OneCycleLR(o, rate, total_steps=total)))
    cases.append(
        (
            {"name": "oneCycle", "warmupShare": 0.25, "divFactor": 10, "finalDivFactor": 100, "cycleMomentum": False},
            lambda o: s.OneCycleLR(
                o, rate, total_steps=total, pct_start=0.25, div_factor=10, final_div_factor=100, cycle_momentum=False
            ),
        )
    )
    rows = []
    for spec, make in cases:
        optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=rate)
        schedule = make(optimizer)
        rates, momenta = [], []
        for _ in range(total):
            rates.append(optimizer.param_groups[0]["lr"])
            momenta.append(optimizer.param_groups[0]["betas"][0])
            optimizer.step()
            schedule.step() if len(rates) < total else None
        cycled = spec["name"] == "oneCycle" and spec.get("cycleMomentum", True)
        rows.append({"spec": spec, "learningRates": rates, "momenta": momenta if cycled else None})
    write("schedules", {"learningRate": rate, "totalSteps": total, "cases": rows})


if __name__ == "__main__":
    losses()
    soft_losses()
    unknown_losses()
    optimizers()
    schedules()
