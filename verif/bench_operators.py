# SPDX-License-Identifier: Apache-2.0
"""What the leaves and units cost that a network has most of, measured by Yosys now, beside what they took before.

    python verif/bench_operators.py [WORD...]

prints the rows whose names contain one of the words, or all, as the table of docs/operators-cost.md. Weights, thresholds and
slopes are random, of the spread that trained ones have. "Before" was measured in the same way ahead of the changes that the page
tells of. LUTs are LUT1 to LUT6 and those used as memory, "Yosys, before place and route".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwflow.hw.bits import Bits, pack
from hwflow.hw.ops.activation import even_parameters
from hwflow.synth.operators import module_job
from hwflow.synth.resources import Resources
from hwflow.synth.yosys import synthesise_all

RTL = Path(__file__).resolve().parents[1] / "hwflow" / "hw" / "rtl"
SOURCES = tuple(sorted(RTL.glob("hwf_*.sv")))
Integers = NDArray[np.int64]
Parameters = Mapping[str, int | str | Bits]


@dataclass(frozen=True)
class Row:
    """A module and its parameters; LUT, BRAM36 and DSP before (None: there was none), and the most LUTs and DSPs of today."""

    name: str
    module: str
    parameters: Parameters
    before: tuple[int, float, int] | None
    lut: int
    dsp: int = 0
    bits: int = 0  # that are counted, for LUTs a bit


def popcount(n: int, before: int) -> Row:
    return Row(f"popcount of {n}", "hwf_popcount", {"N": n}, (before, 0, 0), n, bits=n)


def agreements(n: int, before: int) -> Row:
    return Row(f"XNOR and popcount of {n}", "hwf_xnor_count", {"N": n}, (before, 0, 0), n, bits=n)


def normal(random: np.random.Generator, bits: int, shape: tuple[int, ...]) -> Integers:
    """Integers as trained weights spread: the largest is about six standard deviations."""
    most = (1 << (bits - 1)) - 1
    return np.clip(np.rint(random.normal(0, most / 6, shape)), -most, most).astype(np.int64)


def integer(
    name: str,
    shape: tuple[int, int, int, int],
    abits: int,
    wbits: int,
    obits: int,
    *,
    uniform: bool = False,
    **more: int | str,
) -> tuple[str, Parameters]:
    """An hwf_mvu_int of MW, MH, SIMD and PE."""
    mw, mh, simd, pe = shape
    random = np.random.default_rng(1)
    least = -(1 << (wbits - 1))
    weights = random.integers(least, -least, (mh, mw)) if uniform else normal(random, wbits, (mh, mw))
    folded = weights.reshape(mh // pe, pe, mw // simd, simd).transpose(3, 0, 2, 1)
    sizes = {"MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "ABITS": abits, "WBITS": wbits, "OBITS": obits}
    return f"{mw}x{mh} SIMD {simd} PE {pe}, {name}", {**sizes, **more, "WEIGHTS": pack(folded, wbits)}


def binary(mw: int, mh: int, simd: int, pe: int, threshold: bool) -> tuple[str, Parameters]:
    random = np.random.default_rng(1)
    obits = mw.bit_length() + 1
    parameters: dict[str, int | str | Bits] = {"MW": mw, "MH": mh, "SIMD": simd, "PE": pe, "TBITS": obits}
    parameters |= {"THRESHOLD": int(threshold), "OBITS": 1 if threshold else obits}
    parameters["WEIGHTS"] = pack(random.integers(0, 2, mw * mh), 1)
    parameters["THRESHOLDS"] = pack(random.integers(-(mw // 4), mw // 4, mh), obits)
    return f"{mw}x{mh} SIMD {simd} PE {pe}, 1-bit", parameters


def thresholds(c: int, ibits: int, steps: int, *, bent: bool = False) -> Parameters:
    """Those of a quantiser behind a BatchNorm, or behind an RPReLU with it."""
    random = np.random.default_rng(1)
    span = 1 << ibits
    place = np.arange(steps) - steps // 2
    middle = random.normal(0, span / 16, (c, 1))
    below, above = random.uniform(span / 8, span / 3, (2, c, 1)) / steps
    line = np.ceil(middle + place * np.where(bent & (place > 0), above, below)).astype(np.int64)
    tbits = ibits + 1
    sizes = {"C": c, "PE": 1, "IBITS": ibits, "STEPS": steps, "TBITS": tbits, "OBITS": steps.bit_length()}
    least = -(span // 2)
    return {
        **sizes,
        "BIAS": -(steps + 1) // 2,
        "THRESHOLDS": pack(line, tbits),
        **even_parameters(line, least, -least - 1, c),
    }


def signs(c: int) -> Parameters:
    """RSign on a stream of 6 bits: thresholds about 0."""
    values = np.random.default_rng(1).integers(-2, 2, (c, 1))
    return {"C": c, "PE": 1, "IBITS": 6, "STEPS": 1, "TBITS": 2, "OBITS": 1, "THRESHOLDS": pack(values, 2)}


def slopes(c: int) -> Parameters:
    """RPReLU: slope 1 above 0, a quarter or half of it below."""
    low = np.random.default_rng(1).integers(1, 3, c)
    sizes = {"C": c, "PE": 1, "IBITS": 7, "OBITS": 6, "FRAC": 2, "MBITS": 4, "ABITS": 2}
    zeros = np.zeros(c, np.int64)
    lines = {"KNEES": pack(zeros, 8), "MLO": pack(low, 4), "MHI": pack(zeros + 4, 4)}
    return {**sizes, **lines, "ALO": pack(zeros, 2), "AHI": pack(zeros, 2)}


def fifo(width: int, depth: int, before: int, lut: int) -> Row:
    parameters = {"WIDTH": width, "DEPTH_BEATS": depth}
    return Row(f"FIFO {width} bits, high water {depth}", "hwf_fifo", parameters, (before, 0, 0), lut)


STEM = (81, 24, 9, 4)
ROWS: tuple[Row, ...] = (
    *(popcount(n, before) for n, before in ((24, 20), (48, 42), (64, 57), (96, 87), (128, 120))),
    *(agreements(n, before) for n, before in ((24, 21), (48, 46), (64, 61), (96, 94), (128, 126))),
    Row("product of 8 and 8 bits, in LUTs", "hwf_product", {"WBITS": 8, "ABITS": 8}, None, 40),
    Row("product of 4 and 6 bits, in LUTs", "hwf_product", {"WBITS": 4, "ABITS": 6, "ASIGNED": 1}, None, 16),
    *(
        Row(name, "hwf_mvu_int", parameters, before, lut, dsp)
        for (name, parameters), before, lut, dsp in (
            (integer("8 x 8 bits", STEM, 8, 8, 19), (476, 0, 36), 480, 18),
            (integer("8 x 8 bits, any weights", STEM, 8, 8, 24, uniform=True), (496, 0, 36), 720, 18),
            (integer("8 x 8 bits", (81, 24, 27, 4), 8, 8, 19), (1290, 0, 108), 1420, 54),
            (
                integer("4 x 6 bits, weights in BRAM", (192, 256, 48, 2), 6, 4, 15, ASIGNED=1, WSTYLE="block"),
                (584, 24, 96),
                600,
                48,
            ),
            (integer("4 x 6 bits", STEM, 6, 4, 17, ASIGNED=1), (302, 0, 36), 310, 18),
            (integer("8 x 8 bits, in LUTs", STEM, 8, 8, 19, MULTIPLIER="lut"), None, 2530, 0),
            (integer("4 x 6 bits, in LUTs", STEM, 6, 4, 17, ASIGNED=1, MULTIPLIER="lut"), None, 1290, 0),
            (
                integer("8 x 10 bits, weights in BRAM", (1024, 6, 1, 1), 10, 8, 26, ASIGNED=1, WSTYLE="block"),
                (812, 1.5, 1),
                60,
                1,
            ),
        )
    ),
    *(
        Row(name, "hwf_mvu_binary", parameters, before, lut)
        for (name, parameters), before, lut in (
            (binary(216, 24, 24, 4, True), (271, 0, 0), 290),
            (binary(24, 24, 24, 1, False), (92, 0, 0), 75),
            (binary(48, 48, 48, 1, False), (168, 0, 0), 136),
        )
    ),
    Row("7 thresholds, 48 channels, 10 bits", "hwf_threshold", thresholds(48, 10, 7), (95, 0, 0), 75),
    Row("7 thresholds, 96 channels, 11 bits", "hwf_threshold", thresholds(96, 11, 7), (159, 0, 0), 110),
    Row(
        "15 thresholds, two slopes, 1024 channels, 15 bits",
        "hwf_threshold",
        thresholds(1024, 15, 15, bent=True),
        (4044, 0, 0),
        95,
    ),
    Row("RSign, 48 channels, 6 bits", "hwf_threshold", signs(48), (16, 0, 0), 12),
    Row("RPReLU, 48 channels, 7 to 6 bits", "hwf_affine", slopes(48), (18, 0, 1), 24),
    fifo(6, 1, 8, 1),
    fifo(48, 1, 36, 1),
    fifo(6, 2, 8, 8),
)


def measure(rows: Sequence[Row]) -> list[Resources]:
    """Synthesises each row for a 7-series device, many in a Yosys session."""
    found = synthesise_all({row.name: module_job(row.module, row.parameters) for row in rows})
    return [found[row.name] for row in rows]


def main(words: list[str]) -> None:
    rows = [row for row in ROWS if not words or any(word in row.name for word in words)]
    sys.stdout.write(
        "| | LUT before | LUT | a bit | FF | BRAM36 before | BRAM36 | DSP before | DSP |\n" + "|---" * 9 + "|\n"
    )
    for row, now in zip(rows, measure(rows), strict=True):
        lut, blocks, dsp = ("-", "-", "-") if row.before is None else (f"{value:g}" for value in row.before)
        share = f"{now.lut / row.bits:.2f}" if row.bits else ""
        sys.stdout.write(
            f"| {row.name} | {lut} | {now.lut} | {share} | {now.ff} | {blocks} | {now.bram36:g} | {dsp} | {now.dsp} |\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
