# SPDX-License-Identifier: Apache-2.0
"""How far each stream lags behind the accelerator's input, and what waits in front of a join because of it.

A window can only be sent once the rows below its middle are in; a shortcut around it must keep what came meanwhile. That
decides most FIFO depths, long before a simulation measures them. A window also pauses, while rows come in that end none;
a reader that cannot afford to wait lives on its FIFO then. What a FIFO without a limit holds on top of that came in a burst
that its writer could as well have waited with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.mvau import BinaryMVAU_rtl, IntegerMVAU_rtl
from hwflow.hw.ops.streams import ElasticFIFO_rtl, WidthConverter_rtl
from hwflow.hw.ops.window import GlobalAccumulate_rtl, SlidingWindow_rtl

SLOW = 4  # a stream is slow where a frame takes this many times the cycles that its beats do
ROOM = 1.5  # of a FIFO, for the pace within a frame, which is not quite steady


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


@dataclass(frozen=True)
class Pauses:
    """When a window sends nothing, since it needs more of the map.

    `count` pauses a frame, in which `elements` of the map come in, all together; a pixel has so many `channels`.
    """

    elements: int
    channels: int
    count: int

    @staticmethod
    def of(window: SlidingWindow_rtl) -> Pauses:
        """With a stride, rows between those that windows end in; without, the rows before a frame's first window."""
        (height, width), (kh, kw) = window.shape("IFMDim"), window.shape("ConvKernelDim")
        stride, channels = window.integer("Stride"), window.integer("IFMChannels")
        top, left, *_ = window.shape("pad")
        rows, _ = window.out_dim()
        ends = {min(height - 1, row * stride + kh - 1 - top) for row in range(rows)}
        silent = (height - len(ends)) * width
        return (
            Pauses(silent * channels, channels, rows)
            if stride > 1
            else Pauses((silent + kw - 1 - left) * channels, channels, 1)
        )

    def ready(self, sent: int, beats: int, cycles: int, taking: int) -> int:
        """Of `beats` a frame with `sent` elements each, how many must lie ready in a pause, where the reader works for `taking`
        of a frame's `cycles` and so has no time to wait for all pauses. The map is taken to come a beat a cycle meanwhile.

        None where a beat is a part of a pixel: hwf_swg works ahead in its memory, and neither end waits. Windows that send a
        kernel row or all of a kernel a beat have no such memory.
        """
        if sent <= self.channels or not taking:
            return 0
        over = taking + self.elements // self.channels - max(cycles, taking)
        return max(0, ceil(over * beats / (self.count * taking)))


def depth(share: float, beats: int, cycles: int, ready: int = 0) -> int:
    """Beats that a FIFO must hold in which a share of a frame of `beats` waits, or so many lie `ready` (`Pauses`), a frame taking
    `cycles`.

    Where nothing waits it is one if a beat comes in every fourth cycle at most, and two if not: a single place takes every
    other beat.
    """
    least = 1 if SLOW * beats <= cycles else 2
    return max(least + ready, ceil(ROOM * share * beats))


def expected_depths(ops: Sequence[StreamOp], cycles: int) -> dict[str, int]:
    """`depth` of the FIFOs among the nodes of an assembled graph, `ops` in topological order, by their names."""
    waiting = waiting_shares(ops)
    writers = {name: op for op in ops for name in op.onnx_node.output}
    readers = {name: (op, index) for op in ops for index, name in enumerate(op.onnx_node.input[: len(op.streams_in())])}
    found: dict[str, int] = {}
    for fifo in ops:
        if not isinstance(fifo, ElasticFIFO_rtl):
            continue
        stream, writer = fifo.streams_in()[0], writers.get(fifo.onnx_node.input[0])
        op, index = _behind(fifo, readers)
        if op is None:
            found[fifo.onnx_node.name] = depth(0.0, stream.beats, cycles)
            continue
        ready = 0
        if isinstance(writer, SlidingWindow_rtl):
            ready = Pauses.of(writer).ready(stream.parallel, stream.beats, cycles, op.get_exp_cycles())
        found[fifo.onnx_node.name] = depth(waiting[op.onnx_node.name, index], stream.beats, cycles, ready)
    return found


def _behind(fifo: StreamOp, readers: Mapping[str, tuple[StreamOp, int]]) -> tuple[StreamOp | None, int]:
    """The node that reads a FIFO, through its width converters, and which of its inputs; None for the accelerator's end."""
    op, index = fifo, 0
    while isinstance(op, ElasticFIFO_rtl | WidthConverter_rtl):
        found = readers.get(op.onnx_node.output[0])
        if found is None:
            return None, 0
        op, index = found
    return op, index


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
