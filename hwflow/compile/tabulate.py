# SPDX-License-Identifier: Apache-2.0
"""Exact thresholds of whatever stands between an integer tensor and the next quantiser.

The integers are bounded, so the real function (BatchNorm, RSign, RPReLU, RSiLU, scales, the quantiser itself) is
evaluated in float64 at each value that a channel can take. Nothing is matched and nothing is rounded: the thresholds
are read off the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from hwflow.compile.integers import Integers, IntegerTensor

CHUNK = 1 << 22
"""Entries evaluated at once, over all channels; 32 MB of float64."""
MOST_ENTRIES = 1 << 33
"""Entries of the largest table that is worth its minutes."""
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


@dataclass(frozen=True)
class Table:
    """A function's integers at every value that each channel can take, kept as where they change.

    Channel c has `first`[c] at lo[c]; `places`[c], ascending, are the values at which it moves by `jumps`[c].
    """

    source: IntegerTensor
    first: Integers  # (C)
    places: tuple[Integers, ...]
    jumps: tuple[Integers, ...]

    @property
    def is_identity(self) -> bool:
        """Whether every channel gives the integer it was given."""
        source = self.source
        return bool((self.first == source.lo).all()) and all(
            jumps.size == source.hi[channel] - source.lo[channel] and bool((jumps == 1).all())
            for channel, jumps in enumerate(self.jumps)
        )


def table(source: IntegerTensor, function: Function) -> Table:
    """The function's integers for each channel, from its smallest to its largest value.

    `function` maps float64 values of the source's shape class, (1, C, n, 1) or (n, C), to integers as floats. It is
    evaluated piece by piece, for the values of a wide layer with 8-bit activations number in the billions.
    """
    channels = source.channels
    lo, hi = torch.from_numpy(source.lo), torch.from_numpy(source.hi)
    first = np.zeros(channels, np.int64)
    where: list[Integers] = []
    before: torch.Tensor | None = None
    width = max(1, CHUNK // channels)
    for start in range(int(lo.min()), int(hi.max()) + 1, width):
        places = torch.arange(start, min(start + width, int(hi.max()) + 1))
        found = _evaluate(source, function, places)  # (C, n)
        begins = (lo >= start) & (lo < start + width)
        first[begins.numpy()] = found[begins, lo[begins] - start].numpy()
        joined = found if before is None else torch.cat([before, found], 1)
        moved = joined.diff(dim=1)
        at = places[places.numel() - moved.shape[1] :]
        # A change counts from the value after the smallest on, and up to the largest.
        moved = moved * ((at > lo[:, None]) & (at <= hi[:, None]))
        channel, column = moved.nonzero(as_tuple=True)
        where.append(torch.stack([channel, at[column], moved[channel, column]]).numpy())
        before = found[:, -1:]
    changes = np.concatenate(where, axis=1)
    # Stable, so that within a channel the places stay in order.
    changes = changes[:, np.argsort(changes[0], kind="stable")]
    ends = np.searchsorted(changes[0], np.arange(channels + 1))
    spans = [slice(begin, end) for begin, end in pairwise(ends.tolist())]
    return Table(source, first, tuple(changes[1, span] for span in spans), tuple(changes[2, span] for span in spans))


def direction(source: IntegerTensor, function: Function) -> int:
    """1 where the function is one for all channels and rises with every integer that they take, -1 where it falls so.

    0 where it does neither. `function` maps as for `table`, to real numbers.
    """
    lo, hi = int(source.lo.min()), int(source.hi.max())
    if (hi - lo + 1) * source.channels > MOST_ENTRIES:
        return 0
    signs: set[float] = set()
    before: torch.Tensor | None = None
    width = max(2, CHUNK // source.channels)
    for start in range(lo, hi + 1, width):
        found = _real(source, function, torch.arange(start, min(start + width, hi + 1)))
        if not torch.equal(found, found[:1].expand_as(found)):
            return 0
        row = found[0] if before is None else torch.cat([before, found[0]])
        signs.update(np.unique(np.sign(np.diff(row.numpy()))).tolist())
        before = row[-1:]
    if signs <= {1.0}:  # a channel of one value too
        return 1
    return -1 if signs == {-1.0} else 0


def _evaluate(source: IntegerTensor, function: Function, places: torch.Tensor) -> torch.Tensor:
    return _real(source, function, places).round().to(torch.int64)


def _real(source: IntegerTensor, function: Function, places: torch.Tensor) -> torch.Tensor:
    """What `function` makes of the integers `places` in each channel: float64 (C, n)."""
    values = places.to(torch.float64) * source.scale
    if len(source.shape) == 4:
        result = function(values.reshape(1, 1, -1, 1).expand(1, source.channels, -1, 1).contiguous())
        result = result.expand(1, source.channels, -1, 1)[0, :, :, 0]
    else:
        result = function(values.reshape(-1, 1).expand(-1, source.channels).contiguous())
        result = result.expand(-1, source.channels).T
    return result


def falling_channels(found: Table) -> Integers:
    """-1 for channels whose function falls (and never rises) over the values they can take, +1 for the others."""
    return np.array([-1 if jumps.size and jumps.max() < 0 else 1 for jumps in found.jumps], np.int64)


def steps(found: Table, bias: int, levels: int) -> Steps:
    """Steps of a table whose outputs lie in bias..bias + levels.

    A monotone function gets exactly `levels` thresholds a channel, so that the j-th belongs to output bias + j.
    """
    source = found.source
    rises: list[Integers] = []
    falls: list[Integers] = []
    for channel in range(source.channels):
        places = np.concatenate([source.lo[channel : channel + 1], found.places[channel]])
        jumps = np.concatenate([found.first[channel : channel + 1] - bias, found.jumps[channel]])
        rises.append(np.repeat(places, np.maximum(jumps, 0)))
        falls.append(np.repeat(places, np.maximum(-jumps, 0)))
    never = source.hi + 1
    most_falls = max(r.size for r in falls)
    most_rises = max(levels, max(r.size for r in rises))
    return Steps(bias, _filled(rises, never, most_rises), _filled(falls, never, most_falls))


def _filled(rows: list[Integers], never: Integers, width: int) -> Integers:
    result = np.repeat(never[:, None], width, axis=1)
    for channel, row in enumerate(rows):
        result[channel, : row.size] = row
    return result
