# SPDX-License-Identifier: Apache-2.0
"""Thresholds as lines: equal at every value a channel can take, or none at all."""

import numpy as np
import pytest

from hwflow.compile.integers import Integers
from hwflow.compile.lines import TwoLines, fit


def steps(rows: Integers, x: Integers, bias: int) -> Integers:
    return bias + (x[:, None, None] >= rows[None]).sum(axis=2)


def along(lines: TwoLines, x: Integers, bias: int, count: int) -> Integers:
    high = x[:, None] >= lines.knee
    value = np.where(high, lines.mhi, lines.mlo) * x[:, None] + np.where(high, lines.ahi, lines.alo)
    return np.clip(value >> lines.frac, bias, bias + count)


def of_functions(gain: Integers, offset: Integers, bent: bool, lo: int, hi: int, count: int) -> Integers:
    """Thresholds of round(gain x + offset), with a third of the slope below 0 where `bent`."""
    x = np.arange(lo, hi + 1)
    value = gain[:, None] * x + offset[:, None]
    value = np.where(bent & (value < 0), value / 3, value)
    out = np.clip(np.rint(value), -(count + 1) // 2, count // 2)
    bias = -(count + 1) // 2
    return np.array([[lo + int((row < bias + j + 1).sum()) for j in range(count)] for row in out])


@pytest.mark.parametrize(
    ("bent", "count", "reach"), [(False, 7, 216), (False, 3, 40), (False, 15, 900), (True, 7, 216)]
)
def test_quantised_lines_are_found_and_equal(bent: bool, count: int, reach: int) -> None:
    random = np.random.default_rng(count)
    gain, offset = random.uniform(0.5, 6, 24) * count / (2 * reach), random.uniform(-2, 2, 24)
    rows = of_functions(gain, offset, bent, -reach, reach, count)
    rows[0] = -reach  # always
    rows[1] = reach + 1  # never
    rows[2] = 3  # all steps at once
    lo, hi = np.full(24, -reach), np.full(24, reach)
    bias = -(count + 1) // 2
    found = fit(rows, lo, hi, bias, 11)
    assert found is not None and found.two_pieces == bent
    x = np.arange(-reach, reach + 1)
    assert (along(found, x, bias, count) == steps(rows, x, bias)).all()


def test_one_channel_with_another_shape_is_enough_for_none() -> None:
    rows = np.array([[-3, 0, 3], [-9, -8, 7], [-9, 0, 1]])
    zigzag = np.array([[-40, -39, -30, -29, -20, -19, -10]])
    bounds = np.full(3, -50), np.full(3, 50)
    assert fit(rows, *bounds, -2, 8) is not None
    assert fit(zigzag, np.array([-50]), np.array([50]), -4, 8) is None


def test_ranges_of_channels_differ() -> None:
    """What lies outside a channel's range binds nothing."""
    rows = np.array([[-2, 0, 2], [-20, 0, 20]])
    found = fit(rows, np.array([-3, -25]), np.array([3, 25]), -2, 8)
    assert found is not None
    for channel, reach in enumerate((3, 25)):
        x = np.arange(-reach, reach + 1)
        assert (along(found, x, -2, 3)[:, channel] == steps(rows, x, -2)[:, channel]).all()


def test_factors_fit_a_slice() -> None:
    rows = np.array([[-2, 0, 2]])
    assert fit(rows, np.array([-3]), np.array([3]), -2, 24) is not None
    assert fit(rows, np.array([-3]), np.array([3]), -2, 25) is None
