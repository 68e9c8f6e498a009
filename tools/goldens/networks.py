"""Networks that no package on the registries has, in PyTorch, after their papers and original sources."""

import torch
from torch import nn


def build_network(options):
    """The network that the options describe, with the defaults of its own."""
    decoder = {key: value for key, value in options["decoder"].items() if key != "name"}
    network = {"unet-original": UnetOriginal}[options["decoder"]["name"]]
    return network(options["inChannels"], options["classes"], **decoder)


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
            x = nn.functional.max_pool2d(skips[level], 2)
        x = getattr(self, self.bottom)(getattr(self, f"enc{self.depth}_1")(x))
        for level in range(self.depth - 1, 0, -1):
            x = getattr(self, f"unpool{level}")(x)
            x = torch.cat([x, crop(skips[level], x)], 1)
            x = getattr(self, f"dec{level}_1")(getattr(self, f"dec{level}_2")(x))
        return self.fc(x)
