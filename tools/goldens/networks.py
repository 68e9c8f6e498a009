"""Networks that no package on the registries has, in PyTorch, after their papers and original sources."""

import segmentation_models_pytorch as smp
import torch
from segmentation_models_pytorch.base import ClassificationHead, SegmentationHead
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import nn
from torch.nn import functional as F


def build_network(options):
    """The network that the options describe, with the defaults of its own; None where it is none of these."""
    decoder = {key: value for key, value in options["decoder"].items() if key != "name"}
    name, classes = options["decoder"]["name"], options["classes"]
    if name in WHOLE_NETWORKS:
        return WHOLE_NETWORKS[name](options["inChannels"], classes, **decoder)
    if name == "multi-input-unet":
        return MultiInputUnet(options["encoder"], options["inChannels"], classes, **decoder)
    if name not in DECODERS:
        return None
    settings = options["encoder"]
    encoder = smp.encoders.get_encoder(
        settings["name"], options["inChannels"], settings.get("depth", 5), weights=None
    )
    supervision = decoder.pop("deepSupervision", False) or name == "dual-branch-unet"
    return OnEncoder(encoder, DECODERS[name](encoder.out_channels, **decoder), classes, supervision)


class OnEncoder(nn.Module):
    """An encoder, a decoder that returns its feature maps, and heads as segmentation-models-pytorch's."""

    def __init__(self, encoder, decoder, classes, supervision):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        *sides, last = decoder.channels
        self.segmentation_head = SegmentationHead(last, classes, kernel_size=3)
        self.supervised = bool(supervision)
        if self.supervised:
            heads = [SegmentationHead(side, classes, kernel_size=3) for side in sides]
            self.deep_supervision_heads = nn.ModuleList(heads)

    def forward(self, x):
        *sides, last = self.decoder(self.encoder(x))
        enlarge = lambda y: F.interpolate(y, x.shape[2:], mode="bilinear")
        logits = enlarge(self.segmentation_head(last))
        if not (self.supervised and self.training):
            return logits
        return logits, [enlarge(head(side)) for head, side in zip(self.deep_supervision_heads, sides)]


class SupervisedUnetPlusPlus(nn.Module):
    """segmentation-models-pytorch's, with heads on the blocks of the finest skip connection (Zhou et al. 2018)."""

    def __init__(self, model, classes):
        super().__init__()
        self.encoder, self.decoder, self.segmentation_head = model.encoder, model.decoder, model.segmentation_head
        level = self.decoder.depth - 1
        blocks = [self.decoder.blocks[f"x_{column}_{level}"] for column in range(level, 0, -1)]
        self.sides = [None] * len(blocks)
        for index, block in enumerate(blocks):
            block.register_forward_hook(lambda _, __, y, index=index: self.sides.__setitem__(index, y))
        width = self.encoder.out_channels[1]
        self.deep_supervision_heads = nn.ModuleList(SegmentationHead(width, classes, kernel_size=3) for _ in blocks)

    def forward(self, x):
        logits = self.segmentation_head(self.decoder(self.encoder(x)))
        if not self.training:
            return logits
        heads = zip(self.deep_supervision_heads, self.sides)
        return logits, [F.interpolate(head(side), x.shape[2:], mode="bilinear") for head, side in heads]


class SupervisedFPN(nn.Module):
    """segmentation-models-pytorch's, with heads on the levels of the pyramid, the deepest first."""

    def __init__(self, model, classes):
        super().__init__()
        self.encoder, self.decoder, self.segmentation_head = model.encoder, model.decoder, model.segmentation_head
        levels = [self.decoder.p5, self.decoder.p4, self.decoder.p3, self.decoder.p2]
        self.sides = [None] * len(levels)
        for index, level in enumerate(levels):
            level.register_forward_hook(lambda _, __, y, index=index: self.sides.__setitem__(index, y))
        width = self.decoder.p5.out_channels
        self.deep_supervision_heads = nn.ModuleList(SegmentationHead(width, classes, kernel_size=3) for _ in levels)

    forward = SupervisedUnetPlusPlus.forward


def conv_norm_relu(source, target):
    return [nn.Conv2d(source, target, 3, padding=1), nn.BatchNorm2d(target), nn.ReLU()]


class AttentionUnet(nn.Module):
    """Decoder of Oktay et al. 2018 with the layers of LeeJunHyun/Image_Segmentation's AttU_Net."""

    def __init__(self, encoder_channels, channels=None):
        super().__init__()
        depth = len(encoder_channels) - 1
        channels = channels or [256, 128, 64, 32, 16][-depth:]
        previous = encoder_channels[-1]
        self.depth = depth
        for level, width in zip(range(depth, 0, -1), channels):
            skip = encoder_channels[level - 1] if level > 1 else 0
            up = nn.Module()
            up.up = nn.Sequential(nn.Identity(), *conv_norm_relu(previous, width))
            setattr(self, f"Up{level}", up)
            if skip:
                gate = nn.Module()
                inner = skip // 2
                gate.W_g = nn.Sequential(nn.Conv2d(width, inner, 1), nn.BatchNorm2d(inner))
                gate.W_x = nn.Sequential(nn.Conv2d(skip, inner, 1), nn.BatchNorm2d(inner))
                gate.psi = nn.Sequential(nn.Conv2d(inner, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())
                setattr(self, f"Att{level}", gate)
            block = nn.Module()
            block.conv = nn.Sequential(*conv_norm_relu(width + skip, width), *conv_norm_relu(width, width))
            setattr(self, f"Up_conv{level}", block)
            previous = width
        self.channels = [previous]

    def forward(self, features):
        x = features[-1]
        for level in range(self.depth, 0, -1):
            skip = features[level - 1]
            x = getattr(self, f"Up{level}").up(F.interpolate(x, skip.shape[2:]))
            if level > 1:
                gate = getattr(self, f"Att{level}")
                share = gate.psi(F.relu(gate.W_g(x) + gate.W_x(skip)))
                x = torch.cat([skip * share, x], 1)
            x = getattr(self, f"Up_conv{level}").conv(x)
        return [x]


class Unet3Plus(nn.Module):
    """Decoder of Huang et al. 2020 with the names of ZJUGiveLab/UNet-Version."""

    def __init__(self, encoder_channels, catChannels=64):
        super().__init__()
        self.depth = len(encoder_channels) - 1
        joined = catChannels * self.depth
        for level in range(self.depth - 1, 0, -1):
            for source in range(1, self.depth + 1):
                width = joined if level < source < self.depth else encoder_channels[source]
                setattr(self, f"{self.path(source, level)}_conv", nn.Conv2d(width, catChannels, 3, padding=1))
                setattr(self, f"{self.path(source, level)}_bn", nn.BatchNorm2d(catChannels))
            setattr(self, f"conv{level}d_1", nn.Conv2d(joined, joined, 3, padding=1))
            setattr(self, f"bn{level}d_1", nn.BatchNorm2d(joined))
        self.channels = [encoder_channels[-1]] + [joined] * (self.depth - 1)

    def path(self, source, level):
        if source == level:
            return f"h{source}_Cat_hd{level}"
        return f"h{source}_PT_hd{level}" if source < level else f"hd{source}_UT_hd{level}"

    def forward(self, features):
        decoded = {self.depth: features[self.depth]}
        for level in range(self.depth - 1, 0, -1):
            parts = []
            for source in range(1, self.depth + 1):
                factor = 2 ** abs(source - level)
                if source < level:
                    x = F.max_pool2d(features[source], factor, factor, ceil_mode=True)
                elif source == level:
                    x = features[source]
                else:
                    x = F.interpolate(decoded[source], scale_factor=factor, mode="bilinear")
                name = self.path(source, level)
                parts.append(F.relu(getattr(self, f"{name}_bn")(getattr(self, f"{name}_conv")(x))))
            y = getattr(self, f"conv{level}d_1")(torch.cat(parts, 1))
            decoded[level] = F.relu(getattr(self, f"bn{level}d_1")(y))
        return list(decoded.values())


def unet_decoder(encoder_channels, channels=None, center=None, useNorm="batchnorm", attentionType=None, interpolation="nearest"):
    """segmentation-models-pytorch's, with the options' names; the first feature map of a VGG has 64 channels."""
    depth = len(encoder_channels) - 1
    return UnetDecoder(
        encoder_channels,
        channels or [256, 128, 64, 32, 16][-depth:],
        n_blocks=depth,
        use_norm=useNorm,
        attention_type=attentionType,
        interpolation_mode=interpolation,
        add_center_block=encoder_channels[0] == 64 if center is None else center,
    )


class DualBranch(nn.Module):
    """Two decoders on one encoder, after Murugesan et al. 2019; the region's head sees both where there is guidance."""

    def __init__(self, encoder_channels, boundaryWeight=1, boundaryGuidance=True, **options):
        super().__init__()
        self.region = unet_decoder(encoder_channels, **options)
        self.boundary = unet_decoder(encoder_channels, **options)
        self.guidance = boundaryGuidance
        width = self.boundary.blocks[-1].conv2[0].out_channels
        self.channels = [width, 2 * width if boundaryGuidance else width]

    def forward(self, features):
        region, boundary = self.region(features), self.boundary(features)
        return [boundary, torch.cat([region, boundary], 1) if self.guidance else region]


class MultiInputUnet(nn.Module):
    """A U-Net on the features of one encoder for each modality."""

    def __init__(self, encoder, in_channels, classes, inputs=None, fusion="sum", auxParams=None, **options):
        super().__init__()
        self.inputs = inputs or [1] * in_channels
        self.kind = fusion
        self.encoders = nn.ModuleList(
            smp.encoders.get_encoder(encoder["name"], channels, encoder.get("depth", 5), weights=None)
            for channels in self.inputs
        )
        first, *channels = self.encoders[0].out_channels
        count = len(self.inputs)
        if fusion == "attention":
            self.fusion = nn.ModuleDict(
                {str(stage): nn.Linear(count * width, count) for stage, width in enumerate(channels, 1) if width}
            )
        if fusion == "concat":
            channels = [count * width for width in channels]
        self.decoder = unet_decoder([first, *channels], **options)
        self.segmentation_head = SegmentationHead(self.decoder.blocks[-1].conv2[0].out_channels, classes, kernel_size=3)
        if auxParams:
            self.classification_head = ClassificationHead(channels[-1], **auxParams)

    def fuse(self, stage, maps):
        if self.kind == "concat" or not maps[0].numel():
            return torch.cat(maps, 1)
        if self.kind == "attention":
            means = torch.cat([y.mean((2, 3)) for y in maps], 1)
            shares = self.fusion[str(stage)](means).softmax(1)
            maps = [y * shares[:, index, None, None, None] for index, y in enumerate(maps)]
        return sum(maps)

    def forward(self, x):
        pyramids = [encoder(part) for encoder, part in zip(self.encoders, x.split(self.inputs, 1))]
        features = [x] + [self.fuse(stage, maps) for stage, maps in enumerate(list(zip(*pyramids))[1:], 1)]
        logits = self.segmentation_head(self.decoder(features))
        if not hasattr(self, "classification_head"):
            return logits
        return logits, self.classification_head(features[-1])


def crop(x, like):
    """The middle of x at the size of another map."""
    top, left = ((a - b) // 2 for a, b in zip(x.shape[2:], like.shape[2:]))
    return x[:, :, top : top + like.shape[2], left : left + like.shape[3]]


class UnetOriginal(nn.Module):
    """Ronneberger et al. 2015; the mirrored layout is that of the pneumothorax project (SIIM-ACR)."""

    def __init__(self, in_channels, classes, channels=(64, 128, 256, 512, 1024), layout="paper", padding=False, batchNorm=False):
        super().__init__()
        self.depth = len(channels)

        def block(source, target):
            layers = [nn.Conv2d(source, target, 3, padding=int(padding))]
            if batchNorm:
                layers.append(nn.BatchNorm2d(target))
            return nn.Sequential(*layers, nn.ReLU())

        previous = in_channels
        for level, width in enumerate(channels[:-1], 1):
            setattr(self, f"enc{level}_1", block(previous, width))
            setattr(self, f"enc{level}_2", block(width, width))
            previous = width
        lowest = channels[-1]
        setattr(self, f"enc{self.depth}_1", block(previous, lowest))
        self.bottom = f"dec{self.depth}_1" if layout == "mirrored" else f"enc{self.depth}_2"
        setattr(self, self.bottom, block(lowest, previous if layout == "mirrored" else lowest))
        for level in range(self.depth - 1, 0, -1):
            width = channels[level - 1]
            if layout == "mirrored":
                below = width
                above = channels[level - 2] if level > 1 else width
            else:
                below = channels[level]
                above = width
            setattr(self, f"unpool{level}", nn.ConvTranspose2d(below, width, 2, stride=2))
            setattr(self, f"dec{level}_2", block(2 * width, width))
            setattr(self, f"dec{level}_1", block(width, above))
        self.fc = nn.Conv2d(channels[0], classes, 1)

    def forward(self, x):
        skips = {}
        for level in range(1, self.depth):
            skips[level] = getattr(self, f"enc{level}_2")(getattr(self, f"enc{level}_1")(x))
            x = F.max_pool2d(skips[level], 2)
        x = getattr(self, self.bottom)(getattr(self, f"enc{self.depth}_1")(x))
        for level in range(self.depth - 1, 0, -1):
            x = getattr(self, f"unpool{level}")(x)
            x = torch.cat([x, crop(skips[level], x)], 1)
            x = getattr(self, f"dec{level}_1")(getattr(self, f"dec{level}_2")(x))
        return self.fc(x)


class LunaUnet(nn.Module):
    """jvanvugt/pytorch-unet behind a batch normalization, as dlwpt-code's UNetWrapper without its sigmoid."""

    def __init__(self, in_channels, classes, depth=3, wf=4, padding=True, batchNorm=True, upMode="upconv"):
        super().__init__()
        self.input_batchnorm = nn.BatchNorm2d(in_channels)
        self.unet = nn.Module()
        widths = [2 ** (wf + level) for level in range(depth)]

        def conv_block(source, target):
            layers = []
            for width in (source, target):
                layers += [nn.Conv2d(width, target, 3, padding=int(padding)), nn.LeakyReLU()]
                layers += [nn.BatchNorm2d(target)] if batchNorm else []
            block = nn.Module()
            block.block = nn.Sequential(*layers)
            return block

        self.unet.down_path = nn.ModuleList(map(conv_block, [in_channels, *widths], widths))
        self.unet.up_path = nn.ModuleList()
        for source, target in zip(widths[:0:-1], widths[-2::-1]):
            up = nn.Module()
            if upMode == "upconv":
                up.up = nn.ConvTranspose2d(source, target, 2, stride=2)
            else:
                up.up = nn.Sequential(nn.Upsample(mode="bilinear", scale_factor=2), nn.Conv2d(source, target, 1))
            up.conv_block = conv_block(source, target)
            self.unet.up_path.append(up)
        self.unet.last = nn.Conv2d(widths[0], classes, 1)

    def forward(self, x):
        x = self.input_batchnorm(x)
        skips = []
        for down in self.unet.down_path:
            if skips:
                x = F.avg_pool2d(x, 2)
            x = down.block(x)
            skips.append(x)
        skips.pop()
        for up in self.unet.up_path:
            x = up.up(x)
            x = up.conv_block.block(torch.cat([x, crop(skips.pop(), x)], 1))
        return self.unet.last(x)


class LightUnet(nn.Module):
    """A U-Net whose 3x3 convolutions are depthwise separable ones, after Howard et al. 2017."""

    def __init__(self, in_channels, classes, channels=(32, 64, 128, 256, 512)):
        super().__init__()

        def block(source, target):
            layers = []
            for width in (source, target):
                layers += [nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False), nn.BatchNorm2d(width)]
                layers += [nn.ReLU(), nn.Conv2d(width, target, 1, bias=False), nn.BatchNorm2d(target), nn.ReLU()]
            return nn.Sequential(*layers)

        self.down = nn.ModuleList(map(block, [in_channels, *channels], channels))
        pairs = reversed(list(zip(channels, channels[1:])))
        self.up = nn.ModuleList(block(width + below, width) for width, below in pairs)
        self.output = nn.Conv2d(channels[0], classes, 1)

    def forward(self, x):
        skips = [self.down[0](x)]
        for down in self.down[1:]:
            skips.append(down(F.max_pool2d(skips[-1], 2)))
        x = skips.pop()
        for up in self.up:
            skip = skips.pop()
            x = up(torch.cat([F.interpolate(x, skip.shape[2:]), skip], 1))
        return self.output(x)


DECODERS = {"attention-unet": AttentionUnet, "dual-branch-unet": DualBranch, "unet3plus": Unet3Plus}
WHOLE_NETWORKS = {"light-unet": LightUnet, "luna-unet": LunaUnet, "unet-original": UnetOriginal}
