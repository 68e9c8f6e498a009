"""Original models of the options that Phalanx takes."""

import re

import segmentation_models_pytorch as smp
import timm
import torch
import torchvision
from mobilenet import register_mobilenet
from networks import SupervisedFPN, SupervisedUnetPlusPlus, build_network
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from segmentation_models_pytorch.encoders import encoders as smp_encoders
from segmentation_models_pytorch.encoders.mix_transformer import MixVisionTransformer
from timm.layers import DropPath

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

# Encoders of another name there.
SMP_ENCODERS = {f"tf_efficientnet_lite{i}": f"timm-tf_efficientnet_lite{i}" for i in range(5)}
# Options of a decoder that are not called decoder_… in segmentation-models-pytorch.
PLAIN_OPTIONS = {"name", "center", "encoderOutputStride", "auxParams", "deepSupervision"}

register_mobilenet()


def original(options):
    """The original model that the options describe."""
    if options["decoder"]["name"] in SMP_MODELS:
        return smp_model(options)
    network = build_network(options)
    if network is not None:
        return network
    whole = {"fcn": torchvision_fcn, "deeplabv3-torchvision": torchvision_fcn, "lraspp": torchvision_lraspp}
    return whole[options["decoder"]["name"]](options)


def smp_model(options):
    decoder, encoder = options["decoder"], options["encoder"]
    depth = encoder.get("depth", 5)
    settings = {snake_case(key): decoder[key] for key in ("encoderOutputStride", "auxParams") if key in decoder}
    settings |= {
        key if key.startswith("psp_") else f"decoder_{key}": value
        for key, value in ((snake_case(key), value) for key, value in decoder.items() if key not in PLAIN_OPTIONS)
    }
    if decoder["name"] == "fpn":
        # The size of the image, where the original's default is for depth 5 alone.
        settings["upsampling"] = 2 ** (depth - 3)
    if decoder["name"] == "pspnet":
        settings["upsampling"] = 2**depth
    if decoder["name"] in ("unet", "unetplusplus", "manet") and "channels" not in decoder:
        settings["decoder_channels"] = [256, 128, 64, 32, 16][-depth:]
    model = SMP_MODELS[decoder["name"]](
        SMP_ENCODERS.get(encoder["name"], encoder["name"]),
        encoder_weights=None,
        encoder_depth=depth,
        in_channels=options["inChannels"],
        classes=options["classes"],
        **settings,
    )
    if "dropConnect" in encoder:
        model.encoder._drop_connect_rate = encoder["dropConnect"]
    if encoder.get("padding") == "same":
        take_timm(model.encoder, encoder["name"], options["inChannels"])
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
    if decoder.get("deepSupervision"):
        supervised = SupervisedFPN if decoder["name"] == "fpn" else SupervisedUnetPlusPlus
        return supervised(model, options["classes"])
    return model


def take_timm(encoder, name, in_channels=3):
    """The layers of timm's own model of the name, with TensorFlow's padding and epsilon, in place of an encoder's."""
    model = timm.create_model(name, in_chans=in_channels, drop_path_rate=0.2)
    for part in ("conv_stem", "bn1", "blocks", "conv_head", "bn2"):
        setattr(encoder, part, getattr(model, part))


def set_drop_path(encoder, rate):
    if isinstance(encoder, MixVisionTransformer):
        encoder.reset_drop_path(rate)
        return
    blocks = [block for stage in encoder.blocks for block in stage]
    for index, block in enumerate(blocks):
        if isinstance(block.drop_path, DropPath):
            block.drop_path.drop_prob = rate * index / len(blocks)


def torchvision_fcn(options):
    decoder = options["decoder"]
    # torchvision has functions for resnet50 and resnet101 only, over this one for every encoder.
    backbone = torchvision.models.get_model(
        options["encoder"]["name"], weights=None, replace_stride_with_dilation=[False, True, True]
    )
    segmentation = torchvision.models.segmentation
    create = segmentation.fcn._fcn_resnet if decoder["name"] == "fcn" else segmentation.deeplabv3._deeplabv3_resnet
    model = create(backbone, options["classes"], decoder.get("auxiliary", True))
    if options["inChannels"] != 3:
        model.backbone.conv1 = torch.nn.Conv2d(options["inChannels"], 64, 7, 2, 3, bias=False)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = decoder["dropout"]
    return model


def torchvision_lraspp(options):
    model = torchvision.models.segmentation.lraspp_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=options["classes"]
    )
    if options["inChannels"] != 3:
        model.backbone["0"][0] = torch.nn.Conv2d(options["inChannels"], 16, 3, 2, 1, bias=False)
    return model


def snake_case(name):
    return re.sub("[A-Z]", lambda letter: "_" + letter.group().lower(), name)


def encoder_of(name, padding="symmetric"):
    """The original encoder for colour images."""
    encoder = smp.encoders.get_encoder(SMP_ENCODERS.get(name, name), weights=None)
    if padding == "same":
        take_timm(encoder, name)
    return encoder


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
    if not isinstance(result, tuple):
        return result, []
    # With a classification head the second is what it says of the image as a whole.
    return result if isinstance(result[1], list) else (result[0], [])


def labels_of(model, x):
    """Of the image as a whole; None without a classification head."""
    return model(x)[1] if getattr(model, "classification_head", None) is not None else None
