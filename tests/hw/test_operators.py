# SPDX-License-Identifier: Apache-2.0
"""The parameters that operators give their modules, where the type of a stream decides, and what they refuse."""

from typing import Any

import numpy as np
import pytest
from onnx import helper
from qonnx.custom_op.registry import getCustomOp

from hwflow.errors import UserError
from hwflow.hw.bits import Bits, pack
from hwflow.hw.ops import DOMAIN, OPERATORS, StreamOp
from hwflow.hw.ops.base import divisors
from hwflow.hw.ops.window import windows


def operator(kind: str, inputs: int = 1, outputs: int = 1, **attributes: Any) -> StreamOp:
    names = [f"i{i}" for i in range(inputs)], [f"o{i}" for i in range(outputs)]
    node = helper.make_node(f"{kind}_rtl", *names, name="node", domain=DOMAIN, backend="fpgadataflow", **attributes)
    op: StreamOp = getCustomOp(node)
    return op


def test_a_class_carries_its_operators_name() -> None:
    assert all(cls.__name__.endswith("_rtl") and cls.leaf.startswith("hwf_") for cls in OPERATORS)


@pytest.mark.parametrize(("dtype", "signed"), [("BIPOLAR", 0), ("UINT4", 0), ("INT4", 1)])
def test_codes_of_one_bit_compare_unsigned(dtype: str, signed: int) -> None:
    """-1 and +1 are codes 0 and 1; as two's complement code 1 would be the smaller."""
    common = {"NumChannels": 4, "PE": 2, "inputDataType": dtype}
    maximum = operator("StreamingMax", numInputVectors=[1, 2, 2], window=4, **common)
    label = operator("LabelSelect", numInputVectors=[1], outputDataType="UINT2", **common)
    matrix = operator(
        "BinaryMVAU", 2, MW=4, MH=2, numInputVectors=[1], inputDataType=dtype, weightDataType="BIPOLAR",
        outputDataType="INT8",
    )  # fmt: skip
    weights = np.array([[1, -1], [-1, -1], [1, 1], [1, -1]])
    assert maximum.parameters([])["SIGNED"] == label.parameters([])["SIGNED"] == signed
    assert matrix.parameters([weights])["ASIGNED"] == signed


def test_weights_in_the_order_of_their_memories() -> None:
    """docs/operators.md: [nf][sf][pe][simd] where weights are bits, [simd][nf][sf][pe] where a column has a memory."""
    common = {"MW": 4, "MH": 6, "PE": 2, "SIMD": 2, "numInputVectors": [1], "outputDataType": "INT16"}
    binary = operator("BinaryMVAU", 2, inputDataType="BIPOLAR", weightDataType="BIPOLAR", **common)
    integer = operator("IntegerMVAU", 2, inputDataType="INT4", weightDataType="INT6", **common)
    rows = np.arange(24).reshape(6, 4)  # row r, column c: 4 r + c
    signs = np.random.default_rng(0).choice([-1, 1], (6, 4))
    nf, sf, pe, simd = range(3), range(2), range(2), range(2)
    by_beat = [(2 * n + p, 2 * s + i) for n in nf for s in sf for p in pe for i in simd]
    by_column = [(2 * n + p, 2 * s + i) for i in simd for n in nf for s in sf for p in pe]
    assert integer.parameters([rows.T])["WEIGHTS"] == pack(np.array([rows[place] for place in by_column]), 6)
    bits = np.array([int(signs[place] > 0) for place in by_beat])
    assert binary.parameters([signs.T])["WEIGHTS"] == pack(bits, 1)


def test_a_table_of_one_bit_holds_codes() -> None:
    op = operator("ChannelTable", 2, NumChannels=1, numInputVectors=[1], inputDataType="INT2", outputDataType="BIPOLAR")
    table = np.array([[1, -1, -1, 1]])
    assert op.parameters([table])["TABLE"] == Bits(4, 0b1001)
    assert op.compute([np.array([[0], [1], [-2], [-1]])], [table])[0].tolist() == [[1], [-1], [-1], [1]]


@pytest.mark.parametrize(
    ("dtype", "value", "code"), [("BIPOLAR", -1, 0), ("INT4", -8, 8), ("INT4", -1, 15), ("UINT4", 3, 3)]
)
def test_padding_as_a_code(dtype: str, value: int, code: int) -> None:
    op = operator(
        "SlidingWindow", IFMDim=[4, 4], IFMChannels=2, ConvKernelDim=[3, 3], Stride=1, pad=[1, 1, 1, 1], padValue=value,
        inputDataType=dtype,
    )  # fmt: skip
    assert op.parameters([])["PAD_CODE"] == Bits(1 if dtype == "BIPOLAR" else 4, code)


def test_the_two_orders_of_a_window() -> None:
    image = np.arange(2 * 3 * 4).reshape(1, 2, 3, 4)
    plain = windows(image, (2, 2), 1, (0, 0, 0, 0), 0, None)
    assert plain.shape == (1, 1, 2, 16)
    # kernel row, kernel column, channel
    assert plain[0, 0, 1].tolist() == [*range(4, 12), *range(16, 24)]
    folded = windows(image, (2, 2), 1, (0, 0, 0, 0), 0, 2)
    # channel fold, kernel row, kernel column, then the channels of the beat
    assert folded[0, 0, 1].tolist() == [4, 5, 8, 9, 16, 17, 20, 21, 6, 7, 10, 11, 18, 19, 22, 23]


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("DuplicateStreams", {"PE": 3}, "node node: PE=3 does not divide NumChannels 8; choose one of 1, 2, 4, 8"),
        ("DuplicateStreams", {"PE": 0}, "PE=0 does not divide"),
        ("SplitChannels", {"PE": 4, "C0": 2}, "PE=4 does not divide the common divisor of the parts 2; choose"),
    ],
)  # fmt: skip
def test_a_pe_that_does_not_divide(kind: str, attributes: dict[str, int], message: str) -> None:
    outputs = {"NumOutputStreams": 2} if kind == "DuplicateStreams" else {}
    op = operator(kind, 1, 2, NumChannels=8, numInputVectors=[1, 2, 2], inputDataType="INT4", **outputs, **attributes)
    with pytest.raises(UserError, match=message):
        op.verify_node()


def test_divisors() -> None:
    assert divisors(12) == [1, 2, 3, 4, 6, 12]


@pytest.mark.parametrize("kind", ["dsp", "lut"])
def test_products_on_slices_or_in_tables(kind: str) -> None:
    common = {"MW": 4, "MH": 2, "numInputVectors": [1], "inputDataType": "INT4", "weightDataType": "INT6"}
    op = operator("IntegerMVAU", 2, outputDataType="INT16", resType=kind, **common)
    assert op.parameters([np.zeros((4, 2), np.int64)])["MULTIPLIER"] == kind


@pytest.mark.parametrize("channels", [1, 96])
def test_even_thresholds_where_tables_cost_more(channels: int) -> None:
    thresholds = np.arange(-3, 4) * 11 + np.arange(channels)[:, None] % 5
    op = operator(
        "ChannelThreshold", 2, NumChannels=channels, PE=1, numInputVectors=[1], inputDataType="INT10",
        outputDataType="INT3", numSteps=7, bias=-4, thresholdBits=10,
    )  # fmt: skip
    assert op.parameters([thresholds]).get("EVEN", 0) == int(channels > 1)
