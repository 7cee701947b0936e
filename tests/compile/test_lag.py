# SPDX-License-Identifier: Apache-2.0
"""What waits in front of a join: rows that the windows on the other way keep back."""

from math import ceil

import pytest
from networks import small_case
from qonnx.custom_op.registry import getCustomOp

from hwflow.compile.assemble import assemble
from hwflow.compile.fold import Folding, operators
from hwflow.compile.generate import is_fifo
from hwflow.compile.lag import ROOM, Pauses, depth, expected_depths, waiting_shares
from hwflow.compile.map import to_dataflow
from hwflow.hw.ops import StreamOp
from hwflow.hw.ops.window import SlidingWindow_rtl


def test_depth() -> None:
    assert depth(0.0, 25, 100) == 1, "a beat every fourth cycle"
    assert depth(0.0, 26, 100) == 2
    assert depth(0.5, 26, 100) == ceil(ROOM * 13) == 20
    assert depth(1.0, 1, 100) == 2, "a whole frame of one beat, and room"
    assert depth(0.0, 25, 100, ready=7) == 8 and depth(0.5, 26, 100, ready=7) == 20


def test_a_reader_without_time_lives_on_its_fifo() -> None:
    """The stem of the full Bi-ShuffleNet at 1000 frames a second: windows of 9x9 pixels, every second pixel and row."""
    stem = Pauses(elements=112 * 224, channels=1, count=112)
    # Of each 840 cycles in which two rows come in, 672 go to its 112 windows, and in 224 none can come: 56 too few.
    assert stem.beats(81, 112 * 112, 94_080, 75_264) == ceil(56 / 6) == 10
    assert stem.beats(81, 112 * 112, 2 * 94_080, 75_264) == 0
    assert stem.beats(81, 112 * 112, 94_080, 0) == 0, "an end of the accelerator"
    rows = Pauses(elements=8 * 24, channels=24, count=1)
    # Eight pixels, a beat each: eight cycles that are not left, and a beat is taken every fourth.
    assert (rows.beats(24, 250, 1000, 1000), rows.beats(12, 500, 1000, 1000)) == (2, 8)
    assert rows.beats(9 * 24, 250, 1000, 1000) == 2, "a whole window a beat comes of one pixel a beat"


def test_when_a_window_pauses(assembled: list[StreamOp]) -> None:
    windows = {op.onnx_node.name: op for op in assembled if isinstance(op, SlidingWindow_rtl)}
    # 16x16 pixels of a channel, 3x3 windows, stride 2: every second row.
    assert Pauses.of(windows["stem_conv_window"]) == Pauses(8 * 16, 1, 8)
    # 4x4 pixels, 3x3 windows: a row and a pixel before a frame's first window.
    channels = windows["stage2_0_right_conv2_conv_window"].integer("IFMChannels")
    assert Pauses.of(windows["stage2_0_right_conv2_conv_window"]) == Pauses(5 * channels, channels, 1)


@pytest.fixture(scope="module")
def assembled() -> list[StreamOp]:
    """One element a beat everywhere but in the products, so that there are width converters."""
    model = to_dataflow(small_case().model)
    wide = {op.onnx_node.name: {"SIMD": 4} for op in operators(model) if op.onnx_node.op_type == "BinaryMVAU_rtl"}
    return [getCustomOp(node) for node in assemble(model, Folding(1, wide)).graph.node]


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
    shortcut = next(
        name
        for name, fifo in fifos.items()
        if (reader := readers.get(fifo.onnx_node.output[0])) is not None
        and list(reader.onnx_node.input).index(fifo.onnx_node.output[0]) == 1
        and reader.onnx_node.name == "stage2_0_right_conv2_stream"
    )
    assert found[shortcut] == ceil(ROOM * fifos[shortcut].streams_in()[0].beats * 6 / 16)
    converted = [name for name, fifo in fifos.items() if is_converted(fifo, readers)]
    assert converted and all(found[name] == 1 for name in converted), "products wait for nothing, nor do their widths"


def is_converted(fifo: StreamOp, readers: dict[str, StreamOp]) -> bool:
    reader = readers.get(fifo.onnx_node.output[0])
    return reader is not None and reader.onnx_node.op_type == "WidthConverter_rtl"


def test_fast_streams_have_two_beats(assembled: list[StreamOp]) -> None:
    assert min(expected_depths(assembled, cycles=1).values()) == 2
