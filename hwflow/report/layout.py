# SPDX-License-Identifier: Apache-2.0
"""Where each node of the pipeline's picture stands: blocks as boxes that flow like newspaper columns.

A dataflow network is a long chain of small blocks, so one drawing of the whole is a ribbon that nobody can read. Here
every block is laid out alone, top to bottom, and the boxes fill columns, the columns rows. Streams between boxes that
follow each other are drawn; others end in a port that names the far end.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from hwflow.report import layered

NODE_WIDTH = 124.0
NODE_HEIGHT = 24.0
LAYER_PITCH = 36.0
LANE_GAP = 14.0
WIRE_WIDTH = 8.0
PIN_GAP = 20.0
BOX_MARGIN = 16.0
BOX_HEADER = 30.0
COLUMN_GAP = 44.0
ROW_GAP = 56.0
STACK_GAP = 30.0
MAX_LAYERS = 36

_WORDS = re.compile(r"([._])")  # what separates the words of a name is kept

Spot = tuple[float, float]


@dataclass(frozen=True)
class Block:
    """Nodes that are drawn together, in pipeline order."""

    title: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Node:
    """A node's rectangle, NODE_WIDTH x NODE_HEIGHT; x, y is its upper left corner."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Wire:
    """A stream's line: the index of its edge in the graph, an SVG path, and where it ends."""

    edge: int
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Port:
    """Where a stream enters or leaves a box; `label` names the far end if no line leads there."""

    x: float
    y: float
    enters: bool
    label: str


@dataclass(frozen=True)
class Box:
    """One block, or one part of a block that is too long for a column."""

    title: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    width: float
    height: float
    boxes: tuple[Box, ...]
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    ports: tuple[Port, ...]


def blocks_of(nodes: Sequence[tuple[str, str]]) -> list[Block]:
    """Blocks of (name, group) pairs in pipeline order, in the order in which their first nodes come.

    Without a group a node belongs to the block that its name begins with, see `leading`. Where that tells nothing
    (names that are all different, or blocks that come again and again), runs of `MAX_LAYERS` nodes are the blocks.
    """
    names = tuple(name for name, _ in nodes)
    titles = [group or leading(name) for name, group in nodes]
    blocks, visits = len(set(titles)), 1 + sum(a != b for a, b in pairwise(titles))
    if len(names) > MAX_LAYERS and (blocks > len(names) / 3 or visits > 2 * blocks):
        runs = [names[start : start + MAX_LAYERS] for start in range(0, len(names), MAX_LAYERS)]
        firsts = range(1, len(names) + 1, MAX_LAYERS)
        return [Block(f"nodes {n} to {n + len(run) - 1}", run) for n, run in zip(firsts, runs, strict=True)]
    grouped: dict[str, list[str]] = {}
    for name, title in zip(names, titles, strict=True):
        grouped.setdefault(title, []).append(name)
    return [Block(title, tuple(members)) for title, members in grouped.items()]


def leading(name: str) -> str:
    """The part of a node's name that names its block: its first word, with the number that may follow.

    ``stage2`` and ``0`` of ``stage2_0_right_conv1_add`` or ``stage2.0.right.conv1.add``, ``head`` of ``head_conv``.
    """
    parts = _WORDS.split(name)
    return "".join(parts[:3]) if len(parts) > 4 and parts[2].isdigit() else parts[0]


def lay_out(blocks: Sequence[Block], edges: Sequence[tuple[str, str]], page_width: float) -> Layout:
    """Place the nodes of all blocks on a page at least `page_width` wide; `edges` are pairs of names of their nodes."""
    pieces = [piece for block in blocks for piece in _slices(block, edges)]
    home = {name: index for index, piece in enumerate(pieces) for name in piece.names}
    drawings = [_draw(piece, edges) for piece in pieces]
    corners, width, height = _flow(drawings, page_width)

    nodes, wires, ports = [], [], []
    for index, (drawing, (x, y)) in enumerate(zip(drawings, corners, strict=True)):
        nodes += [Node(name, x + nx, y + ny) for name, (nx, ny) in drawing.nodes.items()]
        for edge, line in drawing.lines:
            spots = [(x + px, y + py) for px, py in line]
            wires.append(Wire(edge, _curve(spots), *spots[-1]))
        for source, port_x in drawing.entries.items():
            follows = home[source] == index - 1
            if follows:
                before, (bx, by) = drawings[index - 1], corners[index - 1]
                start = (bx + before.exits[source], by + before.height)
                edge = next(i for i, (a, b) in enumerate(edges) if a == source and home[b] == index)
                path = _between(start, (x + port_x, y), bx + before.width, x, lane=len(wires) % 3)
                wires.append(Wire(edge, path, x + port_x, y))
            ports.append(Port(x + port_x, y, True, "" if follows else f"from {source}"))
        for source, port_x in drawing.exits.items():
            far = sorted({home[b] for a, b in edges if a == source} - {index, index + 1})
            label = "to " + ", ".join(pieces[target].title for target in far) if far else ""
            ports.append(Port(x + port_x, y + drawing.height, False, label))
    boxes = [Box(p.title, x, y, d.width, d.height) for p, d, (x, y) in zip(pieces, drawings, corners, strict=True)]
    return Layout(width, height, tuple(boxes), tuple(nodes), tuple(wires), tuple(ports))


@dataclass(frozen=True)
class _Drawing:
    """One box, seen from its upper left corner: corners of nodes, lines by edge index, x of the ports by source."""

    width: float
    height: float
    nodes: dict[str, Spot]
    lines: list[tuple[int, list[Spot]]]
    entries: dict[str, float]
    exits: dict[str, float]


@dataclass(frozen=True)
class _Point:
    """A point of a box's layered graph: a node, the port of a stream by its source, or a bend of edge `edge`."""

    kind: Literal["node", "in", "out", "bend"]
    name: str = ""
    edge: int = -1
    layer: int = -1

    @property
    def width(self) -> float:
        return NODE_WIDTH if self.kind == "node" else WIRE_WIDTH


def _pins(links: Sequence[tuple[_Point, _Point]], x: dict[_Point, float]) -> dict[tuple[_Point, _Point], float]:
    """How far from a node's middle each of its lines stands: a straight one on it, the others beside, none shared."""
    pins: dict[tuple[_Point, _Point], float] = {}
    for point in {a: None for a, _ in links}:
        others = sorted((b for a, b in links if a == point), key=lambda other: x[other])
        middle = min(range(len(others)), key=lambda index: abs(x[others[index]] - x[point]))
        pins.update({(point, other): PIN_GAP * (index - middle) for index, other in enumerate(others)})
    return pins


def _rank(a: _Point, b: _Point) -> int:
    """A long line is straight before a chain of nodes is, and that before their meeting."""
    nodes = (a.kind == "node") + (b.kind == "node")
    return {0: 0, 2: 1, 1: 2}[nodes]


def _slices(block: Block, edges: Sequence[tuple[str, str]]) -> Iterator[Block]:
    """The block, cut across into equal parts if it has more layers than a column takes."""
    layer = _layers(block.names, edges)
    depth = max(layer.values()) + 1
    parts = -(-depth // MAX_LAYERS)
    for part in range(parts):
        names = tuple(name for name in block.names if layer[name] * parts // depth == part)
        yield Block(f"{block.title} ({part + 1} of {parts})" if parts > 1 else block.title, names)


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Longest path to each node from a source of the block; an edge against the pipeline's order does not count."""
    place = {name: index for index, name in enumerate(names)}
    layer = dict.fromkeys(names, 0)
    for a, b in sorted((place[a], place[b]) for a, b in edges if a in place and b in place and place[a] < place[b]):
        layer[names[b]] = max(layer[names[b]], layer[names[a]] + 1)
    return layer


def _draw(piece: Block, edges: Sequence[tuple[str, str]]) -> _Drawing:
    level = {_Point("node", name): layer + 1 for name, layer in _layers(piece.names, edges).items()}
    last = max(level.values()) + 1  # ports in lie on layer 0, ports out on the last
    chains: dict[tuple[_Point, _Point], tuple[int, list[_Point]]] = {}
    for number, (a, b) in enumerate(edges):
        start = _Point("node", a) if a in piece.names else _Point("in", a)
        end = _Point("node", b) if b in piece.names else _Point("out", a)
        if start.kind == "in" and end.kind == "out":
            continue
        first, final = level.setdefault(start, 0), level.setdefault(end, last)
        if first < final and (start, end) not in chains:  # a second reader behind the same port has the line already
            bends = [_Point("bend", edge=number, layer=layer) for layer in range(first + 1, final)]
            level.update({bend: bend.layer for bend in bends})
            chains[start, end] = (number, [start, *bends, end])
    rows: list[list[_Point]] = [[] for _ in range(last + 1)]
    for point, layer in level.items():
        rows[layer].append(point)
    links = [link for _, chain in chains.values() for link in pairwise(chain)]
    x = layered.positions(layered.ordered(rows, links), links, lambda point: point.width, LANE_GAP, _rank)
    left = min(x[point] - point.width / 2 for point in x) - BOX_MARGIN
    right = max(x[point] + point.width / 2 for point in x) + BOX_MARGIN
    height = BOX_HEADER + (last - 2) * LAYER_PITCH + NODE_HEIGHT + BOX_MARGIN

    above = _pins([(b, a) for a, b in links], x)
    below = _pins(links, x)

    def top_of(point: _Point) -> float:
        if point.kind in ("in", "out"):
            return 0.0 if point.kind == "in" else height
        return BOX_HEADER + (level[point] - 1) * LAYER_PITCH

    def line(chain: Sequence[_Point]) -> list[Spot]:
        spots = []
        for a, b in pairwise(chain):
            leaves = top_of(a) + (0.0 if a.kind == "in" else NODE_HEIGHT)
            spots += [(x[a] - left + below[a, b], leaves), (x[b] - left + above[b, a], top_of(b))]
        return spots

    return _Drawing(
        width=right - left,
        height=height,
        nodes={p.name: (x[p] - left - NODE_WIDTH / 2, top_of(p)) for p in level if p.kind == "node"},
        lines=[(number, line(chain)) for number, chain in chains.values()],
        entries={p.name: x[p] - left for p in level if p.kind == "in"},
        exits={p.name: x[p] - left for p in level if p.kind == "out"},
    )


def _flow(drawings: Sequence[_Drawing], page_width: float) -> tuple[list[Spot], float, float]:
    """Upper left corners of the boxes, and the page's width and height; a column is as high as the highest box."""
    limit = max((drawing.height for drawing in drawings), default=0.0)
    columns: list[list[int]] = []
    filled = 0.0
    for index, drawing in enumerate(drawings):
        if columns and filled + STACK_GAP + drawing.height <= limit:
            columns[-1].append(index)
            filled += STACK_GAP + drawing.height
        else:
            columns.append([index])
            filled = drawing.height
    corners: list[Spot] = [(0.0, 0.0)] * len(drawings)
    x, top, row_height, widest = COLUMN_GAP / 2, ROW_GAP / 2, 0.0, page_width
    for column in columns:
        width = max(drawings[index].width for index in column)
        if x > COLUMN_GAP and x + width + COLUMN_GAP / 2 > page_width:
            x, top, row_height = COLUMN_GAP / 2, top + row_height + ROW_GAP, 0.0
        y = top
        for index in column:
            corners[index] = (x + (width - drawings[index].width) / 2, y)
            y += drawings[index].height + STACK_GAP
        row_height = max(row_height, y - STACK_GAP - top)
        x += width + COLUMN_GAP
        widest = max(widest, x - COLUMN_GAP / 2)
    return corners, widest, top + row_height + ROW_GAP / 2


def _between(start: Spot, end: Spot, right: float, left: float, lane: int) -> str:
    """Line from a box's lower edge to the next box's upper edge.

    `right` is where the first box ends, `left` where the second begins; lines of different `lane` (0 to 2) run apart.
    """
    shift = 5.0 * (lane - 1)
    if left > right:  # up the gutter to the next column
        gutter, dip, rise = (right + left) / 2 + shift, start[1] + 14 + shift, end[1] - 14 + shift
        return _rounded([start, (start[0], dip), (gutter, dip), (gutter, rise), (end[0], rise), end])
    if end[1] - start[1] <= STACK_GAP:  # straight down
        return _curve([start, end])
    rise = end[1] - ROW_GAP / 2 + shift  # back to the next row's first column
    return _rounded([start, (start[0], rise), (end[0], rise), end])


def _curve(points: Sequence[Spot]) -> str:
    """An SVG path that reaches and leaves every point vertically."""
    words = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x0, y0), (x1, y1) in pairwise(points):
        middle = (y0 + y1) / 2
        straight = abs(x0 - x1) < 0.5
        words.append(f"V{y1:.1f}" if straight else f"C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}")
    return "".join(words)


def _rounded(points: Sequence[Spot], radius: float = 6.0) -> str:
    """An SVG path of horizontal and vertical lines with rounded corners."""
    words = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x0, y0), (x1, y1), (x2, y2) in zip(points, points[1:], points[2:], strict=False):
        before, after = abs(x1 - x0) + abs(y1 - y0), abs(x2 - x1) + abs(y2 - y1)
        if min(before, after) < 1:
            words.append(f"L{x1:.1f} {y1:.1f}")
            continue
        r = min(radius, before / 2, after / 2)
        ax, ay = x1 + (x0 - x1) / before * r, y1 + (y0 - y1) / before * r
        bx, by = x1 + (x2 - x1) / after * r, y1 + (y2 - y1) / after * r
        words.append(f"L{ax:.1f} {ay:.1f}Q{x1:.1f} {y1:.1f} {bx:.1f} {by:.1f}")
    words.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return "".join(words)
