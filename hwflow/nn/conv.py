# SPDX-License-Identifier: Apache-2.0
"""Convolutions and the fully connected layer, with quantised weights and never a bias."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import brevitas.nn as qnn
import torch.nn.functional as F
from torch import Tensor, nn

from hwflow.nn.quantizers import ConstStepWeight, UnitBinaryWeight
from hwflow.nn.ste import binarise


class BinaryConv2d(qnn.QuantConv2d):  # type: ignore[misc]
    """Convolution with 1-bit weights, -1 and +1 without a scale: a BatchNorm must follow.

    The border is padded with `border_value` by (k - 1) / 2 on each side: -1 for a map of -1 and +1, since a third value
    0 would need a second bit in hardware, unless a network has none; 0 for an unsigned map of k bits.
    [N, Cin, H, W] -> [N, Cout, ceil(H / stride), ceil(W / stride)]. With `real_weights` set, the weights are used as
    they are: the first of the paper's two training stages.

    Raises ValueError if `kernel` is even.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, border_value: float = -1.0
    ) -> None:
        if kernel % 2 == 0:
            raise ValueError(f"kernel must be odd, got {kernel}")
        super().__init__(
            in_channels, out_channels, kernel, stride=stride, padding=0, bias=False, weight_quant=UnitBinaryWeight
        )
        self.border = kernel // 2
        self.border_value = border_value
        self.real_weights = False

    def forward(self, x: Tensor) -> Tensor:
        if self.border:
            x = F.pad(x, (self.border,) * 4, value=self.border_value)
        if self.real_weights:
            return F.conv2d(x, self.weight, stride=self.stride)
        if self.training:
            return F.conv2d(x, binarise(self.weight), stride=self.stride)
        out: Tensor = super().forward(x)
        return out


def halved(size: int) -> int:
    """Rows or columns of a map after a convolution with stride 2 and half a kernel of padding: rounded up."""
    return (size + 1) // 2


@contextmanager
def binary_weights(network: nn.Module, enabled: bool) -> Iterator[None]:
    """Within the context, every BinaryConv2d of `network` uses 1-bit weights (True) or real ones (False)."""
    convs = [m for m in network.modules() if isinstance(m, BinaryConv2d)]
    before = [conv.real_weights for conv in convs]
    try:
        for conv in convs:
            conv.real_weights = not enabled
        yield
    finally:
        for conv, real in zip(convs, before, strict=True):
            conv.real_weights = real


def weight_step(bits: int, std: float) -> float:
    """The smallest power of two whose `bits`-bit signed range still holds four standard deviations `std`."""
    return float(2.0 ** math.ceil(math.log2(4.0 * std / 2 ** (bits - 1))))


class IntConv2d(qnn.QuantConv2d):  # type: ignore[misc]
    """Convolution with signed integer weights of `bits` bits times one constant power of two, `step`; zero-padded by k
    // 2.

    The step follows from the fan-in (room for four standard deviations of the initial weights) and never changes:
    whatever gain the weights then lack, the BatchNorm that must follow supplies.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, *, bits: int) -> None:
        std = math.sqrt(2.0 / (in_channels * kernel * kernel))
        step = weight_step(bits, std)
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding=kernel // 2,
            bias=False,
            weight_quant=ConstStepWeight,
            weight_bit_width=bits,
            weight_scaling_init=step,
        )
        self.bits = bits
        self.step = step
        nn.init.normal_(self.weight, std=std)


class IntLinear(qnn.QuantLinear):  # type: ignore[misc]
    """x W^T with signed integer weights of `bits` bits times one constant power of two, `step`: [N, in] -> [N, out]."""

    def __init__(self, in_features: int, out_features: int, *, bits: int) -> None:
        std = math.sqrt(1.0 / in_features)
        step = weight_step(bits, std)
        super().__init__(
            in_features,
            out_features,
            bias=False,
            weight_quant=ConstStepWeight,
            weight_bit_width=bits,
            weight_scaling_init=step,
        )
        self.bits = bits
        self.step = step
        nn.init.normal_(self.weight, std=std)
