# SPDX-License-Identifier: Apache-2.0
"""The dataflow graph, run node by node in qonnx's executor, gives the tensors of the streamlined graph."""

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from finn.analysis.fpgadataflow.dataflow_performance import dataflow_performance
from finn.analysis.fpgadataflow.exp_cycles_per_layer import exp_cycles_per_layer
from finn.analysis.fpgadataflow.res_estimation import res_estimation
from finn.transformation.fpgadataflow.annotate_cycles import AnnotateCycles
from finn.util.fpgadataflow import is_rtl_node
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Case, Graph, frames, mini_case, small_case
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.fold import operators
from hwflow.compile.integers import Integers
from hwflow.compile.lines import TwoLines, fit
from hwflow.compile.map import ORIGINS_KEY, to_dataflow
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.hw.ops import StreamOp
from hwflow.sim.reference import reference_tensors

FAST = settings(max_examples=25, deadline=None, derandomize=True)


def run(model: ModelWrapper, picture: Integers) -> dict[str, Integers]:
    """Every tensor for one picture (C, H, W)."""
    pixels = picture.transpose(1, 2, 0)[None].astype(np.float32)
    return execute_onnx(model, {model.graph.input[0].name: pixels}, return_full_exec_context=True)


def check_mapped(case: Case, picture: Integers, head: str = "logits") -> tuple[ModelWrapper, dict[str, Integers]]:
    """Each origin tensor of the dataflow graph is the network's, in the shape and the type that its node declares."""
    dataflow = to_dataflow(case.model, head)
    reference = reference_tensors(case.qonnx, integer_facts(case.model), picture[None], None)
    context = run(dataflow, picture)
    check_origins(dataflow, reference, context)
    for op in operators(dataflow):
        streams = (*zip(op.onnx_node.input, op.streams_in(), strict=False),
                   *zip(op.onnx_node.output, op.streams_out(), strict=True))  # fmt: skip
        for name, spec in streams:
            assert context[name].size == np.prod(spec.shape), name
            assert spec.dtype.allowed(context[name]).all(), name
            assert dataflow.get_tensor_datatype(name) == spec.dtype
    return dataflow, context


def check_origins(dataflow: ModelWrapper, reference: dict[str, Integers], context: dict[str, Integers]) -> None:
    origins = json.loads(dataflow.get_metadata_prop(ORIGINS_KEY))
    assert origins
    for hardware, origin in origins.items():
        wanted = reference[origin]
        wanted = np.moveaxis(wanted, 1, -1) if wanted.ndim == 4 else wanted
        np.testing.assert_array_equal(context[hardware].reshape(wanted.shape), wanted, err_msg=hardware)


def by_hand(graph: Graph) -> Case:
    model = graph.model()
    return Case(torch.nn.Identity(), model, streamline(model))


def kinds(model: ModelWrapper) -> Counter[str]:
    return Counter(node.op_type.removesuffix("_rtl") for node in model.graph.node)


def test_mini() -> None:
    case = mini_case()
    dataflow, context = check_mapped(case, frames(1, (1, 64, 64))[0], "top1")
    found = kinds(dataflow)
    assert found["InterleaveChannels"] == 6 and found["SplitChannels"] == 3 and found["LabelSelect"] == 1
    assert found["StreamingMax"] == 7 and found["GlobalAccumulate"] == 1 and found["IntegerMVAU"] == 3
    assert found["BinaryMVAU"] == 30 and found["PiecewiseAffine"] == 15
    assert context["label"].item() == context["logits"].argmax()
    # a sign alone behind a 1-bit convolution is part of it, and so is the saturation behind a sum
    origins = set(json.loads(dataflow.get_metadata_prop(ORIGINS_KEY)))
    assert "stage2.0.left.conv1" not in origins or "stage2.0.left.conv2.sign" in origins
    tensors = {name for node in dataflow.graph.node for name in node.output}
    saturating = [n for n in dataflow.graph.node if n.op_type == "AddStreams_rtl" and n.output[0].endswith("stream")]
    assert len(saturating) == 12
    assert not {n.output[0].replace("stream", "add") for n in saturating} & tensors


def test_odd_sizes_and_colours() -> None:
    check_mapped(small_case(3, 21, 13), frames(1, (3, 21, 13))[0])


def test_every_node_is_an_rtl_node_for_finn() -> None:
    dataflow = to_dataflow(small_case().model)
    assert all(is_rtl_node(node) for node in dataflow.graph.node)
    cycles = dataflow.analysis(exp_cycles_per_layer)
    assert cycles == {op.onnx_node.name: op.get_exp_cycles() for op in operators(dataflow)}
    assert all(count > 0 for count in cycles.values())
    performance = dataflow.transform(AnnotateCycles()).analysis(dataflow_performance)
    assert performance["max_cycles"] == max(cycles.values())
    assert performance["max_cycles_node_name"] in cycles
    estimates = dataflow.analysis(lambda model: res_estimation(model, "xc7z020clg400-1"))
    assert set(estimates) == set(cycles)


def _fold_all(op: StreamOp, context: dict[str, Integers]) -> int:
    """Every PE and SIMD of a node gives the same numbers, beats and bits that fit together; the number of foldings."""
    node = op.onnx_node
    ins = [np.rint(context[name]).astype(np.int64) for name in node.input]
    arrays, constants = ins[: len(op.streams_in())], ins[len(op.streams_in()) :]
    wanted = [context[name] for name in node.output]
    choices = op.folding_choices()
    before = {key: op.get_nodeattr(key) for key in choices}
    count = 0
    for values in _some(choices):
        for key, value in values.items():
            op.set_nodeattr(key, value)
        assert op.get_exp_cycles() > 0
        for index, spec in enumerate(op.streams_in()):
            assert op.get_folded_input_shape(index) == spec.folded and np.prod(spec.folded) == np.prod(spec.shape)
            assert op.get_instream_width(index) == spec.folded[-1] * spec.dtype.bitwidth() == spec.bits
            assert op.get_normal_input_shape(index) == spec.shape
        for index, spec in enumerate(op.streams_out()):
            assert op.get_folded_output_shape(index) == spec.folded and np.prod(spec.folded) == np.prod(spec.shape)
            assert op.get_outstream_width(index) == spec.folded[-1] * spec.dtype.bitwidth() == spec.bits
            assert op.get_exp_cycles() >= spec.beats or op.onnx_node.op_type == "LabelSelect_rtl"
        if not _order_depends(op):
            for got, array in zip(op.compute(arrays, constants), wanted, strict=True):
                np.testing.assert_array_equal(got, array)
        count += 1
    for key, value in before.items():
        op.set_nodeattr(key, value)
    return count


def _order_depends(op: StreamOp) -> bool:
    """A window for a maximum and the maximum: their folding fixes the order between them."""
    return op.onnx_node.op_type == "StreamingMax_rtl" or (
        op.onnx_node.op_type == "SlidingWindow_rtl" and op.integer("depthwise") == 1
    )


def _some(choices: dict[str, list[int]]) -> list[dict[str, int]]:
    """Each value of each attribute, the others at both ends."""
    found: list[dict[str, int]] = []
    for key, options in choices.items():
        for end in (min, max):
            found += [{k: end(v) for k, v in choices.items()} | {key: value} for value in options]
    return found


def test_every_folding_computes_the_same() -> None:
    dataflow = to_dataflow(small_case().model)
    context = run(dataflow, frames(1, (1, 16, 16))[0])
    counts = {op.onnx_node.op_type: _fold_all(op, context) for op in operators(dataflow)}
    assert len(counts) >= 11 and all(count >= 2 for count in counts.values())


@pytest.mark.parametrize("fold", [1, 2, 4])
def test_a_maximum_behind_its_window_at_every_folding(fold: int) -> None:
    case = by_hand(_pool(channels=4))
    dataflow = to_dataflow(case.model, "logits")
    for op in operators(dataflow):
        for key in op.folding_choices():
            op.set_nodeattr(key, fold)
    picture = frames(1, (4, 5, 6))[0]
    context = run(dataflow, picture)
    wanted = torch.nn.functional.max_pool2d(torch.from_numpy(picture[None].astype(np.float64)), 3, 2, 1, ceil_mode=True)
    np.testing.assert_array_equal(context["pool"], wanted.numpy().transpose(0, 2, 3, 1))


def _pool(channels: int) -> Graph:
    graph = Graph(shape=(1, channels, 5, 6), output="pool").pixels()
    return graph.add("MaxPool", ["pixels"], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)


def test_split_in_two_ways_and_two_slices() -> None:
    graph = Graph(shape=(1, 6, 2, 3)).pixels().const(parts=np.array([2, 4]))
    graph.const(zero=np.array([0]), two=np.array([2]), end=np.array([2**40]), axis=np.array([1]))
    graph.add("Split", ["pixels", "parts"], ["few", "many"], axis=1)
    graph.add("Slice", ["many", "zero", "two", "axis"], "front").add("Slice", ["many", "two", "end", "axis"], "back")
    graph.add("Concat", ["back", "few"], "joined", axis=1).add("Concat", ["joined", "front"], "out", axis=1)
    case = by_hand(graph)
    picture = frames(1, (6, 2, 3))[0]
    dataflow, context = check_mapped(case, picture)
    assert kinds(dataflow) == {"SplitChannels": 2, "ConcatChannels": 2}
    np.testing.assert_array_equal(context["out"][0].transpose(2, 0, 1), picture[[4, 5, 0, 1, 2, 3]])


def test_a_tensor_with_several_readers_is_forked() -> None:
    graph = Graph().pixels().quant("pixels", "q", 4, 16.0, signed=0).quant("pixels", "a", 6, 8.0)
    graph.add("Add", ["a", "a"], "twice").conv("q", "c").conv("q", "d").add("Add", ["c", "d"], "e")
    graph.quant("e", "f", 6, 8.0).quant("twice", "g", 6, 8.0).add("Add", ["f", "g"], "out")
    dataflow, _ = check_mapped(by_hand(graph), frames(1, (2, 4, 4))[0])
    forks = [n for n in dataflow.graph.node if n.op_type == "DuplicateStreams_rtl"]
    assert {n.input[0]: len(n.output) for n in forks} == {"image": 2, "q": 2, "a": 2}
    read = Counter(name for n in dataflow.graph.node for name in n.input)
    assert set(read.values()) == {1}


def test_reshapes_of_one_pixel_vanish() -> None:
    """A sum that keeps its axes, a 1x1 convolution on it, and the two ways to make a vector of that."""
    graph = Graph(shape=(1, 2, 3, 3)).pixels().const(axes=np.array([2, 3]))
    graph.quant("pixels", "q", 3, 32.0, signed=0).add("ReduceSum", ["q", "axes"], "sum", keepdims=1)
    graph.conv("sum", "c", 4).quant("c", "d", 4, 2.0).add("Squeeze", ["d", "axes"], "flat")
    graph.quant("flat", "e", 3, 4.0).const(last=np.array([1, 4, 1, 1])).add("Reshape", ["e", "last"], "map")
    graph.conv("map", "f", 3, 4).add("Flatten", ["f"], "out", axis=1)
    dataflow, context = check_mapped(by_hand(graph), frames(1, (2, 3, 3))[0], "top1")
    assert "Reshape" not in kinds(dataflow)
    assert context["label"].item() == context["f"].argmax()


def test_rsilu_becomes_a_table() -> None:
    """Not monotone: the difference of two MultiThresholds, one table in hardware, equal at every entry."""
    graph = Graph(shape=(1, 2, 16, 16)).pixels().quant("pixels", "p", 7, 4.0, signed=1, rounding_mode="FLOOR")
    graph.quant("p", "q", 7, 2.0).const(zeta=np.array([[[3.0]], [[-5.0]]]), eta=np.array([[[1.5]], [[0.25]]]))
    graph.const(eighth=0.125).add("Mul", ["q", "eighth"], "r").add("Sub", ["r", "zeta"], "s")
    graph.add("Sigmoid", ["s"], "t").add("Mul", ["s", "t"], "u").add("Add", ["u", "eta"], "v")
    graph.quant("v", "silu", 5, 0.125).sign("v", "dip")
    graph.add("Concat", ["silu", "silu"], "both", axis=1).conv("dip", "c", 4).quant("both", "z", 7, 0.125)
    graph.quant("c", "d", 4, 0.125).quant("d", "e", 7, 0.125).add("Add", ["z", "e"], "out")
    case = by_hand(graph)
    ramp = np.tile(np.arange(256).reshape(1, 16, 16), (2, 1, 1))
    dataflow, context = check_mapped(case, ramp)
    tables = [n for n in dataflow.graph.node if n.op_type == "ChannelTable_rtl"]
    assert {n.output[0] for n in tables} >= {"silu"}
    fact = integer_facts(case.model)["q"]
    table = dataflow.get_initializer(next(n for n in tables if n.output[0] == "silu").input[1])
    x = np.arange(fact.lo.min(), fact.hi.max() + 1) * fact.scale * 0.125
    for channel, (zeta, eta) in enumerate([(3.0, 1.5), (-5.0, 0.25)]):
        silu = (x - zeta) / (1 + np.exp(-(x - zeta))) + eta
        codes = np.arange(fact.lo.min(), fact.hi.max() + 1) & 127
        np.testing.assert_array_equal(table[channel, codes], np.clip(np.rint(silu / 0.125), -16, 15))
    assert (np.diff(context["silu"].reshape(-1, 2)[:128], axis=0) < 0).any()


def test_a_sign_that_falls_is_a_table_of_one_bit() -> None:
    graph = Graph(shape=(1, 2, 16, 16)).pixels().quant("pixels", "q", 5, 8.0, signed=0)
    graph.const(level=np.array([[[70.0]], [[-300.0]]])).add("Neg", ["q"], "n").add("Add", ["n", "level"], "m")
    graph.sign("m", "s").conv("s", "out", 3)
    ramp = np.tile(np.arange(256).reshape(1, 16, 16), (2, 1, 1))
    dataflow, context = check_mapped(by_hand(graph), ramp)
    (table,) = [op for op in operators(dataflow) if op.onnx_node.output[0] == "s"]
    assert table.onnx_node.op_type == "ChannelTable_rtl"
    assert table.datatype("outputDataType") == DataType["BIPOLAR"]
    assert set(np.unique(context["s"][..., 0])) == {-1, 1} and (context["s"][..., 1] == -1).all()
    packed = table.parameters(table.constants(dataflow))["TABLE"]
    ones = [int(b) for b in f"{packed.value:0{packed.width}b}"[::-1]]  # type: ignore[union-attr]
    assert ones == [int(8 * x <= 70) for x in range(32)] + [0] * 32


def test_a_narrow_quantiser_of_many_steps_saturates_where_it_ends() -> None:
    """Lines saturate at the type's lowest value, which a narrow quantiser never gives."""
    graph = Graph(shape=(1, 1, 16, 16)).pixels().quant("pixels", "p", 8, 1.0, rounding_mode="FLOOR")
    graph.const(middle=64.0).add("Sub", ["p", "middle"], "m").quant("m", "q", 8, 1.0, narrow=0)
    graph.quant("q", "out", 6, 1.0, narrow=1)
    _, context = check_mapped(by_hand(graph), np.arange(256).reshape(1, 16, 16))
    assert context["out"].min() == -31 and context["out"].max() == 31


@FAST
@given(
    zeta=st.integers(-40, 40),
    eta=st.integers(-40, 40),
    slope=st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]),
    bits=st.integers(4, 7),
    extra=st.integers(0, 2),
)
def test_lines_equal_rprelu_at_every_entry(zeta: int, eta: int, slope: float, bits: int, extra: int) -> None:
    """With steps and slopes as hardware wants them there always are lines: add, shift, add."""
    x = np.arange(-(1 << (bits + extra - 1)), 1 << (bits + extra - 1))
    y = np.where(x >= zeta, x - zeta + eta, np.floor(slope * (x - zeta) + eta))
    lowest, highest = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    row = np.clip(y, lowest, highest).astype(np.int64)
    lines = _fit(int(x[0]), row, lowest, highest)
    assert lines is not None and lines.frac <= 3
    assert all(int(m).bit_count() <= 1 for m in (*lines.mlo, *lines.mhi))
    np.testing.assert_array_equal(_evaluate(lines.rows()[:, 0], lines.frac, x, lowest, highest), row)


@FAST
@given(row=st.lists(st.integers(0, 3), min_size=2, max_size=40), first=st.integers(-30, 30))
def test_lines_are_exact_or_none(row: Sequence[int], first: int) -> None:
    table = np.minimum(np.cumsum(row), 31)
    lines = _fit(first, table, 0, 31)
    if lines is not None:
        x = np.arange(len(row)) + first
        np.testing.assert_array_equal(_evaluate(lines.rows()[:, 0], lines.frac, x, 0, 31), table)


def test_there_are_no_lines_for_a_curve() -> None:
    assert _fit(0, np.array([0, 1, 4, 9, 16, 16, 16, 25]), -100, 100) is None


def _fit(first: int, table: Integers, lowest: int, highest: int) -> TwoLines | None:
    """Lines for one channel whose outputs, from the input `first` on, are `table`."""
    thresholds = first + np.searchsorted(table, np.arange(lowest + 1, highest + 1))
    ends = np.array([first]), np.array([first + len(table) - 1])
    return fit(thresholds[None], *ends, lowest, 10)


def _evaluate(rows: Integers, frac: int, x: Integers, lowest: int, highest: int) -> Integers:
    knee, mlo, mhi, alo, ahi = rows
    line = np.where(x >= knee, mhi * x + ahi, mlo * x + alo)
    return np.clip(line >> frac, lowest, highest)


def test_operators_are_registered_under_their_names() -> None:
    for op in operators(to_dataflow(small_case().model)):
        assert type(getCustomOp(op.onnx_node)).__name__ == op.onnx_node.op_type
        op.verify_node()
