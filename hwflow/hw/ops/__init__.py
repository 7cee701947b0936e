# SPDX-License-Identifier: Apache-2.0
"""hwflow's operators, registered in FINN's RTL domain under the names that end in `_rtl`."""

from finn.custom_op.fpgadataflow.rtl import register_custom_op
from qonnx.custom_op.registry import add_op_to_domain

from hwflow.hw.ops.activation import ChannelTable_rtl, ChannelThreshold_rtl, PiecewiseAffine_rtl
from hwflow.hw.ops.base import StreamOp, StreamSpec
from hwflow.hw.ops.mvau import BinaryMVAU_rtl, IntegerMVAU_rtl
from hwflow.hw.ops.streams import (
    AddStreams_rtl,
    ConcatChannels_rtl,
    DuplicateStreams_rtl,
    ElasticFIFO_rtl,
    InterleaveChannels_rtl,
    LabelSelect_rtl,
    SignsToIntegers_rtl,
    SplitChannels_rtl,
    WidthConverter_rtl,
)
from hwflow.hw.ops.window import GlobalAccumulate_rtl, SlidingWindow_rtl, StreamingMax_rtl

DOMAIN = "finn.custom_op.fpgadataflow.rtl"
OPERATORS: tuple[type[StreamOp], ...] = (
    AddStreams_rtl,
    BinaryMVAU_rtl,
    ChannelTable_rtl,
    ChannelThreshold_rtl,
    ConcatChannels_rtl,
    DuplicateStreams_rtl,
    ElasticFIFO_rtl,
    GlobalAccumulate_rtl,
    IntegerMVAU_rtl,
    InterleaveChannels_rtl,
    LabelSelect_rtl,
    PiecewiseAffine_rtl,
    SignsToIntegers_rtl,
    SlidingWindow_rtl,
    SplitChannels_rtl,
    StreamingMax_rtl,
    WidthConverter_rtl,
)
for _operator in OPERATORS:
    register_custom_op(_operator)
    add_op_to_domain(DOMAIN, _operator)

__all__ = ["DOMAIN", "OPERATORS", "StreamOp", "StreamSpec"]
