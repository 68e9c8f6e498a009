"""Exports models of formula weights with `phalanx model export`, runs ONNX Runtime and TensorFlow on the files, and
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

PHALANX = os.path.join(os.path.dirname(__file__), "..", "..", "bin", "phalanx.js")
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


def phalanx(*arguments):
    subprocess.run(["node", PHALANX, *arguments], check=True, stdout=subprocess.DEVNULL)


def weights(model, path):
    """A state dict of Phalanx's names, written by the repository's own formula."""
    script = os.path.join(os.path.dirname(__file__), "filledWeights.ts")
    subprocess.run(["node", "--import", "tsx", script, json.dumps(model), path], check=True)


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


def check(name, folder):
    decoder, encoder, size, *options = MODELS[name]
    at = lambda file: os.path.join(folder, file)
    model = {"decoder": decoder, "encoder": encoder, "inChannels": 3, "classes": 5, "set": options}
    weights(model, at("weights.safetensors"))
    height, width = map(int, size.split("x"))
    x = np.random.default_rng(0).uniform(-2, 2, [BATCH, 3, height, width]).astype(np.float32)
    save_file({"x": x}, at("x.safetensors"))
    declared = ["--decoder", decoder, "--classes", "5", "--weights", at("weights.safetensors")]
    if encoder is not None:
        declared += ["--encoder", encoder]
    for option in options:
        declared += ["--set", option]
    phalanx("model", "run", *declared, "--input", at("x.safetensors"), "--output", at("logits.safetensors"))
    expected = load_file(at("logits.safetensors"))["logits"]
    phalanx("model", "export", *declared, "--size", size, "--out", at("model.onnx"))
    phalanx("model", "export", *declared, "--size", size, "--format", "savedmodel", "--out", at("model"))
    return difference(run_onnx(at("model.onnx"), x), expected), difference(run_tensorflow(at("model"), x), expected)


if __name__ == "__main__":
    print(f"onnxruntime {onnxruntime.__version__}, tensorflow {tf.__version__}, batches of {BATCH}", flush=True)
    failed = []
    for name in sys.argv[1:] or MODELS:
        with tempfile.TemporaryDirectory() as folder:
            errors = check(name, folder)
        print(f"{name}: ONNX {errors[0]:.1e}, SavedModel {errors[1]:.1e}", flush=True)
        if not max(errors) < LIMIT:
            failed.append(name)
    sys.exit(f"more than {LIMIT}: {', '.join(failed)}" if failed else 0)
