"""Original models of the options that Phalanx takes."""

import re

import segmentation_models_pytorch as smp
import torch
import torchvision
from networks import build_network
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from segmentation_models_pytorch.encoders import encoders as smp_encoders
from segmentation_models_pytorch.encoders.mix_transformer import MixVisionTransformer

SMP_MODELS = {
    "unet": smp.Unet,
    "unetplusplus": smp.UnetPlusPlus,
    "manet": smp.MAnet,
    "linknet": smp.Linknet,
    "fpn": smp.FPN,
    "pspnet": smp.PSPNet,
    "pan": smp.PAN,
    "deeplabv3": smp.DeepLabV3,
    "deeplabv3plus": smp.DeepLabV3Plus,
    "upernet": smp.UPerNet,
    "segformer": smp.Segformer,
}
# torchvision's, which segmentation-models-pytorch lacks, behind its class for the others.
smp_encoders["wide_resnet50_2"] = {
    **smp_encoders["resnet50"],
    "params": {**smp_encoders["resnet50"]["params"], "width_per_group": 128},
}

# Options of a decoder that are not called decoder_… in segmentation-models-pytorch.
PLAIN_OPTIONS = {"name", "center"}


def original(options):
    """The original model that the options describe."""
    if options["decoder"]["name"] in SMP_MODELS:
        return smp_model(options)
    if "encoder" not in options:
        return build_network(options)
    return {"fcn": torchvision_fcn}[options["decoder"]["name"]](options)


def smp_model(options):
    decoder, encoder = options["decoder"], options["encoder"]
    depth = encoder.get("depth", 5)
    settings = {
        f"decoder_{snake_case(key)}": value for key, value in decoder.items() if key not in PLAIN_OPTIONS
    }
    if decoder["name"] in ("unet", "unetplusplus") and "channels" not in decoder:
        settings["decoder_channels"] = [256, 128, 64, 32, 16][-depth:]
    model = SMP_MODELS[decoder["name"]](
        encoder["name"],
        encoder_weights=None,
        encoder_depth=depth,
        in_channels=options["inChannels"],
        classes=options["classes"],
        **settings,
    )
    if "dropConnect" in encoder:
        model.encoder._drop_connect_rate = encoder["dropConnect"]
    if "dropPath" in encoder:
        set_drop_path(model.encoder, encoder["dropPath"])
    if "center" in decoder:
        # The original has it where the encoder's name begins with vgg, and nowhere else.
        model.decoder = UnetDecoder(
            model.encoder.out_channels,
            settings["decoder_channels"],
            n_blocks=depth,
            use_norm=decoder.get("useNorm", "batchnorm"),
            attention_type=decoder.get("attentionType"),
            interpolation_mode=decoder.get("interpolation", "nearest"),
            add_center_block=decoder["center"],
        )
    return model


def set_drop_path(encoder, rate):
    if isinstance(encoder, MixVisionTransformer):
        encoder.reset_drop_path(rate)


def torchvision_fcn(options):
    decoder = options["decoder"]
    # torchvision has functions for resnet50 and resnet101 only, over this one for every encoder.
    backbone = torchvision.models.get_model(
        options["encoder"]["name"], weights=None, replace_stride_with_dilation=[False, True, True]
    )
    model = torchvision.models.segmentation.fcn._fcn_resnet(
        backbone, options["classes"], decoder.get("auxiliary", True)
    )
    if options["inChannels"] != 3:
        model.backbone.conv1 = torch.nn.Conv2d(options["inChannels"], 64, 7, 2, 3, bias=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = decoder["dropout"]
    return model


def snake_case(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def features_of(model, x):
    """What the encoder returns; nothing where the model has none."""
    if hasattr(model, "encoder"):
        return model.encoder(x)[1:]
    return list(model.backbone(x).values()) if hasattr(model, "backbone") else []


def logits_of(model, x):
    """Logits, and a list of those of auxiliary heads."""
    result = model(x)
    if isinstance(result, dict):
        return result["out"], [result["aux"]] if "aux" in result else []
    return result if isinstance(result, tuple) else (result, [])
