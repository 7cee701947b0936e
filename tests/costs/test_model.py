# SPDX-License-Identifier: Apache-2.0
"""Costs between measured points: exact at them, near them in between, and a plain word where nothing was measured."""

from pathlib import Path

import pytest

from hwflow.costs.features import table_luts
from hwflow.costs.memories import block_rams, blocks, dsps, window_words
from hwflow.costs.model import POINTS, Cost, CostModel, Point, read_points, shipped_model, write_points
from hwflow.costs.shapes import Shape
from hwflow.errors import UserError
from hwflow.hw.bits import Bits


def fifo(width: int, depth: int) -> Shape:
    return Shape.of("hwf_fifo", {"WIDTH": width, "DEPTH_BEATS": depth, "STYLE": "auto"})


def test_a_measured_shape_costs_what_was_measured() -> None:
    model = shipped_model()
    for point in read_points(POINTS):
        assert model.cost(point.shape) == point.cost


def test_shapes_leave_out_vectors_of_constants() -> None:
    assert Shape.of("m", {"B": 2, "A": "lut", "WEIGHTS": Bits(4, 7)}) == Shape("m", (("A", "lut"), ("B", 2)))


def test_between_points_a_cost_lies_between() -> None:
    points = [Point(fifo(8, 16), Cost(20, 10)), Point(fifo(32, 16), Cost(60, 12))]
    middle = CostModel(points).cost(fifo(16, 16))
    assert 20 < middle.lut < 60 and 10 <= middle.ff <= 12


def test_a_module_of_which_nothing_was_measured_is_named() -> None:
    with pytest.raises(UserError, match=r"no cost of hwf_width was measured; run verif/measure_costs\.py"):
        CostModel([Point(fifo(8, 2), Cost(8, 3))]).cost(Shape.of("hwf_width", {"IN_WIDTH": 8, "OUT_WIDTH": 4}))


def test_points_survive_their_file(tmp_path: Path) -> None:
    points = {fifo(8, 2): Cost(8, 3), Shape.of("hwf_rom", {"STYLE": "block"}): Cost(1.5, 2, 3, 4)}
    write_points(points, tmp_path / "points.json")
    assert {p.shape: p.cost for p in read_points(tmp_path / "points.json")} == points


def test_every_point_left_out_is_predicted_by_the_others() -> None:
    """Each module's total over its points, every one predicted without itself, is within a quarter of what was measured."""
    groups: dict[str, list[Point]] = {}
    for point in read_points(POINTS):
        groups.setdefault(point.shape.module, []).append(point)
    for module, points in groups.items():
        if len(points) < 12:
            continue
        step = max(1, len(points) // 12)
        left_out = points[::step]
        predicted = sum(CostModel([p for p in points if p is not one]).cost(one.shape).lut for one in left_out)
        measured = sum(one.cost.lut for one in left_out)
        assert predicted == pytest.approx(measured, rel=0.25), module


def test_blocks_and_slices_follow_from_the_parameters() -> None:
    wrong = [
        (point.shape, block_rams(point.shape), dsps(point.shape), point.cost)
        for point in read_points(POINTS)
        if (block_rams(point.shape), dsps(point.shape)) != (point.cost.bram18, point.cost.dsp)
    ]
    assert len(wrong) <= 0.05 * len(read_points(POINTS)), wrong[:5]


def test_counts_of_memories() -> None:
    assert [blocks(*size) for size in ((512, 36), (512, 37), (1024, 18), (16384, 1), (20000, 1), (300, 72))] == [
        1,
        2,
        1,
        1,
        2,
        2,
    ]
    assert [table_luts(depth) for depth in (1, 2, 64, 65, 192, 256, 257, 512)] == [0, 1, 1, 2, 4, 4, 6, 9]
    window = {"C": 24, "SIMD": 24, "H": 28, "W": 28, "KH": 3, "KW": 3, "STRIDE": 1}
    pads = dict.fromkeys(("PAD_T", "PAD_L", "PAD_B", "PAD_R"), 1)
    assert window_words(Shape.of("hwf_swg", {**window, **pads})) == 64
