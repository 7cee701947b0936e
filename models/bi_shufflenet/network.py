# SPDX-License-Identifier: Apache-2.0
"""Bi-ShuffleNet, variant X (Sensors 2021, 21, 6868, figure 2), quantised so that every tensor is an integer in
hardware.

Between the units runs one residual stream: signed, `bits.stream` bits, the same step everywhere, so additions and
concatenations need no rescaling. A 1-bit convolution with its BatchNorm adds a few bits to it (`bits.conv`), and sums
saturate. RPReLU stands only after the 1x1 convolutions, as in figures 2c and 2d; it sees the unclipped sum, and the
quantiser after it floors, so that its slope is an arithmetic shift. Shapes in comments are CHW for the recipe `mini`.
"""

from typing import Self

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from hwflow.nn import (
    Add,
    BatchNorm2d,
    BinaryConv2d,
    ChannelShuffle,
    ChannelSplit,
    GlobalSum,
    IntConv2d,
    IntLinear,
    RPReLU,
    RSign,
    StepQuant,
    halved,
)
from hwflow.recipe import Recipe, Section, Step


class Stage(Section):
    """A down unit and `units` - 1 basic units, with `width` channels out of each."""

    units: PositiveInt
    width: PositiveInt


class Kernels(Section):
    """Odd kernel sizes of the spatial convolutions."""

    stem: PositiveInt = 9
    down_left: PositiveInt = 5
    down_right: PositiveInt = 3
    basic: PositiveInt = 3

    @model_validator(mode="after")
    def _odd(self) -> Self:
        for name, kernel in self:
            if kernel % 2 == 0:
                raise ValueError(f"{name} must be odd, got {kernel}")
        return self


class Bits(Section):
    """Bits of activations and of the weights that are not 1-bit, with the steps of the activations (powers of two)."""

    stream: int = Field(default=6, ge=2)
    conv: int = Field(default=3, ge=2)
    step: Step = 0.5
    head: int = Field(default=4, ge=2)
    head_step: Step = 0.25
    stem_weights: int = Field(default=8, ge=2)
    head_weights: int = Field(default=4, ge=2)
    classifier_weights: int = Field(default=8, ge=2)


class BiShuffleNetRecipe(Recipe):
    """Sizes of a Bi-ShuffleNet. Its shortcuts have no parameters, so each stage doubles the channels of the one
    before."""

    stem: PositiveInt
    stages: tuple[Stage, ...] = Field(min_length=1)
    head: PositiveInt
    kernels: Kernels = Kernels()
    bits: Bits = Bits()

    @model_validator(mode="after")
    def _widths_double(self) -> Self:
        width = self.stem
        for number, stage in enumerate(self.stages, 2):
            if stage.width != 2 * width:
                raise ValueError(
                    f"stage {number} follows {width} channels, so its width must be {2 * width}, not {stage.width}"
                )
            width = stage.width
        return self


class ShortcutConv(nn.Module):
    """RSign, 1-bit convolution and BatchNorm, bypassed by a shortcut (max-pooled where the convolution strides)."""

    def __init__(
        self, channels: int, kernel: int, bits: Bits, *, stride: int = 1, odd: bool = False, act: bool = False
    ) -> None:
        super().__init__()
        self.sign = RSign(channels)
        self.conv = BinaryConv2d(channels, channels, kernel, stride)
        self.norm = BatchNorm2d(channels)
        self.quant = StepQuant(bits.conv, bits.step)
        self.pool = shortcut_pool(odd) if stride == 2 else None
        self.add = Add()
        self.act = RPReLU(channels, bits.step) if act else None
        self.stream = StepQuant(bits.stream, bits.step, rounding="floor" if act else "round")

    def forward(self, x: Tensor) -> Tensor:
        branch = self.quant(self.norm(self.conv(self.sign(x))))
        shortcut = x if self.pool is None else self.pool(x)
        total = self.add(branch, shortcut)
        if self.act is not None:
            total = self.act(total)
        out: Tensor = self.stream(total)
        return out


class DownLeft(nn.Module):
    """Left branch of figure 2d: a strided convolution and a 1x1, both bypassed by one max-pooled shortcut."""

    def __init__(self, channels: int, kernel: int, bits: Bits, odd: bool) -> None:
        super().__init__()
        self.sign1 = RSign(channels)
        self.conv1 = BinaryConv2d(channels, channels, kernel, stride=2)
        self.norm1 = BatchNorm2d(channels)
        self.sign2 = RSign(channels)
        self.conv2 = BinaryConv2d(channels, channels, 1)
        self.norm2 = BatchNorm2d(channels)
        self.quant = StepQuant(bits.conv, bits.step)
        self.pool = shortcut_pool(odd)
        self.add = Add()
        self.act = RPReLU(channels, bits.step)
        self.stream = StepQuant(bits.stream, bits.step, rounding="floor")

    def forward(self, x: Tensor) -> Tensor:
        branch = self.norm1(self.conv1(self.sign1(x)))
        branch = self.quant(self.norm2(self.conv2(self.sign2(branch))))
        out: Tensor = self.stream(self.act(self.add(branch, self.pool(x))))
        return out


class DownRight(nn.Module):
    """Right branch of figure 2d: 1x1, two spatial convolutions of which the second strides, 1x1; a shortcut over
    each."""

    def __init__(self, channels: int, kernel: int, bits: Bits, odd: bool) -> None:
        super().__init__()
        self.conv1 = ShortcutConv(channels, 1, bits, act=True)
        self.conv2 = ShortcutConv(channels, kernel, bits)
        self.conv3 = ShortcutConv(channels, kernel, bits, stride=2, odd=odd)
        self.conv4 = ShortcutConv(channels, 1, bits, act=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv4(self.conv3(self.conv2(self.conv1(x))))
        return out


class BasicRight(nn.Module):
    """Right branch of figure 2c: 1x1, two spatial convolutions, 1x1; a shortcut over each."""

    def __init__(self, channels: int, kernel: int, bits: Bits) -> None:
        super().__init__()
        self.conv1 = ShortcutConv(channels, 1, bits, act=True)
        self.conv2 = ShortcutConv(channels, kernel, bits)
        self.conv3 = ShortcutConv(channels, kernel, bits)
        self.conv4 = ShortcutConv(channels, 1, bits, act=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv4(self.conv3(self.conv2(self.conv1(x))))
        return out


class DownUnit(nn.Module):
    """Figure 2d: halves the map (rounding up) and doubles the channels; both branches see all of them."""

    def __init__(self, channels: int, kernels: Kernels, bits: Bits, odd: bool) -> None:
        super().__init__()
        self.left = DownLeft(channels, kernels.down_left, bits, odd)
        self.right = DownRight(channels, kernels.down_right, bits, odd)
        self.shuffle = ChannelShuffle()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shuffle(self.left(x), self.right(x))
        return out


class BasicUnit(nn.Module):
    """Figure 2c: the first half of the channels passes by, the second goes through the right branch."""

    def __init__(self, channels: int, kernels: Kernels, bits: Bits) -> None:
        super().__init__()
        self.split = ChannelSplit()
        self.right = BasicRight(channels // 2, kernels.basic, bits)
        self.shuffle = ChannelShuffle()

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.split(x)
        out: Tensor = self.shuffle(left, self.right(right))
        return out


class Stem(nn.Module):
    """conv1 and the max pool: pixels to the residual stream, at a quarter of the height and width."""

    def __init__(self, in_channels: int, channels: int, kernel: int, bits: Bits) -> None:
        super().__init__()
        self.conv = IntConv2d(in_channels, channels, kernel, stride=2, bits=bits.stem_weights)
        self.norm = BatchNorm2d(channels)
        self.act = RPReLU(channels)
        self.quant = StepQuant(bits.stream, bits.step)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.pool(self.quant(self.act(self.norm(self.conv(x)))))
        return out


class Head(nn.Module):
    """conv5, the sum over all pixels (a mean without its division) and the classifier: stream to logits."""

    def __init__(self, in_channels: int, channels: int, classes: int, bits: Bits) -> None:
        super().__init__()
        self.conv = IntConv2d(in_channels, channels, 1, bits=bits.head_weights)
        self.norm = BatchNorm2d(channels)
        self.act = RPReLU(channels)
        self.quant = StepQuant(bits.head, bits.head_step)
        self.sum = GlobalSum()
        self.classifier = IntLinear(channels, classes, bits=bits.classifier_weights)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.sum(self.quant(self.act(self.norm(self.conv(x))))))
        return out


class BiShuffleNet(nn.Module):
    """Pixels / 256, [N, C, H, W] in [0, 1), to logits [N, classes].

    The logits are those of the mean over the `pixels` pixels of the last map, times `pixels`: divide by it before a
    softmax.
    """

    def __init__(self, recipe: BiShuffleNetRecipe) -> None:
        super().__init__()
        bits, kernels = recipe.bits, recipe.kernels
        self.input = StepQuant(8, 2.0**-8, signed=False)
        self.stem = Stem(recipe.input.channels, recipe.stem, kernels.stem, bits)
        height, width = (halved(halved(size)) for size in (recipe.input.height, recipe.input.width))
        channels = recipe.stem
        self.stages: list[str] = []
        for number, stage in enumerate(recipe.stages, 2):
            units: list[nn.Module] = [DownUnit(channels, kernels, bits, odd=height % 2 == 1 or width % 2 == 1)]
            channels = stage.width
            units += [BasicUnit(channels, kernels, bits) for _ in range(stage.units - 1)]
            height, width = halved(height), halved(width)
            self.stages.append(f"stage{number}")
            self.add_module(self.stages[-1], nn.Sequential(*units))
        self.head = Head(channels, recipe.head, len(recipe.classes), bits)
        self.pixels = height * width

    def forward(self, x: Tensor) -> Tensor:
        x = self.input(x)  # 1x64x64
        x = self.stem(x)  # 16x16x16
        for stage in self.stages:
            x = self.get_submodule(stage)(x)  # stage2 32x8x8, stage3 64x4x4, stage4 128x2x2
        logits: Tensor = self.head(x)  # 6
        return logits


def shortcut_pool(odd: bool) -> nn.MaxPool2d:
    """2x2 max pool to half the size, rounded up as the convolution beside it does."""
    return nn.MaxPool2d(2, stride=2, ceil_mode=odd)


def build(recipe: BiShuffleNetRecipe) -> BiShuffleNet:
    """The untrained network of a recipe."""
    return BiShuffleNet(recipe)


RECIPE = BiShuffleNetRecipe
