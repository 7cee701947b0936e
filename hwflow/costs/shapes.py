# SPDX-License-Identifier: Apache-2.0
"""What a module's cost depends on: its parameters without the constants' values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwflow.hw.bits import Bits
from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.activation import ChannelThreshold_rtl, PiecewiseAffine_rtl
from hwflow.hw.ops.base import Integers
from hwflow.hw.ops.streams import DuplicateStreams_rtl

_BY_ATTRIBUTE = {"PE": "PE", "SIMD": "SIMD", "resType": "MULTIPLIER"}


@dataclass(frozen=True)
class Shape:
    """A module of hwflow/hw/rtl with those parameters that are numbers or words, sorted by name."""

    module: str
    parameters: tuple[tuple[str, int | str], ...]

    @staticmethod
    def of(module: str, parameters: Mapping[str, int | str | Bits]) -> Shape:
        """Leaves out vectors of constants: what they hold moves a count of LUTs by some percent at most."""
        plain = {name: value for name, value in parameters.items() if not isinstance(value, Bits)}
        return Shape(module, tuple(sorted(plain.items())))

    def number(self, name: str, default: int = 0) -> int:
        return int(dict(self.parameters).get(name, default))

    def word(self, name: str, default: str = "") -> str:
        return str(dict(self.parameters).get(name, default))


class Shaper:
    """Shapes of one node at any folding. The node's constants are looked at once for each module that it can be."""

    def __init__(self, op: StreamOp, model: Any) -> None:
        self._op = op
        self._constants = op.constants(model)
        self._fixed: dict[str, dict[str, int | str]] = {}

    def shape(self) -> Shape:
        """The shape at the folding that the node has now."""
        op, module = self._op, self._op.module()
        kinds = op.get_nodeattr_types()
        # What thresholds are stored as depends on how many channels share a memory.
        key = f"{module} {op.integer('PE')}" if isinstance(op, ChannelThreshold_rtl) else module
        if key not in self._fixed:
            plain = op.parameters(self._constants).items()
            self._fixed[key] = {name: value for name, value in plain if not isinstance(value, Bits)}
        values = dict(self._fixed[key])
        for attribute, name in _BY_ATTRIBUTE.items():
            if attribute in kinds and name in values:
                values[name] = op.get_nodeattr(attribute)
        if "ram_style" in kinds:
            values |= {name: str(op.get_nodeattr("ram_style")) for name in ("WSTYLE", "STYLE") if name in values}
        if isinstance(op, PiecewiseAffine_rtl):
            values["SHIFTS"] = int(_are_shifts(self._constants[0][1:3]))
        if isinstance(op, DuplicateStreams_rtl):
            values["WIDTH"] = op.streams_in()[0].bits
        return Shape.of(module, values)


def _are_shifts(slopes: Integers) -> bool:
    """Whether hwf_affine takes shifts for these slopes: powers of two of which the largest is eight times the least at most."""
    return bool((slopes > 0).all() and ((slopes & (slopes - 1)) == 0).all() and slopes.max() <= 8 * slopes.min())
