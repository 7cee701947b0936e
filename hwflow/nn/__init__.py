# SPDX-License-Identifier: Apache-2.0
"""Layers of binary networks on Brevitas: everything a network under models/ is made of."""

import hwflow.nn.quiet  # noqa: F401 (before Brevitas is)
from hwflow.nn.activations import RPReLU, RSign, RSiLU
from hwflow.nn.conv import BinaryConv2d, IntConv2d, IntLinear, binary_weights, halved
from hwflow.nn.elementwise import Add, ChannelShuffle, ChannelSplit, Concat, DepthToSpace, GlobalSum
from hwflow.nn.norm import BatchNorm2d
from hwflow.nn.quantizers import StepQuant, UnitQuant

__all__ = [
    "Add",
    "BatchNorm2d",
    "BinaryConv2d",
    "ChannelShuffle",
    "ChannelSplit",
    "Concat",
    "DepthToSpace",
    "GlobalSum",
    "IntConv2d",
    "IntLinear",
    "RPReLU",
    "RSiLU",
    "RSign",
    "StepQuant",
    "UnitQuant",
    "binary_weights",
    "halved",
]
