# SPDX-License-Identifier: Apache-2.0
"""Lines in fixed point that equal a channel's thresholds at every value it can take, if there are any.

floor((m x + a) / 2^f), cut to the output's range, must step where the thresholds do: for each threshold t of step j, at x = t the
line has reached the step and at x = t - 1 it has not. These are bounds on m x + a; a pair of them, one from below and one
from above, bounds m, and integers m and a exist if and only if no two pairs contradict. Nothing is fitted approximately.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hwflow.compile.integers import Integers

MOST_FRACTION_BITS = 24
NARROW, WIDE = 18, 25  # bits of the two factors of a DSP48E1, signed
UNBOUNDED = 1 << 60
Found = TypeVar("Found")
Piece = tuple[int, int]  # m, a
Pieces = tuple[int, int, int, int, int]  # knee, mlo, mhi, alo, ahi


@dataclass(frozen=True)
class TwoLines:
    """clip((m * x + a) >> frac): (mlo, alo) below the knee, (mhi, ahi) from it on; arrays have one entry a channel."""

    frac: int
    knee: Integers
    mlo: Integers
    mhi: Integers
    alo: Integers
    ahi: Integers

    @property
    def two_pieces(self) -> bool:
        """Whether some channel has another line from its knee on."""
        return bool((self.mlo != self.mhi).any() or (self.alo != self.ahi).any())

    def rows(self) -> Integers:
        """(5, C): knee, mlo, mhi, alo, ahi, as PiecewiseAffine takes them."""
        return np.stack([self.knee, self.mlo, self.mhi, self.alo, self.ahi])


@dataclass(frozen=True)
class _Channel:
    """Ascending thresholds, the inputs lo..hi, the output of no threshold reached, and the largest slope to be had."""

    row: Integers
    lo: int
    hi: int
    bias: int
    most: int


def fit(thresholds: Integers, lo: Integers, hi: Integers, bias: int, bits: int) -> TwoLines | None:
    """Lines for thresholds (C, steps), ascending, of inputs lo[c]..hi[c] in `bits`, outputs bias..bias + steps.

    One line a channel is tried first, with the fewest fraction bits that all channels can have, then two. None where there
    are none whose product fits a DSP slice.
    """
    if bits + 1 > WIDE:
        return None
    most = (1 << ((WIDE if bits + 1 <= NARROW else NARROW) - 1)) - 1
    channels = [
        _Channel(row, int(a), int(b), bias, most) for row, a, b in zip(thresholds, lo, hi, strict=True)
    ]  # fmt: skip
    single = _least_fraction(channels, _line)
    if single is not None:
        frac, lines = single
        slopes, offsets = np.array(lines, np.int64).T
        return TwoLines(frac, np.asarray(lo, np.int64), slopes, slopes, offsets, offsets)
    double = _least_fraction(channels, _two_lines)
    if double is None:
        return None
    return TwoLines(double[0], *np.array(double[1], np.int64).T)


def _least_fraction(
    channels: Sequence[_Channel], solve: Callable[[_Channel, int], Found | None]
) -> tuple[int, list[Found]] | None:
    """The fewest fraction bits with which all channels have a solution, and the solutions. What a channel can have with
    some bits it can have with more, until its slope gets too large: so the search is a bisection from above."""
    order = list(range(len(channels)))

    def attempt(frac: int) -> list[Found] | None:
        found: dict[int, Found] = {}
        for place, number in enumerate(order):
            one = solve(channels[number], frac)
            if one is None:
                order.insert(0, order.pop(place))  # the hardest first, next time
                return None
            found[number] = one
        return [found[number] for number in range(len(channels))]

    best = None
    for frac in range(MOST_FRACTION_BITS, -1, -1):
        if (found := attempt(frac)) is not None:
            best = (frac, found)
            break
    if best is None:
        return None
    low, high = 0, best[0]
    while low < high:
        middle = (low + high) // 2
        if (found := attempt(middle)) is not None:
            best, high = (middle, found), middle
        else:
            low = middle + 1
    return best


def _line(channel: _Channel, frac: int) -> Piece | None:
    """One (m, a) for all inputs."""
    return _solve(channel, channel.lo, channel.hi, frac)


def _solve(channel: _Channel, lo: int, hi: int, frac: int) -> Piece | None:
    """A line that steps where the thresholds do, for the inputs lo..hi."""
    row = channel.row
    ends = (np.arange(row.size) + channel.bias + 1) << frac
    reached, below = row <= hi, row > lo
    x, at_least = np.maximum(row[reached], lo), ends[reached]
    y, at_most = np.minimum(row[below] - 1, hi), ends[below] - 1
    least, most = 0, channel.most
    if x.size and y.size:
        # m x + a >= L and m y + a <= U give m (y - x) <= U - L.
        run, rise = y[None, :] - x[:, None], at_most[None, :] - at_least[:, None]
        if (rise[run == 0] < 0).any():
            return None
        right, left = run > 0, run < 0
        if right.any():
            most = min(most, int((rise[right] // run[right]).min()))
        if left.any():
            least = max(least, int((-(rise[left] // -run[left])).max()))
    if least > most:
        return None
    slope = _cheapest(least, most)
    low = int((at_least - slope * x).max()) if x.size else -UNBOUNDED
    high = int((at_most - slope * y).min()) if y.size else UNBOUNDED
    return slope, max(low, min(0, high))


def _cheapest(least: int, most: int) -> int:
    """The number from `least` to `most` with the fewest set bits: a shift where a shift will do."""
    while most & (most - 1) >= least and most:
        most &= most - 1
    return most


def _two_lines(channel: _Channel, frac: int) -> Pieces | None:
    """The lowest knee from which one line does, and another below it.

    The higher the knee, the less is asked of the upper line and the more of the lower: so the lowest is found by
    bisection, and if the lower line cannot be had there it cannot be had at all.
    """
    if (whole := _line(channel, frac)) is not None:
        return channel.lo, whole[0], whole[0], whole[1], whole[1]
    knees = [knee for knee in np.unique(channel.row).tolist() if channel.lo < knee <= channel.hi]
    if not knees:
        return None
    lowest = bisect_left(knees, True, key=lambda knee: _solve(channel, knee, channel.hi, frac) is not None)
    if lowest == len(knees):
        return None
    low = _solve(channel, channel.lo, knees[lowest] - 1, frac)
    high = _solve(channel, knees[lowest], channel.hi, frac)
    return None if low is None or high is None else (knees[lowest], low[0], high[0], low[1], high[1])
