# SPDX-License-Identifier: Apache-2.0
"""hwf_fifo in all its styles, its exact capacity, and the gauge that takes its place to find depths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from hwflow.sim import engine

from .bench import RTL, SIM_MODELS, Beats, Runs, Variant, build, run

FRAMES, BEATS = 4, 150
REAL, GAUGE = RTL / "hwf_fifo.sv", SIM_MODELS / "hwf_fifo.sv"


def fifo(width: int, depth: int, style: str = "auto") -> Variant:
    beats = Beats(np.random.default_rng(depth).integers(0, 1 << width, (FRAMES * BEATS, 1)), width)
    parameters: dict[str, int | str] = {"WIDTH": width, "DEPTH_BEATS": depth, "STYLE": style}
    cycles = 2 * BEATS if depth == 1 else BEATS  # a single place is full or empty, every other cycle
    return Variant("hwf_fifo", parameters, {"in0_V": beats}, {"out0_V": beats}, FRAMES, cycles)


# A register; shift registers, LUTRAM and block RAM, each from the smallest depth, at powers of two and beside them.
EVERYDAY = [
    fifo(5, 1),
    fifo(40, 1, "block"),
    *(fifo(3, depth, "lut") for depth in (2, 3, 4, 5, 8, 17, 64)),
    fifo(3, 1),
    fifo(40, 1, "block"),
    *(fifo(40, depth, "lut") for depth in (2, 3, 7, 8, 33)),
    *(fifo(9, depth, "block") for depth in (2, 3, 4, 5, 9, 64)),
    fifo(24, 300),
]


def test_fifo(work: Path) -> None:
    run(EVERYDAY, work).check("hwf_fifo")


def compiled(variants: Sequence[Variant], source: Path, work: Path) -> engine.Simulation:
    gauges = [f"v{i}" for i in range(len(variants))] if source == GAUGE else []
    return build(variants, work, sources=[source], gauges=gauges)


def accepted(variants: Sequence[Variant], source: Path, work: Path) -> list[int]:
    """Beats that each FIFO takes while nobody takes any from it."""
    feed = {f"v{i}_in0_V": variant.inputs["in0_V"].bytes() for i, variant in enumerate(variants)}
    simulation = compiled(variants, source, work)
    result = simulation.run(feed, {}, stall_out=1 - 2.0**-32, max_cycles=3_000, patience=100)
    return [result.streams[name].beats for name in feed]


def test_capacity_is_exactly_the_depth(work: Path) -> None:
    assert accepted(EVERYDAY, REAL, work) == [variant.parameters["DEPTH_BEATS"] for variant in EVERYDAY]


STYLES = ("lut", "block") * 4


def gauged(
    work: Path, depths: Sequence[int], source: Path, limits: Mapping[str, int] | None = None
) -> engine.RunResult:
    """FIFOs side by side, each with a random pattern of stalls of its own, the same in every run."""
    variants = [fifo(12, depth, style) for depth, style in zip(depths, STYLES, strict=True)]
    beats = fifo(12, 2).inputs["in0_V"].bytes()
    result = compiled(variants, source, work).run(
        {f"v{i}_in0_V": beats for i in range(len(depths))},
        {f"v{i}_out0_V": len(beats) for i in range(len(depths))},
        expect={} if source == GAUGE else {f"v{i}_out0_V": beats for i in range(len(depths))},
        limits=limits,
        stall_in=0.3,
        stall_out=0.33,
        max_cycles=100_000,
        seed=5,
    )
    assert result.clean
    return result


def timing(result: engine.RunResult, index: int) -> list[int]:
    return [*result.output_cycles[f"v{index}_out0_V"].tolist(), result.streams[f"v{index}_in0_V"].last_cycle]


def test_gauge_finds_the_depth_that_changes_nothing(work: Path) -> None:
    """A real FIFO as deep as the gauge's high water has the gauge's timing, beat by beat; one less deep has not."""
    measured = gauged(work, [2] * len(STYLES), GAUGE)
    high = [measured.high_water[f"v{i}"] for i in range(len(STYLES))]
    assert min(high) > 2
    depths = [depth - (1 if i >= 4 else 0) for i, depth in enumerate(high)]
    real = gauged(work, depths, REAL)
    same = [timing(real, i) == timing(measured, i) for i in range(len(STYLES))]
    assert same == [True] * 4 + [False] * 4


def test_a_gauge_with_a_limit_is_a_fifo_of_that_depth(work: Path) -> None:
    """Every cycle of it, from one place up, whatever its DEPTH_BEATS; the others of the same run have no limit."""
    depths = [1, 2, 3, 5, 1, 2, 3, 8]
    limited = gauged(work, [2] * len(STYLES), GAUGE, {f"v{i}": depth for i, depth in enumerate(depths)})
    real = gauged(work, depths, REAL)
    assert [timing(limited, i) for i in range(len(STYLES))] == [timing(real, i) for i in range(len(STYLES))]
    assert [limited.high_water[f"v{i}"] for i in range(len(STYLES))] == depths
    free = gauged(work, [2] * len(STYLES), GAUGE, {"v0": 1})
    assert free.high_water["v0"] == 1 and min(free.high_water[f"v{i}"] for i in range(1, 8)) > 2


def test_gauge_takes_what_the_real_one_could_not(work: Path) -> None:
    assert accepted([fifo(12, 2, style) for style in STYLES], GAUGE, work) == [FRAMES * BEATS] * len(STYLES)


@pytest.mark.slow
def test_deep_and_wide_fifos(work: Path) -> None:
    deep = [fifo(60, 2000), fifo(6, 513, "block"), fifo(33, 1025), fifo(2, 4096)]
    runs: Runs = run(deep, work, stalls=((0.0, 0.0), (0.1, 0.5), (0.3, 0.3)))
    runs.check("hwf_fifo")
