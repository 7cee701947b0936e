# SPDX-License-Identifier: Apache-2.0
"""Two line pieces in fixed point that equal a table at every entry, if there are any (RPReLU has such a form)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwflow.compile.integers import Integers

MOST_FRACTION_BITS = 6


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


def fit(tables: list[tuple[int, Integers]], lowest: int, highest: int) -> TwoLines | None:
    """Lines for every channel with the fewest fraction bits, or None.

    `tables` holds for each channel its first input and its outputs, ascending in both; outputs at `lowest` and
    `highest` count as saturated.
    """
    for frac in range(MOST_FRACTION_BITS + 1):
        found = [_fit_channel(first, row, lowest, highest, frac) for first, row in tables]
        if all(f is not None for f in found):
            columns = np.array(found, np.int64).T
            return TwoLines(frac, *columns)
    return None


def _fit_channel(
    first: int, row: Integers, lowest: int, highest: int, frac: int
) -> tuple[int, int, int, int, int] | None:
    """(knee, mlo, mhi, alo, ahi) of one channel."""
    unit = 1 << frac
    x = np.arange(row.size) + first
    slopes = np.arange(2 * unit + 1)
    # a must lie in [least, most] at each point; a saturated output bounds it on one side only
    least = np.where(row > lowest, row * unit - slopes[:, None] * x, np.iinfo(np.int64).min // 4)
    most = np.where(row < highest, (row + 1) * unit - 1 - slopes[:, None] * x, np.iinfo(np.int64).max // 4)
    low_least, low_most = np.maximum.accumulate(least, 1), np.minimum.accumulate(most, 1)
    high_least = np.maximum.accumulate(least[:, ::-1], 1)[:, ::-1]
    high_most = np.minimum.accumulate(most[:, ::-1], 1)[:, ::-1]
    fits_low, fits_high = low_least <= low_most, high_least <= high_most
    if fits_high[:, 0].any():
        m = _cheapest(fits_high[:, 0])
        a = _nearest_zero(int(high_least[m, 0]), int(high_most[m, 0]))
        return first, m, m, a, a
    good = fits_low[:, :-1].any(0) & fits_high[:, 1:].any(0)
    if not good.any():
        return None
    at = int(np.argmax(good)) + 1
    mlo, mhi = _cheapest(fits_low[:, at - 1]), _cheapest(fits_high[:, at])
    return (
        first + at,
        mlo,
        mhi,
        _nearest_zero(int(low_least[mlo, at - 1]), int(low_most[mlo, at - 1])),
        _nearest_zero(int(high_least[mhi, at]), int(high_most[mhi, at])),
    )


def _cheapest(fits: NDArray[np.bool_]) -> int:
    """The slope with the fewest set bits: a shift where a shift will do."""
    return min(np.flatnonzero(fits).tolist(), key=lambda m: (m.bit_count(), m))


def _nearest_zero(least: int, most: int) -> int:
    return max(least, min(0, most))
