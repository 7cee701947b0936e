# SPDX-License-Identifier: Apache-2.0
"""One node of every operator, synthesised for both families: on UltraScale+ it takes its cells, and no more of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from qonnx.custom_op.registry import getCustomOp

from hwflow.hw.ops import DOMAIN, OPERATORS, StreamOp
from hwflow.hw.ops.base import Integers
from hwflow.synth.operators import module_job
from hwflow.synth.resources import LUTS, Resources
from hwflow.synth.yosys import Job, synthesise_all

RANDOM = np.random.default_rng(0)
SIGNS = RANDOM.choice([-1, 1], (72, 16))
WEIGHTS = RANDOM.integers(-128, 128, (18, 16))
MANY_WEIGHTS = RANDOM.integers(-128, 128, (144, 64))
STEPS = np.sort(RANDOM.integers(-2000, 2000, (24, 15)), axis=1)
LINES = np.stack([RANDOM.integers(low, high, 24) for low, high in ((-9, 9), (1, 8), (9, 16), (-99, 99), (-99, 99))])
TABLE = RANDOM.integers(0, 256, (24, 64))
CHANNELS = {"NumChannels": 24, "PE": 4, "numInputVectors": [1, 8, 8], "inputDataType": "INT8"}
STEPPED = {**CHANNELS, "inputDataType": "INT12", "outputDataType": "UINT4", "numSteps": 15, "thresholdBits": 13}
MATRIX = {"numInputVectors": [1, 8, 8], "outputDataType": "INT24"}
WINDOW = {"IFMDim": [56, 56], "ConvKernelDim": [3, 3], "pad": [1, 1, 1, 1], "SIMD": 24, "IFMChannels": 24, "Stride": 1}

# What, attributes, constant input. A second row of an operator is of its block RAM.
NODES: dict[str, tuple[str, dict[str, Any], Integers | None]] = {
    "AddStreams": ("AddStreams", {**CHANNELS, "inputDataType1": "INT8", "outputDataType": "INT9"}, None),
    "BinaryMVAU": (
        "BinaryMVAU",
        {**MATRIX, "MW": 72, "MH": 16, "PE": 2, "SIMD": 24, "inputDataType": "BIPOLAR", "weightDataType": "BIPOLAR"},
        SIGNS,
    ),
    "ChannelTable": ("ChannelTable", {**CHANNELS, "inputDataType": "INT6", "outputDataType": "UINT8"}, TABLE),
    "ChannelThreshold": ("ChannelThreshold", STEPPED, STEPS),
    "ConcatChannels": ("ConcatChannels", {**CHANNELS, "C0": 12}, None),
    "DuplicateStreams": ("DuplicateStreams", {**CHANNELS, "NumOutputStreams": 2}, None),
    "ElasticFIFO": ("ElasticFIFO", {"shape": [1, 64, 24], "parallel": 24, "depth": 40, "inputDataType": "INT8"}, None),
    "ElasticFIFO, block": (
        "ElasticFIFO",
        {"shape": [1, 64, 24], "parallel": 4, "depth": 400, "inputDataType": "INT8", "ram_style": "block"},
        None,
    ),
    "GlobalAccumulate": ("GlobalAccumulate", {**CHANNELS, "outputDataType": "INT14"}, None),
    "IntegerMVAU": (
        "IntegerMVAU",
        {**MATRIX, "MW": 18, "MH": 16, "PE": 2, "SIMD": 3, "inputDataType": "INT8", "weightDataType": "INT8"},
        WEIGHTS,
    ),
    "IntegerMVAU, block": (
        "IntegerMVAU",
        {**MATRIX, "MW": 144, "MH": 64, "PE": 2, "SIMD": 3, "inputDataType": "INT8", "weightDataType": "INT8",
         "ram_style": "block"},
        MANY_WEIGHTS,
    ),
    "InterleaveChannels": ("InterleaveChannels", CHANNELS, None),
    "LabelSelect": ("LabelSelect", {**CHANNELS, "numInputVectors": [1], "outputDataType": "UINT5"}, None),
    "PiecewiseAffine": ("PiecewiseAffine", {**CHANNELS, "outputDataType": "UINT8", "frac": 3}, LINES),
    "SignsToIntegers": ("SignsToIntegers", {**CHANNELS, "inputDataType": "BIPOLAR"}, None),
    "SlidingWindow": ("SlidingWindow", {**WINDOW, "inputDataType": "BIPOLAR", "padValue": -1}, None),
    "SlidingWindow, block": ("SlidingWindow", {**WINDOW, "inputDataType": "INT8", "ram_style": "block"}, None),
    "SplitChannels": ("SplitChannels", {**CHANNELS, "C0": 12}, None),
    "StreamingMax": ("StreamingMax", {**CHANNELS, "window": 9}, None),
    "ChannelThreshold, search": ("ChannelThreshold", {**STEPPED, "impl": "search", "ram_style": "lut"}, STEPS),
    "WidthConverter": (
        "WidthConverter", {"shape": [1, 64, 24], "inParallel": 24, "outParallel": 6, "inputDataType": "INT8"}, None,
    ),
}  # fmt: skip
INPUTS = {"AddStreams": 2, "ConcatChannels": 2, "InterleaveChannels": 2}
OUTPUTS = {"DuplicateStreams": 2, "SplitChannels": 2}
DSPS = {"IntegerMVAU": 3, "IntegerMVAU, block": 3, "PiecewiseAffine": 4}  # two rows on a slice
ELSEWHERE = {"DSP48E1", "RAMB18E1", "RAMB36E1", "RAM32M", "RAM64M"}  # what UltraScale+ has no more, or no use for


def job(kind: str, attributes: dict[str, Any], constant: Integers | None) -> Job:
    constants = [] if constant is None else [constant]
    inputs = [f"i{index}" for index in range(INPUTS.get(kind, 1) + len(constants))]
    outputs = [f"o{index}" for index in range(OUTPUTS.get(kind, 1))]
    node = helper.make_node(f"{kind}_rtl", inputs, outputs, name="n", domain=DOMAIN, backend="hw", **attributes)
    op: StreamOp = getCustomOp(node)
    op.verify_node()
    return module_job(op.module(), op.parameters(constants))


def memory_luts(resources: Resources) -> int:
    """LUTs as memory or shift registers."""
    cells = ((name, number) for name, number in resources.cells.items() if name.startswith(("RAM", "SRL")))
    return sum(LUTS.get(name, 0) * number for name, number in cells)


def test_every_operator_is_here() -> None:
    assert {f"{kind}_rtl" for kind, _, _ in NODES.values()} == {cls.__name__ for cls in OPERATORS}


@pytest.mark.slow
def test_every_operator() -> None:
    jobs = {name: job(*row) for name, row in NODES.items()}
    before, after = synthesise_all(jobs, family="xc7"), synthesise_all(jobs, family="xcup")
    for name, new in after.items():
        old, what = before[name], f"{name}: {new}"
        assert not ELSEWHERE & new.cells.keys(), what
        assert new.uram == 0, what  # no operator asks for it
        assert new.bram36 == old.bram36, what
        assert (new.bram36 > 0) == name.endswith("block"), what
        assert new.dsp == new.cells.get("DSP48E2", 0) == DSPS.get(name, 0), what
        # A RAM32M16 or RAM64M8 is twice as large, and so is the last one that is not full.
        assert memory_luts(new) <= memory_luts(old) + 8, what
        logic = new.lut - memory_luts(new)
        if name not in DSPS:
            assert logic == pytest.approx(old.lut - memory_luts(old), rel=0.05), what
            assert new.ff == old.ff, what
        else:
            # Yosys packs their registers and adders into the slices of 7 series only: more than there, and no more
            # than the adder, the products and three registers of each slice are.
            assert old.lut - memory_luts(old) < logic < old.lut + 48 * new.dsp, what
            assert old.ff < new.ff < old.ff + 96 * new.dsp, what
    # The chains that hwflow places; those that Yosys finds stay CARRY4.
    for name in ("BinaryMVAU", "ChannelThreshold", "ChannelThreshold, search"):
        assert "CARRY8" in after[name].cells and "CARRY8" not in before[name].cells


@pytest.mark.slow
def test_slices_of_seven_series_hold_their_sums() -> None:
    # An unsigned result of a line piece leaves low bits of the sum unused, of which Yosys lost the sign and then all the rest.
    jobs = {name: job(*NODES[name]) for name in DSPS}
    for name, found in synthesise_all(jobs, family="xc7").items():
        assert found.cells.get("DSP48E1", 0) == DSPS[name], f"{name}: {found}"
        assert found.lut > 5 * DSPS[name] and found.ff > 5 * DSPS[name], f"{name}: {found}"
