# SPDX-License-Identifier: Apache-2.0
"""Sentences on the bottleneck, on the next step, and on what to change where a design does not fit."""

import pytest
from report_sample import sample_report

from hwflow.report.advice import advice, expected, fastest_that_fits
from hwflow.report.numbers import change
from hwflow.report.pace import bottleneck_sentence, next_step_sentence, verdict_of
from hwflow.report.schema import Layer, NextStep, Report


def _plain(text: str) -> str:
    return text.replace("\u202f", " ")


def _with_layers(report: Report, **changes: object) -> Report:
    """The report with its slowest layer changed."""
    slowest = report.bottleneck
    layers = [layer.model_copy(update=changes) if layer == slowest else layer for layer in report.layers]
    return report.model_copy(update={"layers": tuple(layers)})


def _with_resources(report: Report, **changes: object) -> Report:
    return report.model_copy(update={"resources": report.resources.model_copy(update=changes)})


def test_the_bottleneck_is_limited_by_its_own_folding() -> None:
    report = _with_layers(sample_report(), pe=4, simd=24, fastest_cycles=1024)
    assert _plain(bottleneck_sentence(report)) == (
        "stage3.0.right.conv2.conv.mvau sets the pace: 491 520 cycles a frame at PE 4 × SIMD 24."  # noqa: RUF001
        " Its own folding is the limit: at its highest it would need 1 024."
    )


def test_the_bottleneck_is_at_its_highest_folding() -> None:
    report = _with_layers(sample_report(), pe=1, simd=1, fastest_cycles=491_520)
    assert "That is its highest folding: no folding is faster than this at 100 MHz." in bottleneck_sentence(report)


def test_a_report_that_does_not_know_the_highest_folding_says_nothing_of_it() -> None:
    sentence = bottleneck_sentence(_with_layers(sample_report(), fastest_cycles=None))
    assert "folding" not in sentence
    assert sentence.endswith(".")


def test_nodes_that_are_as_slow_are_counted_without_fifos() -> None:
    report = sample_report()
    same = [Layer(name=f"same{n}", op=op, cycles=491_520) for n, op in enumerate(("ElasticFIFO", "AddStreams", "Max"))]
    two = report.model_copy(update={"layers": (*same, *report.layers)})
    assert two.bottleneck is not None
    assert two.bottleneck.name == "same1"  # a FIFO only passes on what a node sends
    assert ", as do 2 other nodes." in bottleneck_sentence(two)
    one = report.model_copy(update={"layers": (same[0], same[1], *report.layers)})
    assert ", as does one other node." in bottleneck_sentence(one)


def test_the_next_step_and_whether_it_fits() -> None:
    report = sample_report()
    assert _plain(next_step_sentence(report)) == (
        "One step faster, 231 fps (423 000 cycles a frame), is predicted to take 310 LUT, 120 FF and 4 DSP more,"
        " 0.5 BRAM36 less, by changing stage3.0.right.conv2.conv.mvau. It would fit."
    )
    lut = report.resources.lut
    assert _plain(next_step_sentence(sample_report(lut_budget=lut + 309))).endswith(
        f"It would not fit: {lut + 310:,} LUT of {lut + 309:,}.".replace(",", " ")
    )
    assert next_step_sentence(sample_report(lut_budget=lut + 310)).endswith("It would fit.")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (NextStep(fps=9, bound_cycles=7), "to take nothing more. It would fit."),
        (NextStep(fps=9, bound_cycles=7, lut=-5), "to take 5 LUT less."),
        (NextStep(fps=9, bound_cycles=7, dsp=1, nodes=("a", "b")), "to take 1 DSP more, by changing a and b."),
        (NextStep(fps=9, bound_cycles=7, nodes=tuple("abcd")), "by changing a, b, c and 1 more node."),
        (NextStep(fps=9, bound_cycles=7, nodes=tuple("abcdef")), "by changing a, b, c and 3 more nodes."),
    ],
)
def test_what_a_step_takes(step: NextStep, words: str) -> None:
    assert words in next_step_sentence(sample_report().model_copy(update={"next_step": step}))


def test_no_step_is_told_apart_from_no_solver() -> None:
    report = sample_report().model_copy(update={"next_step": None})
    assert next_step_sentence(report) == "The folding solver knows no faster folding of this network."
    silent = _with_resources(report, predicted=None).model_copy(update={"curve": ()})
    assert next_step_sentence(silent) == ""


def test_what_is_said_of_points() -> None:
    report = sample_report(lut_budget=50_000)
    said = {point.label: verdict_of(report, point) for point in report.curve}
    assert said["30"] == "fits"
    assert said["500"] == "LUT exceeded"
    assert said["1000"] == "not reached, 762.9 at most"


def test_a_design_that_fits_needs_no_advice() -> None:
    assert advice(sample_report()) == ()


def test_advice_names_the_takers_and_a_speed_that_fits() -> None:
    report = sample_report(lut_budget=35_000)
    takers = sorted(report.resources.by_group, key=lambda cost: -cost.lut)
    first, second = advice(report)
    assert _plain(first).startswith(f"{report.resources.lut - 35_000:,} LUT too many".replace(",", " "))
    assert f"the blocks {takers[0].group} (" in first
    assert f" and {takers[1].group} (" in first
    assert "the op BinaryMVAU (" in first
    assert "ram_style: block" in first
    point = next(point for point in report.curve if point.label == "100")
    assert _plain(second).startswith(f"--fps 100 would fit: {point.lut:,} LUT predicted, ".replace(",", " ", 1))


def test_a_prediction_that_was_kept_needs_no_second_figure() -> None:
    report = sample_report(lut_budget=35_000)
    exact = _with_resources(report, predicted=report.resources)
    assert _plain(advice(exact)[-1]) == "--fps 100 would fit: 32 699 LUT predicted."


def test_a_speed_is_only_promised_where_this_builds_own_error_leaves_room() -> None:
    """The solver said that 100 fps fit; this build took 4 % more than it said, and so much more does not fit."""
    report = sample_report(lut_budget=33_000)
    point = next(point for point in report.curve if point.label == "100")
    assert point.fits
    assert point.lut <= 33_000 < expected(report, "lut", point)
    best = fastest_that_fits(report)
    assert best is not None
    assert best.label == "60"


def test_this_speed_and_faster_ones_are_no_way_out() -> None:
    report = sample_report(lut_budget=35_000)
    kind = tuple(point.model_copy(update={"lut": 100, "fits": True}) for point in report.curve)
    best = fastest_that_fits(report.model_copy(update={"curve": kind}))
    assert best is not None
    assert best.label == "100"


def test_no_speed_fits() -> None:
    report = sample_report(lut_budget=20_000)
    assert fastest_that_fits(report) is None
    assert _plain(advice(report)[-1]).startswith("No speed of the curve would fit: --fps 30 takes 28 028 LUT predicted")


def test_advice_without_a_curve_or_groups() -> None:
    report = sample_report(lut_budget=35_000).model_copy(update={"curve": ()})
    assert len(advice(report)) == 1
    early = _with_resources(report.model_copy(update={"layers": ()}), by_op=())
    assert _plain(advice(early)[0]).startswith("3 928 LUT too many for pynq-z2 (38 928 of 35 000): move weights")


def test_each_exceeded_resource_has_its_sentence() -> None:
    report = _with_resources(sample_report(lut_budget=35_000), bram36=150.5, dsp=221)
    sentences = [_plain(sentence) for sentence in advice(report)]
    assert [sentence.split(" too many")[0] for sentence in sentences[:3]] == ["3 928 LUT", "10.5 BRAM36", "1 DSP"]


@pytest.mark.parametrize(
    ("measured", "predicted", "words"),
    [(104, 100, "+4.0 %"), (95, 100, "-5.0 %"), (100, 100, "as predicted"), (0, 0, "as predicted"),
     (3, 0, "not predicted"), (0, 4, "-100.0 %"), (100_001, 100_000, "< 0.1 %")],
)  # fmt: skip
def test_change(measured: float, predicted: float, words: str) -> None:
    assert _plain(change(measured, predicted)) == words
