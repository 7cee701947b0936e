# SPDX-License-Identifier: Apache-2.0
"""report.html: one self-contained page, drawn from a `Report` alone. It loads nothing and works offline."""

import re
from dataclasses import dataclass
from functools import partial
from math import log2
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from hwflow.files import publish
from hwflow.report import layout
from hwflow.report.breakdown import draw_breakdown
from hwflow.report.chart import draw_cycles
from hwflow.report.curve import draw_curve
from hwflow.report.findings import findings, uses
from hwflow.report.kinds import KINDS, is_fifo, kind_of, op_name
from hwflow.report.numbers import change, count, magnitude, percent, short
from hwflow.report.pace import bottleneck_sentence, folding, next_step_sentence, verdict_of
from hwflow.report.schema import GraphEdge, Layer, Report, cost_by_op

FILE_NAME = "report.html"
GRAPH_WIDTH = 1240.0
LABEL_CHARACTERS = 18
DEEP_FIFO = 8


def write_html(report: Report, folder: Path) -> Path:
    """Draw report.html into `folder`; returns its path. Readers see the whole new file or the old one."""
    path = folder / FILE_NAME
    page = render(report)
    publish(path, lambda beside: beside.write_text(page, encoding="utf-8"))
    return path


def render(report: Report) -> str:
    """The page as text. The same report gives the same page, byte for byte."""
    environment = Environment(
        loader=PackageLoader("hwflow.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(count=count, short=short, percent=percent, op_name=op_name, kind=kind_of)
    template = environment.get_template("page.html.j2")
    return template.render(
        report=report,
        findings=findings(report),
        uses=uses(report),
        magnitude=magnitude,
        change=change,
        verdict_of=partial(verdict_of, report),
        chart=draw_cycles(report),
        breakdown=draw_breakdown(report),
        curve=draw_curve(report),
        bottleneck_sentence=bottleneck_sentence(report),
        next_step=next_step_sentence(report),
        by_op=report.resources.by_op or cost_by_op(report.layers),
        kinds=KINDS,
        graph=_draw_graph(report),
        target_cycles=report.target_cycles,
        bottleneck=report.bottleneck,
        fifos=sum(is_fifo(layer.op) for layer in report.layers),
    )


@dataclass(frozen=True)
class GraphNode:
    """One node of the drawing: where it stands, what is written in it, and what a pointer on it shows."""

    x: float
    y: float
    label: str
    kind: str
    tip: str
    busy: float
    slowest: bool


@dataclass(frozen=True)
class GraphWire:
    """One stream; `depth` is written beside its end at x, y where its FIFO is deep, else 0."""

    path: str
    stroke: float
    tip: str
    x: float
    y: float
    depth: int


@dataclass(frozen=True)
class Graph:
    placed: layout.Layout
    nodes: tuple[GraphNode, ...]
    wires: tuple[GraphWire, ...]
    node_width: float = layout.NODE_WIDTH
    node_height: float = layout.NODE_HEIGHT


def _draw_graph(report: Report) -> Graph | None:
    """The pipeline's picture, or None for a report without a graph."""
    graph = report.graph
    if not graph.nodes:
        return None
    ops = {node.name: node.op for node in graph.nodes}
    edges = [edge for edge in graph.edges if edge.source in ops and edge.target in ops and edge.source != edge.target]
    blocks = layout.blocks_of([(node.name, node.group) for node in graph.nodes])
    titles = {name: block.title for block in blocks for name in block.names}
    placed = layout.lay_out(blocks, [(edge.source, edge.target) for edge in edges], GRAPH_WIDTH)
    layers = {layer.name: layer for layer in report.layers}
    bound = report.performance.bound_cycles
    slowest = report.bottleneck
    nodes = []
    for spot in placed.nodes:
        layer = layers.get(spot.name)
        out = next((edge for edge in edges if edge.source == spot.name), None)
        nodes.append(
            GraphNode(
                x=spot.x,
                y=spot.y,
                label=_shortened(spot.name, titles[spot.name]),
                kind=kind_of(ops[spot.name]),
                tip=_node_tip(spot.name, ops[spot.name], layer, out),
                busy=min(1.0, layer.cycles / bound) if layer is not None and bound else 0.0,
                slowest=slowest is not None and spot.name == slowest.name,
            )
        )
    wires = []
    for wire in placed.wires:
        edge = edges[wire.edge]
        ends_at_node = edge.target in titles and titles[edge.source] == titles[edge.target]
        depth = edge.fifo_depth if edge.fifo_depth >= DEEP_FIFO and ends_at_node else 0
        wires.append(GraphWire(wire.path, _stroke(edge), _edge_tip(edge), wire.x, wire.y, depth))
    return Graph(placed, tuple(nodes), tuple(wires))


def _shortened(name: str, block: str) -> str:
    """The name without its block's, and without leading words until it fits its rectangle."""
    label = name.removeprefix(block).lstrip("._") or name
    while len(label) > LABEL_CHARACTERS and (cut := re.search(r"[._]", label)):
        label = label[cut.end() :]
    return label if len(label) <= LABEL_CHARACTERS else f"…{label[1 - LABEL_CHARACTERS :]}"


def _node_tip(name: str, op: str, layer: Layer | None, out: GraphEdge | None) -> str:
    lines = [name, f"op\t{op_name(op)}"]
    if out is not None:
        lines.append(f"output\t{_shape(out)}, {out.bits} bit")
    if layer is not None:
        lines += [f"folding\t{folding(layer)}", f"cycles a frame\t{count(layer.cycles)}"]
        lines.append(f"LUT, FF\t{count(layer.lut)}, {count(layer.ff)}")
        if layer.bram36 or layer.dsp:
            lines.append(f"BRAM36, DSP\t{count(layer.bram36)}, {count(layer.dsp)}")
        lines.append(f"FIFO behind it\t{count(layer.fifo_depth)} beats" if layer.fifo_depth else "FIFO behind it\tnone")
    return "\n".join(lines)


def _edge_tip(edge: GraphEdge) -> str:
    fifo = f"{count(edge.fifo_depth)} beats, at most {count(edge.high_water)} used" if edge.fifo_depth else "none"
    return "\n".join(
        [
            f"{edge.source} → {edge.target}",
            f"shape\t{_shape(edge)}, {edge.bits} bit",
            f"a frame\t{count(edge.elements)} values in {count(edge.cycles)} beats",
            f"a beat\t{count(edge.elements * edge.bits / edge.cycles)} bits",
            f"FIFO\t{fifo}",
        ]
    )


def _shape(edge: GraphEdge) -> str:
    return " × ".join(count(size) for size in edge.shape or (edge.elements,))  # noqa: RUF001


def _stroke(edge: GraphEdge) -> float:
    """Wider lines for wider streams."""
    return round(1 + 0.25 * log2(max(1.0, edge.elements * edge.bits / edge.cycles)), 2)
