# SPDX-License-Identifier: Apache-2.0
"""PE and SIMD for a frame rate, and what a target file may ask."""

import re
from pathlib import Path

import pytest
from networks import Graph, mini_case, small_case
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding, Target, load_target, operators
from hwflow.compile.fold import fold as solved
from hwflow.compile.map import to_dataflow
from hwflow.compile.options import fastest_cycles
from hwflow.compile.solve import Limits
from hwflow.compile.streamline import streamline
from hwflow.errors import UserError

BOARD = Limits(45_000, 135, 200)


def fold(
    model: ModelWrapper, clock: float, fps: float, limits: Limits = BOARD, target: Target | None = None
) -> Folding:
    return solved(model, clock, fps, limits, target).folding


@pytest.fixture(scope="module")
def small() -> ModelWrapper:
    return to_dataflow(small_case().model)


def copy(model: ModelWrapper) -> ModelWrapper:
    """Folding sets attributes of the nodes it looks at."""
    return ModelWrapper(model.model, make_deepcopy=True)


def cycles(model: ModelWrapper, folding: Folding) -> dict[str, int]:
    return {op.onnx_node.name: op.get_exp_cycles() for op in operators(assemble(model, folding))}


@pytest.mark.parametrize("fps", [1.0, 200.0, 5000.0, 60000.0])
def test_every_node_is_as_fast_as_asked(small: ModelWrapper, fps: float) -> None:
    folding = fold(copy(small), 100, fps)
    assert folding.target_cycles <= 100e6 / fps
    assert max(cycles(small, folding).values()) <= folding.target_cycles


@pytest.mark.slow
def test_mini_at_its_default_rate() -> None:
    dataflow = to_dataflow(mini_case().model)
    folding = fold(copy(dataflow), 100, 200)
    assert max(cycles(dataflow, folding).values()) <= folding.target_cycles <= 500_000
    assert set(folding.nodes) == {node.name for node in dataflow.graph.node}


def test_a_faster_rate_costs_no_less(small: ModelWrapper) -> None:
    def parallel(fps: float) -> int:
        nodes = fold(copy(small), 100, fps).nodes.values()
        return sum(int(v.get("PE", 1)) * int(v.get("SIMD", 1)) for v in nodes)

    assert parallel(100) <= parallel(5000) < parallel(60000)


@pytest.mark.parametrize(("clock", "shape"), [(100.0, None), (33.0, None), (1.0, (1, 1, 512, 512))])
def test_a_rate_out_of_reach_tells_the_highest_which_folds(
    small: ModelWrapper, clock: float, shape: tuple[int, ...] | None
) -> None:
    model = small
    if shape is not None:  # far below a frame a second
        graph = (
            Graph(shape=shape).pixels().quant("pixels", "q", 2, 64.0, signed=0).conv("q", "c", 2, 1, 9, pads=[4] * 4)
        )
        model = to_dataflow(streamline(graph.quant("c", "out", 3).model()), "logits")
    with pytest.raises(UserError) as caught:
        fold(copy(model), clock, 1e6)
    message = str(caught.value)
    slowest = max(operators(model), key=fastest_cycles)
    assert slowest.onnx_node.name in message and "\n" not in message
    highest = float(re.search(r"the highest rate is ([\d.]+) fps", message)[1])  # type: ignore[index]
    folding = fold(copy(model), clock, highest)
    assert max(cycles(model, folding).values()) <= folding.target_cycles
    with pytest.raises(UserError):
        fold(copy(model), clock, highest * 1.05)


def test_folding_is_the_same_every_time_and_survives_its_file(small: ModelWrapper) -> None:
    folding = fold(copy(small), 100, 200)
    assert fold(copy(small), 100, 200).to_yaml() == folding.to_yaml()
    again = Folding.from_yaml(folding.to_yaml())
    assert again.target_cycles == folding.target_cycles and dict(again.nodes) == dict(folding.nodes)


def test_windows_for_a_maximum_send_what_it_takes(small: ModelWrapper) -> None:
    for fps in (1, 200, 20000):
        nodes = fold(copy(small), 100, fps).nodes
        pairs = [name for name in nodes if name.endswith("pool_window")]
        assert len(pairs) == 3
        assert all(nodes[name]["SIMD"] == nodes[name.removesuffix("_window")]["PE"] for name in pairs)


def wish(small: ModelWrapper, **nodes: dict[str, int | str]) -> Folding:
    return fold(copy(small), 100, 200, target=Target(nodes=nodes))


def test_a_target_overrides_node_by_node(small: ModelWrapper) -> None:
    folding = wish(small, stem_conv={"PE": 4, "SIMD": 3, "ram_style": "block"}, head_sum={"PE": 8})
    assert folding.nodes["stem_conv"].items() >= {"PE": 4, "SIMD": 3, "ram_style": "block"}.items()
    assert folding.nodes["head_sum"]["PE"] == 8
    assert dict(folding.nodes["label"]) == dict(fold(copy(small), 100, 200).nodes["label"])


def test_a_maximum_and_its_window_follow_each_other(small: ModelWrapper) -> None:
    assert wish(small, stem_pool={"PE": 4}).nodes["stem_pool_window"]["SIMD"] == 4
    assert wish(small, stem_pool_window={"SIMD": 2}).nodes["stem_pool"]["PE"] == 2
    with pytest.raises(UserError, match="node stem_pool_window has SIMD=2, and node stem_pool behind it PE=4"):
        wish(small, stem_pool={"PE": 4}, stem_pool_window={"SIMD": 2})
    folding = fold(copy(small), 100, 200)
    edited = Folding(folding.target_cycles, {**folding.nodes, "stem_pool": {"PE": 4}, "stem_pool_window": {"SIMD": 2}})
    with pytest.raises(UserError, match="node stem_pool: PE=4 must equal SIMD=2 of its window stem_pool_window"):
        assemble(small, edited)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ({"stem_covn": {"PE": 1}}, r"target: there is no node stem_covn \(did you mean stem_conv\?\)"),
        ({"stem_conv": {"PR": 1}}, r"node stem_conv \(IntegerMVAU_rtl\) has no PR; it can set PE, SIMD, ram_style"),
        ({"stem_conv": {"PE": 3}}, r"node stem_conv: PE=3 does not divide; choose one of 1, 2, 4"),
        ({"stem_conv": {"PE": 0}}, r"node stem_conv: PE=0 does not divide; choose one of 1, 2, 4"),
        ({"stem_conv": {"SIMD": "all"}}, r"node stem_conv: SIMD=all does not divide; choose one of 1, 3, 9"),
        ({"stem_conv": {"ram_style": "ultra"}}, r"stem_conv: ram_style=ultra is not known; choose one of block, lut"),
        ({"label": {"SIMD": 1}}, r"node label \(LabelSelect_rtl\) has no SIMD; it can set PE"),
    ],
)  # fmt: skip
def test_a_target_that_cannot_be(small: ModelWrapper, nodes: dict[str, dict[str, int | str]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        wish(small, **nodes)


def test_a_hand_edited_folding_that_is_wrong(small: ModelWrapper) -> None:
    for values, message in [
        ({"head_sum": {"PE": 3}}, "folding: node head_sum: PE=3 does not divide; choose one of 1, 2, 4, 8"),
        ({"head_sum": {"PE": "2"}}, "folding: node head_sum: PE=2 does not divide"),
        ({"head_sun": {"PE": 1}}, r"folding: there is no node head_sun \(did you mean head_sum\?\)"),
        ({"head_sum": {"SIMD": 1}}, r"folding: node head_sum \(GlobalAccumulate_rtl\) has no SIMD; it can set PE"),
    ]:
        with pytest.raises(UserError, match=message):
            assemble(small, Folding(1, values))  # type: ignore[arg-type]
    for text in ("", "[", "nodes: {}", "target_cycles: 1\nnodes: [1]", "target_cycles: x\nnodes: {}"):
        with pytest.raises(UserError, match=r"folding\.yaml holds no folding; delete it and build again"):
            Folding.from_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fsp: 100", r"unknown key fsp \(did you mean fps\?\)"),
        ("fps: -1", "fps: .*greater than 0"),
        ("head: top5", "head: .*'top1' or 'logits'"),
        ("nodes: {a: {PE: [1]}}", "nodes.a.PE"),
        ("nodes: [", "not valid YAML"),
        ("- 1", "must hold keys and values"),
    ],
)
def test_a_target_file_that_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "target.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_target(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
