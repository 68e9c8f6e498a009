"""torchvision's MobileNetV3 among segmentation-models-pytorch's encoders, which it gives only timm's."""

import torchvision
from segmentation_models_pytorch.encoders import encoders
from segmentation_models_pytorch.encoders._base import EncoderMixin
from torch import nn


class MobileNetV3Encoder(nn.Module, EncoderMixin):
    """A feature ends before the next halving, and at the end."""

    def __init__(self, depth=5, output_stride=32):
        super().__init__()
        self.features = torchvision.models.mobilenet_v3_large(weights=None).features
        halvings = [index for index, layer in enumerate(self.features) if getattr(layer, "_is_cn", False)]
        self.ends = [*halvings, len(self.features)]
        self._depth = depth
        self._in_channels = 3
        self._out_channels = [3, *(self.features[end - 1].out_channels for end in self.ends)]
        self._output_stride = output_stride

    def get_stages(self):
        _, _, eighth, sixteenth, last = self.ends
        return {16: self.features[eighth:sixteenth], 32: self.features[sixteenth:last]}

    def forward(self, x):
        features = [x]
        for first, end in zip([0, *self.ends], self.ends[: self._depth]):
            x = self.features[first:end](x)
            features.append(x)
        return features


def register_mobilenet():
    encoders["mobilenet_v3_large"] = {"encoder": MobileNetV3Encoder, "pretrained_settings": {}, "params": {}}
