# SPDX-License-Identifier: Apache-2.0
"""Per-channel functions of one integer: thresholds (FINN: Thresholding), two line pieces, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from qonnx.core.datatype import DataType

from hwflow.errors import UserError
from hwflow.hw.bits import Bits, pack, pack_words
from hwflow.hw.evenly import evenly_spaced
from hwflow.hw.ops.base import Integers, StreamOp, StreamSpec, divisors
from hwflow.hw.ops.mvau import signed_bits


class _ChannelFunction(StreamOp):
    """Element-wise on (1, ..., C), with constants of each channel."""

    folding: ClassVar[tuple[str, ...]] = ("PE",)

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "NumChannels": ("i", True, 0),
            "PE": ("i", False, 1),
            "numInputVectors": ("ints", True, [1]),
            "inputDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "ram_style": ("s", False, "lut", {"lut", "block"}),
        }

    def _stream(self, attribute: str) -> tuple[StreamSpec, ...]:
        channels = self.integer("NumChannels")
        pe = self.check_divides("PE", channels, "NumChannels")
        return (StreamSpec((*self.shape("numInputVectors"), channels), pe, self.datatype(attribute)),)

    def streams_in(self) -> tuple[StreamSpec, ...]:
        return self._stream("inputDataType")

    def streams_out(self) -> tuple[StreamSpec, ...]:
        return self._stream("outputDataType")

    def get_exp_cycles(self) -> int:
        return self.streams_in()[0].beats

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(self.integer("NumChannels"))}

    def input_parameters(self) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        return {
            "C": self.integer("NumChannels"),
            "PE": self.integer("PE"),
            "IBITS": int(dtype.bitwidth()),
            "ISIGNED": int(dtype.signed()),
        }


class _Lines(_ChannelFunction):
    """Functions that are two lines a channel, or can be: (5, C) rows knee, mlo, mhi, alo, ahi."""

    def line_bits(self, rows: Integers) -> tuple[int, int, int]:
        """Bits of a slope, an offset and a knee, all signed."""
        _, mlo, mhi, alo, ahi = rows
        slopes, offsets = (
            max(2, signed_bits(int(min(low.min(), high.min())), int(max(low.max(), high.max()))))
            for low, high in ((mlo, mhi), (alo, ahi))
        )
        return slopes, offsets, int(self.datatype("inputDataType").bitwidth()) + 1

    def line_parameters(self, rows: Integers, frac: int) -> dict[str, int | str | Bits]:
        mbits, abits, _ = self.line_bits(rows)
        dtype = self.datatype("outputDataType")
        return {
            **self.input_parameters(),
            "OBITS": int(dtype.bitwidth()),
            "OSIGNED": int(dtype.signed()),
            "FRAC": frac,
            "MBITS": mbits,
            "ABITS": abits,
        }

    def along_lines(self, values: Integers, rows: Integers, frac: int) -> Integers:
        """sat(((x >= knee ? mhi : mlo) * x + (x >= knee ? ahi : alo)) >> frac)"""
        knee, mlo, mhi, alo, ahi = rows
        high = values >= knee
        line = np.where(high, mhi, mlo) * values + np.where(high, ahi, alo)
        dtype = self.datatype("outputDataType")
        clipped: Integers = np.clip(line >> frac, int(dtype.min()), int(dtype.max()))
        return clipped


class ChannelThreshold_rtl(_Lines):
    """out = bias + number of thresholds <= in, thresholds (C, steps) ascending; bipolar out: one step, bias -1.

    `impl` says what finds the count: "compare", a comparator for each bit of it, a beat a cycle; "search", one comparator
    and as many cycles a beat as the count has bits; "line", a product on a DSP slice, for functions that are lines at
    every value that occurs (`lineFrac` is not negative): the second constant then holds (5, C) rows knee, mlo, mhi, alo, ahi.
    """

    leaf = "hwf_threshold"
    search_leaf = "hwf_threshold_search"
    line_leaf = "hwf_line"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            **super().own_attributes(),
            "numSteps": ("i", True, 0),
            "bias": ("i", False, 0),
            "thresholdBits": ("i", True, 0),
            "lineFrac": ("i", False, -1),
            "twoPieces": ("i", False, 0, {0, 1}),
            "impl": ("s", False, "compare", {"compare", "search", "line"}),
        }

    def impl(self) -> str:
        """The attribute. Raises UserError for a line where there is none."""
        impl = str(self.get_nodeattr("impl"))
        if impl not in self.implementations():
            raise UserError(
                f"node {self.onnx_node.name}: impl={impl} is not to be had, since its thresholds lie on no line;"
                f" choose one of {', '.join(self.implementations())}"
            )
        return impl

    def implementations(self) -> list[str]:
        """The values of `impl` that this node can have."""
        lines = ["line"] if self.integer("lineFrac") >= 0 else []
        # With one step the three are the same comparison, of which "compare" costs least.
        return ["compare", "search", *lines] if self.integer("numSteps") > 1 else ["compare"]

    def style_choices(self) -> dict[str, list[str]]:
        return {"impl": self.implementations(), "ram_style": ["block", "lut"]}

    def module(self) -> str:
        return {"compare": self.leaf, "search": self.search_leaf, "line": self.line_leaf}[self.impl()]

    def get_exp_cycles(self) -> int:
        each = self.integer("numSteps").bit_length() if self.impl() == "search" else 1
        return self.streams_in()[0].beats * each

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        if self.impl() == "line":
            return self._line_parameters(constants[1])
        if self.impl() == "search":
            return {**self._threshold_parameters(constants), "STYLE": str(self.get_nodeattr("ram_style"))}
        dtype = self.datatype("inputDataType")
        folds = self.integer("NumChannels") // self.integer("PE")
        even = even_parameters(constants[0], int(dtype.min()), int(dtype.max()), folds)
        return {**self._threshold_parameters(constants), **even}

    def _threshold_parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        bipolar = self.datatype("outputDataType") == DataType["BIPOLAR"]
        tbits = self.integer("thresholdBits")
        return {
            **self.input_parameters(),
            "STEPS": self.integer("numSteps"),
            "TBITS": tbits,
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
            "BIAS": 0 if bipolar else self.integer("bias"),
            "THRESHOLDS": pack(constants[0], tbits),
        }

    def _line_parameters(self, rows: Integers) -> dict[str, int | str | Bits]:
        knee, mlo, mhi, alo, ahi = rows
        two = self.integer("twoPieces")
        mbits, abits, kbits = self.line_bits(rows)
        parts = [(alo, abits), (mlo, mbits)]
        if two:
            parts += [(ahi, abits), (mhi, mbits), (knee, kbits)]
        return {
            **self.line_parameters(rows, self.integer("lineFrac")),
            "KNEE": two,
            "STYLE": str(self.get_nodeattr("ram_style")),
            "LINES": pack_words(parts),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        if self.impl() == "line":
            return [self.along_lines(arrays[0], constants[1], self.integer("lineFrac"))]
        count = (arrays[0][..., None] >= constants[0]).sum(axis=-1)
        if self.datatype("outputDataType") == DataType["BIPOLAR"]:
            return [2 * count - 1]
        return [count + self.integer("bias")]


class PiecewiseAffine_rtl(_Lines):
    """Two line pieces a channel: sat(((x >= knee ? mhi : mlo) * x + (x >= knee ? ahi : alo)) >> frac).

    Constant input: (5, C) rows knee, mlo, mhi, alo, ahi. RPReLU (paper eq. 3) is of this form.
    """

    leaf = "hwf_affine"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "frac": ("i", True, 0)}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        knee, mlo, mhi, alo, ahi = constants[0]
        mbits, abits, kbits = self.line_bits(constants[0])
        return {
            **self.line_parameters(constants[0], self.integer("frac")),
            "KNEES": pack(knee, kbits),
            "MLO": pack(mlo, mbits),
            "MHI": pack(mhi, mbits),
            "ALO": pack(alo, abits),
            "AHI": pack(ahi, abits),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [self.along_lines(arrays[0], constants[0], self.integer("frac"))]


class ChannelTable_rtl(_ChannelFunction):
    """out = table[channel][code of in], for functions that are neither steps nor lines. Constant: (C, 2^input bits)."""

    leaf = "hwf_table"

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("outputDataType")
        obits = int(dtype.bitwidth())
        codes = (constants[0] + 1) // 2 if dtype == DataType["BIPOLAR"] else constants[0]
        return {
            "C": self.integer("NumChannels"),
            "PE": self.integer("PE"),
            "IBITS": int(self.datatype("inputDataType").bitwidth()),
            "OBITS": obits,
            "STYLE": str(self.get_nodeattr("ram_style")),
            "TABLE": pack(codes, obits),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        codes = arrays[0] & ((1 << int(self.datatype("inputDataType").bitwidth())) - 1)
        channel = np.broadcast_to(np.arange(codes.shape[-1]), codes.shape)
        return [constants[0][channel, codes]]


def even_parameters(thresholds: Integers, lowest: int, highest: int, folds: int) -> dict[str, int | str | Bits]:
    """What hwf_threshold takes instead of tables of `thresholds` (C, steps), on inputs of a type from `lowest` to `highest`.

    Empty where they are not evenly spaced, or where tables take fewer LUTs.
    """
    even = evenly_spaced(thresholds, lowest, highest)
    if even is None:
        return {}
    ibits, levels = (highest - lowest).bit_length(), thresholds.shape[1].bit_length()
    dbits = max(1, *(int(d.max()).bit_length() for d in (even.distances, even.uppers)))
    jbits = max(1, int(even.jumps.max()).bit_length())
    step_bits = 2 * dbits + jbits if even.bent else dbits
    if even_luts(folds, ibits, levels, even.frac, step_bits) >= table_luts(folds, ibits, levels):
        return {}
    found: dict[str, int | str | Bits] = {
        "EVEN": 1,
        "FRAC": even.frac,
        "DBITS": dbits,
        "CENTERS": pack(even.centers, ibits + 1 + even.frac),
        "DISTANCES": pack(even.distances, dbits),
    }
    if even.bent:
        found |= {"BENT": 1, "JBITS": jbits, "UPPERS": pack(even.uppers, dbits), "JUMPS": pack(even.jumps, jbits)}
    return found


def table_luts(folds: int, ibits: int, levels: int) -> int:
    """LUTs a PE of hwf_threshold's tables and comparators, about: see hwf_at_least."""
    total = 0
    for level in range(levels):
        depth = folds << level
        if depth <= 8:
            total += -(-ibits // 3)
        elif depth <= 32:
            total += ibits
        else:
            total += ibits * (1 + -(-depth // 64))
    return total


def even_luts(folds: int, ibits: int, levels: int, frac: int, step_bits: int) -> int:
    """LUTs a PE of hwf_even_steps, about; a memory in block RAM counts as if it were in LUTs up to 100 an RAMB18."""
    sums = levels * (ibits + 1) + (levels - 1) * frac - (levels - 2) * (levels - 1) // 2
    if folds == 1:
        return sums
    if folds <= 32:
        return sums + frac + step_bits
    width = ibits + 1 + frac + step_bits
    return sums + 7 + min(-(-folds // 64) * width, 100 * -(-width * folds // 18432))
