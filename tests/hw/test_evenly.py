# SPDX-License-Identifier: Apache-2.0
"""Centers and distances give back the thresholds that they stand for, and only those that are evenly spaced have any."""

import numpy as np
import pytest

from hwflow.hw.evenly import Even, Integers, evenly_spaced

LOW, HIGH = -512, 511


def thresholds_of(even: Even, steps: int) -> Integers:
    """(C, steps), cut to the input's range and one above."""
    place = np.arange(steps) - steps // 2
    lines = even.centers[:, None] + place * even.distances[:, None]
    if even.bent:
        upper = (even.centers + even.jumps)[:, None] + (place - (steps + 1) // 4) * even.uppers[:, None]
        lines = np.where(place > 0, upper, lines)
    return np.clip(-(-lines >> even.frac), LOW, HIGH + 1)


def spaced(steps: int, below: float, above: float) -> Integers:
    """Channels that differ in where their middle lies by fractions."""
    place = np.arange(steps) - steps // 2
    middle = np.linspace(-40, 40, 17)[:, None]
    return np.ceil(middle + place * np.where(place > 0, above, below)).astype(np.int64)


@pytest.mark.parametrize("steps", [3, 7, 15])
@pytest.mark.parametrize(("below", "above"), [(9.3, 9.3), (17.71, 5.2), (2.6, 30.1)])
def test_thresholds_come_back(steps: int, below: float, above: float) -> None:
    thresholds = spaced(steps, below, above)
    found = evenly_spaced(thresholds, LOW, HIGH)
    assert found is not None
    assert found.bent == (below != above)
    assert (thresholds_of(found, steps) == np.clip(thresholds, LOW, HIGH + 1)).all()


def test_channels_that_always_or_never_count() -> None:
    thresholds = np.array([[LOW] * 7, [LOW - 9] * 7, [HIGH + 1] * 7, [HIGH + 50] * 7, list(range(0, 70, 10))])
    found = evenly_spaced(thresholds, LOW, HIGH)
    assert found is not None
    assert (thresholds_of(found, 7) == np.clip(thresholds, LOW, HIGH + 1)).all()


def test_one_threshold_off_is_not_even() -> None:
    thresholds = spaced(7, 9.3, 9.3)
    thresholds[5, 1] += 3
    assert evenly_spaced(thresholds, LOW, HIGH) is None


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_steps_that_no_search_halves(steps: int) -> None:
    assert evenly_spaced(spaced(steps, 8.0, 8.0), LOW, HIGH) is None
