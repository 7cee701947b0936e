# SPDX-License-Identifier: Apache-2.0
"""The figures of a count."""

from dataclasses import dataclass

BOPS_PER_OP = 64


@dataclass(frozen=True)
class Counts:
    """Figures of a network for one input; the rule stands in `hwflow.count`.

    `uncounted` names the modules with parameters of which the rule counts nothing, each with its class and why.
    """

    params: int
    weight_bits: int
    bops: int
    flops: int
    uncounted: tuple[str, ...] = ()

    @property
    def ops(self) -> float:
        """BOPs / 64 + FLOPs"""
        return self.bops / BOPS_PER_OP + self.flops

    def as_json(self) -> dict[str, int | float]:
        """params, weight_bits, bops, flops, ops; whole numbers as integers."""
        ops = self.ops
        return {
            "params": self.params,
            "weight_bits": self.weight_bits,
            "bops": self.bops,
            "flops": self.flops,
            "ops": int(ops) if ops.is_integer() else ops,
        }
