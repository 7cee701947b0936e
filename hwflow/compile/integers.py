# SPDX-License-Identifier: Apache-2.0
"""What is known of an integer tensor: its scale, its range, its type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qonnx.core.datatype import BaseDataType, DataType

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class IntegerTensor:
    """A tensor (N, C, ...) whose values are integers times `scale`, a power of two.

    `lo` and `hi` bound the integers of each channel, inclusive. `dtype` is the type that travels in hardware. Where
    `sign` is not None, the streamlined graph carries sign[c] times the integer of the network (rows of a
    convolution that a falling function made it negate).
    """

    shape: tuple[int, ...]
    scale: float
    lo: Integers
    hi: Integers
    dtype: BaseDataType
    sign: Integers | None = None

    @property
    def channels(self) -> int:
        return self.shape[1]

    def uniform(self, shape: tuple[int, ...]) -> IntegerTensor:
        """The same range for every channel of a tensor of another shape."""
        channels = shape[1]
        return replace(
            self,
            shape=shape,
            lo=np.full(channels, self.lo.min()),
            hi=np.full(channels, self.hi.max()),
        )


def as_floats(values: Integers) -> NDArray[np.floating[Any]]:
    """Integers as QONNX stores them: float32, or float64 where float32 would round."""
    single = values.astype(np.float32)
    return single if (single == values).all() else values.astype(np.float64)


def signed_type(lo: int, hi: int) -> BaseDataType:
    """The narrowest two's complement type that holds lo..hi."""
    bits = 2
    while lo < -(1 << (bits - 1)) or hi >= 1 << (bits - 1):
        bits += 1
    return DataType[f"INT{bits}"]


def narrowest_type(lo: int, hi: int) -> BaseDataType:
    if lo >= 0:
        return DataType[f"UINT{max(1, hi.bit_length())}"]
    return signed_type(lo, hi)
