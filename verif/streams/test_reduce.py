# SPDX-License-Identifier: Apache-2.0
"""hwf_max, hwf_accumulate and hwf_top1: several beats in for one out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .bench import Beats, Integers, Runs, Variant, run

FRAMES = 4


def codes(random: np.random.Generator, shape: tuple[int, ...], bits: int, signed: bool) -> Integers:
    low = -(1 << (bits - 1)) if signed else 0
    return random.integers(low, low + (1 << bits), shape)


def maximum(pe: int, bits: int, signed: bool, window: int) -> Variant:
    results = 5
    beats = codes(np.random.default_rng(pe + bits), (FRAMES * results * window, pe), bits, signed)
    return Variant(
        "hwf_max",
        {"PE": pe, "BITS": bits, "SIGNED": int(signed), "WINDOW": window},
        {"in0_V": Beats(beats, bits)},
        {"out0_V": Beats(beats.reshape(-1, window, pe).max(axis=1), bits)},
        FRAMES,
        results * window,
    )


def accumulated(c: int, pe: int, ibits: int, signed: bool, obits: int, pixels: int, style: str = "auto") -> Variant:
    maps = codes(np.random.default_rng(c + pixels), (FRAMES, pixels, c), ibits, signed)
    return Variant(
        "hwf_accumulate",
        {"C": c, "PE": pe, "IBITS": ibits, "ISIGNED": int(signed), "OBITS": obits, "PIXELS": pixels, "STYLE": style},
        {"in0_V": Beats(maps.reshape(-1, pe), ibits)},
        {"out0_V": Beats(maps.sum(axis=1).reshape(-1, pe), obits)},
        FRAMES,
        pixels * c // pe,
    )


def top1(c: int, pe: int, bits: int, signed: bool, obits: int) -> Variant:
    # Few distinct values, so that ties are common.
    results = 12
    random = np.random.default_rng(c * 64 + pe)
    values = codes(random, (FRAMES * results, c), bits, signed)
    values = np.where(random.random(values.shape) < 0.5, values, values.max(axis=1, keepdims=True))
    return Variant(
        "hwf_top1",
        {"C": c, "PE": pe, "BITS": bits, "SIGNED": int(signed), "OBITS": obits},
        {"in0_V": Beats(values.reshape(-1, pe), bits)},
        {"out0_V": Beats(values.argmax(axis=1)[:, None], obits)},
        FRAMES,
        results * c // pe,
    )


EVERYDAY = [
    maximum(1, 1, False, 4),
    maximum(3, 1, False, 9),
    maximum(2, 6, True, 9),
    maximum(1, 8, False, 4),
    maximum(4, 3, True, 1),
    maximum(1, 4, True, 25),
    accumulated(1, 1, 4, False, 8, 9),  # one fold: the sum stays in a register
    accumulated(6, 3, 3, True, 7, 7),  # two folds: read and written back in neighbouring cycles
    accumulated(6, 2, 4, True, 8, 1),  # one pixel: nothing to add
    accumulated(3, 3, 2, False, 4, 4),  # sums fill their bits: 4 * 3 = 12
    accumulated(10, 2, 8, False, 16, 5, "block"),
    accumulated(4, 2, 4, True, 10, 12, "block"),
    accumulated(4, 2, 4, True, 4, 12),  # sums wrap
    accumulated(300, 1, 5, True, 20, 2),  # many folds: block RAM by itself
    top1(6, 1, 8, True, 3),
    top1(6, 3, 5, False, 3),
    top1(10, 5, 4, True, 8),
    top1(7, 7, 3, True, 3),
    top1(1, 1, 4, True, 1),
    top1(8, 4, 1, False, 4),
]


@pytest.fixture(scope="module")
def runs(work: Path) -> Runs:
    return run(EVERYDAY, work)


@pytest.mark.parametrize("module", ["hwf_max", "hwf_accumulate", "hwf_top1"])
def test_reducer(runs: Runs, module: str) -> None:
    runs.check(module)


@pytest.mark.slow
def test_reducers_at_network_size(work: Path) -> None:
    large = [
        accumulated(1024, 4, 4, True, 12, 49),
        accumulated(192, 1, 4, True, 10, 49),
        top1(1000, 1, 20, True, 16),
        top1(1000, 8, 20, True, 16),
        maximum(24, 6, True, 9),
    ]
    runs = run(large, work, stalls=((0.0, 0.0), (0.3, 0.3)))
    for module in ("hwf_accumulate", "hwf_top1", "hwf_max"):
        runs.check(module)
