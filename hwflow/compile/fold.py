# SPDX-License-Identifier: Apache-2.0
"""PE and SIMD of every node for an asked frame rate (3-dataflow.onnx -> folding.yaml).

One-bit units take a whole pixel a cycle where that is cheap (popcounts grow slowly, control does not shrink); every
other node gets the least parallelism that is fast enough; units on DSP slices are then raised to the pace of the rest,
within a share of the board's DSPs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from math import floor, log10, prod
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.errors import UserError, did_you_mean
from hwflow.hw.ops import StreamOp
from hwflow.yamlfile import read_yaml

WIDEST_POPCOUNT = 64
DSP_SHARE = 0.25
LUT_WORDS = 64  # one LUT6 holds a bit of so many words
LUTS_A_BLOCK = 150  # what a block of 18 kbit is worth; an XC7Z020 has 190 LUTs for each
RAMB18_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
RESERVE = 0.02  # of a frame's cycles, for the few that FIFOs and frame ends cost above the slowest node's bound


class Target(BaseModel):
    """build/targets/MODEL-BOARD.yaml, or what `--target` names: a wished frame rate, what comes out, and folding
    choices node by node."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fps: float | None = Field(default=None, gt=0)
    head: Literal["top1", "logits"] = "top1"
    nodes: dict[str, dict[str, int | str]] = {}


@dataclass(frozen=True)
class Folding:
    """Attributes of each node (PE, SIMD, ram_style) and what they were chosen for."""

    target_cycles: int
    nodes: Mapping[str, Mapping[str, int | str]]

    def to_yaml(self) -> str:
        nodes = {name: dict(values) for name, values in self.nodes.items()}
        return yaml.safe_dump({"target_cycles": self.target_cycles, "nodes": nodes}, sort_keys=False)

    @staticmethod
    def from_yaml(text: str) -> Folding:
        """Raises UserError where the text is no folding; `assemble` checks the values."""
        try:
            raw = yaml.safe_load(text)
            return Folding(int(raw["target_cycles"]), {name: dict(values) for name, values in raw["nodes"].items()})
        except (yaml.YAMLError, LookupError, TypeError, ValueError, AttributeError):
            raise UserError("folding.yaml holds no folding; delete it and build again") from None


def load_target(path: Path) -> Target:
    """Read a target file. Raises UserError naming the file and the key."""
    return read_yaml(path, Target)


def operators(model: ModelWrapper) -> list[StreamOp]:
    """The graph's nodes as operators, in topological order."""
    return [getCustomOp(node) for node in model.graph.node]


def fold(model: ModelWrapper, clock_mhz: float, fps: float, dsps: int, target: Target | None = None) -> Folding:
    """Choose folding for `fps` frames a second at `clock_mhz`.

    Raises UserError where no folding reaches the rate (the message gives the highest), and where an override names no
    node, no attribute, or a value that does not divide.
    """
    cycles = int(clock_mhz * 1e6 / fps * (1 - RESERVE))
    ops = operators(model)
    slowest = max(ops, key=fastest_cycles)
    limit = fastest_cycles(slowest)
    if limit > cycles:
        raise UserError(
            f"{fps:g} fps at {clock_mhz:g} MHz leave {cycles} cycles a frame, but node {slowest.onnx_node.name} needs"
            f" {limit} at its highest folding; the highest rate is {highest_fps(limit, clock_mhz)} fps"
        )
    producers = {name: op for op in ops for name in op.onnx_node.output}
    chosen: dict[str, dict[str, int | str]] = {}
    for op in ops:
        values = _choose(op, cycles, producers)
        chosen[op.onnx_node.name] = dict(values)
        _apply(op, values)
    _raise_dsp_units(ops, chosen, dsps)
    _match_windows(ops, chosen)
    for op in ops:
        if (style := _weight_memory(op)) is not None:
            chosen[op.onnx_node.name]["ram_style"] = style
            op.set_nodeattr("ram_style", style)
    overrides = target.nodes if target else {}
    by_name = {op.onnx_node.name: op for op in ops}
    for name, wish in overrides.items():
        _override(by_name, chosen, name, wish)
    for op, reader in windows(ops):
        if op.integer("depthwise") and op.integer("SIMD") != reader.integer("PE"):
            _match_maximum(op, reader, chosen, overrides)
    return Folding(cycles, chosen)


def highest_fps(cycles: int, clock_mhz: float) -> float:
    """The highest rate at which a node that needs `cycles` folds, rounded down to a few digits."""
    rate = clock_mhz * 1e6 / cycles * (1 - RESERVE)
    unit = 10.0 ** max(1, 2 - floor(log10(rate)))
    return floor(rate * unit - 1e-6) / unit


def fastest_cycles(op: StreamOp) -> int:
    """Cycles a frame at the highest folding."""
    return _cycles_at(op, {key: max(options) for key, options in op.folding_choices().items()})


def _cycles_at(op: StreamOp, values: Mapping[str, int]) -> int:
    before = {key: op.get_nodeattr(key) for key in values}
    _apply(op, values)
    cycles = op.get_exp_cycles()
    _apply(op, before)
    return cycles


def _apply(op: StreamOp, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        op.set_nodeattr(key, value)


def _combinations(op: StreamOp) -> Iterator[dict[str, int]]:
    choices = op.folding_choices()
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def _choose(op: StreamOp, cycles: int, producers: Mapping[str, StreamOp]) -> dict[str, int]:
    kind = op.onnx_node.op_type
    candidates = [c for c in _combinations(op) if _cycles_at(op, c) <= cycles]
    if kind == "BinaryMVAU_rtl":
        pixel = _pixel_width(op, producers)
        return min(candidates, key=lambda c: (c["SIMD"] % pixel != 0, c["SIMD"] * c["PE"], c["PE"]))
    if kind == "IntegerMVAU_rtl":
        return min(candidates, key=lambda c: (c["SIMD"] * c["PE"], c["PE"]))
    return min(candidates, key=lambda c: prod(c.values()))


def _pixel_width(op: StreamOp, producers: Mapping[str, StreamOp]) -> int:
    """The widest divisor of the channels behind a one-bit unit that is still a small popcount."""
    source = producers.get(op.onnx_node.input[0])
    channels = op.integer("MW")
    if source is not None and source.onnx_node.op_type == "SlidingWindow_rtl":
        channels = source.integer("IFMChannels")
    return max(d for d in range(1, min(channels, WIDEST_POPCOUNT) + 1) if channels % d == 0)


def _raise_dsp_units(ops: list[StreamOp], chosen: dict[str, dict[str, int | str]], dsps: int) -> None:
    units = [op for op in ops if op.onnx_node.op_type == "IntegerMVAU_rtl"]
    pace = max((op.get_exp_cycles() for op in ops if op not in units), default=0)
    budget = dsps * DSP_SHARE - sum(op.integer("PE") * op.integer("SIMD") for op in units)
    for op in units:
        fast = [c for c in _combinations(op) if _cycles_at(op, c) <= max(pace, fastest_cycles(op))]
        best = min(fast, key=lambda c: (c["SIMD"] * c["PE"], c["PE"]))
        more = best["SIMD"] * best["PE"] - op.integer("PE") * op.integer("SIMD")
        if 0 < more <= budget:
            budget -= more
            chosen[op.onnx_node.name].update(best)
            _apply(op, best)


def _match_windows(ops: list[StreamOp], chosen: dict[str, dict[str, int | str]]) -> None:
    """A window that feeds a matrix unit sends what the unit takes, where its channels allow it.

    One that feeds a maximum must: the order of its values depends on how many come in a beat.
    """
    for op, reader in windows(ops):
        if op.integer("depthwise"):
            same = max(op.integer("SIMD"), reader.integer("PE"))
            _set(op, chosen, "SIMD", same)
            _set(reader, chosen, "PE", same)
            continue
        wanted = reader.integer("SIMD")
        fitting = [d for d in op.folding_choices()["SIMD"] if wanted % d == 0 and d >= op.integer("SIMD")]
        if fitting:
            _set(op, chosen, "SIMD", max(fitting))


def windows(ops: Iterable[StreamOp]) -> list[tuple[StreamOp, StreamOp]]:
    """Sliding windows, and who reads them."""
    readers = {op.onnx_node.input[0]: op for op in ops}
    return [(op, readers[op.onnx_node.output[0]]) for op in ops if op.onnx_node.op_type == "SlidingWindow_rtl"]


def _set(op: StreamOp, chosen: dict[str, dict[str, int | str]], key: str, value: int) -> None:
    chosen[op.onnx_node.name][key] = value
    op.set_nodeattr(key, value)


def _match_maximum(
    op: StreamOp,
    reader: StreamOp,
    chosen: dict[str, dict[str, int | str]],
    overrides: Mapping[str, Mapping[str, int | str]],
) -> None:
    """Let the other follow where a target file sets the window's SIMD or the maximum's PE."""
    window, maximum = op.onnx_node.name, reader.onnx_node.name
    if "SIMD" not in overrides.get(window, {}):
        _set(op, chosen, "SIMD", reader.integer("PE"))
    elif "PE" not in overrides.get(maximum, {}):
        _set(reader, chosen, "PE", op.integer("SIMD"))
    else:
        raise UserError(
            f"target: node {window} has SIMD={op.integer('SIMD')}, and node {maximum} behind it"
            f" PE={reader.integer('PE')}; a maximum takes what its window sends, so set one of them, or both alike"
        )


def _weight_memory(op: StreamOp) -> str | None:
    """Where a node's constants lie: in block RAM, where LUTs would cost more than the blocks are worth."""
    kind = op.onnx_node.op_type
    if kind == "BinaryMVAU_rtl":
        memories, words, width = 1, op.get_exp_cycles() // op.pixels(), op.integer("PE") * op.integer("SIMD")
    elif kind == "IntegerMVAU_rtl":
        width = op.integer("PE") * int(op.datatype("weightDataType").bitwidth())
        memories, words = op.integer("SIMD"), op.get_exp_cycles() // op.pixels()
    elif kind == "ChannelTable_rtl":
        codes = 1 << int(op.datatype("inputDataType").bitwidth())
        memories, words = op.integer("PE"), op.integer("NumChannels") // op.integer("PE") * codes
        width = int(op.datatype("outputDataType").bitwidth())
    else:
        return None
    luts = memories * -(-words // LUT_WORDS) * width
    return "block" if luts > LUTS_A_BLOCK * memories * blocks(words, width) else "lut"


def blocks(words: int, width: int) -> int:
    """Block RAMs of 18 kbit (a 7-series RAMB18) that hold `words` of `width` bits: the shape that needs the fewest."""
    return min(-(-words // deep) * -(-width // wide) for deep, wide in RAMB18_SHAPES)


def _override(
    ops: Mapping[str, StreamOp], chosen: dict[str, dict[str, int | str]], name: str, values: Mapping[str, int | str]
) -> None:
    set_folding(ops, name, values, "target")
    chosen[name].update(values)


def set_folding(ops: Mapping[str, StreamOp], name: str, values: Mapping[str, int | str], where: str) -> None:
    """Set a node's attributes. Raises UserError, which starts with `where`, for a node, attribute or value that is
    none."""
    op = ops.get(name)
    if op is None:
        raise UserError(f"{where}: there is no node {name}{did_you_mean(name, ops)}")
    choices = op.folding_choices()
    styles = {"ram_style"} & set(op.get_nodeattr_types())
    for key, value in values.items():
        if key not in choices and key not in styles:
            allowed = ", ".join([*choices, *sorted(styles)]) or "nothing"
            raise UserError(f"{where}: node {name} ({op.onnx_node.op_type}) has no {key}; it can set {allowed}")
        if key in choices and value not in choices[key]:
            options = ", ".join(str(v) for v in choices[key])
            raise UserError(f"{where}: node {name}: {key}={value} does not divide; choose one of {options}")
        if key in styles and value not in op.get_nodeattr_types()[key][3]:
            options = ", ".join(sorted(op.get_nodeattr_types()[key][3]))
            raise UserError(f"{where}: node {name}: {key}={value} is not known; choose one of {options}")
        op.set_nodeattr(key, value)
