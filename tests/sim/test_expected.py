# SPDX-License-Identifier: Apache-2.0
"""Bytes of streams: round trips, and values that would pass for others."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qonnx.core.datatype import DataType

from hwflow.sim.expected import from_bytes, to_bytes

FAST = settings(max_examples=60, deadline=None, derandomize=True)


@FAST
@given(
    name=st.sampled_from(["BIPOLAR", "UINT1", "UINT8", "INT2", "INT3", "INT13", "UINT20", "INT32"]),
    beats=st.integers(1, 5),
    parallel=st.integers(1, 13),
    seed=st.integers(0, 10**6),
)
def test_round_trip(name: str, beats: int, parallel: int, seed: int) -> None:
    dtype = DataType[name]
    values = np.random.default_rng(seed).integers(int(dtype.min()), int(dtype.max()) + 1, (beats, parallel))
    if name == "BIPOLAR":
        values = np.where(values >= 0, 1, -1)
    data = to_bytes(values, dtype)
    assert data.dtype == np.uint8 and data.shape == (beats, -(-parallel * dtype.bitwidth() // 8))
    np.testing.assert_array_equal(from_bytes(data, parallel, dtype), values)


def test_element_0_is_lowest() -> None:
    assert to_bytes(np.array([[1, -1, 1], [-1, -1, 1]]), DataType["BIPOLAR"]).tolist() == [[0b101], [0b100]]
    assert to_bytes(np.array([[-1, 2, 3]]), DataType["INT6"]).tolist() == [[0b10111111, 0b00110000, 0]]
    assert to_bytes(np.array([[255]]), DataType["UINT8"]).tolist() == [[255]]


@pytest.mark.parametrize(("name", "value"), [("UINT8", 256), ("UINT8", -1), ("INT3", 4), ("INT3", -5), ("BIPOLAR", 2)])
def test_a_value_beyond_its_type_is_refused(name: str, value: int) -> None:
    """Cut to the type's bits it would equal another value, and a wrong design could pass."""
    with pytest.raises(ValueError, match=f"values from .*{value}.* do not fit {name}"):
        to_bytes(np.array([[0 if name != "BIPOLAR" else 1, value]]), DataType[name])
