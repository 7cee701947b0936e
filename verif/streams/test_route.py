# SPDX-License-Identifier: Apache-2.0
"""hwf_add, hwf_fork, hwf_signs, hwf_split, hwf_interleave, hwf_concat and hwf_width: as many elements out as in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .bench import Beats, Integers, Runs, Variant, run

FRAMES = 4
PIXELS = 9


def codes(shape: tuple[int, ...], bits: int, seed: int = 0) -> Integers:
    return np.random.default_rng(seed + bits).integers(0, 1 << bits, shape)


def added(pe: int, ibits0: int, ibits1: int, obits: int) -> Variant:
    beats = FRAMES * 40
    random = np.random.default_rng(pe)
    a, b = (random.integers(-(1 << (bits - 1)), 1 << (bits - 1), (beats, pe)) for bits in (ibits0, ibits1))
    a[:4, 0] = [-(1 << (ibits0 - 1))] * 2 + [(1 << (ibits0 - 1)) - 1] * 2  # the corners, in all pairs
    b[:4, 0] = [-(1 << (ibits1 - 1)), (1 << (ibits1 - 1)) - 1] * 2
    total = np.clip(a + b, -(1 << (obits - 1)), (1 << (obits - 1)) - 1)
    return Variant(
        "hwf_add",
        {"PE": pe, "IBITS0": ibits0, "IBITS1": ibits1, "OBITS": obits},
        {"in0_V": Beats(a, ibits0), "in1_V": Beats(b, ibits1)},
        {"out0_V": Beats(total, obits)},
        FRAMES,
        40,
    )


def forked(width: int, copies: int) -> Variant:
    beats = Beats(codes((FRAMES * 20, 1), width), width)
    outputs = {f"out{i}_V": beats for i in range(copies)}
    return Variant("hwf_fork", {"WIDTH": width, "COPIES": copies}, {"in0_V": beats}, outputs, FRAMES, 20)


def numbered(pe: int) -> Variant:
    signs = codes((FRAMES * 20, pe), 1)
    numbers = Beats(2 * signs - 1, 2)
    return Variant("hwf_signs", {"PE": pe}, {"in0_V": Beats(signs, 1)}, {"out0_V": numbers}, FRAMES, 20)


def parted(module: str, bits: int, pe: int, c0: int, c1: int) -> Variant:
    whole = codes((FRAMES * PIXELS, c0 + c1), bits, c0)
    one, first, second = (Beats(part.reshape(-1, pe), bits) for part in (whole, whole[:, :c0], whole[:, c0:]))
    parameters = {"BITS": bits, "PE": pe, "C0": c0, "C1": c1}
    cycles = PIXELS * (c0 + c1) // pe
    if module == "hwf_split":
        return Variant(module, parameters, {"in0_V": one}, {"out0_V": first, "out1_V": second}, FRAMES, cycles)
    return Variant(module, parameters, {"in0_V": first, "in1_V": second}, {"out0_V": one}, FRAMES, cycles)


def interleaved(bits: int, pe: int, c: int) -> Variant:
    a, b = codes((FRAMES * PIXELS, c), bits, 1), codes((FRAMES * PIXELS, c), bits, 2)
    shuffled = np.stack([a, b], axis=-1).reshape(-1, 2 * pe)
    return Variant(
        "hwf_interleave",
        {"BITS": bits, "PE": pe},
        {"in0_V": Beats(a.reshape(-1, pe), bits), "in1_V": Beats(b.reshape(-1, pe), bits)},
        {"out0_V": Beats(shuffled, bits)},
        FRAMES,
        PIXELS * c // pe,
    )


def converted(bits: int, narrow: int, parts: int, widen: bool) -> Variant:
    wide = codes((FRAMES * 10, narrow * parts), bits)
    beats_wide, beats_narrow = Beats(wide, bits), Beats(wide.reshape(-1, narrow), bits)
    first, second = (beats_narrow, beats_wide) if widen else (beats_wide, beats_narrow)
    return Variant(
        "hwf_width",
        {"IN_WIDTH": first.width, "OUT_WIDTH": second.width},
        {"in0_V": first},
        {"out0_V": second},
        FRAMES,
        10 * parts,
    )


PARTS = [(1, 2, 4, 4), (3, 2, 6, 2), (2, 1, 1, 5), (6, 4, 4, 4), (4, 3, 3, 9)]
EVERYDAY = [
    *(added(*shape) for shape in [(1, 3, 6, 6), (3, 6, 6, 6), (2, 4, 2, 5), (1, 8, 8, 12), (2, 5, 7, 3), (1, 1, 1, 2)]),
    *(forked(*shape) for shape in [(8, 2), (5, 3), (1, 1), (48, 4)]),
    *(numbered(pe) for pe in (1, 7)),
    *(parted(module, *shape) for module in ("hwf_split", "hwf_concat") for shape in PARTS),
    *(interleaved(*shape) for shape in [(1, 4, 8), (6, 2, 4), (3, 1, 3), (5, 7, 7)]),
    *(
        converted(*shape, widen)
        for shape in [(8, 1, 3), (1, 1, 2), (3, 2, 8), (6, 1, 1), (1, 5, 7), (4, 1, 17)]
        for widen in (True, False)
    ),
]


@pytest.fixture(scope="module")
def runs(work: Path) -> Runs:
    return run(EVERYDAY, work)


@pytest.mark.parametrize("module", sorted({variant.module for variant in EVERYDAY}))
def test_router(runs: Runs, module: str) -> None:
    runs.check(module)
