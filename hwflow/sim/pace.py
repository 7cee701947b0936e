# SPDX-License-Identifier: Apache-2.0
"""The pace of a design: beats and cycles a frame, by its nodes and as a simulation shows them."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.integers import Integers
from hwflow.compile.lag import SLOW
from hwflow.hw.ops import StreamOp
from hwflow.sim.engine import Bytes, Cycles
from hwflow.sim.expected import to_bytes

MOST_STALLS = 0.5  # share of cycles; ends of the accelerator with less to spare stall less


def bound_cycles(design: ModelWrapper) -> int:
    """Cycles a frame of the slowest node."""
    return max(int(getCustomOp(node).get_exp_cycles()) for node in design.graph.node)


def spare(beats: int, cycles: int) -> float:
    """Share of cycles in which an end of `beats` a frame may stall and still be several times as fast as needed."""
    return max(0.0, min(MOST_STALLS, 1.0 - SLOW * beats / cycles))


def steady(cycles: Cycles, beats: int) -> int:
    """Cycles between two frames of `beats` once the pipeline is full, rounded up; 0 where there are not two.

    `cycles` are those of the output's beats. It is the mean distance over the second half of the frames.
    """
    ends = cycles[beats - 1 :: beats]
    if len(ends) < 2:
        return 0
    start = min(len(ends) // 2, len(ends) - 2)
    return ceil(Fraction(int(ends[-1] - ends[start]), len(ends) - 1 - start))


def input_bytes(design: ModelWrapper, frames: Integers) -> Bytes:
    """Frames (N, C, H, W) of pixels as the beats of the accelerator's input."""
    spec = _first(design).streams_in()[0]
    values = frames.transpose(0, 2, 3, 1).reshape(len(frames) * spec.beats, spec.parallel)
    return to_bytes(values, spec.dtype)


def input_beats(design: ModelWrapper) -> int:
    """Beats a frame at the accelerator's input."""
    return int(_first(design).streams_in()[0].beats)


def output_beats(design: ModelWrapper) -> int:
    """Beats a frame at the accelerator's output."""
    last = getCustomOp(next(n for n in design.graph.node if design.graph.output[0].name in n.output))
    return int(last.streams_out()[0].beats)


def _first(design: ModelWrapper) -> StreamOp:
    first: StreamOp = getCustomOp(next(n for n in design.graph.node if design.graph.input[0].name in n.input))
    return first
