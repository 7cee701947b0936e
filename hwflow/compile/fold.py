# SPDX-License-Identifier: Apache-2.0
"""PE, SIMD and memories of every node for an asked frame rate (3-dataflow.onnx -> folding.yaml, solution.json).

`hwflow.compile.solve` finds the cheapest folding; here are what a user may ask (a target file), what comes out, and the
messages where it cannot be had.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor, log10
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.solve import Limits, Problem, Solution
from hwflow.costs.model import CostModel, shipped_model
from hwflow.errors import UserError, did_you_mean
from hwflow.hw.ops import StreamOp
from hwflow.yamlfile import read_yaml

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


@dataclass(frozen=True)
class Folded:
    """A folding, and the problem whose solution it is: the same can be asked what other rates would cost."""

    folding: Folding
    problem: Problem
    solution: Solution


def fold(
    model: ModelWrapper,
    clock_mhz: float,
    fps: float | Literal["max"],
    limits: Limits,
    target: Target | None = None,
    costs: CostModel | None = None,
) -> Folded:
    """Choose folding for `fps` frames a second at `clock_mhz`, or for the highest rate that is predicted to fit `limits`.

    Raises UserError where no folding reaches the rate (the message gives the highest), where not even the slowest fits
    ("max"), and where an override names no node, no attribute, or a value that does not divide.
    """
    overrides = target.nodes if target else {}
    by_name = {op.onnx_node.name: op for op in operators(model)}
    for name, wish in overrides.items():
        set_folding(by_name, name, wish, "target")
    _check_pairs(by_name.values(), overrides)
    problem = Problem(model, costs or shipped_model(), _without_auto(overrides))
    if fps == "max":
        found = problem.fastest(limits)
        if found is None:
            least = problem.solve(problem.bounds()[-1], limits).cost
            raise UserError(
                f"--fps max: not even the slowest folding fits: {least.lut:.0f} LUT of {limits.lut:.0f},"
                f" {least.bram18 / 2:g} BRAM36 of {limits.bram36:g}, {least.dsp} DSP of {limits.dsp}; choose a larger board"
            )
        solution = found
    else:
        cycles, least_cycles = cycles_for(clock_mhz, fps), problem.least_without_wishes()
        if least_cycles > cycles:
            raise UserError(
                f"{fps:g} fps at {clock_mhz:g} MHz leave {cycles} cycles a frame, but node {problem.slowest()} needs"
                f" {least_cycles} at its highest folding; the highest rate is {highest_fps(least_cycles, clock_mhz)} fps"
            )
        solution = problem.solve(cycles, limits)
        _check_wishes(solution, clock_mhz, fps)
    nodes = {name: dict(option.values) for name, option in solution.chosen.items()}
    for name, values in nodes.items():
        for key, value in values.items():
            by_name[name].set_nodeattr(key, value)
    return Folded(Folding(solution.cycles, nodes), problem, solution)


def _check_wishes(solution: Solution, clock_mhz: float, fps: float) -> None:
    """Raises UserError where a target file's wishes make a node too slow, whatever FIFOs and frame ends cost."""
    if solution.bound > clock_mhz * 1e6 / fps:
        name, option = max(solution.chosen.items(), key=lambda item: item[1].cycles)
        folded = " and ".join(f"{key}={value}" for key, value in option.values.items() if key in ("PE", "SIMD"))
        raise UserError(
            f"target: node {name} needs {option.cycles} cycles a frame with {folded}, which is"
            f" {clock_mhz * 1e6 / option.cycles:.1f} fps at {clock_mhz:g} MHz, and {fps:g} are asked; let it be faster, or"
            f" ask for {highest_fps(option.cycles, clock_mhz)} fps"
        )


def cycles_for(clock_mhz: float, fps: float) -> int:
    """Cycles a frame that the slowest node may take."""
    return int(clock_mhz * 1e6 / fps * (1 - RESERVE))


def highest_fps(cycles: int, clock_mhz: float) -> float:
    """The highest rate at which a node that needs `cycles` folds, rounded down to a few digits."""
    rate = clock_mhz * 1e6 / cycles * (1 - RESERVE)
    unit = 10.0 ** max(1, 2 - floor(log10(rate)))
    return floor(rate * unit - 1e-6) / unit


def _without_auto(overrides: Mapping[str, Mapping[str, int | str]]) -> dict[str, dict[str, int | str]]:
    """A style "auto" wishes for nothing."""
    return {name: {k: v for k, v in wish.items() if v != "auto"} for name, wish in overrides.items()}


def windows(ops: Iterable[StreamOp]) -> list[tuple[StreamOp, StreamOp]]:
    """Sliding windows, and who reads them."""
    found = list(ops)
    readers = {op.onnx_node.input[0]: op for op in found}
    return [(op, readers[op.onnx_node.output[0]]) for op in found if op.onnx_node.op_type == "SlidingWindow_rtl"]


def _check_pairs(ops: Iterable[StreamOp], overrides: Mapping[str, Mapping[str, int | str]]) -> None:
    """Raises UserError where a target file wants a maximum to read its window's values in another order than they come."""
    for op, reader in windows(ops):
        window, maximum = op.onnx_node.name, reader.onnx_node.name
        simd, pe = overrides.get(window, {}).get("SIMD"), overrides.get(maximum, {}).get("PE")
        if op.integer("depthwise") and simd is not None and pe is not None and simd != pe:
            raise UserError(
                f"target: node {window} has SIMD={simd}, and node {maximum} behind it PE={pe}; a maximum takes what its"
                " window sends, so set one of them, or both alike"
            )


def set_folding(ops: Mapping[str, StreamOp], name: str, values: Mapping[str, int | str], where: str) -> None:
    """Set a node's attributes. Raises UserError, which starts with `where`, for a node, attribute or value that is
    none."""
    op = ops.get(name)
    if op is None:
        raise UserError(f"{where}: there is no node {name}{did_you_mean(name, ops)}")
    choices = op.folding_choices()
    styles = op.style_choices()
    for key, value in values.items():
        if key not in choices and key not in styles:
            allowed = ", ".join([*choices, *sorted(styles)]) or "nothing"
            raise UserError(f"{where}: node {name} ({op.onnx_node.op_type}) has no {key}; it can set {allowed}")
        if key in choices and value not in choices[key]:
            options = ", ".join(str(v) for v in choices[key])
            raise UserError(f"{where}: node {name}: {key}={value} does not divide; choose one of {options}")
        known = {"auto"} & set(op.get_nodeattr_types()[key][3] if key in styles else ())
        if key in styles and value not in {*styles[key], *known}:
            options = ", ".join(styles[key])
            raise UserError(f"{where}: node {name}: {key}={value} is not known; choose one of {options}")
        op.set_nodeattr(key, value)
