# SPDX-License-Identifier: Apache-2.0
"""Matrix-vector units (FINN: MVAU): one bit weights as XNOR and popcount, wider weights with multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from qonnx.core.datatype import DataType

from hwflow.hw.bits import Bits, pack
from hwflow.hw.ops.base import Integers, StreamOp, StreamSpec, divisors


class _MVAU(StreamOp):
    """A matrix of MH rows and MW columns times each pixel's vector.

    Inputs: vectors (1, ..., MW), weights (MW, MH) as FINN keeps them, and for one-bit outputs thresholds (MH, 1).
    """

    folding: ClassVar[tuple[str, ...]] = ("PE", "SIMD")

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "MW": ("i", True, 0),
            "MH": ("i", True, 0),
            "PE": ("i", False, 1),
            "SIMD": ("i", False, 1),
            "numInputVectors": ("ints", True, [1]),
            "inputDataType": ("s", True, ""),
            "weightDataType": ("s", True, ""),
            "outputDataType": ("s", True, ""),
            "ram_style": ("s", False, "lut", {"lut", "block"}),
        }

    def streams_in(self) -> tuple[StreamSpec, ...]:
        simd = self.check_divides("SIMD", self.integer("MW"), "MW")
        return (StreamSpec((*self.shape("numInputVectors"), self.integer("MW")), simd, self.datatype("inputDataType")),)

    def streams_out(self) -> tuple[StreamSpec, ...]:
        pe = self.check_divides("PE", self.integer("MH"), "MH")
        return (StreamSpec((*self.shape("numInputVectors"), self.integer("MH")), pe, self.datatype("outputDataType")),)

    def pixels(self) -> int:
        return int(np.prod(self.shape("numInputVectors")))

    def get_exp_cycles(self) -> int:
        return self.pixels() * (self.integer("MH") // self.integer("PE")) * (self.integer("MW") // self.integer("SIMD"))

    def folding_choices(self) -> dict[str, list[int]]:
        return {"PE": divisors(self.integer("MH")), "SIMD": divisors(self.integer("MW"))}

    def vectors(self, array: Integers) -> Integers:
        """The input as (N, ..., MW): that of a map of several pixels may be one vector."""
        return array.reshape(array.shape[0], *self.shape("numInputVectors")[1:], self.integer("MW"))

    def fold_weights(self, weights: Integers) -> Integers:
        """(MW, MH) to [nf][sf][pe][simd]."""
        pe, simd = self.integer("PE"), self.integer("SIMD")
        rows = weights.T.reshape(self.integer("MH") // pe, pe, self.integer("MW") // simd, simd)
        return rows.transpose(0, 2, 1, 3)


class BinaryMVAU_rtl(_MVAU):
    """1-bit weights; activations bipolar or k-bit integers; accumulators out, or one bit out by a threshold a row."""

    leaf = "hwf_mvu_binary"

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        one_bit_out = self.datatype("outputDataType") == DataType["BIPOLAR"]
        pe = self.integer("PE")
        thresholds = constants[1].reshape(-1) if one_bit_out else np.zeros(self.integer("MH"), np.int64)
        tbits = max(2, signed_bits(int(thresholds.min()), int(thresholds.max())))
        return {
            "MW": self.integer("MW"),
            "MH": self.integer("MH"),
            "SIMD": self.integer("SIMD"),
            "PE": pe,
            "ABITS": int(dtype.bitwidth()),
            "ASIGNED": self.ordered_signed(dtype),
            "THRESHOLD": int(one_bit_out),
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
            "WSTYLE": str(self.get_nodeattr("ram_style")),
            "TBITS": tbits,
            "WEIGHTS": pack((self.fold_weights(constants[0]) > 0).astype(np.int64), 1),
            "THRESHOLDS": pack(thresholds, tbits),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        product = self.vectors(arrays[0]) @ constants[0]
        if self.datatype("outputDataType") == DataType["BIPOLAR"]:
            return [np.where(product >= constants[1].reshape(-1), 1, -1)]
        return [product]


class IntegerMVAU_rtl(_MVAU):
    """Signed integer weights of several bits, products on DSP slices (resType "dsp", two on one where that is exact) or
    in look-up tables ("lut"); accumulators out."""

    leaf = "hwf_mvu_int"

    def own_attributes(self) -> dict[str, tuple[Any, ...]]:
        return {**super().own_attributes(), "resType": ("s", False, "dsp", {"dsp", "lut"})}

    def parameters(self, constants: Sequence[Integers]) -> dict[str, int | str | Bits]:
        dtype = self.datatype("inputDataType")
        wbits = int(self.datatype("weightDataType").bitwidth())
        return {
            "MW": self.integer("MW"),
            "MH": self.integer("MH"),
            "SIMD": self.integer("SIMD"),
            "PE": self.integer("PE"),
            "ABITS": int(dtype.bitwidth()),
            "ASIGNED": int(dtype.signed()),
            "WBITS": wbits,
            "OBITS": int(self.datatype("outputDataType").bitwidth()),
            "MULTIPLIER": str(self.get_nodeattr("resType")),
            "WSTYLE": str(self.get_nodeattr("ram_style")),
            "WEIGHTS": pack(self.fold_weights(constants[0]).transpose(3, 0, 1, 2), wbits),
        }

    def compute(self, arrays: Sequence[Integers], constants: Sequence[Integers]) -> list[Integers]:
        return [self.vectors(arrays[0]) @ constants[0]]


def signed_bits(lo: int, hi: int) -> int:
    """Bits of the narrowest two's complement that holds lo..hi."""
    bits = 1
    while lo < -(1 << (bits - 1)) or hi >= 1 << (bits - 1):
        bits += 1
    return bits
