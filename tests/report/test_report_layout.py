# SPDX-License-Identifier: Apache-2.0
"""The pipeline's picture: nothing overlaps, flow goes downwards, chains are straight, and every stream has its line."""

import random
import re
from itertools import combinations, pairwise

import pytest
from report_sample import sample_report

from hwflow.report import layered
from hwflow.report.layout import (
    LANE_GAP,
    MAX_LAYERS,
    NODE_HEIGHT,
    NODE_WIDTH,
    Block,
    Layout,
    blocks_of,
    lay_out,
    leading,
)

PAGE = 1240.0


def _sample() -> tuple[Layout, list[tuple[str, str]]]:
    graph = sample_report().graph
    edges = [(edge.source, edge.target) for edge in graph.edges]
    return lay_out(blocks_of([(node.name, node.group) for node in graph.nodes]), edges, PAGE), edges


def _apart(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]


def test_no_two_nodes_and_no_two_boxes_overlap_and_all_are_on_the_page() -> None:
    layout, edges = _sample()
    nodes = [(node.x, node.y, NODE_WIDTH, NODE_HEIGHT) for node in layout.nodes]
    boxes = [(box.x, box.y, box.width, box.height) for box in layout.boxes]
    assert {name for edge in edges for name in edge} == {node.name for node in layout.nodes}
    for group in (nodes, boxes):
        assert all(_apart(a, b) for a, b in combinations(group, 2))
        assert all(x >= 0 and y >= 0 and x + w <= layout.width and y + h <= layout.height for x, y, w, h in group)
    for x, y, w, h in nodes:
        assert any(bx <= x and by <= y and x + w <= bx + bw and y + h <= by + bh for bx, by, bw, bh in boxes)


def test_within_a_block_streams_go_downwards() -> None:
    layout, edges = _sample()
    y = {node.name: node.y for node in layout.nodes}
    inside = [(a, b) for a, b in edges if a.split(".")[:2] == b.split(".")[:2] and a.startswith("stage")]
    assert len(inside) > 100
    assert all(y[a] + NODE_HEIGHT < y[b] for a, b in inside)


def test_every_stream_has_a_line_or_a_port_that_names_it() -> None:
    layout, edges = _sample()
    assert {wire.edge for wire in layout.wires} == set(range(len(edges)))  # all blocks of the sample follow each other
    far = [("a.0.x", "b"), ("a.0.x", "c"), ("b", "c")]
    layout = lay_out(blocks_of([("a.0.x", ""), ("b", ""), ("c", "")]), far, PAGE)
    labels = {port.label for port in layout.ports if port.label}
    assert labels == {"to c", "from a.0.x"}


def test_a_chain_of_nodes_is_one_straight_line() -> None:
    layout, _ = _sample()
    x = {node.name: node.x for node in layout.nodes}
    branch = [
        f"stage2.0.right.conv2.{name}" for name in ("fork", "conv.sign", "conv.swg", "conv.mvau", "conv.quant", "add")
    ]
    assert len({round(x[name], 3) for name in branch}) == 1


def test_lines_start_and_end_at_their_nodes() -> None:
    layout, edges = _sample()
    spots = {node.name: node for node in layout.nodes}
    checked = 0
    for wire in layout.wires:
        source, target = (spots[name] for name in edges[wire.edge])
        if source.name.split(".")[:2] != target.name.split(".")[:2]:
            continue
        x, y = (float(word) for word in re.findall(r"^M([\d.]+) ([\d.]+)", wire.path)[0])
        assert y == pytest.approx(source.y + NODE_HEIGHT, abs=0.1)
        assert source.x <= x <= source.x + NODE_WIDTH
        assert wire.y == pytest.approx(target.y, abs=0.1)
        assert target.x <= wire.x <= target.x + NODE_WIDTH
        checked += 1
    assert checked > 200


def test_blocks_come_from_names_or_groups() -> None:
    names = ["input", "stem.conv", "stem.pool.max", "stage2.0.left.add", "stage2.1.split", "head.conv"]
    blocks = blocks_of([(name, "") for name in names])
    assert [block.title for block in blocks] == ["input", "stem", "stage2.0", "stage2.1", "head"]
    assert blocks[1].names == ("stem.conv", "stem.pool.max")
    assert [block.title for block in blocks_of([("a.b", "one"), ("c", "one"), ("d", "")])] == ["one", "d"]


@pytest.mark.parametrize(
    ("name", "block"),
    [
        ("stage2.0.right.conv1.add", "stage2.0"),
        ("stage2_0_right_conv1_add", "stage2_0"),
        ("stage2_0_shuffle", "stage2_0"),
        ("head_conv", "head"),
        ("MVAU_12", "MVAU"),
        ("input", "input"),
    ],
)
def test_a_block_is_named_by_the_first_words(name: str, block: str) -> None:
    assert leading(name) == block


@pytest.mark.parametrize(
    "names",
    [[f"n{index}" for index in range(80)], [f"{op}_{index}" for index in range(40) for op in ("MVAU", "Thresholding")]],
)
def test_names_that_tell_no_blocks_are_cut_into_runs(names: list[str]) -> None:
    blocks = blocks_of([(name, "") for name in names])
    assert [block.title for block in blocks] == ["nodes 1 to 36", "nodes 37 to 72", "nodes 73 to 80"]
    assert [name for block in blocks for name in block.names] == names


def test_a_long_block_is_cut_into_columns() -> None:
    names = tuple(f"n.{index}" for index in range(70))
    edges = list(pairwise(names))
    layout = lay_out([Block("long", names)], edges, PAGE)
    assert [box.title for box in layout.boxes] == ["long (1 of 2)", "long (2 of 2)"]
    assert max(box.height for box in layout.boxes) < (MAX_LAYERS + 3) * 36
    assert {wire.edge for wire in layout.wires} == set(range(len(edges)))


def test_a_graph_that_runs_in_a_circle_is_drawn_all_the_same() -> None:
    layout = lay_out([Block("a", ("x", "y")), Block("b", ("z",))], [("x", "y"), ("y", "z"), ("z", "x")], PAGE)
    assert {node.name for node in layout.nodes} == {"x", "y", "z"}


def test_ordering_removes_needless_crossings() -> None:
    rows = [["a", "b", "c"], ["C", "A", "B"]]
    links = [("a", "A"), ("b", "B"), ("c", "C")]
    assert layered.crossings(rows, links) == 2
    assert layered.crossings(layered.ordered(rows, links), links) == 0


@pytest.mark.parametrize("seed", range(20))
def test_positions_keep_order_and_distance_for_any_graph(seed: int) -> None:
    rng = random.Random(seed)
    rows = [[(level, index) for index in range(rng.randrange(1, 6))] for level in range(8)]
    pairs = list(pairwise(rows))
    links = sorted({(rng.choice(upper), rng.choice(lower)) for upper, lower in pairs for _ in range(4)})
    order = layered.ordered(rows, links)
    assert layered.crossings(order, links) <= layered.crossings(rows, links)
    x = layered.positions(order, links, lambda point: 10.0 + point[1], LANE_GAP, lambda a, b: (a[1] + b[1]) % 3)
    assert x.keys() == {point for row in rows for point in row}
    for row in order:
        for a, b in pairwise(row):
            assert x[b] - x[a] >= (20.0 + a[1] + b[1]) / 2 + LANE_GAP - 1e-9
