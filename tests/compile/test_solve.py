# SPDX-License-Identifier: Apache-2.0
"""The folding solver: fast enough, within limits, cheapest of what a brute force finds, and honest where nothing fits."""

import itertools

import pytest
from networks import small_case
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Target, cycles_for, fold, operators
from hwflow.compile.lag import expected_depths
from hwflow.compile.map import to_dataflow
from hwflow.compile.options import Option, allowed_by, fast_enough, options_of
from hwflow.compile.solve import Limits, Prices, Problem
from hwflow.compile.tradeoff import tradeoff
from hwflow.costs.model import Cost, shipped_model
from hwflow.costs.shapes import Shaper
from hwflow.errors import UserError

PLENTY = Limits(45_000, 135, 200)


@pytest.fixture(scope="module")
def small() -> ModelWrapper:
    return to_dataflow(small_case().model)


@pytest.fixture(scope="module")
def problem(small: ModelWrapper) -> Problem:
    return Problem(ModelWrapper(small.model, make_deepcopy=True), shipped_model())


def test_more_speed_never_costs_less(problem: Problem) -> None:
    found = [problem.solve(cycles_for(100, fps), PLENTY) for fps in (50, 1000, 10_000, 60_000)]
    costs = [Prices().of(one.cost) for one in found]
    assert all(one.reached for one in found)
    assert all(a <= b * 1.02 for a, b in itertools.pairwise(costs)) and costs[0] < costs[-1]


@pytest.mark.parametrize("fps", [200, 60_000, "max"])
def test_what_is_predicted_is_what_is_assembled(small: ModelWrapper, fps: float | str) -> None:
    """Width converters and FIFOs too, at the depths that sizing tries first."""
    folded = fold(ModelWrapper(small.model, make_deepcopy=True), 100, fps, PLENTY)
    design = assemble(ModelWrapper(small.model, make_deepcopy=True), folded.folding)
    ops = [getCustomOp(node) for node in design.graph.node]
    depths = expected_depths(ops, folded.solution.bound)
    total = Cost()
    for op in ops:
        if op.onnx_node.name in depths:
            op.set_nodeattr("depth", depths[op.onnx_node.name])
        total = total + shipped_model().cost(Shaper(op, design).shape())
    # Of nodes whose attributes agree the first one's constants stand for all.
    assert total.lut == pytest.approx(folded.solution.cost.lut, abs=2)
    assert (total.bram18, total.dsp) == (folded.solution.cost.bram18, folded.solution.cost.dsp)


@pytest.mark.slow
def test_no_change_of_one_node_saves_anything(problem: Problem, small: ModelWrapper) -> None:
    """What the solver ends with is a bottom: tried against every option of every node."""
    cycles = cycles_for(100, 5000)
    found = problem.solve(cycles, PLENTY)
    model = ModelWrapper(small.model, make_deepcopy=True)
    best = found.prices.of(found.cost)
    for op in operators(model)[::9]:
        name = op.onnx_node.name
        for option in options_of(op, model, shipped_model())[::11]:
            if option.cycles > cycles:
                continue
            other = Problem(model, shipped_model(), {name: option.values}).solve(cycles, PLENTY)
            assert found.prices.of(other.cost) >= best * 0.98, (name, option.values)


def test_prices_rise_until_a_resource_suffices(problem: Problem) -> None:
    free = problem.solve(cycles_for(100, 200), PLENTY)
    assert free.cost.bram18 > 0 and free.cost.dsp > 0
    few = problem.solve(cycles_for(100, 200), Limits(45_000, 135, free.cost.dsp - 1))
    assert few.cost.dsp < free.cost.dsp and few.cost.lut >= free.cost.lut and few.prices.dsp > free.prices.dsp
    none = problem.solve(cycles_for(100, 200), Limits(45_000, 0, 200))
    assert none.cost.bram18 == 0 and none.cost.lut > free.cost.lut and none.prices.bram18 > free.prices.bram18


def test_the_fastest_that_fits(problem: Problem) -> None:
    limits = Limits(problem.solve(cycles_for(100, 2000), PLENTY).cost.lut * 1.1, 20, 100)
    most = problem.fastest(limits)
    assert most is not None and limits.fits(most.cost)
    assert problem.fastest(Limits(10, 135, 200)) is None


def test_max_that_cannot_be_says_by_how_much(small: ModelWrapper) -> None:
    with pytest.raises(UserError, match=r"--fps max: not even the slowest folding fits: \d+ LUT of 100"):
        fold(ModelWrapper(small.model, make_deepcopy=True), 100, "max", Limits(100, 135, 200))


def test_wishes_bound_the_rate(small: ModelWrapper) -> None:
    """What a slow node wishes for is refused by name where a rate is asked; `max` gives the others no more speed than it has."""
    products = (op for op in operators(small) if op.onnx_node.op_type == "BinaryMVAU_rtl")
    name = max(products, key=lambda op: int(op.get_exp_cycles())).onnx_node.name
    slow: dict[str, int | str] = {"PE": 1, "SIMD": 1}
    with pytest.raises(
        UserError, match=rf"^target: node {name} needs (\d+) cycles a frame with PE=1 and SIMD=1, which is"
    ):
        fold(ModelWrapper(small.model, make_deepcopy=True), 100, 60_000, PLENTY, Target(nodes={name: slow}))
    free = fold(ModelWrapper(small.model, make_deepcopy=True), 100, "max", PLENTY)
    held = fold(ModelWrapper(small.model, make_deepcopy=True), 100, "max", PLENTY, Target(nodes={name: slow}))
    assert held.solution.bound == held.solution.chosen[name].cycles > free.solution.bound
    assert held.solution.cost.lut < free.solution.cost.lut
    assert tradeoff(held, 100, PLENTY)["next_step"] is None, "within these wishes there is none"


def test_options_that_cost_more_for_nothing_are_left_out() -> None:
    def option(cycles: int, lut: float, dsp: int = 0, outs: int = 1) -> Option:
        return Option({"PE": outs, "ram_style": f"{lut}"}, cycles, Cost(lut, 0, 0, dsp), (1,), (outs,))

    cheap, dear, other, slow = option(10, 5), option(8, 9), option(8, 9, outs=2), option(99, 1)
    assert fast_enough([cheap, dear, other, slow], 20) == [cheap, other]
    assert fast_enough([cheap, other, slow], 5) == [other]  # none is fast enough: the fastest
    assert allowed_by({"ram_style": "1"}, [cheap, dear, other, slow]) == [slow]


def test_tradeoff_has_what_the_report_draws(small: ModelWrapper) -> None:
    model = ModelWrapper(small.model, make_deepcopy=True)
    folded = fold(model, 100, 200, PLENTY)
    found = tradeoff(folded, 100, PLENTY, (30, 200, 1e9))
    assert [point["label"] for point in found["curve"]] == ["30", "200", "1e+09", "max"]
    assert [point["reached"] for point in found["curve"]] == [True, True, False, True]
    assert found["binds"] in ("lut", "bram36", "dsp")
    step = found["next_step"]
    assert step["bound_cycles"] < folded.solution.bound and step["nodes"]
    assert found["prediction"]["lut"] == round(folded.solution.cost.lut)
    built = [op.get_exp_cycles() for op in operators(assemble(small, folded.folding))]
    assert max(built) == folded.solution.bound
