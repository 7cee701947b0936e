# SPDX-License-Identifier: Apache-2.0
"""What waits in front of a join: rows that the windows on the other way keep back."""

from math import ceil

import pytest
from networks import small_case
from onnx import helper
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding, operators
from hwflow.compile.generate import is_fifo
from hwflow.compile.lag import ROOM, Pauses, depth, expected_depths, waiting_shares
from hwflow.compile.map import to_dataflow
from hwflow.hw.ops import DOMAIN, StreamOp


def test_depth() -> None:
    assert depth(0.0, 25, 100) == 1, "a beat every fourth cycle"
    assert depth(0.0, 26, 100) == 2
    assert depth(0.5, 26, 100) == ceil(ROOM * 13) == 20
    assert depth(1.0, 1, 100) == 2, "a whole frame of one beat, and room"
    assert depth(0.0, 25, 100, ready=7) == 8 and depth(0.5, 26, 100, ready=7) == 20


def test_a_reader_without_time_lives_on_its_fifo() -> None:
    """The stem of the full Bi-ShuffleNet at 1000 frames a second: windows of 9x9 pixels, every second pixel and row."""
    stem = Pauses(elements=113 * 224, channels=1, count=112)
    # Of each 840 cycles in which two rows come in, 672 go to its 112 windows, and in 226 none can come: 58 too few.
    assert stem.ready(81, 112 * 112, 94_080, 75_264) == ceil(58 / 6) == 10
    assert stem.ready(81, 112 * 112, 2 * 94_080, 75_264) == 0, "time enough"
    assert stem.ready(81, 112 * 112, 70_000, 75_264) == ceil(226 / 6), "a reader that sets the pace never waits"
    assert stem.ready(81, 112 * 112, 94_080, 0) == 0, "an end of the accelerator"
    rows = Pauses(elements=8 * 24, channels=24, count=1)
    # Eight pixels, a beat each: eight cycles that are not left, and a beat is taken every fourth or second.
    assert (rows.ready(9 * 24, 250, 1000, 1000), rows.ready(3 * 24, 500, 1000, 1000)) == (2, 4)
    assert rows.ready(24, 250, 1000, 1000) == 0, "a window that sends parts of pixels works ahead"


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pad", "silent", "count"),
    [
        (224, 9, 2, 4, 113 * 224, 112),
        (8, 3, 2, 0, 5 * 8, 3),
        (7, 3, 2, 1, 3 * 7, 4),
        (8, 1, 3, 0, 5 * 8, 3),
        (28, 3, 1, 1, 28 + 1, 1),
        (28, 5, 1, 0, 4 * 28 + 4, 1),
        (28, 1, 1, 0, 0, 1),
    ],
)
def test_when_a_window_pauses(size: int, kernel: int, stride: int, pad: int, silent: int, count: int) -> None:
    node = helper.make_node(
        "SlidingWindow_rtl", ["x"], ["y"], domain=DOMAIN, IFMDim=[size, size], IFMChannels=6, ConvKernelDim=[kernel] * 2,
        Stride=stride, pad=[pad] * 4, SIMD=6, inputDataType="UINT4",
    )  # fmt: skip
    assert Pauses.of(getCustomOp(node)) == Pauses(6 * silent, 6, count)


@pytest.fixture(scope="module")
def assembled() -> list[StreamOp]:
    """One element a beat everywhere but in the products, which take four, in the stem's window, which sends a whole one, and
    in a join: so there are width converters."""
    model = to_dataflow(small_case().model)
    wide: dict[str, dict[str, int | str]] = {
        op.onnx_node.name: {"SIMD": 4} for op in operators(model) if op.onnx_node.op_type == "BinaryMVAU_rtl"
    }
    wide |= {"stem_conv_window": {"SIMD": 9}, JOIN: {"PE": 4}}
    return [getCustomOp(node) for node in assemble(model, Folding(1, wide)).graph.node]


JOIN = "stage2_0_right_conv2_stream"


def test_a_shortcut_waits_for_the_windows_beside_it(assembled: list[StreamOp]) -> None:
    """A join's later input waits for nothing; the other one for as long as the later one's windows and products take."""
    waiting = waiting_shares(assembled)
    joins = [op.onnx_node for op in assembled if op.onnx_node.op_type in ("AddStreams_rtl", "InterleaveChannels_rtl")]
    assert joins and all(min(waiting[node.name, 0], waiting[node.name, 1]) == 0.0 for node in joins)
    # Beside a 3x3 convolution of 4x4 pixels: a row and a pixel, and the pixel that the product works on.
    assert waiting["stage2_0_right_conv2_stream", 1] == (4 + 1 + 1) / 16
    assert waiting["stage2_0_right_conv4_add", 1] == 1 / 4, "beside a 1x1 convolution of 2x2 pixels"


def test_fifos_hold_what_waits_behind_them(assembled: list[StreamOp]) -> None:
    found = expected_depths(assembled, cycles=10**9)
    fifos = {op.onnx_node.name: op for op in assembled if is_fifo(op)}
    assert found.keys() == fifos.keys()
    readers = {name: op for op in assembled for name in op.onnx_node.input}
    join = next(op for op in assembled if op.onnx_node.name == JOIN)
    converter = next(op for op in assembled if op.onnx_node.output[0] == join.onnx_node.input[1])
    assert converter.onnx_node.op_type == "WidthConverter_rtl"
    shortcut = next(fifo for fifo in fifos.values() if fifo.onnx_node.output[0] == converter.onnx_node.input[0])
    assert found[shortcut.onnx_node.name] == ceil(ROOM * shortcut.streams_in()[0].beats * 6 / 16)
    products = [
        name
        for name, fifo in fifos.items()
        if fifo.onnx_node.output[0] in readers and "_window_width" in readers[fifo.onnx_node.output[0]].onnx_node.name
    ]
    assert products and all(found[name] == 1 for name in products), "products wait for nothing, nor do their widths"


def test_windows_lie_ready_for_a_busy_reader(assembled: list[StreamOp]) -> None:
    stem = next(op for op in assembled if op.onnx_node.name == "stem_conv")
    taking = stem.get_exp_cycles()
    # 8x8 windows of 16x16 pixels, and eight pauses of at least a row.
    ready = Pauses.of(next(op for op in assembled if op.onnx_node.name == "stem_conv_window")).ready(
        9, 64, taking, taking
    )
    assert ready >= 1
    assert expected_depths(assembled, taking)["stem_conv_window_fifo"] == 1 + ready
    assert expected_depths(assembled, 100 * taking)["stem_conv_window_fifo"] == 1


def test_fast_streams_have_two_beats(assembled: list[StreamOp]) -> None:
    assert min(expected_depths(assembled, cycles=1).values()) == 2
