# SPDX-License-Identifier: Apache-2.0
"""Operators that move and join streams: add, fork, signs, split, interleave, concat, width converter, FIFO, top-1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from qonnx.core.datatype import DataType

from hwflow.hw.bits import Bits
from hwflow.hw.ops.base import Integers, StreamOp, StreamSpec, divisors


class _Channels(StreamOp):
    """Nodes whose input 0 is a map (numInputVectors, NumChannels) of inputDataType, PE channels a beat."""

    folding: ClassVar[tuple[str, ...]] = ("PE",)

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, [1]),
            "inputDataType": ("s", True, ""),
        }

    def map_of(self, channels: int, parallel: int) -> StreamSpec:
        return StreamSpec((*self.shape("numInputVectors"), channels), parallel, self.datatype("inputDataType"))

    def element_bits(self) -> int:
        return int(self.datatype("inputDataType").bitwidth())

    def get_exp_cycles(self) -> int:
        return max(s.beats for s in (*self.streams_in(), *self.streams_out()))

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(self.integer("NumChannels"))}


class AddStreams_rtl(_Channels):
    """Element-wise sum of two maps, saturated to the output's signed type (FINN: AddStreams, which cannot saturate)."""

    leaf = "hwf_add"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            **super().own_attributes(),
            "inputDataType1": ("s", True, ""),
            "outputDataType": ("s", True, ""),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("NumChannels"), "NumChannels")
        first = self.map_of(self.integer("NumChannels"), pe)
        return first, StreamSpec(first.shape, pe, self.datatype("inputDataType1"))

    def streams_out(self) -> tuple[StreamSpec, ...]:
        first = self.map_of(self.integer("NumChannels"), self.integer("PE"))
        return (StreamSpec(first.shape, first.parallel, self.datatype("outputDataType")),)

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {
            "PE": self.integer("PE"),
            "IBITS0": self.element_bits(),
            "IBITS1": int(self.datatype("inputDataType1").bitwidth()),
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        dtype = self.datatype("outputDataType")
        return [np.clip(arrays[0] + arrays[1], int(dtype.min()), int(dtype.max()))]


class DuplicateStreams_rtl(_Channels):
    """One map to NumOutputStreams consumers (FINN: DuplicateStreams)."""

    leaf = "hwf_fork"
    flat_outputs = True

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "NumOutputStreams": ("i", True, 2)}

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("NumChannels"), "NumChannels")
        return (self.map_of(self.integer("NumChannels"), pe),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return self.streams_in() * self.integer("NumOutputStreams")

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {"WIDTH": self.streams_in()[0].bits, "COPIES": self.integer("NumOutputStreams")}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0]] * self.integer("NumOutputStreams")


class SignsToIntegers_rtl(_Channels):
    """-1 and +1, codes 0 and 1, as two's complement of two bits: what products with weights of several bits take."""

    leaf = "hwf_signs"

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("NumChannels"), "NumChannels")
        return (self.map_of(self.integer("NumChannels"), pe),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        signs = self.streams_in()[0]
        return (StreamSpec(signs.shape, signs.parallel, DataType["INT2"]),)

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {"PE": self.integer("PE")}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0]]


class SplitChannels_rtl(_Channels):
    """The first C0 channels of each pixel to output 0, the rest to output 1 (the paper's channel split)."""

    leaf = "hwf_split"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "C0": ("i", True, 0)}

    def sizes(self) -> tuple[int, int]:
        return self.integer("C0"), self.integer("NumChannels") - self.integer("C0")

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", int(np.gcd(*self.sizes())), "the common divisor of the parts")
        return (self.map_of(self.integer("NumChannels"), pe),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        c0, c1 = self.sizes()
        return self.map_of(c0, self.integer("PE")), self.map_of(c1, self.integer("PE"))

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(int(np.gcd(*self.sizes())))}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        c0, c1 = self.sizes()
        return {"BITS": self.element_bits(), "PE": self.integer("PE"), "C0": c0, "C1": c1}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        c0 = self.integer("C0")
        return [arrays[0][..., :c0], arrays[0][..., c0:]]


class ConcatChannels_rtl(_Channels):
    """C0 channels of input 0, then the others from input 1 (FINN: StreamingConcat, for two inputs)."""

    leaf = "hwf_concat"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "C0": ("i", True, 0)}

    def sizes(self) -> tuple[int, int]:
        return self.integer("C0"), self.integer("NumChannels") - self.integer("C0")

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", int(np.gcd(*self.sizes())), "the common divisor of the parts")
        return tuple(self.map_of(c, pe) for c in self.sizes())

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return (self.map_of(self.integer("NumChannels"), self.integer("PE")),)

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(int(np.gcd(*self.sizes())))}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        c0, c1 = self.sizes()
        return {"BITS": self.element_bits(), "PE": self.integer("PE"), "C0": c0, "C1": c1}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [np.concatenate([arrays[0], arrays[1]], axis=-1)]


class InterleaveChannels_rtl(_Channels):
    """Concat and channel shuffle of two groups in one: channel i of the inputs becomes channels 2i and 2i + 1.

    NumChannels and PE are those of one input; the output has twice as many of both.
    """

    leaf = "hwf_interleave"

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("NumChannels"), "NumChannels")
        return (self.map_of(self.integer("NumChannels"), pe),) * 2

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return (self.map_of(2 * self.integer("NumChannels"), 2 * self.integer("PE")),)

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {"BITS": self.element_bits(), "PE": self.integer("PE")}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        pairs = np.stack([arrays[0], arrays[1]], axis=-1)
        return [pairs.reshape(*arrays[0].shape[:-1], -1)]


class WidthConverter_rtl(StreamOp):
    """The same map with `outParallel` instead of `inParallel` elements a beat (FINN: StreamingDataWidthConverter)."""

    leaf = "hwf_width"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "shape": ("ints", True, []),
            "inParallel": ("i", True, 1),
            "outParallel": ("i", True, 1),
            "inputDataType": ("s", True, ""),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        return (StreamSpec(self.shape("shape"), self.integer("inParallel"), self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return (StreamSpec(self.shape("shape"), self.integer("outParallel"), self.datatype("inputDataType")),)

    def get_exp_cycles(self) -> int:
        return max(self.streams_in()[0].beats, self.streams_out()[0].beats)

    def folding_choices(self) -> dict[str, list[int]]:
        return {}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {"IN_WIDTH": self.streams_in()[0].bits, "OUT_WIDTH": self.streams_out()[0].bits}

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0]]


class ElasticFIFO_rtl(StreamOp):
    """First in, first out (FINN: StreamingFIFO, whose RTL Verilator refuses); `depth` in beats, at least 1."""

    leaf = "hwf_fifo"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "shape": ("ints", True, []),
            "parallel": ("i", True, 1),
            "depth": ("i", False, 2),
            "inputDataType": ("s", True, ""),
            "ram_style": ("s", False, "auto", {"auto", "lut", "block"}),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        return (StreamSpec(self.shape("shape"), self.integer("parallel"), self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return self.streams_in()

    def get_exp_cycles(self) -> int:
        return self.streams_in()[0].beats

    def folding_choices(self) -> dict[str, list[int]]:
        return {}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        return {
            "WIDTH": self.streams_in()[0].bits,
            "DEPTH_BEATS": self.integer("depth"),
            "STYLE": str(self.get_nodeattr("ram_style")),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0]]


class LabelSelect_rtl(_Channels):
    """Index of the largest of the NumChannels logits, the lowest index among equals (FINN: LabelSelect with k = 1)."""

    leaf = "hwf_top1"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "outputDataType": ("s", True, "")}

    def streams_in(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("NumChannels"), "NumChannels")
        return (self.map_of(self.integer("NumChannels"), pe),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return (StreamSpec((*self.shape("numInputVectors"), 1), 1, self.datatype("outputDataType")),)

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        return {
            "C": self.integer("NumChannels"),
            "PE": self.integer("PE"),
            "BITS": int(dtype.bitwidth()),
            "SIGNED": self.ordered_signed(dtype),
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [arrays[0].argmax(axis=-1)[..., None]]
