"""Goldens of src/engine/ops: PyTorch's results and gradients for small tensors.

Needs from PyPI: torch numpy.
Run: python tools/goldens/engine.py

Writes tests/goldens/engine/ops.json. Everything is in this project's layout: images [N, H, W, C], filters
[kernelH, kernelW, in / groups, out], filters of transposed convolutions [kernelH, kernelW, out, in]. Gradients are
those of the sum of the result times `projection`.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
OUT = Path(__file__).resolve().parents[2] / "tests" / "goldens" / "engine"


def pack(tensor):
    values = [round(float(v), 6) for v in tensor.detach().contiguous().flatten()]
    return {"shape": list(tensor.shape), "values": values}


def image(shape):
    """[N, H, W, C] values and their [N, C, H, W] leaf."""
    x = torch.randn(shape).mul(100).round().div(100)
    return x, x.permute(0, 3, 1, 2).contiguous().requires_grad_()


def back(x):
    return x.permute(0, 2, 3, 1)


def case(op, options, function, leaves, inputs):
    result = function(*leaves)
    projection = torch.randn(result.shape).mul(100).round().div(100)
    gradients = torch.autograd.grad((result * projection).sum(), leaves)
    return {
        "op": op,
        "options": options,
        "inputs": [pack(x) for x in inputs],
        "result": pack(back(result)),
        "projection": pack(back(projection)),
        "gradients": [pack(g) for g in gradients],
    }


def conv(shape, filter_shape, **options):
    out, per_group, kh, kw = filter_shape
    x, leaf = image(shape)
    w = torch.randn(filter_shape).mul(100).round().div(100).requires_grad_()
    made = case("conv2d", options, lambda a, b: F.conv2d(a, b, **options), [leaf, w], [x, w.permute(2, 3, 1, 0)])
    return relayout(made, filter_shape, (2, 3, 1, 0))


def conv_sides(shape, filter_shape, padding, **options):
    """Padded by ((top, bottom), (left, right))."""
    out, per_group, kh, kw = filter_shape
    (top, bottom), (left, right) = padding
    x, leaf = image(shape)
    w = torch.randn(filter_shape).mul(100).round().div(100).requires_grad_()
    function = lambda a, b: F.conv2d(F.pad(a, (left, right, top, bottom)), b, **options)
    made = case("conv2d", {**options, "padding": padding}, function, [leaf, w], [x, w.permute(2, 3, 1, 0)])
    return relayout(made, filter_shape, (2, 3, 1, 0))


def silu(shape):
    return of_image("silu", shape, {}, lambda a: F.silu(3 * a))


def conv_transpose(shape, filter_shape, output_padding=0, **options):
    x, leaf = image(shape)
    w = torch.randn(filter_shape).mul(100).round().div(100).requires_grad_()
    function = lambda a, b: F.conv_transpose2d(a, b, output_padding=output_padding, **options)
    ours = {**options, "outputPadding": output_padding}
    made = case("convTranspose2d", ours, function, [leaf, w], [x, w.permute(2, 3, 1, 0)])
    return relayout(made, filter_shape, (2, 3, 1, 0))


def relayout(made, filter_shape, order):
    dx, dw = made["gradients"]
    dx = back(torch.tensor(dx["values"]).reshape(dx["shape"]))
    dw = torch.tensor(dw["values"]).reshape(filter_shape).permute(order)
    made["gradients"] = [pack(dx), pack(dw)]
    return made


def of_image(op, shape, options, function):
    x, leaf = image(shape)
    made = case(op, options, function, [leaf], [x])
    (dx,) = made["gradients"]
    made["gradients"] = [pack(back(torch.tensor(dx["values"]).reshape(dx["shape"])))]
    return made


def batch_norm(shape):
    """The running statistics start at 0 and momentum is 1, so that they end as what the batch puts into them."""
    x, leaf = image(shape)
    scale, offset = (torch.randn(shape[3]).mul(100).round().div(100).requires_grad_() for _ in range(2))
    mean, variance = torch.zeros(shape[3]), torch.zeros(shape[3])
    function = lambda a, s, o: F.batch_norm(a, mean, variance, s, o, training=True, momentum=1.0, eps=1e-5)
    made = case("batchNormTraining", {}, function, [leaf, scale, offset], [x, scale, offset])
    dx = made["gradients"][0]
    made["gradients"][0] = pack(back(torch.tensor(dx["values"]).reshape(dx["shape"])))
    made["statistics"] = [pack(mean), pack(variance)]
    return made


def main():
    torch.manual_seed(0)
    cases = [
        conv((1, 7, 6, 2), (3, 2, 3, 3), padding=1),
        conv((1, 8, 8, 2), (3, 2, 3, 3), stride=2, padding=1),
        conv((1, 7, 9, 2), (2, 2, 3, 3), stride=2, padding=1),
        conv((1, 12, 12, 2), (2, 2, 7, 7), stride=2, padding=3),
        conv((1, 8, 8, 3), (2, 3, 1, 1), stride=2),
        conv((1, 9, 8, 2), (2, 2, 3, 3), padding=2, dilation=2),
        conv((1, 9, 8, 2), (2, 2, 3, 3), padding=4, dilation=2),
        conv((1, 7, 7, 4), (6, 2, 3, 3), padding=1, groups=2),
        conv((1, 7, 7, 3), (6, 1, 3, 3), stride=2, padding=1, groups=3),
        conv((1, 9, 7, 3), (3, 1, 3, 3), padding=2, dilation=2, groups=3),
        conv_transpose((1, 4, 5, 3), (3, 2, 2, 2), stride=2),
        conv_transpose((1, 4, 5, 3), (3, 2, 3, 3), stride=2, padding=1, output_padding=1),
        of_image("maxPool2d", (1, 8, 8, 2), {"kernel": 3, "stride": 2, "padding": 1}, lambda a: F.max_pool2d(a - 3, 3, 2, 1)),
        of_image("maxPool2d", (1, 7, 9, 2), {"kernel": 3, "stride": 2, "padding": 1}, lambda a: F.max_pool2d(a - 3, 3, 2, 1)),
        of_image("maxPool2d", (1, 7, 6, 2), {"kernel": 2}, lambda a: F.max_pool2d(a - 3, 2)),
        of_image("resizeNearest", (1, 4, 3, 2), {"size": [8, 6]}, lambda a: F.interpolate(a, (8, 6))),
        of_image("resizeNearest", (1, 5, 7, 2), {"size": [8, 3]}, lambda a: F.interpolate(a, (8, 3))),
        of_image("resizeBilinear", (1, 4, 3, 2), {"size": [9, 6]}, lambda a: F.interpolate(a, (9, 6), mode="bilinear")),
        of_image("resizeBilinear", (1, 9, 8, 2), {"size": [4, 5]}, lambda a: F.interpolate(a, (4, 5), mode="bilinear")),
        batch_norm((2, 3, 4, 3)),
        conv_sides((1, 8, 6, 2), (3, 2, 3, 3), ((0, 1), (0, 1)), stride=2),
        conv_sides((1, 7, 9, 2), (3, 2, 3, 3), ((0, 1), (0, 1)), stride=2),
        conv_sides((1, 8, 8, 3), (3, 1, 5, 5), ((1, 2), (1, 2)), stride=2, groups=3),
        conv_sides((1, 9, 6, 3), (3, 1, 5, 5), ((1, 2), (2, 2)), stride=2, groups=3),
        silu((1, 3, 4, 2)),
    ]
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "ops.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
