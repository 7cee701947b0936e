# SPDX-License-Identifier: Apache-2.0
"""Graphs that cannot be built: one line that names the node and the remedy, and never a traceback."""

import copy
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from networks import Graph, frames, small_case
from onnx import ModelProto, helper, numpy_helper
from qonnx.core.onnx_exec import execute_onnx

from hwflow.compile.map import ORIGINS_KEY, to_dataflow
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import UserError
from hwflow.flow.front import in_order, load_qonnx
from hwflow.graph.execute import initializers, run
from hwflow.sim.reference import reference_tensors


def compiled(model: ModelProto, head: str = "logits") -> None:
    to_dataflow(streamline(model), head)


def start() -> Graph:
    return Graph().pixels().quant("pixels", "q", 4, 16.0, signed=0)


def signs() -> Graph:
    return start().const(level=50.0).add("Sub", ["q", "level"], "centred").sign("centred", "s")


def weights(graph: Graph, scale: object, zero: float = 0.0, bits: float = 4) -> Graph:
    """A convolution of `q` whose weights' quantiser has this scale, zero point and bit width."""
    graph.const(w=np.ones((2, 2, 1, 1)), w_scale=scale, w_zero=zero, w_bits=bits)
    graph.add("Quant", ["w", "w_scale", "w_zero", "w_bits"], "wq", signed=1, narrow=0, rounding_mode="ROUND")
    return graph.add("Conv", ["q", "wq"], "out", kernel_shape=[1, 1])


POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}
PADS = [0, 0, 1, 1, 0, 0, 1, 1]

# what is wrong: the graph, what the message says
STREAMLINING: dict[str, tuple[Callable[[], Graph], str]] = {
    "softmax": (
        lambda: start().add("Softmax", ["q"], "out"),
        r"node out_node \(Softmax\): this operator is not supported; supported are Add, ",
    ),
    "transposed convolution": (
        lambda: start().const(w=np.ones((2, 2, 2, 2))).add("ConvTranspose", ["q", "w"], "out"),
        r"node out_node \(ConvTranspose\): this operator is not supported",
    ),
    "mean": (
        lambda: start().add("GlobalAveragePool", ["q"], "out"),
        r"node out_node \(GlobalAveragePool\): no integer form of this operator is known; supported are .*ReduceSum",
    ),
    "scale of 0.3": (lambda: weights(start(), 0.3), r"node wq_node \(Quant\): its scale is 0\.3.* one power of two"),
    "negative scale": (lambda: weights(start(), -0.5), r"node wq_node \(Quant\): its scale is -0\.5"),
    "scale of 0": (lambda: weights(start(), 0.0), r"node wq_node \(Quant\): its scale is 0\.0"),
    "scale that is NaN": (lambda: weights(start(), np.nan), r"node wq_node \(Quant\): its scale is nan"),
    "scale per channel": (
        lambda: weights(start(), np.full((2, 1, 1, 1), 0.5)), r"node wq_node \(Quant\): its scale is per channel",
    ),
    "zero point": (
        lambda: weights(start(), 0.5, zero=3.0), r"node wq_node \(Quant\): its zero point is not 0; use a symmetric",
    ),
    "half a bit": (
        lambda: weights(start(), 0.5, bits=2.5), r"node wq_node \(Quant\) cannot be .* bit width 2\.5 is no whole",
    ),
    "no bit": (lambda: weights(start(), 0.5, bits=0), r"bit width 0 is no whole number from 1 to 32"),
    "many bits": (lambda: weights(start(), 0.5, bits=64), r"bit width 64 is no whole number from 1 to 32"),
    "infinitely many bits": (lambda: weights(start(), 0.5, bits=np.inf), r"node wq_node \(Quant\) cannot be evaluated"),
    "computed scale": (
        lambda: start().const(axes=[1, 2, 3], z=0.0, b=4.0).add("ReduceSum", ["q", "axes"], "sum", keepdims=0)
        .add("Quant", ["q", "sum", "z", "b"], "out"),
        r"node sum_node \(ReduceSum\) sums over axes \[1, 2, 3\]; only sums over all pixels \(2, 3\)",
    ),
    "scale from the graph": (
        lambda: start().const(z=0.0, b=4.0).add("Quant", ["q", "pixels", "z", "b"], "out"),
        r"node out_node \(Quant\): its scale pixels is computed in the graph; make it constant",
    ),
    "weights without a quantiser": (
        lambda: start().const(w=np.ones((2, 2, 1, 1))).add("Conv", ["q", "w"], "out"),
        r"node out_node \(Conv\): its weights w are not quantised; use a Brevitas quantised layer",
    ),
    "weights that are NaN": (
        lambda: start().conv("q", "out", bits=4).const(out_w=np.full((2, 2, 1, 1), np.nan)),
        r"node out_node \(Conv\): its weights out_wq hold NaN or infinity",
    ),
    "bias": (
        lambda: start().conv("q", "c").const(b=np.ones(2)).add("Conv", ["q", "c_wq", "b"], "out"),
        r"node out_node \(Conv\) has a bias; a BatchNorm follows it, so set bias=False",
    ),
    "depthwise": (
        lambda: start().conv("q", "out", 2, 1, group=2),
        r"node out_node \(Conv\): groups and dilation are not supported; only dense",
    ),
    "dilation": (
        lambda: start().conv("q", "out", kernel=2, dilations=[2, 2]), r"node out_node \(Conv\): groups and dilation",
    ),
    "two strides": (
        lambda: start().conv("q", "out", strides=[1, 2]), r"node out_node \(Conv\): strides \[1, 2\] differ; use one",
    ),
    "automatic padding": (
        lambda: start().conv("q", "out", kernel=3, auto_pad="SAME_UPPER"),
        r"node out_node \(Conv\) cannot be evaluated: auto_pad SAME_UPPER is not supported; export explicit pads",
    ),
    "zero-padded signs": (
        lambda: signs().conv("s", "out", kernel=3, pads=[1] * 4),
        r"node out_node \(Conv\) pads a map of -1 and \+1 with 0, a third value; pad with -1",
    ),
    "signs padded with 0": (
        lambda: signs().const(p=PADS).add("Pad", ["s", "p"], "padded").conv("padded", "out", kernel=3),
        r"node padded_node \(Pad\) pads a map of -1 and \+1 with 0, a third value; pad with -1",
    ),
    "padding off the grid": (
        lambda: start().const(p=PADS, v=5.0).add("Pad", ["q", "p", "v"], "padded").conv("padded", "out", kernel=3),
        r"node padded_node \(Pad\) pads with 5, which is no multiple of the map's scale 16",
    ),
    "padding out of range": (
        lambda: start().const(p=PADS, v=-16.0).add("Pad", ["q", "p", "v"], "padded").conv("padded", "out", kernel=3),
        r"node padded_node \(Pad\) pads with -16, which a map of UINT4 times 16 cannot hold",
    ),
    "infinite padding": (
        lambda: start().const(p=PADS, v=-np.inf).add("Pad", ["q", "p", "v"], "padded").conv("padded", "out", kernel=3),
        r"node padded_node \(Pad\) pads with -inf, which is no multiple",
    ),
    "padded channels": (
        lambda: start().const(p=[0, 1, 0, 0, 0, 0, 0, 0]).add("Pad", ["q", "p"], "out"),
        r"node out_node \(Pad\) pads by \[0, 1, .*; only padding around the pixels is supported",
    ),
    "cropping": (
        lambda: start().const(p=[0, 0, -1, 0, 0, 0, 0, 0]).add("Pad", ["q", "p"], "out"),
        r"node out_node \(Pad\) pads by \[0, 0, -1",
    ),
    "reflection": (
        lambda: start().const(p=PADS).add("Pad", ["q", "p"], "out", mode="reflect"), r"Pad mode reflect is not",
    ),
    "two scales added": (
        lambda: start().quant("pixels", "r", 4, 8.0).add("Add", ["q", "r"], "out"),
        r"node out_node \(Add\) adds integers of scale 16 and 8; the integer contract needs one quantiser for both",
    ),
    "two sizes added": (
        lambda: start().add("MaxPool", ["q"], "m", kernel_shape=[4, 4], strides=[4, 4]).add("Add", ["q", "m"], "out"),
        r"node out_node \(Add\) adds maps of shape \(1, 2, 4, 4\) and \(1, 2, 1, 1\); add equal shapes only",
    ),
    "unquantised branch": (
        lambda: start().const(h=0.5).add("Mul", ["q", "h"], "m").add("Add", ["q", "m"], "a").quant("m", "n")
        .conv("n", "c").add("Mul", ["c", "h"], "d").add("Add", ["m", "d"], "e").quant("e", "out"),
        r"node e_node \(Add\) joins two branches that are not integers of one scale; quantise both",
    ),
    "different quantisers joined": (
        lambda: start().quant("pixels", "r", 5, 16.0, signed=0).add("Concat", ["q", "r"], "out", axis=1),
        r"node out_node \(Concat\) joins tensors of different quantisers",
    ),
    "raw pixels": (
        lambda: Graph().const(m=0.5).add("Sub", ["image", "m"], "c").quant("c", "out"),
        r"node c_node \(Sub\): its input image is not quantised; put a quantiser before it",
    ),
    "raw pixels in a convolution": (
        lambda: Graph().conv("image", "out", bits=4),
        r"node out_node \(Conv\): its input image is not an integer tensor; put a quantiser before it",
    ),
    "signed pixels": (
        lambda: Graph().quant("image", "out", 8), r"node out_node \(Quant\): the input is a picture of 8-bit pixels",
    ),
    "narrow pixels": (
        lambda: Graph().quant("image", "out", 8, signed=0, narrow=1), r"quantise it to 8 bits, unsigned, not narrow",
    ),
    "few bits": (lambda: Graph().quant("image", "out", 4, signed=0), r"the input is a picture of 8-bit pixels"),
    "signs of pixels": (lambda: Graph().sign("image", "out"), r"node out_node \(BipolarQuant\): the input is a pict"),
    "pixels of two scales": (
        lambda: Graph().pixels().quant("image", "p2", 8, 0.5, signed=0).add("Concat", ["pixels", "p2"], "out", axis=1),
        r"node p2_node \(Quant\): the input is quantised with scale 1 elsewhere; use one quantiser",
    ),
    "unquantised output": (
        lambda: Graph().add("Identity", ["image"], "out"), r"node out_node \(Identity\): its input image is not quantised",
    ),
    "a scale for each class": (
        lambda: start().const(h=np.reshape([0.5, 0.25], (2, 1, 1))).add("Mul", ["q", "h"], "out"),
        r"node out_node \(Mul\): from q to the output leads no function that rises everywhere and is one for all",
    ),
    "an output that falls and rises": (
        lambda: start().const(h=100.0).add("Sub", ["q", "h"], "d").add("Mul", ["d", "d"], "out"),
        r"node out_node \(Mul\): from q to the output leads no function that rises everywhere",
    ),
    "an output that falls": (
        lambda: start().add("Neg", ["q"], "out"),  # no product whose weights could turn
        r"node out_node \(Neg\): from q to the output leads no function that rises everywhere",
    ),
    "an output that is not a number": (
        lambda: start().const(h=np.nan).add("Mul", ["q", "h"], "out"), r"node out_node \(Mul\): from q to the output leads no",
    ),
    "no output": (lambda: start(), r"the output out is not an integer tensor"),
    "batch of two": (
        lambda: Graph(shape=(2, 1, 4, 4)).quant("image", "out", 8, signed=0),
        r"input image: its shape is 2 x 1 x 4 x 4; export for one picture of fixed size",
    ),
    "dynamic size": (
        lambda: Graph(shape=("N", 1, "H", "W")).quant("image", "out", 8, signed=0),
        r"input image: its shape is \? x 1 x \? x \?; export for one picture of fixed size",
    ),
    "no shape": (lambda: Graph(shape=()).quant("image", "out", 8, signed=0), r"input image: its shape is not given"),
    "vector input": (lambda: Graph(shape=(1, 8)).quant("image", "out", 8, signed=0), r"image: its shape is 1 x 8"),
    "constant that varies by pixel": (
        lambda: start().const(m=np.ones((1, 1, 1, 4))).add("Sub", ["q", "m"], "c").quant("c", "out"),
        r"node c_node \(Sub\): its constant m has shape \(1, 1, 1, 4\); only one value, or one a channel",
    ),
    "slope along a row": (
        lambda: start().const(m=np.ones(4)).add("PRelu", ["q", "m"], "c").quant("c", "out"),
        r"node c_node \(PRelu\): its constant m has shape \(4,\)",
    ),
    "variance below 0": (
        lambda: start().conv("q", "c").norm("c", "n", [1, 1], [0, 0], [0, 0], [1, -5]).quant("n", "out"),
        r"node out_node \(Quant\): what it quantises is not a number for some values of c; look for NaN or a negative",
    ),
    "gamma that is NaN": (
        lambda: start().conv("q", "c").norm("c", "n", [np.nan, 1], [0, 0], [0, 0], [1, 1]).sign("n", "out"),
        r"node out_node \(BipolarQuant\): what it quantises is not a number for some values of c",
    ),
    "unknown rounding": (
        lambda: start().quant("q", "out", rounding_mode="DITHER"), r"rounding mode DITHER is not supported",
    ),
    "product of a map": (
        lambda: start().const(w=np.ones((4, 4))).quant("w", "wq").add("MatMul", ["q", "wq"], "out"),
        r"node out_node \(MatMul\) multiplies a tensor of shape \(1, 2, 4, 4\); flatten it first",
    ),
    "product scaled": (
        lambda: start().const(w=np.ones((32, 2))).quant("w", "wq").add("Flatten", ["q"], "f")
        .add("Gemm", ["f", "wq"], "out", alpha=0.5),
        r"node out_node \(Gemm\): alpha and transA are not supported",
    ),
    "product with a bias": (
        lambda: start().const(w=np.ones((32, 2)), b=np.ones(2)).quant("w", "wq").add("Flatten", ["q"], "f")
        .add("Gemm", ["f", "wq", "b"], "out"),
        r"node out_node \(Gemm\) has a bias; set bias=False",
    ),
    "sizes that do not fit": (
        lambda: start().conv("q", "out", ins=3), r"node out_node \(Conv\) cannot be evaluated: .*to have 3 channels",
    ),
    "kernel larger than the map": (
        lambda: start().conv("q", "out", kernel=5), r"node out_node \(Conv\) cannot be evaluated: .*size",
    ),
    "split across pixels": (
        lambda: start().const(p=[2, 2]).add("Split", ["q", "p"], ["out", "b"], axis=2),
        r"node out_node \(Split\) cuts across pixels; only splits of channels are supported",
    ),
    "empty slice": (
        lambda: start().const(a=[0], b=[0], c=[1]).add("Slice", ["q", "a", "b", "c"], "out"),
        r"node out_node \(Slice\): its output out is empty; remove it",
    ),
    "batch moved": (
        lambda: start().const(to=[2, 1, 4, 4]).add("Reshape", ["q", "to"], "out"),
        r"node out_node \(Reshape\) makes \(2, 1, 4, 4\) of \(1, 2, 4, 4\); the batch must stay",
    ),
    "five dimensions quantised": (
        lambda: start().const(to=[1, 2, 1, 4, 4]).add("Reshape", ["q", "to"], "r").quant("r", "out", 3, 64.0),
        r"node out_node \(Quant\) quantises a tensor of shape \(1, 2, 1, 4, 4\); only maps and vectors",
    ),
    "pool with two strides": (
        lambda: start().add("MaxPool", ["q"], "out", kernel_shape=[2, 2], strides=[1, 2]),
        r"node out_node \(MaxPool\): strides \[1, 2\] differ",
    ),
    "dilated pool": (
        lambda: start().add("MaxPool", ["q"], "out", dilations=[2, 2], **POOL), r"a dilated pool is not supported",
    ),
    "pool with positions": (
        lambda: start().add("MaxPool", ["q"], ["out", "where"], **POOL), r"has 2 outputs; only 1 of them are supported",
    ),
    "pool without a kernel": (
        lambda: start().add("MaxPool", ["q"], "out"), r"\(MaxPool\) cannot be evaluated: it lacks the attribute",
    ),
    "an input that nothing makes": (
        lambda: start().add("Relu", ["nothing"], "out"),
        r"node out_node \(Relu\) reads nothing, which no node before it makes; export the network again",
    ),
    "a tensor made twice": (
        lambda: start().conv("q", "out").add("Relu", ["out"], "out"), r"makes out, which exists already",
    ),
    "too many values to tabulate": (
        lambda: Graph(shape=(1, 1, 1, 1)).pixels().const(w=np.full((1, 1, 1, 1), 2.0**30)).quant("w", "wq", 32)
        .add("Conv", ["pixels", "wq"], "c").quant("c", "out"),
        r"node out_node \(Quant\): c takes integers from 0 to 273804165120, too many to tabulate; use fewer bits",
    ),
    "a name that a constant gets": (
        lambda: start().quant("q", "c.weight", 3, 32.0, signed=0).conv("c.weight", "c").add("Add", ["c", "c"], "out"),
        r"tensor c.weight has the name that a constant gets; rename it",
    ),
}  # fmt: skip

MAPPING: dict[str, tuple[Callable[[], Graph], str]] = {
    "sum of signs": (
        lambda: signs().const(axes=[2, 3]).add("ReduceSum", ["s", "axes"], "out"),
        r"node out_node \(ReduceSum\) reads the map s of -1 and \+1, which only convolutions.*quantise it to two bits",
    ),
    "quantised signs": (lambda: signs().quant("s", "out"), r"node out_node \(MultiThreshold\) reads the map s"),
    "signs added": (
        lambda: signs().add("Add", ["s", "s"], "out"),
        r"node out_node \(Add\) adds s of type BIPOLAR; use a signed quantiser before an add",
    ),
    "unsigned added": (lambda: start().add("Add", ["q", "q"], "out"), r"adds q of type UINT4; use a signed quantiser"),
    "padded twice": (
        lambda: start().const(p=PADS).add("Pad", ["q", "p"], "padded").conv("padded", "out", kernel=3, pads=[1] * 4),
        r"node out_node \(Conv\) pads padded, which is padded already; pad once",
    ),
    "padded pool": (
        lambda: start().const(p=PADS).add("Pad", ["q", "p"], "padded").add("MaxPool", ["padded"], "out", **POOL),
        r"node padded_node \(Pad\) pads for node out_node \(MaxPool\); only convolutions take explicit padding",
    ),
    "flattened map": (
        lambda: start().add("Flatten", ["q"], "f").quant("f", "out", 3, 64.0),
        r"node out_node \(MultiThreshold\) reads f, a map of 4 x 4 pixels made a vector; only a product can",
    ),
    "map of other channels": (
        lambda: start().const(s=[1, 4, 2, 4]).add("Reshape", ["q", "s"], "out"),
        r"node out_node \(Reshape\) reshapes \(1, 2, 4, 4\) to \(1, 4, 2, 4\); only reshapes to a vector are supported",
    ),
    "transposed map": (
        lambda: start().add("Transpose", ["q"], "out", perm=[0, 1, 3, 2]),
        r"node out_node \(Transpose\): no dataflow operator covers it",
    ),
    "three joined": (
        lambda: start().add("Concat", ["q", "q", "q"], "out", axis=1), r"only concatenation of the channels of two",
    ),
    "joined rows": (lambda: start().add("Concat", ["q", "q"], "out", axis=2), r"only concatenation of the channels"),
    "split in three": (
        lambda: Graph(shape=(1, 3, 2, 2)).pixels().const(p=[1, 1, 1])
        .add("Split", ["pixels", "p"], ["a", "b", "c"], axis=1).add("Concat", ["a", "b"], "d", axis=1)
        .add("Concat", ["d", "c"], "out", axis=1),
        r"node a_node \(Split\): only a split of the channels in two is supported",
    ),
    "half of a split": (
        lambda: start().const(p=[1, 1]).add("Split", ["q", "p"], ["out", "rest"], axis=1),
        r"tensor rest is used by no node; remove what makes it",
    ),
    "one slice": (
        lambda: start().const(a=[0], b=[1], c=[1]).add("Slice", ["q", "a", "b", "c"], "out"),
        r"node out_node \(Slice\): only two slices that cut the channels in two are supported",
    ),
    "every second channel": (
        lambda: start().const(a=[0], e=[2], c=[1], t=[2]).add("Slice", ["q", "a", "e", "c", "t"], "x")
        .add("Slice", ["q", "a", "e", "c"], "y").add("Concat", ["y", "x"], "out", axis=1),
        r"\(Slice\): only two slices that cut the channels in two",
    ),
    "shuffle of four groups": (
        lambda: Graph(shape=(1, 4, 2, 2)).pixels().add("Concat", ["pixels", "pixels"], "j", axis=1)
        .const(a=[1, 4, 2, 2, 2], b=[1, 8, 2, 2]).add("Reshape", ["j", "a"], "r")
        .add("Transpose", ["r"], "t", perm=[0, 2, 1, 3, 4]).add("Reshape", ["t", "b"], "out"),
        r"node r_node \(Reshape\): only a channel shuffle of two groups is supported",
    ),
    "wide falling function": (
        lambda: start().conv("q", "c", 2, 2, 3, 12).const(h=0.5).add("Sub", ["c", "h"], "d").add("Mul", ["c", "d"], "e")
        .quant("e", "out", 4, 2.0**20),
        r"its function rises and falls over INT\d+; tables reach 12 bits, so put a quantiser between",
    ),
    "nothing": (lambda: Graph(output="pixels").pixels(), r"is used by no node|the network has no layer to build"),
}  # fmt: skip


@pytest.mark.parametrize("case", STREAMLINING)
def test_streamlining_refuses(case: str) -> None:
    graph, message = STREAMLINING[case]
    with pytest.raises(UserError, match=message) as caught:
        streamline(graph().model())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", MAPPING)
def test_mapping_refuses(case: str) -> None:
    graph, message = MAPPING[case]
    streamlined = streamline(graph().model())
    with pytest.raises(UserError, match=message) as caught:
        to_dataflow(streamlined, "logits")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("case", STREAMLINING | MAPPING)
def test_a_users_file_ends_in_one_line(case: str) -> None:
    """Put in order first, some of these can be built; the others still name the node."""
    try:
        compiled(in_order((STREAMLINING | MAPPING)[case][0]().model()))
    except UserError as error:
        assert "\n" not in str(error)


def test_a_label_needs_logits() -> None:
    with pytest.raises(UserError, match=r"the output out is a map; a top-1 head needs logits \(use head: logits\)"):
        compiled(start().conv("q", "out").model(), "top1")


def test_two_inputs_or_outputs() -> None:
    model = start().conv("q", "out").model()
    model.graph.input.append(helper.make_tensor_value_info("second", 1, [1]))
    with pytest.raises(UserError, match="the graph has 2 inputs and 1 outputs; hwflow takes one of each"):
        streamline(model)
    model = start().conv("q", "out").model()
    model.graph.output.append(helper.make_tensor_value_info("q", 1, None))
    with pytest.raises(UserError, match="the graph has 1 inputs and 2 outputs"):
        streamline(model)


@pytest.mark.parametrize("damage", ["empty", "text", "zip", "folder", "truncated", "absent", "half a constant"])
def test_a_file_that_is_no_graph(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "net.onnx"
    whole = every_kind().model().SerializeToString()
    if damage == "folder":
        path.mkdir()
    elif damage == "zip":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("net.onnx", whole)
    elif damage != "absent":
        content = {"empty": b"", "text": b"not a network\n", "truncated": whole[: len(whole) // 2]}
        path.write_bytes(content.get(damage, whole[:-200]))
    with pytest.raises(UserError, match=r"net\.onnx: |constant .* cannot be read") as caught:
        compiled(load_qonnx(path))
    assert "\n" not in str(caught.value)


def test_a_constant_that_cannot_be_read() -> None:
    model = start().conv("q", "out", bits=4).model()
    broken = next(i for i in model.graph.initializer if i.name == "out_w")
    broken.raw_data = broken.raw_data[:-3]
    with pytest.raises(UserError, match=r"constant out_w cannot be read \(.*\); export the network again"):
        streamline(model)
    broken.ClearField("raw_data")
    broken.data_location = onnx.TensorProto.EXTERNAL
    with pytest.raises(UserError, match="constant out_w cannot be read"):
        streamline(model)


@pytest.mark.parametrize("value", [{"value_float": 64.0}, {"value_floats": [64.0]}])
def test_constants_of_every_kind_are_read(value: dict[str, object]) -> None:
    graph = (
        start().add("Constant", [], "level", **value).add("Sub", ["q", "level"], "c").sign("c", "s").conv("s", "out")
    )
    compiled(graph.model())


def test_what_nothing_needs_is_left_out() -> None:
    graph = start().add("Softmax", ["q"], "unused").conv("q", "out")
    model = streamline(graph.model())
    assert [node.op_type for node in model.graph.node] == ["MultiThreshold", "Conv", "Mul"]


def _mutations(seed: int) -> Callable[[ModelProto], None]:
    rng = np.random.default_rng(seed)

    def drop_node(model: ModelProto) -> None:
        del model.graph.node[int(rng.integers(len(model.graph.node)))]

    def swap_nodes(model: ModelProto) -> None:
        i, j = rng.integers(len(model.graph.node), size=2)
        nodes = list(model.graph.node)
        nodes[i], nodes[j] = nodes[j], nodes[i]
        copies = [copy.deepcopy(n) for n in nodes]
        del model.graph.node[:]
        model.graph.node.extend(copies)

    def drop_attribute(model: ModelProto) -> None:
        node = rng.choice([n for n in model.graph.node if n.attribute])
        del node.attribute[int(rng.integers(len(node.attribute)))]

    def change_attribute(model: ModelProto) -> None:
        node = rng.choice([n for n in model.graph.node if n.attribute])
        attribute = node.attribute[int(rng.integers(len(node.attribute)))]
        value = rng.choice([-1, 0, 2, 7])
        if attribute.ints:
            attribute.ints[0] = value
        elif attribute.type == onnx.AttributeProto.INT:
            attribute.i = value
        else:
            attribute.s = b"SOMETHING"

    def change_constant(model: ModelProto) -> None:
        tensor = rng.choice(list(model.graph.initializer))
        array = numpy_helper.to_array(tensor).copy()
        bad = rng.choice([np.nan, np.inf, -np.inf, 0.0, 1e30, -3.0])
        if array.dtype.kind == "i":
            bad = rng.choice([-7, 0, 99])
        flat = array.reshape(-1)
        flat[int(rng.integers(flat.size))] = bad
        tensor.CopyFrom(numpy_helper.from_array(flat.reshape(array.shape), tensor.name))

    def reshape_constant(model: ModelProto) -> None:
        tensor = rng.choice(list(model.graph.initializer))
        array = numpy_helper.to_array(tensor)
        shape = [array.size] if array.ndim > 1 else [1, *array.shape, 1]
        tensor.CopyFrom(numpy_helper.from_array(array.reshape(shape), tensor.name))

    def drop_constant(model: ModelProto) -> None:
        del model.graph.initializer[int(rng.integers(len(model.graph.initializer)))]

    def rewire(model: ModelProto) -> None:
        nodes = list(model.graph.node)
        node = rng.choice([n for n in nodes if n.input])
        node.input[int(rng.integers(len(node.input)))] = str(rng.choice([n.output[0] for n in nodes]))

    def drop_input(model: ModelProto) -> None:
        node = rng.choice([n for n in model.graph.node if n.input])
        del node.input[int(rng.integers(len(node.input)))]

    def other_op(model: ModelProto) -> None:
        node = rng.choice(list(model.graph.node))
        node.op_type = str(rng.choice([n.op_type for n in model.graph.node]))

    def drop_output(model: ModelProto) -> None:
        node = rng.choice(list(model.graph.node))
        del node.output[:]

    kinds = (
        drop_node, swap_nodes, drop_attribute, change_attribute, change_constant, reshape_constant, drop_constant,
        rewire, drop_input, other_op, drop_output,
    )  # fmt: skip
    return kinds[seed % len(kinds)]


def mutated(model: ModelProto, seed: int) -> ModelProto:
    changed = ModelProto()
    changed.CopyFrom(model)
    _mutations(seed)(changed)
    return changed


def every_kind(scale: float = 0.5) -> Graph:
    """Most operators in a few nodes, so that a mutation hits each of them often; `scale` is that of its maps."""
    graph = signs().const(p=PADS, v=-1.0, axes=[2, 3], half=[1, 1], to=[1, 2], w=np.ones((2, 3)))
    graph.add("Pad", ["s", "p", "v"], "padded").conv("padded", "c", kernel=3)
    graph.norm("c", "n", [1.0, -1.0], [0.1, 0.2], [0.3, 0.4], [5.0, 6.0]).quant("n", "a", 4, scale)
    graph.conv("q", "d", 2, 2, 3, 3, pads=[1, 1, 1, 1]).quant("d", "b", 4, scale).add("Add", ["a", "b"], "sum")
    graph.const(slope=np.full((2, 1, 1), 0.25)).add("PRelu", ["sum", "slope"], "act").quant("act", "r", 4, scale)
    graph.add("MaxPool", ["r"], "m", kernel_shape=[2, 2], strides=[2, 2]).add(
        "Split", ["m", "half"], ["x", "y"], axis=1
    )
    graph.add("Concat", ["y", "x"], "j", axis=1).add("ReduceSum", ["j", "axes"], "z", keepdims=1)
    graph.add("Reshape", ["z", "to"], "f").quant("w", "wq").add("MatMul", ["f", "wq"], "out")
    return graph


def _survives(original: ModelProto, seed: int, as_users: bool = False) -> bool:
    """Whether a mutated graph still compiles, and then exactly; anything but a one-line UserError fails the test.

    `as_users`: put in order first, as a user's file is.
    """
    model = mutated(original, seed)
    try:
        model = in_order(model) if as_users else model
        streamlined = streamline(model)
        dataflow = to_dataflow(streamlined, "logits")
    except UserError as error:
        assert str(error) and "\n" not in str(error), seed
        return False
    pictures = frames(1, integer_facts(streamlined)["image"].shape[1:], seed)
    wanted = reference_tensors(model, integer_facts(streamlined), pictures, None)
    env = initializers(streamlined.model, torch.float64) | {"image": torch.from_numpy(pictures).double()}
    run(streamlined.graph.node, env)
    for name, values in wanted.items():
        np.testing.assert_array_equal(env[name].numpy(), values, err_msg=f"{seed}: {name}")
    pixels = pictures.transpose(0, 2, 3, 1).astype(np.float32)
    context = execute_onnx(dataflow, {"image": pixels}, return_full_exec_context=True)
    for name, origin in json.loads(dataflow.get_metadata_prop(ORIGINS_KEY)).items():
        values = np.moveaxis(wanted[origin], 1, -1)
        np.testing.assert_array_equal(context[name].reshape(values.shape), values, err_msg=f"{seed}: {name}")
    return True


def test_a_damaged_graph_gives_one_line() -> None:
    model = every_kind().model()
    compiled(model)
    survived = [_survives(model, seed) for seed in range(120)]
    assert 0 < sum(survived) < len(survived) // 2


def test_a_damaged_file_of_a_user_gives_one_line() -> None:
    model = every_kind(0.3).model()
    compiled(in_order(model))
    survived = [_survives(model, seed, as_users=True) for seed in range(60)]
    assert 0 < sum(survived) < len(survived) // 2


@pytest.mark.slow
def test_many_damaged_graphs_give_one_line() -> None:
    for seed in range(120, 1200):
        _survives(every_kind().model(), seed)
    for seed in range(60, 600):
        _survives(every_kind(0.3).model(), seed, as_users=True)
    for seed in range(100):
        _survives(small_case().qonnx, seed)
