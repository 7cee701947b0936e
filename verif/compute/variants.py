# SPDX-License-Identifier: Apache-2.0
"""Variants of the compute modules for the bench in verif/streams: parameters, beats in, and numpy's beats out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from streams.bench import RTL, SIM_MODELS, Beats, Integers, Variant

from hwflow.hw.bits import pack, pack_words
from hwflow.hw.evenly import evenly_spaced

FRAMES = 4
PIXELS = 3  # a frame; the first frame fills the pipeline

# Behind every module: the leaves of which the others are built, and the vendor's primitives.
CELLS = ("CARRY4", "CARRY8", "LUT6", "MUXF7", "MUXF8")
SOURCES = [*sorted(RTL.glob("hwf_*.sv")), *(SIM_MODELS / f"{cell}.sv" for cell in CELLS)]


def primitives(work: Path, ultrascale: bool = False) -> Path:
    """A source that, put first, makes simulation take the primitives as synthesis does."""
    path = work / ("primitives_ultrascale.sv" if ultrascale else "primitives.sv")
    path.write_text("`define HWF_PRIMITIVES\n" + "`define HWF_ULTRASCALE\n" * ultrascale)
    return path


def codes(random: np.random.Generator, shape: tuple[int, ...], bits: int, signed: bool) -> Integers:
    low = -(1 << (bits - 1)) if signed else 0
    return random.integers(low, low + (1 << bits), shape)


def signed_bits(values: Integers) -> int:
    """Bits of the narrowest two's complement for all `values`."""
    return max(int(max(values.max(), -values.min() - 1)).bit_length() + 1, 1)


def folded(weights: Integers, simd: int, pe: int) -> Integers:
    """[MH, MW] in the order of the weight memories, [nf][sf][pe][simd]."""
    mh, mw = weights.shape
    return weights.reshape(mh // pe, pe, mw // simd, simd).transpose(0, 2, 1, 3)


def mvu_binary(
    mw: int,
    mh: int,
    simd: int,
    pe: int,
    *,
    abits: int = 1,
    signed: bool = False,
    threshold: bool = True,
    wstyle: str = "lut",
    bstyle: str = "lut",
    frames: int = FRAMES,
    seed: int = 0,
) -> Variant:
    """Random weights and vectors, among them vectors with the largest and the least dot product of some row.

    Thresholds: dot products that occur, their neighbours, and some outside the range.
    """
    random = np.random.default_rng([seed, mw, mh, simd, pe, abits])
    pixels = frames * PIXELS
    weights = random.integers(0, 2, (mh, mw))
    signs = 2 * weights - 1
    codes_in = codes(random, (pixels, mw), abits, signed and abits > 1)
    low, high = (0, 1) if abits == 1 else (int(-signed) << (abits - 1), (1 << (abits - signed)) - 1)
    codes_in[0] = np.where(weights[0] == 1, high, low)
    codes_in[1] = np.where(weights[-1] == 1, low, high)
    dots = (2 * codes_in - 1 if abits == 1 else codes_in) @ signs.T
    bound = mw * max(abs(low), abs(high))
    parameters: dict[str, int | str] = {
        "MW": mw,
        "MH": mh,
        "SIMD": simd,
        "PE": pe,
        "ABITS": abits,
        "ASIGNED": int(signed),
        "THRESHOLD": int(threshold),
        "WSTYLE": wstyle,
        "BSTYLE": bstyle,
        "WEIGHTS": pack(folded(weights, simd, pe), 1).verilog(),
    }
    if threshold:
        thresholds = dots[random.integers(0, pixels, mh), np.arange(mh)] + random.integers(0, 2, mh)
        outside = np.array([2 * bound + 5, -2 * bound - 5, bound + 1, -bound, bound, -bound - 1])
        some = random.permutation(mh)[: mh // 3]
        thresholds[some] = outside[np.arange(some.size) % outside.size]
        if mh > 2:  # the rows with which all and no places of some vector agree; just too high is the worst for a cut
            thresholds[0], thresholds[-1] = -2 * bound - 5, bound + 3
        tbits = signed_bits(thresholds)
        parameters |= {"OBITS": 1, "TBITS": tbits, "THRESHOLDS": pack(thresholds, tbits).verilog()}
        out = Beats((dots >= thresholds).astype(np.int64).reshape(-1, pe), 1)
    else:
        obits = max(2, signed_bits(dots))
        parameters["OBITS"] = obits
        out = Beats(dots.reshape(-1, pe), obits)
    beats = Beats(codes_in.reshape(-1, simd), abits)
    return Variant(
        "hwf_mvu_binary", parameters, {"in0_V": beats}, {"out0_V": out}, frames, PIXELS * (mw // simd) * (mh // pe)
    )


def mvu_int(
    mw: int,
    mh: int,
    simd: int,
    pe: int,
    abits: int,
    wbits: int,
    *,
    signed: bool = False,
    wstyle: str = "lut",
    obits: int = 0,
    multiplier: str = "dsp",
    symmetric: bool = False,
) -> Variant:
    """Random integers, among them the extremes. `obits` 0: as many as the dot products take; fewer cut them.

    `symmetric`: no weight is the least of its type, so that pairs of rows need a bit less.
    """
    random = np.random.default_rng([mw, mh, simd, pe, abits, wbits])
    weights = codes(random, (mh, mw), wbits, signed=True)
    # The longest sums that there are, in a low row and in a high one; in between, all of one beside all of the other.
    weights[0] = weights[-1] = -(1 << (wbits - 1))
    if mh > 3:
        weights[1] = (1 << (wbits - 1)) - 1
    if symmetric:
        weights = np.maximum(weights, 1 - (1 << (wbits - 1)))
    vectors = codes(random, (FRAMES * PIXELS, mw), abits, signed)
    vectors[0] = -(1 << (abits - 1)) if signed else (1 << abits) - 1
    vectors[1] = (1 << (abits - 1)) - 1 if signed else 0
    dots = vectors @ weights.T
    obits = obits or signed_bits(dots)
    parameters: dict[str, int | str] = {
        "MW": mw,
        "MH": mh,
        "SIMD": simd,
        "PE": pe,
        "ABITS": abits,
        "ASIGNED": int(signed),
        "WBITS": wbits,
        "OBITS": obits,
        "MULTIPLIER": multiplier,
        "WSTYLE": wstyle,
        "WEIGHTS": pack(folded(weights, simd, pe).transpose(3, 0, 1, 2), wbits).verilog(),
    }
    return Variant(
        "hwf_mvu_int",
        parameters,
        {"in0_V": Beats(vectors.reshape(-1, simd), abits)},
        {"out0_V": Beats(dots.reshape(-1, pe), obits)},
        FRAMES,
        PIXELS * (mw // simd) * (mh // pe),
    )


def threshold(
    c: int,
    pe: int,
    ibits: int,
    steps: int,
    obits: int,
    *,
    signed: bool = True,
    bias: int = 0,
    module: str = "hwf_threshold",
    style: str = "",
    pixels: int = 16,
    even: str = "",
) -> Variant:
    """Thresholds all over the input's range and beyond both ends; some equal; the first channel's as far out as they go.

    `even`: "line" or "bent", evenly spaced ones, some channels always or never reached.
    """
    random = np.random.default_rng([c, pe, ibits, steps])
    low = -(1 << (ibits - 1)) if signed else 0
    high = low + (1 << ibits) - 1
    constants: dict[str, int | str] = {}
    if even:
        thresholds, constants = even_thresholds(random, c, steps, low, high, ibits, bent=even == "bent")
    else:
        thresholds = np.sort(random.integers(low - 2, high + 3, (c, steps)), axis=1)
        thresholds[0, 0] = 2 * low - 5
        thresholds[0, -1] = 2 * high + 5
        if steps > 2:
            thresholds[-1, 1] = thresholds[-1, 0]
    tbits = signed_bits(thresholds)
    values = codes(random, (FRAMES * pixels, c), ibits, signed)
    values[0], values[1] = low, high
    values[2] = np.clip(thresholds[:, 0], low, high)
    values[3] = np.clip(thresholds[:, -1] - 1, low, high)
    count = (values[:, :, None] >= thresholds).sum(axis=2)
    parameters: dict[str, int | str] = {
        "C": c,
        "PE": pe,
        "IBITS": ibits,
        "ISIGNED": int(signed),
        "STEPS": steps,
        "TBITS": tbits,
        "OBITS": obits,
        "BIAS": bias,
        "THRESHOLDS": pack(thresholds, tbits).verilog(),
        **constants,
    }
    if style:
        parameters["STYLE"] = style
    search = steps.bit_length() if module == "hwf_threshold_search" else 1
    return Variant(
        module,
        parameters,
        {"in0_V": Beats(values.reshape(-1, pe), ibits)},
        {"out0_V": Beats((count + bias).reshape(-1, pe), obits)},
        FRAMES,
        pixels * (c // pe) * search,
    )


def even_thresholds(
    random: np.random.Generator, c: int, steps: int, low: int, high: int, ibits: int, *, bent: bool
) -> tuple[Integers, dict[str, int | str]]:
    """Thresholds (C, steps) with one distance a channel, or one on each side of the middle, and hwf_threshold's constants."""
    span = high - low
    place = np.arange(steps) - steps // 2
    middle = random.uniform(low + span / 4, high - span / 4, (c, 1))
    below, above = random.uniform(0, 1.5 * span / steps, (2, c, 1))
    line = middle + place * np.where(bent & (place > 0), above, below)
    thresholds = np.ceil(line).astype(np.int64)
    thresholds[0] = high + 1
    if c > 2:
        thresholds[1] = low
    found = evenly_spaced(thresholds, low, high)
    assert found is not None
    assert found.bent == bent
    dbits = int(max(found.distances.max(), found.uppers.max())).bit_length()
    constants: dict[str, int | str] = {
        "EVEN": 1,
        "FRAC": found.frac,
        "DBITS": dbits,
        "CENTERS": pack(found.centers, ibits + 1 + found.frac).verilog(),
        "DISTANCES": pack(found.distances, dbits).verilog(),
    }
    if bent:
        jbits = int(found.jumps.max()).bit_length()
        constants |= {"BENT": 1, "JBITS": jbits}
        constants |= {"UPPERS": pack(found.uppers, dbits).verilog(), "JUMPS": pack(found.jumps, jbits).verilog()}
    return thresholds, constants


def affine(
    c: int,
    pe: int,
    ibits: int,
    obits: int,
    frac: int,
    mbits: int,
    abits: int,
    *,
    signed: bool = True,
    osigned: bool = True,
    powers: tuple[int, int] | None = None,
    memory: str = "",
    knee: bool = True,
) -> Variant:
    """Random lines; with `powers` all slopes are powers of two, from the first to the second. With `memory` ("lut" or
    "block") in hwf_line, which can do without a knee."""
    random = np.random.default_rng([c, pe, ibits, obits, frac])
    pixels = 24
    knees = codes(random, (c,), ibits + 1, signed=True)
    slopes = codes(random, (2, c), mbits, signed=True)
    if powers is not None:
        slopes = 1 << random.integers(powers[0], powers[1] + 1, (2, c))
    offsets = codes(random, (2, c), abits, signed=True)
    values = codes(random, (FRAMES * pixels, c), ibits, signed)
    low, high = (-(1 << (ibits - 1)), (1 << (ibits - 1)) - 1) if signed else (0, (1 << ibits) - 1)
    values[0], values[1] = low, high
    values[2], values[3] = np.clip(knees, low, high), np.clip(knees - 1, low, high)
    above = (values >= knees).astype(np.int64) * int(knee)
    channel = np.arange(c)
    line = (slopes[above, channel] * values + offsets[above, channel]) >> frac
    ends = (-(1 << (obits - 1)), (1 << (obits - 1)) - 1) if osigned else (0, (1 << obits) - 1)
    parameters: dict[str, int | str] = {
        "C": c,
        "PE": pe,
        "IBITS": ibits,
        "ISIGNED": int(signed),
        "OBITS": obits,
        "OSIGNED": int(osigned),
        "FRAC": frac,
        "MBITS": mbits,
        "ABITS": abits,
    }
    if memory:
        words = [(offsets[0], abits), (slopes[0], mbits)]
        words += [(offsets[1], abits), (slopes[1], mbits), (knees, ibits + 1)] if knee else []
        parameters |= {"KNEE": int(knee), "STYLE": memory, "LINES": pack_words(words).verilog()}
    else:
        parameters |= {
            "KNEES": pack(knees, ibits + 1).verilog(),
            "MLO": pack(slopes[0], mbits).verilog(),
            "MHI": pack(slopes[1], mbits).verilog(),
            "ALO": pack(offsets[0], abits).verilog(),
            "AHI": pack(offsets[1], abits).verilog(),
        }
    return Variant(
        "hwf_line" if memory else "hwf_affine",
        parameters,
        {"in0_V": Beats(values.reshape(-1, pe), ibits)},
        {"out0_V": Beats(np.clip(line, *ends).reshape(-1, pe), obits)},
        FRAMES,
        pixels * c // pe,
    )


def table(c: int, pe: int, ibits: int, obits: int, style: str = "lut") -> Variant:
    random = np.random.default_rng([c, pe, ibits, obits])
    pixels = 24
    entries = codes(random, (c, 1 << ibits), obits, signed=False)
    values = codes(random, (FRAMES * pixels, c), ibits, signed=False)
    parameters: dict[str, int | str] = {
        "C": c,
        "PE": pe,
        "IBITS": ibits,
        "OBITS": obits,
        "STYLE": style,
        "TABLE": pack(entries, obits).verilog(),
    }
    return Variant(
        "hwf_table",
        parameters,
        {"in0_V": Beats(values.reshape(-1, pe), ibits)},
        {"out0_V": Beats(entries[np.arange(c), values].reshape(-1, pe), obits)},
        FRAMES,
        pixels * c // pe,
    )
