# SPDX-License-Identifier: Apache-2.0
"""ReActNet-A, 1-bit or real: a baseline of tables 1 and 2 (Sensors 2021, 21, 6868), on MobileNetV1's widths.

Each block takes the place of a depthwise separable convolution: a dense 3x3 that keeps the channels, then 1x1, both with
a shortcut. Shortcuts and activations are real numbers, so this network is for comparison and not for hardware. Shapes in
comments are CHW for 3x224x224.
"""

from pydantic import PositiveInt
from torch import Tensor, nn

from hwflow.nn import BatchNorm2d
from hwflow.nn.react import ShortcutConv
from hwflow.recipe import Recipe

BLOCKS = (
    (2, 1),
    (4, 2),
    (4, 1),
    (8, 2),
    (8, 1),
    (16, 2),
    (16, 1),
    (16, 1),
    (16, 1),
    (16, 1),
    (16, 1),
    (32, 2),
    (32, 1),
)
"""(channels out in multiples of the stem's, stride) of each block"""


class ReActNetARecipe(Recipe):
    """`binary`: 1-bit convolutions behind RSign, or real ones in the same places. `width`: channels of the stem."""

    binary: bool = True
    width: PositiveInt = 32


class Block(nn.Module):
    """3x3 with the block's stride, then 1x1 to `out_channels` (twice `in_channels`, or as many)."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, binary: bool) -> None:
        super().__init__()
        self.spatial = ShortcutConv(in_channels, in_channels, 3, stride, binary=binary)
        self.pointwise = ShortcutConv(in_channels, out_channels, 1, binary=binary)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.pointwise(self.spatial(x))
        return out


class ReActNetA(nn.Module):
    """Pixels / 256, [N, C, H, W] in [0, 1), to logits [N, classes]."""

    def __init__(self, recipe: ReActNetARecipe) -> None:
        super().__init__()
        channels = recipe.width
        self.stem = nn.Sequential(
            nn.Conv2d(recipe.input.channels, channels, 3, stride=2, padding=1, bias=False), BatchNorm2d(channels)
        )
        blocks = []
        for multiple, stride in BLOCKS:
            blocks.append(Block(channels, multiple * recipe.width, stride, recipe.binary))
            channels = multiple * recipe.width
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, len(recipe.classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # 32x112x112
        x = self.blocks(x)  # 1024x7x7
        logits: Tensor = self.classifier(self.pool(x).flatten(1))
        return logits


def build(recipe: ReActNetARecipe) -> ReActNetA:
    """The untrained network of a recipe."""
    return ReActNetA(recipe)


RECIPE = ReActNetARecipe
