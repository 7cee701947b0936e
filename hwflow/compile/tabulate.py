# SPDX-License-Identifier: Apache-2.0
"""Exact thresholds of whatever stands between an integer tensor and the next quantiser.

The integers are bounded, so the real function (BatchNorm, RSign, RPReLU, RSiLU, scales, the quantiser itself) is
evaluated in float64 at each value that a channel can take. Nothing is matched and nothing is rounded: the thresholds
are read off the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from hwflow.compile.integers import Integers, IntegerTensor

CHUNK = 1 << 15
MOST_ENTRIES = 1 << 28
Function = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Steps:
    """An integer function of one integer for each channel, as steps.

    out = bias + #(rise[c] <= x) - #(fall[c] <= x). `rise` (C, N) and `fall` (C, M) ascend in each row; a step that
    never happens stands at hi[c] + 1, one that always has happened at lo[c]. M = 0 where no channel falls.
    """

    bias: int
    rise: Integers
    fall: Integers

    @property
    def monotone(self) -> bool:
        return bool(self.fall.shape[1] == 0)


def table(source: IntegerTensor, function: Function, lo: int, hi: int) -> Integers:
    """The function's integers at lo..hi for each channel, (C, hi - lo + 1).

    `function` maps float64 values of the source's shape class, (1, C, n, 1) or (n, C), to integers as floats. More
    than MOST_ENTRIES of them would not fit in memory.
    """
    columns = []
    for start in range(lo, hi + 1, CHUNK):
        values = torch.arange(start, min(start + CHUNK, hi + 1), dtype=torch.float64) * source.scale
        if len(source.shape) == 4:
            result = function(values.reshape(1, 1, -1, 1).expand(1, source.channels, -1, 1).contiguous())
            columns.append(result.expand(1, source.channels, -1, 1)[0, :, :, 0])
        else:
            result = function(values.reshape(-1, 1).expand(-1, source.channels).contiguous())
            columns.append(result.expand(-1, source.channels).T)
    return torch.cat(columns, dim=1).round().to(torch.int64).numpy()


def falling_channels(values: Integers, source: IntegerTensor, lo: int) -> Integers:
    """-1 for channels whose function falls (and never rises) over the values they can take, +1 for the others."""
    sign = np.ones(source.channels, np.int64)
    for channel in range(source.channels):
        steps = np.diff(_valid(values, source, lo, channel))
        if steps.size and steps.min() < 0 and steps.max() <= 0:
            sign[channel] = -1
    return sign


def _valid(values: Integers, source: IntegerTensor, lo: int, channel: int) -> Integers:
    return values[channel, int(source.lo[channel]) - lo : int(source.hi[channel]) - lo + 1]


def steps(values: Integers, source: IntegerTensor, lo: int, bias: int, levels: int) -> Steps:
    """Steps of a table whose outputs lie in bias..bias + levels.

    A monotone function gets exactly `levels` thresholds a channel, so that the j-th belongs to output bias + j.
    """
    rises: list[Integers] = []
    falls: list[Integers] = []
    for channel in range(source.channels):
        row = _valid(values, source, lo, channel)
        first = int(source.lo[channel])
        jumps = np.diff(row, prepend=bias)
        positions = np.arange(row.size) + first
        rises.append(np.repeat(positions, np.maximum(jumps, 0)))
        falls.append(np.repeat(positions, np.maximum(-jumps, 0)))
    never = source.hi + 1
    most_falls = max(r.size for r in falls)
    most_rises = max(levels, max(r.size for r in rises))
    return Steps(bias, _filled(rises, never, most_rises), _filled(falls, never, most_falls))


def _filled(rows: list[Integers], never: Integers, width: int) -> Integers:
    result = np.repeat(never[:, None], width, axis=1)
    for channel, row in enumerate(rows):
        result[channel, : row.size] = row
    return result
