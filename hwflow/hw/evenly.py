# SPDX-License-Identifier: Apache-2.0
"""Thresholds as a center and a distance a channel, where they are evenly spaced but for the rounding.

Those of a quantiser behind a BatchNorm are: step by step the same distance in accumulator units, each rounded up. With an
RPReLU between the two, the distance below zero is another one than above.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
MOST_FRACTION_BITS = 8
END = 1 << 40  # beyond all thresholds, and far from overflow


@dataclass(frozen=True)
class Even:
    """Threshold n of a channel, counted from the middle one, is ceil((center + n * distance) / 2^frac).

    Where `bent`, those above the middle are ceil((center + jump + (n - (steps + 1) / 4) * upper) / 2^frac). Arrays have one
    entry a channel.
    """

    frac: int
    centers: Integers
    distances: Integers
    bent: bool
    uppers: Integers
    jumps: Integers


def evenly_spaced(thresholds: Integers, lowest: int, highest: int) -> Even | None:
    """Centers and distances of `thresholds` (C, steps), ascending, with the fewest fraction bits; or None.

    Inputs are from `lowest` to `highest`, which are those of a type: a threshold at `lowest` or below stands for always,
    one above `highest` for never. Steps are 3, 7, 15, ...; others are None.
    """
    steps = thresholds.shape[1]
    if steps < 3 or steps & (steps + 1):
        return None
    for bent in (False, True):
        for frac in range(MOST_FRACTION_BITS + 1):
            found = _with_fraction(thresholds, lowest, highest, frac, bent)
            if found is not None:
                return found
    return None


def _with_fraction(thresholds: Integers, lowest: int, highest: int, frac: int, bent: bool) -> Even | None:
    steps = thresholds.shape[1]
    middle, quarter = steps // 2, (steps + 1) // 4
    unit = 1 << frac
    # center + place * distance must lie in [least, most]
    least = np.where(thresholds <= lowest, -END, (np.minimum(thresholds, highest + 1) - 1) * unit + 1)
    most = np.where(thresholds > highest, END, np.maximum(thresholds, lowest) * unit)
    # What hwf_even_steps holds: a center of the input's range and one above, in a width that is signed.
    span = (highest - lowest + 1) * unit
    least[:, middle] = np.maximum(least[:, middle], lowest * unit)
    most[:, middle] = np.minimum(most[:, middle], min((highest + 1) * unit, span - 1))
    widest = (span - 1) // quarter
    place = np.arange(steps) - middle
    if not bent:
        line = _line(least, most, place, widest)
        if line is None:
            return None
        centers, distances = line
        return Even(frac, centers, distances, False, distances, distances * quarter)
    lower = _line(least[:, : middle + 1], most[:, : middle + 1], place[: middle + 1], widest)
    upper = _line(least[:, middle + 1 :], most[:, middle + 1 :], place[middle + 1 :] - quarter, widest)
    if lower is None or upper is None:
        return None
    jumps = upper[0] - lower[0]
    if (jumps < 0).any() or (jumps >= span).any():
        return None
    return Even(frac, lower[0], lower[1], True, upper[1], jumps)


def _line(least: Integers, most: Integers, place: Integers, widest: int) -> tuple[Integers, Integers] | None:
    """For every channel an offset and a slope from 0 to `widest`, so that offset + place * slope is in [least, most]."""
    low = np.zeros(least.shape[0], np.int64)
    high = np.full(least.shape[0], widest)
    # Two places without the offset: slope * (later - earlier) is at least least[later] - most[earlier], and so on.
    for earlier in range(place.size):
        for later in range(earlier + 1, place.size):
            gap = later - earlier
            low = np.maximum(low, -((most[:, earlier] - least[:, later]) // gap))
            high = np.minimum(high, (most[:, later] - least[:, earlier]) // gap)
    if (low > high).any():
        return None
    offsets_low = (least - place * low[:, None]).max(axis=1)
    offsets_high = (most - place * low[:, None]).min(axis=1)
    if (offsets_low > offsets_high).any():
        return None
    return np.clip(0, offsets_low, offsets_high), low
