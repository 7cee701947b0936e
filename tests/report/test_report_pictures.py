# SPDX-License-Identifier: Apache-2.0
"""The pictures of the resources and of the curve: lengths are shares, nothing leaves its frame, labels do not touch."""

from itertools import pairwise
from math import log

import pytest
from report_sample import BUDGET, sample_report

from hwflow.report.breakdown import MOST_ROWS, draw_breakdown
from hwflow.report.curve import LABEL_PITCH, Curve, draw_curve
from hwflow.report.kinds import kind_of
from hwflow.report.schema import Layer, Report


def _curve(report: Report) -> Curve:
    curve = draw_curve(report)
    assert curve is not None
    return curve


def test_bars_of_blocks_have_lengths_in_the_ratio_of_their_cost() -> None:
    report = sample_report()
    panels = draw_breakdown(report)
    assert [panel.label for panel in panels] == ["LUT", "BRAM36", "DSP"]
    groups = report.resources.by_group
    for panel, key in zip(panels, ("lut", "bram36", "dsp"), strict=True):
        used = [getattr(group, key) for group in groups]
        assert [row.label for row in panel.rows] == [group.group for group in groups]
        lengths = [sum(piece.width for piece in row.pieces) for row in panel.rows]
        scale = max(lengths) / max(used)
        assert lengths == pytest.approx([figure * scale for figure in used], abs=0.1)
        assert panel.total == sum(used)
        assert sum(piece.width for piece in panel.strip) == pytest.approx(panel.width, abs=0.1)
        for row, length in zip(panel.rows, lengths, strict=True):
            assert row.end == pytest.approx(panel.left + length, abs=0.1)
            assert row.end < panel.width
        bottoms = [row.y + panel.bar_height for row in panel.rows]
        assert all(bottom <= row.y for bottom, row in zip(bottoms, panel.rows[1:], strict=False))
        assert bottoms[-1] <= panel.height


def test_pieces_are_kinds_of_operator() -> None:
    report = sample_report()
    (lut, *_) = draw_breakdown(report)
    total = sum(layer.lut for layer in report.layers)
    for piece in lut.strip:
        used = sum(layer.lut for layer in report.layers if kind_of(layer.op) == piece.kind)
        assert piece.width == pytest.approx(used / total * lut.width, abs=0.02)
    assert len({piece.kind for piece in lut.strip}) == len(lut.strip) == 5


def test_a_design_without_nodes_has_no_bars() -> None:
    assert draw_breakdown(sample_report().model_copy(update={"layers": ()})) == ()


def test_very_many_blocks_share_a_row() -> None:
    layers = tuple(Layer(name=f"n{index}", op="AddStreams", group=f"block{index}", lut=2) for index in range(40))
    (panel,) = draw_breakdown(sample_report().model_copy(update={"layers": layers}))
    assert len(panel.rows) == MOST_ROWS
    assert panel.rows[-1].label == f"{40 - MOST_ROWS + 1} more"
    assert panel.rows[-1].words.startswith(str(2 * (40 - MOST_ROWS + 1)))


def test_the_curve_is_logarithmic_in_speed_and_linear_in_shares() -> None:
    report = sample_report()
    curve = _curve(report)
    assert [line.label for line in curve.lines] == ["LUT", "BRAM36", "DSP"]
    for line in curve.lines:
        points = [point for point in report.curve if point.reached]
        spots = line.spots[: len(points)]
        span = (spots[-1].x - spots[0].x) / log(points[-1].fps / points[0].fps)
        for point, spot in zip(points, spots, strict=True):
            share = getattr(point, line.key) / BUDGET[line.key]
            assert spot.x - spots[0].x == pytest.approx(span * log(point.fps / points[0].fps), abs=0.05)
            assert curve.floor - spot.y == pytest.approx(share * (curve.floor - curve.whole), abs=0.05)


def test_marks_stay_in_the_plot_and_tell_what_does_not_fit() -> None:
    report = sample_report(lut_budget=30_000)
    curve = _curve(report)
    lut = curve.lines[0]
    for line in curve.lines:
        assert line.measured is not None
        for spot in (*line.spots, line.measured):
            assert curve.left <= spot.x <= curve.right
            assert curve.top <= spot.y <= curve.floor
    assert [spot.style for spot in lut.spots] == ["fits", "fits", *["over"] * 5, "short"]
    assert [piece.over for piece in lut.pieces] == [False, *[True] * 6]
    assert [spot.above for spot in lut.spots] == [False] * 6 + [True, True]  # more than twice the board's LUTs
    assert "285.5\u202f%" in lut.spots[-1].tip
    assert "not reached, at most\t762.9 fps" in lut.spots[-1].tip


def test_this_build_stands_where_it_was_measured() -> None:
    report = sample_report()
    curve = _curve(report)
    assert curve.build is not None
    assert curve.build.words == "this build: 202.6 fps, measured"
    for line in curve.lines:
        assert line.measured is not None
        assert line.measured.x == curve.build.x
        share = getattr(report.resources, line.key) / BUDGET[line.key]
        assert curve.floor - line.measured.y == pytest.approx(share * (curve.floor - curve.whole), abs=0.05)
    stopped = report.performance.model_copy(update={"fps": 0.0})
    unmeasured = _curve(report.model_copy(update={"performance": stopped}))
    assert unmeasured.build is None
    assert all(line.measured is None for line in unmeasured.lines)


def test_labels_do_not_touch() -> None:
    report = sample_report()
    near = tuple(
        report.curve[0].model_copy(update={"fps": 100.0 + step, "label": str(100 + step), "lut": 10_000, "dsp": 41})
        for step in range(6)
    )
    curve = _curve(report.model_copy(update={"curve": (*near, report.curve[-1])}))
    heights = sorted(line.label_y for line in curve.lines)
    assert all(b - a >= LABEL_PITCH - 0.1 for a, b in pairwise(heights))
    assert heights[-1] <= curve.floor + 0.1
    shown = [tick for tick in curve.speeds if tick.label]
    assert len(shown) < len(curve.speeds) == 6
    for row in (0, 1):
        ends = [tick.at for tick in shown if tick.row == row]
        assert all(b - a > 20 for a, b in pairwise(ends))


@pytest.mark.parametrize("change", [{"curve": ()}, {"budget": {}}])
def test_nothing_to_draw(change: dict[str, object]) -> None:
    report = sample_report()
    if "budget" in change:
        report = report.model_copy(update={"resources": report.resources.model_copy(update=change)})
    else:
        report = report.model_copy(update=change)
    assert draw_curve(report) is None


def test_a_curve_of_one_point() -> None:
    report = sample_report()
    stopped = report.performance.model_copy(update={"fps": 0.0})
    curve = _curve(report.model_copy(update={"curve": report.curve[:1], "performance": stopped}))
    assert [len(line.spots) for line in curve.lines] == [1, 1, 1]
    assert all(line.pieces == () for line in curve.lines)
