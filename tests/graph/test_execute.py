# SPDX-License-Identifier: Apache-2.0
"""Operators against ONNX's reference evaluator, torch and qonnx; options that are refused; constants of every kind."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import BIPOLAR_DOMAIN
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from qonnx.custom_op.general.multithreshold import multithreshold
from qonnx.custom_op.general.quant import quant as qonnx_quant
from torch import Tensor

from hwflow.errors import UserError
from hwflow.graph.execute import OPERATORS, initializers, pool_pads, quant_range, round_as, run_node

RNG = np.random.default_rng(0)
FAST = settings(max_examples=60, deadline=None, derandomize=True)


def run(op: str, inputs: list[Any], outputs: int = 1, **attributes: Any) -> list[Tensor]:
    """A node on arrays; None is an input left out."""
    names = ["" if value is None else f"i{i}" for i, value in enumerate(inputs)]
    node = helper.make_node(op, names, [f"o{i}" for i in range(outputs)], name="node", **attributes)
    env = {n: torch.from_numpy(np.asarray(v)) for n, v in zip(names, inputs, strict=True) if v is not None}
    run_node(node, env)
    return [env[f"o{i}"] for i in range(outputs)]


def values(*shape: int) -> np.ndarray[Any, Any]:
    return RNG.normal(0, 2, shape).round(2)


MAP = values(1, 4, 5, 6)
ROW = [values(4) for _ in range(3)]

CASES: list[tuple[str, list[Any], dict[str, Any], int]] = [
    ("Add", [MAP, values(4, 1, 1)], {}, 1),
    ("BatchNormalization", [MAP, *ROW, np.abs(values(4))], {"epsilon": 1e-3}, 1),
    ("Clip", [MAP, np.array(-0.5), np.array(1.5)], {}, 1),
    ("Clip", [MAP, None, np.array(1.5)], {}, 1),
    ("Clip", [MAP, np.array(-0.5)], {}, 1),
    ("Clip", [MAP], {}, 1),
    ("Concat", [MAP, MAP], {"axis": 1}, 1),
    ("Conv", [MAP, values(3, 4, 3, 3)], {"pads": [1, 0, 2, 1], "strides": [2, 1]}, 1),
    ("Conv", [MAP, values(3, 4, 2, 3), values(3)], {"dilations": [2, 1], "pads": [1, 1, 1, 1]}, 1),
    ("Conv", [MAP, values(4, 2, 1, 1)], {"group": 2}, 1),
    ("Div", [MAP, np.abs(values(4, 1, 1)) + 1], {}, 1),
    ("Dropout", [MAP], {}, 1),
    ("Flatten", [MAP], {"axis": 1}, 1),
    ("Gemm", [values(2, 3), values(4, 3), values(4)], {"alpha": 0.5, "beta": 2.0, "transB": 1}, 1),
    ("GlobalAveragePool", [MAP], {}, 1),
    ("MatMul", [values(2, 3), values(3, 4)], {}, 1),
    ("MaxPool", [MAP], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}, 1),
    ("Neg", [MAP], {}, 1),
    ("PRelu", [MAP, values(4, 1, 1)], {}, 1),
    ("Pad", [MAP, np.array([0, 0, 1, 2, 0, 0, 3, 0]), np.array(-1.0)], {"mode": "constant"}, 1),
    ("Pad", [MAP, np.array([0, 0, 1, 2, 0, 0, 3, 0])], {}, 1),
    ("Pow", [np.abs(MAP), np.array(0.5)], {}, 1),
    ("DepthToSpace", [values(2, 8, 3, 2)], {"blocksize": 2, "mode": "CRD"}, 1),
    ("ReduceMean", [MAP], {"axes": [2, 3], "keepdims": 0}, 1),
    ("ReduceSum", [MAP, np.array([2, 3])], {"keepdims": 1}, 1),
    ("Relu", [MAP], {}, 1),
    ("Reshape", [MAP, np.array([0, 2, -1])], {}, 1),
    ("Sigmoid", [MAP], {}, 1),
    ("Slice", [MAP, np.array([1]), np.array([2**60]), np.array([1]), np.array([2])], {}, 1),
    ("Slice", [MAP, np.array([-3]), np.array([-1]), np.array([2])], {}, 1),
    ("Split", [MAP, np.array([1, 3])], {"axis": 1}, 2),
    ("Sqrt", [np.abs(MAP)], {}, 1),
    ("Squeeze", [values(1, 4, 1, 1), np.array([2, 3])], {}, 1),
    ("Transpose", [MAP], {"perm": [0, 2, 3, 1]}, 1),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "outputs"), CASES)
def test_against_onnx(op: str, inputs: list[Any], attributes: dict[str, Any], outputs: int) -> None:
    names = ["" if value is None else f"i{i}" for i, value in enumerate(inputs)]
    node = helper.make_node(op, names, [f"o{i}" for i in range(outputs)], **attributes)
    feed = {n: v for n, v in zip(names, inputs, strict=True) if v is not None}
    wanted = ReferenceEvaluator(node, opsets={"": 13}).run(None, feed)
    for got, array in zip(run(op, inputs, outputs, **attributes), wanted, strict=True):
        np.testing.assert_allclose(got.numpy(), array, rtol=1e-12, atol=1e-12)


@FAST
@given(
    size=st.integers(1, 9),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 5),
    pad=st.integers(0, 2),
    ceil=st.booleans(),
)
def test_pools_as_torch_pools(size: int, kernel: int, stride: int, pad: int, ceil: bool) -> None:
    """Also where rounding up would start a window in the padding, which torch leaves out."""
    pad = min(pad, kernel // 2)
    if size + 2 * pad < kernel:
        return
    x = torch.arange(size * 7.0).reshape(1, 1, size, 7) % 5
    wanted = torch.nn.functional.max_pool2d(x, (kernel, 2), stride, (pad, 0), ceil_mode=ceil)
    attributes = {
        "kernel_shape": [kernel, 2],
        "strides": [stride] * 2,
        "pads": [pad, 0, pad, 0],
        "ceil_mode": int(ceil),
    }
    (got,) = run("MaxPool", [x.numpy()], **attributes)
    assert torch.equal(got, wanted)
    top, left, bottom, right = pool_pads(attributes, (size, 7))
    assert (top, left) == (pad, 0) and bottom < kernel + pad and right < 2


@FAST
@given(
    bits=st.integers(1, 8),
    signed=st.booleans(),
    narrow=st.booleans(),
    rounding=st.sampled_from(["ROUND", "FLOOR", "CEIL", "DOWN"]),
    quarters=st.lists(st.integers(-2000, 2000), min_size=1, max_size=9),
)
def test_quantises_as_qonnx(bits: int, signed: bool, narrow: bool, rounding: str, quarters: list[int]) -> None:
    if signed and bits < 2:
        return
    x = np.array(quarters, np.float64) / 8
    one = [np.array(v, np.float64) for v in (0.5, 0.0, bits)]
    wanted = qonnx_quant(x, *one, signed, narrow, rounding)
    options = {"signed": int(signed), "narrow": int(narrow), "rounding_mode": rounding}
    (got,) = run("Quant", [x, *one], domain=BIPOLAR_DOMAIN, **options)
    np.testing.assert_array_equal(got.numpy(), wanted)
    lo, hi = quant_range(bits, signed, narrow)
    assert lo / 2 <= got.min() and got.max() <= hi / 2


def test_ties_go_to_the_even_number_and_zero_is_positive() -> None:
    assert round_as("ROUND", torch.tensor([0.5, 1.5, -0.5, -1.5])).tolist() == [0, 2, 0, -2]
    (sign,) = run("BipolarQuant", [np.array([-0.1, -0.0, 0.0, 0.1]), np.array(2.0)], domain=BIPOLAR_DOMAIN)
    assert sign.tolist() == [-2, 2, 2, 2]


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3)])
def test_thresholds_as_qonnx(shape: tuple[int, ...]) -> None:
    x, thresholds = RNG.integers(-9, 9, shape).astype(float), np.sort(RNG.integers(-9, 9, (3, 4)), axis=1).astype(float)
    (got,) = run("MultiThreshold", [x, thresholds], out_scale=2.0, out_bias=-3.0)
    np.testing.assert_array_equal(got.numpy(), multithreshold(x, thresholds, 2.0, -3.0))


def test_a_frames_shape_takes_several() -> None:
    x = np.arange(24.0).reshape(4, 6, 1, 1)
    assert run("Reshape", [x, np.array([1, 6])])[0].shape == (4, 6)
    assert run("Reshape", [x, np.array([1, 2, 3])])[0].shape == (4, 2, 3)


REFUSED: list[tuple[str, list[Any], dict[str, Any], str]] = [
    ("Softmax", [MAP], {}, r"node node \(Softmax\): this operator is not supported; supported are Add, .*Transpose"),
    ("Conv", [MAP, values(1, 4, 3, 3)], {"auto_pad": "SAME_LOWER"}, "auto_pad SAME_LOWER is not supported"),
    ("MaxPool", [MAP], {}, "cannot be evaluated: it lacks the attribute 'kernel_shape'"),
    ("MaxPool", [MAP], {"kernel_shape": [2, 2], "dilations": [2, 2]}, "a dilated pool is not supported"),
    ("DepthToSpace", [MAP], {"blocksize": 2}, "DepthToSpace of mode DCR is not supported; use CRD"),
    ("Pad", [MAP, np.zeros(8, int)], {"mode": "edge"}, "Pad mode edge is not supported"),
    ("Pad", [MAP, np.zeros(2, int), None, np.array([1])], {}, "Pad with axes is not supported"),
    ("MatMul", [values(2, 3), values(2, 3)], {}, "cannot be evaluated: .*shapes"),
    ("Reshape", [MAP, np.array([7])], {}, "cannot be evaluated: .*invalid"),
    ("Slice", [MAP, np.array([0]), np.array([2]), np.array([1]), np.array([-1])], {}, "cannot be evaluated"),
    ("Transpose", [MAP], {"perm": [0, 0, 1, 2]}, "cannot be evaluated"),
    ("Concat", [MAP], {}, "it lacks the attribute 'axis'"),
    ("Quant", [MAP, np.array(1.0), np.array(0.0), np.array(2.5)], {}, r"bit width 2\.5 is no whole number"),
    ("Quant", [MAP, np.array(1.0), np.array(0.0)], {}, "cannot be evaluated"),
]


@pytest.mark.parametrize(("op", "inputs", "attributes", "message"), REFUSED)
def test_refused_in_one_line(op: str, inputs: list[Any], attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        run(op, inputs, **attributes)
    assert "\n" not in str(caught.value) and "node node" in str(caught.value)


def test_a_missing_input_is_named() -> None:
    with pytest.raises(UserError, match=r"node node \(Relu\) reads x, which no node before it makes"):
        run_node(helper.make_node("Relu", ["x"], ["y"], name="node"), {})


def test_constants_of_every_kind() -> None:
    nodes = [
        helper.make_node("Constant", [], ["a"], value_float=0.5),
        helper.make_node("Constant", [], ["b"], value_ints=[1, 2]),
        helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.array([3.0], np.float32))),
    ]
    tensors = [numpy_helper.from_array(np.array([4, 5]), "d"), numpy_helper.from_array(np.float32([0.1]), "e")]
    found = initializers(helper.make_model(helper.make_graph(nodes, "g", [], [], tensors)), torch.float64)
    assert {name: t.tolist() for name, t in found.items()} == {
        "a": 0.5, "b": [1, 2], "c": [3.0], "d": [4, 5], "e": [float(np.float32(0.1))],
    }  # fmt: skip
    assert {name for name, t in found.items() if t.dtype == torch.float64} == {"a", "c", "e"}


def test_a_constant_without_one_value_is_refused() -> None:
    graph = helper.make_graph([helper.make_node("Constant", [], ["a"], name="empty")], "g", [], [])
    with pytest.raises(UserError, match=r"node empty \(Constant\) must have one value"):
        initializers(helper.make_model(graph), torch.float64)


def test_every_operator_is_tried_here() -> None:
    elsewhere = {"AveragePool", "BipolarQuant", "Cast", "Identity", "Mul", "MultiThreshold", "Quant", "Sub"}
    assert {op for op, *_ in CASES} | elsewhere == set(OPERATORS)
