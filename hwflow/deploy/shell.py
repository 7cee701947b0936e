# SPDX-License-Identifier: Apache-2.0
"""What stands around the accelerator on a board, and how a frame travels through it.

A frame goes from memory through an AXI DMA to the accelerator, and its result back. A DMA's stream is 1, 2, 4 ... 128
bytes wide, so that a beat is padded to the next of these; the driver lays frames out in memory in the same way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.assemble import Edge, edges
from hwflow.errors import UserError
from hwflow.hw.ops import StreamSpec

Shell = Literal["zynq", "zynqmp"]

LENGTH_BITS = 26  # of the DMA's length register: all it can have
WIDEST_BYTES = 128  # of the DMA's stream


def shell_of(part: str) -> Shell | None:
    """The shell for a device: Zynq-7000, Zynq UltraScale+, or None where it has no processing system that we know."""
    if re.match(r"x[acq]7z", part):
        return "zynq"
    if re.match(r"x[acq]zu|xck2[46]", part):
        return "zynqmp"
    return None


@dataclass(frozen=True)
class Port:
    """The accelerator's input or output, as the DMA and the driver see it."""

    spec: StreamSpec

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a frame, channels last."""
        return self.spec.shape[1:]

    @property
    def beats(self) -> int:
        return self.spec.beats

    @property
    def bytes(self) -> int:
        """Bytes a beat at the accelerator."""
        return self.spec.padded_bits // 8

    @property
    def dma_bytes(self) -> int:
        """Bytes a beat at the DMA and in memory."""
        return 1 << (self.bytes - 1).bit_length()

    @property
    def memory_bits(self) -> int:
        """Width of the DMA's memory port, which is no narrower than its stream."""
        return max(32, 8 * self.dma_bytes)

    @property
    def frame_bytes(self) -> int:
        return self.beats * self.dma_bytes

    @property
    def words(self) -> str:
        shape = " x ".join(str(size) for size in self.shape)
        return f"{shape} of {self.spec.dtype.name}, {self.spec.parallel} a beat"

    @property
    def bits(self) -> int:
        """Bits of an element."""
        return int(self.spec.dtype.bitwidth())

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest value of an element."""
        return int(self.spec.dtype.min()), int(self.spec.dtype.max())

    @property
    def bipolar(self) -> bool:
        return bool(self.spec.dtype == DataType["BIPOLAR"])


def ports(design: ModelWrapper) -> tuple[Port, Port]:
    """Input and output of an assembled design.

    Raises UserError naming the stream that no DMA takes: a beat that is too wide, or a frame that is too long.
    """
    streams = edges(design)
    first = next(edge for edge in streams if edge.producer is None)
    last = next(edge for edge in streams if edge.consumer is None)
    # Neighbours as a user may fold them: there is a FIFO at either end.
    foldable = [node.name for node in design.graph.node if getCustomOp(node).folding]
    return _port(first, foldable[0]), _port(last, foldable[-1])


def _port(edge: Edge, node: str) -> Port:
    port = Port(edge.spec)
    if port.bytes > WIDEST_BYTES:
        raise UserError(
            f"{edge.tensor}: {port.bytes} bytes a beat, and a DMA has {WIDEST_BYTES} at most; lower PE or SIMD of"
            f" node {node} in a --target file"
        )
    if port.frame_bytes >= 1 << LENGTH_BITS:
        raise UserError(
            f"{edge.tensor}: a frame of {port.frame_bytes} bytes, and a DMA transfers {(1 << LENGTH_BITS) - 1} at most;"
            " choose a smaller input"
        )
    return port
