# SPDX-License-Identifier: Apache-2.0
"""FIFO depths from measured occupancy (rtl/ -> fifo.yaml and rtl/fifo_depths.sv).

Frames enter at the pace of the slowest node, spread evenly: a faster source would only fill the FIFOs before that
node. Each FIFO measures the most beats that it ever held, and gets that depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import yaml
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.generate import LEAST_DEPTH, is_fifo
from hwflow.compile.integers import Integers
from hwflow.errors import BuildFailed
from hwflow.hw.ops import StreamOp
from hwflow.sim.design import INPUT, OUTPUT, compile_design
from hwflow.sim.engine import Bytes, Simulation
from hwflow.sim.expected import to_bytes

SIZING_FRAMES = 4


@dataclass(frozen=True)
class FifoSize:
    """One FIFO, in beats: the most it held, and the depth that it gets."""

    name: str
    bits: int
    high_water: int
    depth: int


def bound_cycles(design: ModelWrapper) -> int:
    """Cycles a frame of the slowest node."""
    return max(int(getCustomOp(node).get_exp_cycles()) for node in design.graph.node)


def size_fifos(
    rtl: Path, design: ModelWrapper, frames: Integers, work: Path, progress: Callable[[int, int], None] | None = None
) -> list[FifoSize]:
    """Simulate some of `frames` (N, C, H, W) with FIFOs that never fill, and read off their depths.

    Raises BuildFailed if the frames do not come through.
    """
    fifos: list[StreamOp] = [op for op in map(getCustomOp, design.graph.node) if is_fifo(op)]
    simulation = Simulation(compile_design(rtl, design, work, gauges=[op.onnx_node.name for op in fifos]))
    some = frames[:SIZING_FRAMES]
    data = input_bytes(design, some)
    bound = bound_cycles(design)
    beats = len(data) // len(some)
    out_beats = output_beats(design)
    result = simulation.run(
        {INPUT: data},
        {OUTPUT: out_beats * len(some)},
        pace={INPUT: Fraction(bound, beats)},
        max_cycles=bound * (len(some) + 10) * 2 + 100_000,
        patience=bound + 50_000,
        progress=progress,
    )
    if result.deadlock is not None:
        raise BuildFailed(f"FIFO sizing: {result.deadlock}")
    sizes = []
    for op in fifos:
        high = result.high_water[f"u_{op.onnx_node.name}"]
        sizes.append(FifoSize(op.onnx_node.name, op.streams_in()[0].bits, high, max(LEAST_DEPTH, high)))
    return sizes


def input_bytes(design: ModelWrapper, frames: Integers) -> Bytes:
    """Frames (N, C, H, W) of pixels as the beats of the accelerator's input."""
    first = getCustomOp(next(n for n in design.graph.node if design.graph.input[0].name in n.input))
    spec = first.streams_in()[0]
    values = frames.transpose(0, 2, 3, 1).reshape(len(frames) * spec.beats, spec.parallel)
    return to_bytes(values, spec.dtype)


def output_beats(design: ModelWrapper) -> int:
    """Beats a frame at the accelerator's output."""
    last = getCustomOp(next(n for n in design.graph.node if design.graph.output[0].name in n.output))
    return int(last.streams_out()[0].beats)


def to_yaml(sizes: list[FifoSize]) -> str:
    """fifo.yaml: for each FIFO its bits a beat, its high-water mark and its depth."""
    return yaml.safe_dump(
        {s.name: {"bits": s.bits, "high_water": s.high_water, "depth": s.depth} for s in sizes}, sort_keys=False
    )


def from_yaml(text: str) -> list[FifoSize]:
    return [FifoSize(name, v["bits"], v["high_water"], v["depth"]) for name, v in yaml.safe_load(text).items()]
