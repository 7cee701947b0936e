# SPDX-License-Identifier: Apache-2.0
"""BiRealNet-18 and -34 with RSign and RPReLU, 1-bit or real: a baseline of tables 1 and 2 (Sensors 2021, 21, 6868).

ResNet18 or ResNet34 with a shortcut past every 3x3 convolution. Shortcuts and activations are real numbers, so this
network is for comparison and not for hardware. Shapes in comments are CHW for 3x224x224.
"""

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from hwflow.nn import BatchNorm2d
from hwflow.nn.react import ShortcutConv
from hwflow.recipe import Recipe

CONVS = {18: (4, 4, 4, 4), 34: (6, 8, 12, 6)}
"""3x3 convolutions of each of the four stages, by depth"""


class BiRealNetRecipe(Recipe):
    """`binary`: 1-bit convolutions behind RSign, or real ones in the same places. `width`: channels of the stem."""

    depth: Literal[18, 34] = 18
    binary: bool = True
    width: PositiveInt = 64


class Stage(nn.Sequential):
    """`convs` 3x3 convolutions; the first has `stride`, and a real 1x1 in its shortcut where the channels change."""

    def __init__(self, in_channels: int, out_channels: int, convs: int, stride: int, binary: bool) -> None:
        project = None
        if in_channels != out_channels:
            project = nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), BatchNorm2d(out_channels))
        super().__init__(
            ShortcutConv(in_channels, out_channels, 3, stride, binary=binary, project=project),
            *(ShortcutConv(out_channels, out_channels, 3, binary=binary) for _ in range(convs - 1)),
        )


class BiRealNet(nn.Module):
    """Pixels / 256, [N, C, H, W] in [0, 1), to logits [N, classes]."""

    def __init__(self, recipe: BiRealNetRecipe) -> None:
        super().__init__()
        width, binary = recipe.width, recipe.binary
        convs = CONVS[recipe.depth]
        self.stem = nn.Sequential(
            nn.Conv2d(recipe.input.channels, width, 7, stride=2, padding=3, bias=False),
            BatchNorm2d(width),
            nn.MaxPool2d(3, stride=2, padding=1),
        )
        self.stage1 = Stage(width, width, convs[0], 1, binary)
        self.stage2 = Stage(width, 2 * width, convs[1], 2, binary)
        self.stage3 = Stage(2 * width, 4 * width, convs[2], 2, binary)
        self.stage4 = Stage(4 * width, 8 * width, convs[3], 2, binary)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(8 * width, len(recipe.classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # 64x56x56
        x = self.stage1(x)  # 64x56x56
        x = self.stage2(x)  # 128x28x28
        x = self.stage3(x)  # 256x14x14
        x = self.stage4(x)  # 512x7x7
        logits: Tensor = self.classifier(self.pool(x).flatten(1))
        return logits


def build(recipe: BiRealNetRecipe) -> BiRealNet:
    """The untrained network of a recipe."""
    return BiRealNet(recipe)


RECIPE = BiRealNetRecipe
