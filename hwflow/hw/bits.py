# SPDX-License-Identifier: Apache-2.0
"""Packed constant vectors for parameters of RTL modules, item 0 in the lowest bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Bits:
    """A constant of `width` bits; `value` is its unsigned reading."""

    width: int
    value: int

    def verilog(self) -> str:
        return f"{self.width}'h{self.value:x}"


def pack(values: NDArray[Any], bits: int) -> Bits:
    """Pack integers (any shape, last axis fastest) of `bits` each, two's complement where negative.

    Raises ValueError where a value needs more bits than it gets: a constant is never cut.
    """
    if not 1 <= bits <= 63:
        raise ValueError(f"constants of {bits} bits; 1 to 63 can be packed")
    return _packed(_planes(np.asarray(values, dtype=np.int64).reshape(-1), bits))


def pack_words(parts: Sequence[tuple[NDArray[Any], int]]) -> Bits:
    """Pack words of several integers: (values, bits) for each, the first in a word's lowest bits, all with as many values.

    Raises ValueError as `pack`.
    """
    return _packed(np.concatenate([_planes(np.asarray(values, np.int64), bits) for values, bits in parts], axis=1))


def _planes(flat: NDArray[np.int64], bits: int) -> NDArray[np.uint8]:
    """(values, bits), the lowest bit first"""
    if flat.size and (flat.min() < -(1 << (bits - 1)) or flat.max() >= (1 << bits)):
        raise ValueError(f"values from {flat.min()} to {flat.max()} do not fit in {bits} bits")
    codes = (flat & ((1 << bits) - 1)).astype(np.uint64)
    return ((codes[:, None] >> np.arange(bits, dtype=np.uint64)) & np.uint64(1)).astype(np.uint8)


def _packed(planes: NDArray[np.uint8]) -> Bits:
    packed = np.packbits(planes.reshape(-1), bitorder="little")
    return Bits(planes.size, int.from_bytes(packed.tobytes(), "little"))
