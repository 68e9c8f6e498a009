"""PyTorch's side of the engine suite: normalized float images and unpacked float masks in, SMP's or torchvision's model."""

import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")

import segmentation_models_pytorch as smp  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from answering import forget_peak, peak_bytes, serve  # noqa: E402

spec = json.loads(sys.argv[1])
torch.set_num_threads(spec["threads"])
torch.manual_seed(0)
LAYOUT = torch.channels_last if spec["channelsLast"] else torch.contiguous_format
BFLOAT16 = spec["precision"] == "bfloat16"


SMP_MODELS = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "manet": smp.MAnet,
    "linknet": smp.Linknet,
    "fpn": smp.FPN,
    "pan": smp.PAN,
    "deeplabv3plus": smp.DeepLabV3Plus,
    "upernet": smp.UPerNet,
}
TORCHVISION_MODELS = {
    "fcn": lambda **settings: torchvision.models.segmentation.fcn_resnet50(aux_loss=True, **settings),
    "lraspp": torchvision.models.segmentation.lraspp_mobilenet_v3_large,
}
# segmentation-models-pytorch knows timm's encoders by another name.
TIMM_ENCODERS = {"tf_efficientnet_lite0": "timm-tf_efficientnet_lite0"}


def build(options):
    decoder, encoder, classes = options["decoder"]["name"], options["encoder"]["name"], options["classes"]
    if decoder in TORCHVISION_MODELS:
        return TORCHVISION_MODELS[decoder](weights=None, weights_backbone=None, num_classes=classes)
    return SMP_MODELS[decoder](TIMM_ENCODERS.get(encoder, encoder), encoder_weights=None, classes=classes)


model = build(spec["model"]).to(memory_format=LAYOUT)
size, batch, classes = spec["size"], spec["batch"], spec["model"]["classes"]
x = torch.randn(batch, 3, size, size).to(memory_format=LAYOUT)
y = torch.zeros(batch, classes, size, size)
for c in range(classes):
    y[:, c, 8 * c : 8 * c + 64, 8 * c : 8 * c + 32] = 1
y = y.to(memory_format=LAYOUT)
bce = torch.nn.BCEWithLogitsLoss()
dice = smp.losses.DiceLoss(mode="multilabel", from_logits=True)


def autocast():
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=BFLOAT16)


def criterion(logits, target):
    return 5 * bce(logits, target) + dice(logits, target)


def loss_of(images, target):
    output = model(images)
    if not isinstance(output, dict):
        return criterion(output, target)
    loss = criterion(output["out"], target)
    return loss + 0.5 * criterion(output["aux"], target) if "aux" in output else loss


def compiled(function):
    return torch.compile(function) if spec["compiled"] else function


def inference():
    model.eval()
    # torchvision computes the auxiliary logits in inference too, which nobody needs then.
    auxiliary = getattr(model, "aux_classifier", None)
    if auxiliary is not None:
        model.aux_classifier = None
    forward = compiled(model)

    def run():
        with torch.inference_mode(), autocast():
            forward(x)

    def leave():
        if auxiliary is not None:
            model.aux_classifier = auxiliary

    return run, leave


def training():
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    forward = compiled(loss_of)

    def run():
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = forward(x, y)
        loss.backward()
        optimizer.step()
        loss.item()

    return run, lambda: None


runs = {}


def prepare(request):
    for _, leave in runs.values():
        leave()
    work = request["work"]
    runs[work] = inference() if work == "inference" else training()
    runs[work][0]()
    start_peak = peak_bytes()
    forget_peak()
    return {"startPeakBytes": start_peak}


def measure(request):
    start = time.perf_counter()
    runs[request["work"]][0]()
    return {"seconds": time.perf_counter() - start, "peakBytes": peak_bytes()}


serve({"prepare": prepare, "run": measure})
