"""Exports models of formula weights as `phalanx model export` does, runs ONNX Runtime and TensorFlow on the files, and
prints how far their logits are from those of `phalanx model run`, relative to the largest.

Needs onnx, onnxruntime, tensorflow-cpu (or tensorflow), numpy and safetensors:
  python tools/goldens/exports.py [NAME...]
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import onnx
import onnxruntime
import tensorflow as tf
from safetensors.numpy import load_file, save_file

BATCH = 3
LIMIT = 1e-4

# Decoder, encoder, size, options.
MODELS = {
    "unet-resnet18": ("unet", "resnet18", "64x96"),
    "unet-resnet34-scse": ("unet", "resnet34", "64x96", "decoder.attentionType=scse"),
    "unet-resnet34-bilinear": ("unet", "resnet34", "64x96", "decoder.interpolation=bilinear"),
    "unet-efficientnet-b0": ("unet", "efficientnet-b0", "64x96"),
    "unet-mit_b0": ("unet", "mit_b0", "64x96"),
    "unetplusplus-resnet34": ("unetplusplus", "resnet34", "64x96"),
    "unetplusplus-efficientnet-b0": ("unetplusplus", "efficientnet-b0", "64x96"),
    "fpn-resnet34": ("fpn", "resnet34", "64x96"),
    "fpn-mit_b0": ("fpn", "mit_b0", "64x96"),
    "deeplabv3-resnet34": ("deeplabv3", "resnet34", "64x96"),
    "deeplabv3plus-resnet34": ("deeplabv3plus", "resnet34", "64x96"),
    "deeplabv3plus-efficientnet-b0": ("deeplabv3plus", "efficientnet-b0", "64x96"),
    "manet-resnet34": ("manet", "resnet34", "64x96"),
    "linknet-resnet34": ("linknet", "resnet34", "64x96"),
    "pspnet-resnet34": ("pspnet", "resnet34", "64x96"),
    "pan-resnet34": ("pan", "resnet34", "128x128"),
    "upernet-resnet34": ("upernet", "resnet34", "64x96"),
    "segformer-mit_b0": ("segformer", "mit_b0", "64x96"),
    "unet3plus-resnet34": ("unet3plus", "resnet34", "64x96"),
    "attention-unet-resnet34": ("attention-unet", "resnet34", "64x96"),
    "lraspp-mobilenet_v3_large": ("lraspp", "mobilenet_v3_large", "64x96"),
    "deeplabv3-torchvision-resnet50": ("deeplabv3-torchvision", "resnet50", "64x96"),
    "fcn-resnet50": ("fcn", "resnet50", "64x96"),
    "unet-original": ("unet-original", None, "188x204"),
    "luna-unet": ("luna-unet", None, "64x96"),
    "light-unet": ("light-unet", None, "64x96"),
}


def difference(actual, expected):
    return float(np.abs(actual - expected).max() / np.abs(expected).max())


def run_onnx(path, x):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"x": x})[0]


def run_tensorflow(path, x):
    signature = tf.saved_model.load(path).signatures["serving_default"]
    return signature(x=tf.constant(x))["logits"].numpy()


def check(exporter, name, folder):
    decoder, encoder, size, *options = MODELS[name]
    height, width = map(int, size.split("x"))
    at = lambda file: os.path.join(folder, file)
    x = np.random.default_rng(0).uniform(-2, 2, [BATCH, 3, height, width]).astype(np.float32)
    save_file({"x": x}, at("x.safetensors"))
    model = {"decoder": {"name": decoder}, "inChannels": 3, "classes": 5}
    if encoder is not None:
        model["encoder"] = {"name": encoder}
    told = {"folder": folder, "model": model, "set": options, "size": [height, width]}
    print(json.dumps(told), file=exporter.stdin, flush=True)
    if exporter.stdout.readline() != "done\n":
        sys.exit(f"{name} was not exported")
    expected = load_file(at("logits.safetensors"))["logits"]
    return difference(run_onnx(at("model.onnx"), x), expected), difference(run_tensorflow(at("model"), x), expected)


if __name__ == "__main__":
    print(f"onnxruntime {onnxruntime.__version__}, tensorflow {tf.__version__}, batches of {BATCH}", flush=True)
    script = os.path.join(os.path.dirname(__file__), "exports.ts")
    failed = []
    with subprocess.Popen(
        ["node", "--import", "tsx", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as exporter:
        for name in sys.argv[1:] or MODELS:
            with tempfile.TemporaryDirectory() as folder:
                errors = check(exporter, name, folder)
            print(f"{name}: ONNX {errors[0]:.1e}, SavedModel {errors[1]:.1e}", flush=True)
            if not max(errors) < LIMIT:
                failed.append(name)
        exporter.stdin.close()
    sys.exit(f"more than {LIMIT}: {', '.join(failed)}" if failed else 0)
