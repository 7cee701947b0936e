# SPDX-License-Identifier: Apache-2.0
"""How far each stream lags behind the accelerator's input, and what waits in front of a join because of it.

A window can only be sent once the rows below its middle are in; a shortcut around it must keep what came meanwhile. That
decides most FIFO depths, long before a simulation measures them. What a FIFO without a limit holds on top of that came in
a burst that its writer could as well have waited with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.mvau import BinaryMVAU_rtl, IntegerMVAU_rtl
from hwflow.hw.ops.streams import ElasticFIFO_rtl, WidthConverter_rtl
from hwflow.hw.ops.window import GlobalAccumulate_rtl, SlidingWindow_rtl

SLOW = 4  # a stream is slow where a frame takes this many times the cycles that its beats do
ROOM = 1.1  # of a FIFO, for the pace within a frame, which is not quite steady


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
    """Beats that a FIFO must hold in which a share of a frame of `beats` waits, a frame taking `cycles`.

    Where nothing waits it is one if a beat comes in every fourth cycle at most, and two if not: a single place takes every
    other beat.
    """
    return max(1 if SLOW * beats <= cycles else 2, ceil(ROOM * share * beats))


def expected_depths(ops: Sequence[StreamOp], cycles: int) -> dict[str, int]:
    """`depth` of the FIFOs among the nodes of an assembled graph, `ops` in topological order, by their names."""
    waiting = waiting_shares(ops)
    readers = {name: (op, index) for op in ops for index, name in enumerate(op.onnx_node.input[: len(op.streams_in())])}
    return {
        fifo.onnx_node.name: depth(_behind(fifo, readers, waiting), fifo.streams_in()[0].beats, cycles)
        for fifo in ops
        if isinstance(fifo, ElasticFIFO_rtl)
    }


def _behind(
    fifo: StreamOp, readers: Mapping[str, tuple[StreamOp, int]], waiting: Mapping[tuple[str, int], float]
) -> float:
    """The share of a frame that waits in a FIFO, for the node behind it and its width converters."""
    op, index = fifo, 0
    while isinstance(op, ElasticFIFO_rtl | WidthConverter_rtl):
        found = readers.get(op.onnx_node.output[0])
        if found is None:
            return 0.0
        op, index = found
    return waiting[op.onnx_node.name, index]


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
