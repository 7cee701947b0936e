# SPDX-License-Identifier: Apache-2.0
"""Bi-ShuffleNet as printed (Sensors 2021, 21, 6868, figure 2): float shortcuts, and every row of the ablation in tables 5
and 6.

Weights and inputs of the convolutions inside the units are 1-bit, all else is float: this network has no hardware of
ours, `bi_shufflenet` is the one that has. What the text leaves open is read so that its operation counts come out: the
1-bit convolutions that replace depthwise ones are dense, in a pair of 3x3 the second one strides, a single ks_DWr
changes the basic units alone, and a shortcut spans one right convolution, or all left ones. Maps are padded with 0, as
is usual where a network does not say.

Shapes in comments are CHW for grey images of 224 x 224.
"""

from typing import Self

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from hwflow.nn import Add, BatchNorm2d, BinaryConv2d, ChannelShuffle, ChannelSplit, RPReLU, RSign, halved
from hwflow.recipe import Recipe, Section


class Variant(Section):
    """What sets the rows of tables 5 and 6 apart; the default is row X (VIII of table 6), the paper's choice.

    `shortcut_down` and `shortcut_basic`: Sdown and Sbasic. `left` and `right`: kernels of the spatial convolutions one
    after the other, on the left of the down units (ks_DWl) and on the right of the basic units (ks_DWr); a pair on the
    right stands in the down units too, which otherwise have one 3x3 there. `max_pool`: mp, the pool in the shortcuts of
    the down units, an average otherwise. `conv1`: ks_conv1.
    """

    shortcut_down: bool = True
    shortcut_basic: bool = True
    left: tuple[PositiveInt, ...] = Field(default=(5,), min_length=1, max_length=2)
    right: tuple[PositiveInt, ...] = Field(default=(3, 3), min_length=1, max_length=2)
    max_pool: bool = True
    conv1: PositiveInt = 9

    @model_validator(mode="after")
    def _odd(self) -> Self:
        for kernel in (*self.left, *self.right, self.conv1):
            if kernel % 2 == 0:
                raise ValueError(f"kernels must be odd, got {kernel}")
        return self

    @property
    def down_right(self) -> tuple[int, ...]:
        return self.right if len(self.right) > 1 else (3,)


class BiShuffleNetPaperRecipe(Recipe):
    """Sizes of a Bi-ShuffleNet: `stem` channels from conv1, then `stages` of so many units, each twice as wide."""

    stem: PositiveInt = 24
    stages: tuple[PositiveInt, ...] = Field(default=(4, 8, 4), min_length=1)
    head: PositiveInt = 1024
    variant: Variant = Variant()


class SignConv(nn.Sequential):
    """RSign, 1-bit convolution and BatchNorm."""

    def __init__(self, channels: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.sign = RSign(channels)
        self.conv = BinaryConv2d(channels, channels, kernel, stride, border_value=0.0)
        self.norm = BatchNorm2d(channels)


class Bypassed(nn.Module):
    """`convs` one after the other with one shortcut over all of them (or none), which is pooled where they stride, then
    RPReLU if `act`."""

    def __init__(
        self, channels: int, convs: list[nn.Module], pool: nn.Module | None, *, shortcut: bool, act: bool
    ) -> None:
        super().__init__()
        self.convs = nn.Sequential(*convs)
        self.pool = pool if shortcut else None
        self.add = Add() if shortcut else None
        self.act = RPReLU(channels) if act else None

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.convs(x)
        if self.add is not None:
            out = self.add(out, x if self.pool is None else self.pool(x))
        return out if self.act is None else self.act(out)


class Left(Bypassed):
    """Left branch of figure 2d: strided convolutions and a 1x1, under one pooled shortcut."""

    def __init__(self, channels: int, variant: Variant, odd: bool) -> None:
        convs: list[nn.Module] = [SignConv(channels, k, s) for k, s in strided(variant.left)]
        pool = shortcut_pool(variant.max_pool, odd)
        super().__init__(channels, [*convs, SignConv(channels, 1)], pool, shortcut=variant.shortcut_down, act=True)


class Right(nn.Sequential):
    """Right branch of figures 2c and 2d: 1x1, the spatial convolutions, 1x1; a shortcut over each."""

    def __init__(
        self, channels: int, kernels: list[tuple[int, int]], *, shortcut: bool, max_pool: bool, odd: bool
    ) -> None:
        def unit(kernel: int, stride: int, act: bool) -> Bypassed:
            pool = shortcut_pool(max_pool, odd) if stride > 1 else None
            return Bypassed(channels, [SignConv(channels, kernel, stride)], pool, shortcut=shortcut, act=act)

        super().__init__(
            unit(1, 1, True), *(unit(kernel, stride, False) for kernel, stride in kernels), unit(1, 1, True)
        )


class DownUnit(nn.Module):
    """Figure 2d: halves the map (rounding up) and doubles the channels; both branches see all of them."""

    def __init__(self, channels: int, variant: Variant, odd: bool) -> None:
        super().__init__()
        self.left = Left(channels, variant, odd)
        kernels = strided(variant.down_right)
        self.right = Right(channels, kernels, shortcut=variant.shortcut_down, max_pool=variant.max_pool, odd=odd)
        self.shuffle = ChannelShuffle()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.shuffle(self.left(x), self.right(x))
        return out


class BasicUnit(nn.Module):
    """Figure 2c: the first half of the channels passes by, the second goes through the right branch."""

    def __init__(self, channels: int, variant: Variant) -> None:
        super().__init__()
        self.split = ChannelSplit()
        kernels = [(kernel, 1) for kernel in variant.right]
        self.right = Right(
            channels // 2, kernels, shortcut=variant.shortcut_basic, max_pool=variant.max_pool, odd=False
        )
        self.shuffle = ChannelShuffle()

    def forward(self, x: Tensor) -> Tensor:
        left, right = self.split(x)
        out: Tensor = self.shuffle(left, self.right(right))
        return out


class BiShuffleNetPaper(nn.Module):
    """Pixels in [0, 1], [N, C, H, W], to logits [N, classes]."""

    def __init__(self, recipe: BiShuffleNetPaperRecipe) -> None:
        super().__init__()
        variant, stem = recipe.variant, recipe.stem
        conv1 = nn.Conv2d(recipe.input.channels, stem, variant.conv1, 2, variant.conv1 // 2, bias=False)
        self.stem = nn.Sequential(conv1, BatchNorm2d(stem), RPReLU(stem), nn.MaxPool2d(3, 2, 1))
        height, width = (halved(halved(size)) for size in (recipe.input.height, recipe.input.width))
        stages: list[nn.Module] = []
        channels = stem
        for units in recipe.stages:
            odd = height % 2 == 1 or width % 2 == 1
            down = DownUnit(channels, variant, odd)
            channels *= 2
            stages.append(nn.Sequential(down, *(BasicUnit(channels, variant) for _ in range(units - 1))))
            height, width = halved(height), halved(width)
        self.stages = nn.Sequential(*stages)
        conv5 = nn.Conv2d(channels, recipe.head, 1, bias=False)
        self.head = nn.Sequential(conv5, BatchNorm2d(recipe.head), RPReLU(recipe.head), nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(recipe.head, len(recipe.classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)  # 24x56x56
        x = self.stages(x)  # 48x28x28, 96x14x14, 192x7x7
        logits: Tensor = self.classifier(self.head(x).flatten(1))
        return logits


def strided(kernels: tuple[int, ...]) -> list[tuple[int, int]]:
    """Kernel and stride of convolutions of which the last one strides."""
    return [(kernel, 2 if place == len(kernels) - 1 else 1) for place, kernel in enumerate(kernels)]


def shortcut_pool(maximum: bool, odd: bool) -> nn.Module:
    """2x2 pool to half the size, rounded up as the convolution beside it does."""
    kind = nn.MaxPool2d if maximum else nn.AvgPool2d
    return kind(2, stride=2, ceil_mode=odd)


def build(recipe: BiShuffleNetPaperRecipe) -> BiShuffleNetPaper:
    """The untrained network of a recipe."""
    return BiShuffleNetPaper(recipe)


RECIPE = BiShuffleNetPaperRecipe
