# SPDX-License-Identifier: Apache-2.0
"""U-BiNet and the full-precision U-Net it comes from (Sensors 2021, 21, 6868, section 3.2 and figure 3).

A U-Net with half the channels: five levels of two 3x3 convolutions, each followed by BatchNorm, an activation and k-bit
quantisation, on the way down and again on the way up, where an up-convolution (2x2, stride 2) doubles the map. The 18
3x3 convolutions of U-BiNet have 1-bit weights. There are two kinds:

- `paper`: quantisers of eq. 4, up-convolutions and last layer in float. The paper leaves open what k-bit means for the
  up-convolution; here its output takes the quantiser of the map it is concatenated with. With k = 32, activations are
  clipped to [0, 1] as for any k, and not rounded: float32 has fewer digits than 2^32 - 1 levels. The U-Net neither
  clips nor rounds (k: float).
- `hardware`: every tensor is an integer times a power of two. One unsigned k-bit quantiser stands on every map (so
  the two sides of a concatenation share it), zero padding is its lowest code; the first and last convolution and the
  up-convolutions have a few bits, and a BatchNorm follows each of them but the last.

Shapes in comments are CHW for the recipe `mini`.
"""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator
from torch import Tensor, nn

from hwflow.nn import BatchNorm2d, BinaryConv2d, Concat, DepthToSpace, IntConv2d, RSiLU, StepQuant, UnitQuant
from hwflow.recipe import Section, SegmentationRecipe, Step

HALVINGS = 4
FLOAT_DIGITS = 24
"""Digits of a float32: with more bits than these, rounding changes nothing."""


class Bits(Section):
    """Of the kind `hardware` only: bits of the weights that are not 1-bit, and the step of the k-bit activations
    (default 2^-k, which clips them to [0, 1) as eq. 4 clips to [0, 1])."""

    step: Step | None = None
    first_weights: int = Field(default=8, ge=1)
    up_weights: int = Field(default=4, ge=2)
    last_weights: int = Field(default=8, ge=2)


class UBiNetRecipe(SegmentationRecipe):
    """Sizes of a U-BiNet: `width` channels at full size, doubled at each of four halvings; `k` bits an activation."""

    kind: Literal["paper", "hardware"]
    width: PositiveInt = 32
    k: Literal[2, 4, 8, 16, 32, "float"]
    weights: Literal["binary", "real"] = "binary"
    activation: Literal["rsilu", "silu"] = "rsilu"
    bits: Bits = Bits()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        multiple = 2**HALVINGS
        if self.input.height % multiple or self.input.width % multiple:
            raise ValueError(
                f"input: {self.input.height} x {self.input.width} cannot be halved {HALVINGS} times; height and width"
                f" must be multiples of {multiple}"
            )
        if self.kind == "hardware" and self.k not in (2, 4, 8):
            raise ValueError(f"kind hardware needs k of 2, 4 or 8, not {self.k}")
        if self.kind == "hardware" and self.weights == "real":
            raise ValueError("kind hardware needs weights binary; a network of real weights is of kind paper")
        if self.kind == "paper" and self.bits != Bits():
            raise ValueError("bits belong to kind hardware; kind paper has float where the paper has float")
        if (self.training.binary_weights is None) != (self.weights == "real"):
            raise ValueError(
                f"weights {self.weights} and training.binary_weights disagree: binary weights need that stage, real"
                " ones have none"
            )
        return self


class Unit(nn.Module):
    """Figure 3b: 3x3 convolution, BatchNorm, activation, k bits; [N, in, H, W] to [N, out, H, W]."""

    def __init__(self, recipe: UBiNetRecipe, in_channels: int, out_channels: int, *, first: bool = False) -> None:
        super().__init__()
        self.conv = convolution(recipe, in_channels, out_channels, first)
        self.norm = BatchNorm2d(out_channels)
        self.act = RSiLU(out_channels) if recipe.activation == "rsilu" else nn.SiLU()
        self.quant = quantiser(recipe)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.quant(self.act(self.norm(self.conv(x))))
        return out


class Up(nn.Module):
    """Up-convolution 2x2, stride 2: each output pixel depends on one input pixel, so it is a 1x1 convolution to four
    times the channels and a depth-to-space; [N, in, H, W] to [N, out, 2H, 2W].

    In hardware BatchNorm and quantiser stand before the depth-to-space, which then moves k-bit values.
    """

    def __init__(self, recipe: UBiNetRecipe, in_channels: int, out_channels: int) -> None:
        super().__init__()
        hardware = recipe.kind == "hardware"
        self.conv: nn.Module = (
            IntConv2d(in_channels, 4 * out_channels, 1, bits=recipe.bits.up_weights)
            if hardware
            else nn.Conv2d(in_channels, 4 * out_channels, 1)
        )
        self.norm = BatchNorm2d(4 * out_channels) if hardware else nn.Identity()
        self.quant = quantiser(recipe)
        self.space = DepthToSpace()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.space(self.quant(self.norm(self.conv(x))))
        return out


class UBiNet(nn.Module):
    """Pixels / 256, [N, C, H, W] in [0, 1), to logits [N, classes, H, W]; H and W are multiples of 16."""

    def __init__(self, recipe: UBiNetRecipe) -> None:
        super().__init__()
        hardware = recipe.kind == "hardware"
        self.input = StepQuant(8, 2.0**-8, signed=False) if hardware else nn.Identity()
        channels = recipe.width
        self.down0 = level(recipe, recipe.input.channels, channels, first=True)
        for number in range(1, HALVINGS + 1):
            self.add_module(f"pool{number}", nn.MaxPool2d(2))
            self.add_module(f"down{number}", level(recipe, channels, 2 * channels))
            channels *= 2
        for number in reversed(range(HALVINGS)):
            channels //= 2
            self.add_module(f"up{number}", Up(recipe, 2 * channels, channels))
            self.add_module(f"concat{number}", Concat())
            self.add_module(f"merge{number}", level(recipe, 2 * channels, channels))
        classes = len(recipe.classes)
        self.head: nn.Module = (
            IntConv2d(channels, classes, 1, bits=recipe.bits.last_weights)
            if hardware
            else nn.Conv2d(channels, classes, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        layer = self.get_submodule
        x = self.down0(self.input(x))  # 8x64x64
        skips: list[Tensor] = []
        for number in range(1, HALVINGS + 1):
            skips.append(x)
            x = layer(f"down{number}")(layer(f"pool{number}")(x))  # 16x32x32, 32x16x16, 64x8x8, 128x4x4
        for number in reversed(range(HALVINGS)):
            x = layer(f"concat{number}")(skips[number], layer(f"up{number}")(x))  # 128x8x8 .. 16x64x64
            x = layer(f"merge{number}")(x)  # 64x8x8, 32x16x16, 16x32x32, 8x64x64
        logits: Tensor = self.head(x)  # 2x64x64
        return logits


def level(recipe: UBiNetRecipe, in_channels: int, out_channels: int, *, first: bool = False) -> nn.Sequential:
    """Two units; `first` if the first of them sees the pixels."""
    return nn.Sequential(Unit(recipe, in_channels, out_channels, first=first), Unit(recipe, out_channels, out_channels))


def convolution(recipe: UBiNetRecipe, in_channels: int, out_channels: int, first: bool) -> nn.Module:
    """A 3x3 convolution that keeps the size; all of them see unsigned maps, so the border is 0."""
    if recipe.weights == "real":
        return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    if first and recipe.kind == "hardware" and recipe.bits.first_weights > 1:
        return IntConv2d(in_channels, out_channels, 3, bits=recipe.bits.first_weights)
    return BinaryConv2d(in_channels, out_channels, 3, border_value=0.0)


def quantiser(recipe: UBiNetRecipe) -> nn.Module:
    """What makes k bits of an activation: one function for all maps of a network."""
    if recipe.k == "float":
        return nn.Identity()
    if recipe.kind == "hardware":
        step = 2.0**-recipe.k if recipe.bits.step is None else recipe.bits.step
        return StepQuant(recipe.k, step, signed=False)
    return UnitQuant(recipe.k) if recipe.k < FLOAT_DIGITS else nn.Hardtanh(0.0, 1.0)


def build(recipe: UBiNetRecipe) -> UBiNet:
    """The untrained network of a recipe."""
    return UBiNet(recipe)


RECIPE = UBiNetRecipe
