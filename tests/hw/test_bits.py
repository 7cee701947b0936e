# SPDX-License-Identifier: Apache-2.0
"""Packed constants read back as what was packed."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwflow.hw.bits import Bits, pack
from hwflow.hw.wrapper import literal, padded, wrapper_text

FAST = settings(max_examples=60, deadline=None, derandomize=True)


def unpack(bits: Bits, width: int, signed: bool) -> list[int]:
    codes = [bits.value >> i & ((1 << width) - 1) for i in range(0, bits.width, width)]
    return [c - (1 << width) if signed and c >> (width - 1) else c for c in codes]


@FAST
@given(width=st.integers(1, 63), signed=st.booleans(), data=st.data())
def test_round_trip(width: int, signed: bool, data: st.DataObject) -> None:
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if signed else (0, (1 << width) - 1)
    values = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=20))
    packed = pack(np.array(values, np.int64), width)
    assert packed.width == width * len(values)
    assert unpack(packed, width, signed) == values
    digits = re.fullmatch(r"(\d+)'h([0-9a-f]+)", packed.verilog())
    assert digits is not None and int(digits[1]) == packed.width and int(digits[2], 16) == packed.value


def test_the_last_axis_is_fastest_and_item_0_lowest() -> None:
    assert pack(np.array([[1, 2], [3, -1]]), 4) == Bits(16, 0xF321)


@pytest.mark.parametrize(("value", "width"), [(8, 3), (-5, 3), (2, 1), (-2, 1), (1, 0), (1, 64)])
def test_nothing_is_cut(value: int, width: int) -> None:
    with pytest.raises(ValueError, match=r"do not fit in|can be packed"):
        pack(np.array([0, value]), width)


def test_literals() -> None:
    assert [literal(v) for v in (7, "lut", Bits(9, 0x1FF))] == ["7", '"lut"', "9'h1ff"]
    assert [padded(n) for n in (1, 8, 9)] == [8, 8, 16]


def test_a_wrapper_pads_to_bytes() -> None:
    text = wrapper_text(name="n", leaf="hwf_x", parameters={"A": 1}, inputs=[5], outputs=[8, 3])
    assert "input logic [7:0] in0_V_TDATA" in text and ".in0_V_TDATA(in0_V_TDATA[4:0])" in text
    assert "output logic [7:0] out1_V_TDATA" in text and "assign out1_V_TDATA[7:3] = '0;" in text
    assert "out0_V_TDATA[7:8]" not in text


def test_a_wrapper_flattens_the_outputs_of_a_fork() -> None:
    text = wrapper_text(name="n", leaf="hwf_fork", parameters={}, inputs=[3], outputs=[3, 3], flat_outputs=True)
    assert ".out_V_TDATA({out1_V_TDATA[2:0], out0_V_TDATA[2:0]})" in text
    assert ".out_V_TREADY({out1_V_TREADY, out0_V_TREADY})" in text
