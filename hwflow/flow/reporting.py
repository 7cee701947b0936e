# SPDX-License-Identifier: Apache-2.0
"""What the stages have measured, put together as report.json and report.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.boards import Board
from hwflow.compile.assemble import edges
from hwflow.compile.options import fastest_cycles
from hwflow.flow.back import RTL, load_frames, read_costs, read_sizing, read_verdict
from hwflow.flow.plan import Plan
from hwflow.flow.stages import StageRun, versions
from hwflow.hw.ops import StreamOp
from hwflow.report.advice import advice
from hwflow.report.blocks import blocks_of_tensors, groups_of_blocks
from hwflow.report.files import read_solution, write_report
from hwflow.report.html import write_html
from hwflow.report.schema import (
    Graph,
    GraphEdge,
    GraphNode,
    Layer,
    Performance,
    Report,
    Resources,
    Run,
    Stage,
    StreamCheck,
    Verification,
    cost_by_group,
    cost_by_op,
    total,
)
from hwflow.report.solution import Solution
from hwflow.sim.check import Verdict
from hwflow.sim.design import load_design
from hwflow.sim.sizing import FifoSize, Sizing
from hwflow.synth.resources import Resources as Cost


def write_reports(plan: Plan, folder: Path, runs: Sequence[StageRun]) -> Report:
    """Everything measured -> report.json and report.html"""
    design = load_design(folder / RTL)
    verdict = read_verdict(folder)
    costs = read_costs(folder)
    sizing = read_sizing(folder)
    fifos = {fifo.name: fifo for fifo in sizing.fifos}
    solution = read_solution(folder)
    board = plan.find_board()
    blocks = _blocks(design)
    layers = _layers(design, costs, fifos, blocks)
    result = Report(
        model=Path(plan.model).name,
        recipe=plan.recipe,
        board=board.name,
        part=board.part,
        clock_mhz=plan.clock_mhz,
        input_shape=tuple(load_frames(folder).shape[1:]),
        performance=_performance(plan, verdict),
        resources=_resources(board, layers, solution, sizing),
        verification=_verification(verdict),
        layers=layers,
        graph=_graph(design, fifos, blocks),
        stages=tuple(Stage(name=r.name, seconds=r.seconds, cached=r.cached) for r in runs),
        versions=versions(),
        curve=() if solution is None else solution.curve,
        next_step=None if solution is None else solution.next_step,
    )
    result = result.model_copy(update={"advice": advice(result)})
    write_report(result, folder)
    write_html(result, folder)
    return result


def _performance(plan: Plan, verdict: Verdict) -> Performance:
    hertz = plan.clock_mhz * 1e6
    return Performance(
        source="rtlsim",
        cycles_per_frame=verdict.cycles_per_frame,
        bound_cycles=verdict.bound_cycles,
        fps=round(hertz / verdict.cycles_per_frame, 2) if verdict.cycles_per_frame else 0.0,
        latency_cycles=verdict.latency_cycles,
        latency_ms=round(verdict.latency_cycles / hertz * 1e3, 4),
        target_fps=None if plan.fps == "max" else plan.fps,
    )


def _resources(board: Board, layers: Sequence[Layer], solution: Solution | None, sizing: Sizing) -> Resources:
    used = total(layers)
    budget = board.available
    return Resources(
        source="yosys",
        **used,
        budget=budget,
        fits=all(used[key] <= have for key, have in budget.items()),
        by_op=cost_by_op(layers),
        predicted=None if solution is None else solution.prediction,
        binds="" if solution is None else solution.binds,
        by_group=cost_by_group(layers),
        fifo_bits=sizing.bits,
        fifo_high_water_bits=sizing.high_water_bits,
    )


def _verification(verdict: Verdict) -> Verification:
    first = {d.stream: str(d) for d in reversed(verdict.differences)}
    return Verification(
        frames=verdict.frames,
        tensors=verdict.tensors,
        values=verdict.values,
        mismatches=verdict.mismatches + len(verdict.problems),
        labels_equal=verdict.labels_equal,
        problems=verdict.problems,
        streams=tuple(
            StreamCheck(
                name=s.stream,
                layer=s.node,
                values=s.values,
                mismatches=s.mismatches,
                first_mismatch=first.get(s.stream),
            )
            for s in verdict.streams
        ),
        runs=tuple(
            Run(
                name=r.name,
                frames=r.frames,
                cycles=r.cycles,
                input_stall_percent=round(100 * r.stall_in, 3),
                output_stall_percent=round(100 * r.stall_out, 3),
                seed=r.seed,
                mismatches=r.mismatches,
            )
            for r in verdict.runs
        ),
    )


def _blocks(design: ModelWrapper) -> dict[str, str]:
    """The block of the network that each node belongs to, that of the tensor it sends."""
    nodes = design.graph.node
    return dict(zip((n.name for n in nodes), blocks_of_tensors([n.output[0] for n in nodes]), strict=True))


def _layers(
    design: ModelWrapper, costs: Mapping[str, Cost], fifos: Mapping[str, FifoSize], blocks: Mapping[str, str]
) -> tuple[Layer, ...]:
    groups = dict(zip(blocks, groups_of_blocks(list(blocks.values())), strict=True))
    readers = {name: node for node in design.graph.node for name in node.input}
    layers = []
    for node in design.graph.node:
        op: StreamOp = getCustomOp(node)
        cost = costs[node.name]
        behind = readers.get(node.output[0])
        depth = fifos[behind.name].depth if behind is not None and behind.name in fifos else 0
        if node.name in fifos:
            depth = fifos[node.name].depth
        kinds = op.get_nodeattr_types()
        layers.append(
            Layer(
                name=node.name,
                op=node.op_type.removesuffix("_rtl"),
                pe=op.integer("PE") if "PE" in kinds else 1,
                simd=op.integer("SIMD") if "SIMD" in kinds else 1,
                cycles=op.get_exp_cycles(),
                fifo_depth=depth,
                fastest_cycles=fastest_cycles(op),
                group=groups[node.name],
                lut=cost.lut,
                ff=cost.ff,
                bram36=cost.bram36,
                uram=cost.uram,
                dsp=cost.dsp,
            )
        )
    return tuple(layers)


def _graph(design: ModelWrapper, fifos: Mapping[str, FifoSize], blocks: Mapping[str, str]) -> Graph:
    """The pipeline without its FIFOs: those are what an edge holds."""
    ops = {node.name: node for node in design.graph.node if node.name not in fifos}
    nodes = [
        GraphNode(name=name, op=node.op_type.removesuffix("_rtl"), group=blocks[name]) for name, node in ops.items()
    ]
    streams = edges(design)
    into = {node.input[0]: node for node in design.graph.node if node.name in fifos}
    by_tensor = {edge.tensor: edge for edge in streams}
    links = []
    for edge in streams:
        if edge.producer in fifos:
            continue
        fifo = into.get(edge.tensor)
        consumer, depth, high = edge.consumer, 0, 0
        if fifo is not None:
            consumer = by_tensor[fifo.output[0]].consumer
            depth, high = fifos[fifo.name].depth, fifos[fifo.name].high_water
        shape = edge.spec.shape[1:]
        links.append(
            GraphEdge.model_validate(
                {
                    "from": edge.producer or "input",
                    "to": consumer or "output",
                    "bits": int(edge.spec.dtype.bitwidth()),
                    "elements": int(np.prod(edge.spec.shape)),
                    "cycles": edge.spec.beats,
                    "shape": (shape[-1], *shape[:-1]),
                    "fifo_depth": depth,
                    "high_water": high,
                }
            )
        )
    ends = [GraphNode(name="input", op="Input"), GraphNode(name="output", op="Output")]
    return Graph(nodes=(ends[0], *nodes, ends[1]), edges=tuple(links))
