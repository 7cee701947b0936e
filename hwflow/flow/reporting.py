# SPDX-License-Identifier: Apache-2.0
"""What the stages have measured, put together as report.json and report.html."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from onnx import NodeProto
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.boards import Board
from hwflow.compile.assemble import edges
from hwflow.flow.back import RTL, load_frames, read_costs, read_sizing, read_verdict
from hwflow.flow.plan import Plan
from hwflow.flow.stages import StageRun, versions
from hwflow.hw.ops import StreamOp
from hwflow.report.files import write_report
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
    cost_by_op,
)
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
    board = plan.find_board()
    result = Report(
        model=Path(plan.model).name,
        recipe=plan.recipe,
        board=board.name,
        part=board.part,
        clock_mhz=plan.clock_mhz,
        input_shape=tuple(load_frames(folder).shape[1:]),
        performance=_performance(plan, verdict),
        resources=_resources(board, costs, design, sizing),
        verification=_verification(verdict),
        layers=_layers(design, costs, fifos),
        graph=_graph(design, fifos),
        stages=tuple(Stage(name=r.name, seconds=r.seconds, cached=r.cached) for r in runs),
        versions=versions(),
    )
    result = result.model_copy(update={"advice": _advice(result)})
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
        target_fps=plan.fps,
    )


def _resources(board: Board, costs: Mapping[str, Cost], design: ModelWrapper, sizing: Sizing) -> Resources:
    total = Cost(
        lut=sum(c.lut for c in costs.values()),
        ff=sum(c.ff for c in costs.values()),
        bram36=sum(c.bram36 for c in costs.values()),
        uram=sum(c.uram for c in costs.values()),
        dsp=sum(c.dsp for c in costs.values()),
    )
    budget = board.resources.model_dump()
    return Resources(
        source="yosys",
        lut=total.lut,
        ff=total.ff,
        bram36=total.bram36,
        uram=total.uram,
        dsp=total.dsp,
        budget=budget,
        fits=all(getattr(total, key) <= have for key, have in budget.items()),
        by_op=cost_by_op(_layers(design, costs, {})),
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


def _layers(design: ModelWrapper, costs: Mapping[str, Cost], fifos: Mapping[str, FifoSize]) -> tuple[Layer, ...]:
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
                lut=cost.lut,
                ff=cost.ff,
                bram36=cost.bram36,
                uram=cost.uram,
                dsp=cost.dsp,
            )
        )
    return tuple(layers)


def _graph(design: ModelWrapper, fifos: Mapping[str, FifoSize]) -> Graph:
    """The pipeline without its FIFOs: those are what an edge holds."""
    ops = {node.name: node for node in design.graph.node if node.name not in fifos}
    nodes = [
        GraphNode(name=name, op=node.op_type.removesuffix("_rtl"), group=_block(node)) for name, node in ops.items()
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


def _block(node: NodeProto) -> str:
    """The block of the network that a node belongs to: a tensor of the module stage2.0.right.conv1 is in stage2.0."""
    parts = node.output[0].split(".")
    return ".".join(parts[:2]) if len(parts) > 2 and parts[1].isdigit() else parts[0] if len(parts) > 1 else "head"


def _advice(result: Report) -> tuple[str, ...]:
    """What would help where the design does not fit; the costliest op first."""
    sentences = []
    used = result.resources
    for key, label in (("lut", "LUTs"), ("ff", "flip-flops"), ("bram36", "BRAM36"), ("uram", "URAM"), ("dsp", "DSPs")):
        have, need = used.budget.get(key, 0), getattr(used, key)
        if need <= have:
            continue
        most = max(used.by_op, key=lambda cost: getattr(cost, key))
        share = getattr(most, key) / need
        remedy = {
            "lut": "ask for fewer --fps, move weights to block RAM with ram_style: block in a --target file",
            "ff": "ask for fewer --fps",
            "bram36": "move weights or line buffers to LUTs with ram_style: lut in a --target file",
            "uram": "use block RAM instead",
            "dsp": "lower PE or SIMD of the IntegerMVAU nodes in a --target file, or ask for fewer --fps",
        }[key]
        sentences.append(
            f"{need - have:g} {label} too many for {result.board} ({need:g} of {have:g}); {most.op} takes {share:.0%}"
            f" of them: {remedy}, or choose a larger board."
        )
    return tuple(sentences)
