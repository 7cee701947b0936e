# SPDX-License-Identifier: Apache-2.0
"""Streamlining is exact: every tensor of the integer graph in qonnx's executor against PyTorch in float64."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Classifier, Graph, frames, mini_case, norm, randomise, small_case
from onnx import ModelProto
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import nn

from hwflow.compile.integers import Integers
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.nn import Add, BatchNorm2d, BinaryConv2d, IntConv2d, RSign, RSiLU, StepQuant
from hwflow.nn.export import export_qonnx
from hwflow.sim.reference import reference_tensors

FAST = settings(max_examples=15, deadline=None, derandomize=True)


def check_exact(
    network: nn.Module | None, pictures: Integers, qonnx: ModelProto | None = None, model: ModelWrapper | None = None
) -> tuple[ModelWrapper, dict[str, Integers]]:
    """Every tensor of the streamlined graph is the network's, within its range, of its type; the scale is right.

    Without a network the QONNX graph itself, run in float64, is what it must equal.
    """
    if qonnx is None:
        assert network is not None
        qonnx = export_qonnx(network, pictures.shape[1:])
    model = model or streamline(qonnx)
    facts = integer_facts(model)
    reference = reference_tensors(qonnx, facts, pictures, network)
    assert set(reference) == set(facts)
    last = model.graph.output[0].name
    unscaled = last.removesuffix(".scaled")
    logits = reference[unscaled] * facts[unscaled].scale
    if network is not None:
        with torch.no_grad():
            logits = network.double()(torch.from_numpy(pictures).double() * facts["image"].scale).numpy()
        network.float()
    for index, picture in enumerate(pictures.astype(np.float32)):
        context = execute_onnx(model, {"image": picture[None]}, return_full_exec_context=True)
        for name, fact in facts.items():
            value = reference[name][index : index + 1]
            np.testing.assert_array_equal(context[name], value, err_msg=name)
            by_channel = np.moveaxis(value, 1, -1)
            assert (by_channel >= fact.lo).all() and (by_channel <= fact.hi).all(), name
            assert fact.dtype.allowed(value).all(), name
            assert value.shape == fact.shape
        np.testing.assert_array_equal(context[last], logits[index : index + 1])
    return model, reference


def check_integer(model: ModelWrapper) -> None:
    """Nothing but integers, and one scale at the very end."""
    *body, end = model.graph.node
    assert end.op_type == "Mul" and list(end.output) == [model.graph.output[0].name]
    assert model.get_initializer(end.input[1]).size == 1
    allowed = {
        "Add", "Concat", "Conv", "MatMul", "MaxPool", "MultiThreshold", "Pad", "ReduceSum", "Reshape", "Split",
        "Transpose",
    }  # fmt: skip
    assert {node.op_type for node in body} <= allowed
    for node in body:
        for name in (*node.input[:1], *node.output):
            assert model.get_tensor_datatype(name).is_integer(), name
        if node.op_type == "Add":
            assert all(model.get_initializer(name) is None for name in node.input)
            assert all(model.get_tensor_datatype(name).is_integer() for name in node.input)
        if node.op_type in ("Conv", "MatMul", "MultiThreshold"):
            constants = model.get_initializer(node.input[1])
            assert (constants == np.rint(constants)).all()


def test_mini_with_unkind_statistics() -> None:
    case = mini_case()
    model, reference = check_exact(case.network, frames(1, (1, 64, 64)), case.qonnx, case.model)
    check_integer(model)
    thresholds = [n for n in model.graph.node if n.op_type == "MultiThreshold"]
    signs = sum(isinstance(m, RSign) for m in case.network.modules())
    assert len([n for n in thresholds if model.get_tensor_datatype(n.output[0]) == DataType["BIPOLAR"]]) == signs
    # the unkind statistics are there: channels that never change, and channels whose weights were negated
    dead = reference["stage2.1.right.conv1.quant"][:, 0]
    assert (dead == dead.flat[0]).all()
    facts = integer_facts(model)
    assert sum(f.sign is not None for f in facts.values()) > 20


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 21, 13)])
def test_odd_sizes_and_colours(shape: tuple[int, int, int]) -> None:
    case = small_case(*shape)
    model, _ = check_exact(case.network, frames(2, shape), case.qonnx, case.model)
    check_integer(model)
    pools = [n for n in model.graph.node if n.op_type == "MaxPool"]
    assert not any(a.name == "ceil_mode" for n in pools for a in n.attribute)


def test_two_runs_give_the_same_bytes() -> None:
    first, second = small_case().model, streamline(small_case().qonnx)
    assert first.model.SerializeToString(deterministic=True) == second.model.SerializeToString(deterministic=True)


BOTH = [
    # gamma, beta, mean, variance
    (0.0, 0.3, 0.0, 1.0),  # dead: the same for all inputs
    (-0.7, 0.1, 3.0, 30.0),  # falling
    (1e-3, 0.0, 0.0, 1.0),  # never leaves 0
    (1e4, 0.0, 0.5, 1.0),  # a step
    (1.0, 0.0, 1e5, 1.0),  # all below
    (-1.0, 0.0, 1e5, 1.0),  # all above
    (2.0, -0.4, 1.0, 1e-12),  # hardly any variance
    (1.0, 0.0, 0.0, 1e12),  # all in the middle
]


@pytest.mark.parametrize("quantiser", [RSign(8), StepQuant(3, 0.5), StepQuant(4, 0.25, signed=False)])
def test_every_kind_of_channel(quantiser: nn.Module) -> None:
    torch.manual_seed(1)
    first = nn.Sequential(IntConv2d(1, 8, 3, bits=4), norm(*zip(*BOTH, strict=True)), quantiser)
    network = Classifier(nn.Sequential(first, nn.Identity()), 8).eval()
    check_exact(network, frames(3, (1, 6, 5)))


def test_ties_go_where_torch_puts_them() -> None:
    """An accumulator of quarters quantised to halves, whole numbers and twos: every second value is a tie."""

    def body(second: nn.Module) -> nn.Module:
        return nn.Sequential(StepQuant(7, 2.0**-6, rounding="floor"), second)

    ramp = np.arange(256).reshape(1, 1, 16, 16)
    for step, rounding in product((2.0**-5, 2.0**-4), ("round", "floor")):
        network = Classifier(body(StepQuant(4, step, rounding=rounding)), 1).eval()
        _, reference = check_exact(network, ramp)
        units = int(step * 64)
        coarse = np.minimum(ramp // 4, 63) / units
        wanted = np.floor(coarse) if rounding == "floor" else np.rint(coarse)
        np.testing.assert_array_equal(reference["body.1"], np.clip(wanted, -8, 7))


@FAST
@given(
    rows=st.lists(
        st.tuples(st.floats(-3, 3), st.floats(-2, 2), st.floats(-20, 20), st.floats(0, 50), st.floats(-9, 9)),
        min_size=3, max_size=3,
    ),
    bits=st.integers(2, 6),
    scale=st.sampled_from([2.0, 0.5, 0.125]),
    rounding=st.sampled_from(["ROUND", "FLOOR", "CEIL"]),
    kernel_bits=st.sampled_from([1, 3]),
)  # fmt: skip
def test_conv_norm_quantisers(
    rows: list[tuple[float, ...]], bits: int, scale: float, rounding: str, kernel_bits: int
) -> None:
    """A convolution and any BatchNorm, then a sign and k bits side by side."""
    graph = Graph(shape=(1, 2, 3, 4)).pixels().quant("pixels", "map", 3, 16.0, signed=0)
    graph.conv("map", "acc", 3, 2, 3, kernel_bits).norm("acc", "normed", *list(zip(*rows, strict=True))[:4])
    graph.const(shift=np.reshape([row[4] for row in rows], (3, 1, 1)))
    graph.add("Sub", ["normed", "shift"], "shifted").sign("shifted", "sign")
    graph.quant("normed", "steps", bits, scale, rounding_mode=rounding)
    graph.conv("sign", "left", 2, 3).quant("left", "left_q", 3).conv("steps", "right", 2, 3)
    graph.quant("right", "right_q", 4, scale).quant("right_q", "right_r", 3, 1.0).add(
        "Add", ["left_q", "right_r"], "out"
    )
    check_exact(None, frames(1, (2, 3, 4), bits), graph.model())


@FAST
@given(
    rows=st.lists(
        st.tuples(st.floats(-6, 6), st.floats(0, 2), st.floats(-6, 6)), min_size=2, max_size=2
    ),
    bits=st.integers(2, 6),
    narrow=st.integers(0, 1),
    rounding=st.sampled_from(["ROUND", "FLOOR"]),
)  # fmt: skip
def test_sum_rprelu_quantiser(rows: list[tuple[float, ...]], bits: int, narrow: int, rounding: str) -> None:
    graph = Graph(shape=(1, 2, 3, 4)).pixels().quant("pixels", "map", 4, 0.5, signed=1)
    graph.quant("pixels", "other", 3, 0.5).add("Add", ["map", "other"], "sum")
    names = ("zeta", "slope", "eta")
    graph.const(**{n: np.reshape(v, (2, 1, 1)) for n, v in zip(names, zip(*rows, strict=True), strict=True)})
    graph.add("Sub", ["sum", "zeta"], "a").add("PRelu", ["a", "slope"], "b").add("Add", ["b", "eta"], "c")
    graph.quant("c", "out", bits, 0.5, narrow=narrow, rounding_mode=rounding)
    check_exact(None, frames(2, (2, 3, 4), bits), graph.model())


def _widen(channels: int) -> nn.Module:
    """The picture's channel to several, with its mean taken off so that signs differ."""
    return nn.Sequential(
        IntConv2d(1, channels, 3, bits=5), norm([1.0] * channels, [0.0] * channels, [0.0] * channels, [0.5] * channels),
        StepQuant(5, 0.25),
    )  # fmt: skip


class _Shortcut(nn.Module):
    """A branch and its shortcut, summed, activated, quantised."""

    def __init__(self, activation: nn.Module, stream: nn.Module) -> None:
        super().__init__()
        self.start = _widen(4)
        self.sign = RSign(4)
        self.conv = BinaryConv2d(4, 4, 3)
        self.norm = BatchNorm2d(4)
        self.quant = StepQuant(3, 0.25)
        self.add = Add()
        self.act = activation
        self.stream = stream

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.start(x)
        out: torch.Tensor = self.stream(self.act(self.add(self.quant(self.norm(self.conv(self.sign(x)))), x)))
        return out


@pytest.mark.parametrize("last", [lambda: StepQuant(5, 0.125), lambda: RSign(4)])
def test_rsilu_is_the_difference_of_two_thresholds(last: Callable[[], nn.Module]) -> None:
    torch.manual_seed(3)
    block = _Shortcut(RSiLU(4), last())
    randomise(block, 3)
    block.act.zeta.data[:, 0, 0] = torch.tensor([0.5, -0.5, 1.0, -1.0])
    if isinstance(block.stream, RSign):
        block.stream.gamma.data[:, 0, 0] = block.act.eta.data[:, 0, 0] - 0.2  # within the dip
    model, _ = check_exact(Classifier(block, 4).eval(), frames(1, (1, 5, 5)))
    differences = [n for n in model.graph.node if n.op_type == "Sub"]
    assert [n.output[0] for n in differences] == ["body.stream"]
    makers = [model.find_producer(name) for name in differences[0].input]
    assert [n.op_type for n in makers] == ["MultiThreshold"] * 2
    assert len({n.input[0] for n in makers}) == 1


class _Inverted(nn.Module):
    """BatchNorm and RSign on a quantised map: where gamma is negative no weights can take the sign."""

    def __init__(self) -> None:
        super().__init__()
        self.start = _widen(4)
        self.norm = norm([-1.0, 1.0, -0.5, 0.0], [0.2, 0.1, -0.3, -0.2], [0.0] * 4, [1.0] * 4)
        self.sign = RSign(4)
        self.conv = BinaryConv2d(4, 4, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.conv(self.sign(self.norm(self.start(x))))
        return out


def test_a_falling_sign_of_a_quantised_map() -> None:
    torch.manual_seed(4)
    model, _ = check_exact(Classifier(_Inverted(), 4).eval(), frames(3, (1, 5, 5)))
    assert [n.output[0] for n in model.graph.node if n.op_type == "Sub"] == ["body.sign"]


class _Twice(nn.Module):
    """One accumulator read by two quantisers that want opposite signs of it."""

    def __init__(self) -> None:
        super().__init__()
        self.start = _widen(2)
        self.sign = RSign(2)
        self.conv = BinaryConv2d(2, 2, 3)
        self.down = norm([-1.0, -0.5], [0.1, 0.2], [0.0, 1.0], [9.0, 9.0])
        self.up = norm([1.0, 0.5], [0.1, 0.2], [0.0, 1.0], [9.0, 9.0])
        self.left = StepQuant(3, 0.25)
        self.right = StepQuant(3, 0.25)
        self.add = Add()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(self.sign(self.start(x)))
        out: torch.Tensor = self.add(self.left(self.down(x)), self.right(self.up(x)))
        return out


def test_an_accumulator_with_two_readers() -> None:
    torch.manual_seed(5)
    check_exact(Classifier(_Twice(), 2).eval(), frames(3, (1, 6, 6)))


def test_a_wider_quantiser_gives_its_own_type() -> None:
    """A 3-bit map quantised again to 6 bits joins 6-bit maps; a repeated quantiser costs nothing."""
    torch.manual_seed(6)
    network = Classifier(nn.Sequential(StepQuant(3, 0.25), StepQuant(6, 0.25), StepQuant(6, 0.25)), 1).eval()
    model, _ = check_exact(network, frames(3, (1, 4, 4)))
    assert model.get_tensor_datatype("body.1") == DataType["INT6"]
    assert "body.2" not in {name for node in model.graph.node for name in node.output}
