# SPDX-License-Identifier: Apache-2.0
"""Matrix units, thresholds, lines and tables: every variant at full pace and with stalls on both sides."""

from __future__ import annotations

from pathlib import Path

import pytest
from streams.bench import Runs, Variant, build, run

from .variants import PIXELS, SOURCES, affine, mvu_binary, mvu_int, primitives, table, threshold

MODULES = (
    "hwf_mvu_binary",
    "hwf_mvu_int",
    "hwf_threshold",
    "hwf_threshold_search",
    "hwf_affine",
    "hwf_line",
    "hwf_table",
)

# Every shape that takes another way through the generate blocks.
VARIANTS = [
    mvu_binary(6, 4, 2, 2),
    mvu_binary(1, 1, 1, 1),  # one weight
    mvu_binary(5, 3, 5, 3),  # one step: constant weights
    mvu_binary(9, 9, 1, 1),  # one place a word; more rows than fit in front of the adder
    mvu_binary(12, 6, 4, 6),  # no rows to come: nothing is kept
    mvu_binary(7, 8, 7, 1),  # a whole vector a beat
    mvu_binary(42, 4, 14, 2, threshold=False),  # a chain of 13 and one of 1
    mvu_binary(27, 2, 27, 1, threshold=False),  # three chains, odd columns
    mvu_binary(40, 3, 40, 1, wstyle="block", bstyle="block"),
    mvu_binary(6, 4, 3, 2, abits=2),
    mvu_binary(8, 2, 8, 1, abits=3, signed=True),
    mvu_binary(10, 6, 5, 2, abits=4, signed=True, threshold=False),
    mvu_binary(3, 2, 1, 2, abits=8, threshold=False),
    mvu_binary(56, 2, 56, 2, abits=2, threshold=False),  # two adders in the count
    mvu_int(6, 4, 3, 2, 8, 8),
    mvu_int(1, 1, 1, 1, 2, 2, signed=True),
    mvu_int(5, 6, 5, 1, 4, 3, signed=True, wstyle="block"),
    mvu_int(8, 3, 2, 3, 1, 4),
    mvu_int(9, 2, 1, 1, 8, 8, obits=10),  # cut
    # Two rows on a slice, the low sum as long as its field or up to four bits longer.
    mvu_int(2, 4, 1, 2, 8, 8),
    mvu_int(4, 4, 4, 2, 8, 8),
    mvu_int(6, 3, 6, 3, 8, 8, symmetric=True),  # one row is left over
    mvu_int(18, 2, 9, 2, 8, 8),
    mvu_int(20, 4, 10, 2, 8, 8, signed=True),
    mvu_int(8, 2, 4, 2, 6, 4, signed=True),
    mvu_int(8, 4, 4, 4, 6, 4, signed=True, symmetric=True),
    mvu_int(4, 2, 1, 2, 17, 2),  # the widest activation beside a pair
    mvu_int(40, 2, 20, 2, 8, 8),  # longer still: a slice a row
    mvu_int(6, 4, 3, 2, 8, 8, multiplier="lut"),
    mvu_int(4, 4, 2, 2, 6, 4, signed=True, multiplier="lut"),
    mvu_int(3, 2, 3, 1, 1, 3, multiplier="lut"),
    mvu_int(4, 2, 1, 2, 5, 1, signed=True, multiplier="lut"),
    *(
        threshold(*shape, module=module, **options)
        for module in ("hwf_threshold", "hwf_threshold_search")
        for shape, options in (
            ((1, 1, 4, 1, 1), {}),
            ((3, 3, 8, 7, 3), {"bias": -4}),
            ((6, 2, 9, 7, 3), {"bias": -4}),
            ((5, 1, 6, 3, 4), {"signed": False, "bias": 3}),
            ((4, 2, 3, 5, 3), {}),  # steps no power of two less one
            ((7, 1, 12, 15, 5), {"signed": False, "bias": -1}),
            ((40, 2, 1, 1, 1), {"signed": False}),
        )
    ),
    threshold(4, 4, 8, 3, 2, even="line"),  # a channel a place: constants
    threshold(6, 2, 9, 7, 3, bias=-4, even="line"),
    threshold(40, 1, 10, 7, 3, bias=-4, even="line"),  # constants read ahead
    threshold(34, 1, 8, 7, 4, signed=False, even="line", style="block"),
    threshold(6, 2, 9, 15, 4, bias=-8, even="bent"),
    threshold(40, 1, 11, 7, 3, even="bent"),
    threshold(35, 1, 9, 3, 2, signed=False, even="bent", style="block"),
    threshold(6, 1, 9, 15, 4, module="hwf_threshold_search", style="block"),
    affine(4, 2, 8, 6, 4, 8, 10),
    affine(3, 3, 5, 8, 0, 3, 12, signed=False, osigned=False),
    affine(5, 1, 7, 4, 9, 6, 4),
    affine(40, 1, 6, 6, 2, 5, 9, osigned=False),
    affine(4, 2, 9, 3, 6, 8, 12, memory="lut", knee=False),
    affine(1, 1, 5, 4, 3, 6, 9, memory="lut", knee=False, signed=False, osigned=False),
    affine(70, 1, 7, 3, 5, 6, 10, memory="block", knee=False),
    affine(6, 2, 8, 4, 7, 9, 14, memory="lut"),
    affine(5, 1, 6, 5, 2, 4, 8, memory="block", signed=False),
    affine(8, 2, 7, 6, 3, 5, 4, powers=(0, 3)),  # shifts instead of products
    affine(40, 1, 7, 6, 2, 7, 2, powers=(2, 5)),
    table(1, 1, 3, 2),
    table(6, 2, 4, 5),
    table(3, 1, 5, 8, "block"),
]


@pytest.fixture(scope="module")
def fast(work: Path) -> Runs:
    return run(VARIANTS, work, sources=SOURCES)


@pytest.fixture(scope="module")
def structural(work: Path) -> Runs:
    return run(VARIANTS, work, sources=[primitives(work), *SOURCES], stalls=((0.0, 0.0), (0.3, 0.3)))


@pytest.mark.parametrize("module", MODULES)
def test_module(fast: Runs, module: str) -> None:
    fast.check(module)


@pytest.mark.parametrize("module", MODULES)
def test_module_on_primitives(structural: Runs, module: str) -> None:
    """The LUT6, MUXF7, MUXF8 and CARRY4 that synthesis gets compute the same as what simulations of networks take."""
    structural.check(module)


@pytest.mark.slow
def test_modules_on_primitives_of_ultrascale(work: Path) -> None:
    """The same with CARRY8."""
    runs = run(VARIANTS, work, sources=[primitives(work, ultrascale=True), *SOURCES], stalls=((0.0, 0.0),))
    for module in MODULES:
        runs.check(module)


def latency(variant: Variant) -> int:
    """Cycles from the last beat that a result needs to its first beat, as the modules' headers have it."""
    number = {name: value for name, value in variant.parameters.items() if isinstance(value, int)}
    if variant.module.startswith("hwf_mvu"):
        fetch = number["MW"] // number["SIMD"] if number["MH"] > number["PE"] and number["MW"] > number["SIMD"] else 0
        if variant.module == "hwf_mvu_int":
            return fetch + number["SIMD"] + 3
        return fetch + 3 + (number["ABITS"] > 1)
    if variant.module == "hwf_threshold":
        return number["STEPS"].bit_length()
    if variant.module == "hwf_threshold_search":
        return number["STEPS"].bit_length() + 1
    if variant.module == "hwf_line":
        return 4 + number["KNEE"]
    return {"hwf_affine": 4, "hwf_table": 1}[variant.module]


def test_latency(work: Path) -> None:
    """One vector, or one beat, into each variant as it comes out of reset."""
    simulation = build(VARIANTS, work, sources=SOURCES)
    inputs, outputs = {}, {}
    for index, variant in enumerate(VARIANTS):
        beats, rows = variant.inputs["in0_V"].bytes(), variant.outputs["out0_V"].bytes()
        results = variant.frames * PIXELS if variant.module.startswith("hwf_mvu") else len(beats)
        inputs[f"v{index}_in0_V"] = beats[: len(beats) // results]
        outputs[f"v{index}_out0_V"] = len(rows) // results
    result = simulation.run(inputs, outputs, max_cycles=10_000)
    for index, variant in enumerate(VARIANTS):
        last = result.streams[f"v{index}_in0_V"].last_cycle
        first = result.streams[f"v{index}_out0_V"].first_cycle
        assert first - last == latency(variant), variant
