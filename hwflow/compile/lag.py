# SPDX-License-Identifier: Apache-2.0
"""How far each stream lags behind the accelerator's input, and what waits in front of a join because of it.

A window can only be sent once the rows below its middle are in; a shortcut around it must keep what came meanwhile. That
decides most FIFO depths, long before a simulation measures them.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.mvau import BinaryMVAU_rtl, IntegerMVAU_rtl
from hwflow.hw.ops.window import GlobalAccumulate_rtl, SlidingWindow_rtl

SLOW = 4


def waiting_shares(ops: Sequence[StreamOp]) -> dict[tuple[str, int], float]:
    """For each stream into a node (its name, index of the input): which share of a frame waits there.

    `ops` in topological order. Frames are taken to come at a steady pace that all nodes keep.
    """
    lag: dict[str, float] = {}  # of a tensor, in frames
    waiting: dict[tuple[str, int], float] = {}
    for op in ops:
        node = op.onnx_node
        inputs = node.input[: len(op.streams_in())]
        ready = max((lag.get(name, 0.0) for name in inputs), default=0.0)
        for index, name in enumerate(inputs):
            waiting[node.name, index] = ready - lag.get(name, 0.0)
        for name in node.output:
            lag[name] = ready + _own(op)
    return waiting


def depth(share: float, beats: int, cycles: int) -> int:
    """Beats that a FIFO must hold, for a share of a frame of `beats` in `cycles`: one where nothing waits and a beat comes in
    every fourth cycle at most: a single place takes every other one (hwflow.sim.sizing)."""
    return max(1 if SLOW * beats <= cycles else 2, ceil(share * beats))


def _own(op: StreamOp) -> float:
    """By how much of a frame a node's output lags behind its input."""
    if isinstance(op, SlidingWindow_rtl):
        height, width = op.shape("IFMDim")
        kh, kw = op.shape("ConvKernelDim")
        top, left, *_ = op.shape("pad")
        return ((kh - 1 - top) * width + kw - 1 - left) / (height * width)
    if isinstance(op, BinaryMVAU_rtl | IntegerMVAU_rtl):
        return 1.0 / op.pixels()
    if isinstance(op, GlobalAccumulate_rtl):
        return 1.0
    return 0.0
