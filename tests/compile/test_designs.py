# SPDX-License-Identifier: Apache-2.0
"""Designs of what Bi-ShuffleNet does not have, simulated: every stream of the RTL against the QONNX graph."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import peers
import pytest
from networks import Graph, frames, small_case
from onnx import ModelProto
from test_assemble import folded

from hwflow.compile.assemble import assemble
from hwflow.compile.generate import write_depths, write_rtl
from hwflow.compile.map import to_dataflow
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.flow.front import in_order
from hwflow.sim.check import check, raise_unless_exact
from hwflow.sim.reference import reference_tensors
from hwflow.sim.sizing import allowed_cycles, size_fifos

pytestmark = pytest.mark.slow


def simulate(model: ModelProto, seed: int, folder: Path, head: str = "logits") -> set[str]:
    """Build with any folding, simulate four frames, compare every stream; the kinds of node that were in it."""
    streamlined = streamline(model)
    dataflow = to_dataflow(streamlined, head)
    design = assemble(dataflow, folded(dataflow, seed))
    rtl = folder / "rtl"
    write_rtl(design, rtl)
    facts = integer_facts(streamlined)
    pictures = frames(4, facts[streamlined.graph.input[0].name].shape[1:], seed)
    sizing = size_fifos(rtl, design, folder / "work")
    assert sizing.bits <= 1.2 * sizing.high_water_bits
    write_depths(rtl, sizing.depths)
    tensors = reference_tensors(model, facts, pictures, None)
    verdict = check(rtl, design, pictures, tensors, folder / "work", folder / "trace.vcd")
    raise_unless_exact(verdict)
    assert verdict.cycles_per_frame <= allowed_cycles(sizing.elastic_cycles)
    assert verdict.exact and verdict.tensors > len(dataflow.graph.node) and verdict.labels_equal
    return {node.op_type.removesuffix("_rtl") for node in dataflow.graph.node}


def activations() -> Graph:
    """Curves, falling signs, pooled signs, narrow quantisers, and a table of many steps on a wide accumulator."""
    graph = Graph(shape=(1, 4, 5, 6), output="logits").pixels().quant("pixels", "q", 6, 4.0, rounding_mode="FLOOR")
    graph.const(eighth=0.125, zeta=np.reshape([3.0, 1.0, -2.0, 5.0], (4, 1, 1)), level=np.full((4, 1, 1), 40.0))
    graph.add("Mul", ["q", "eighth"], "r").add("Sub", ["r", "zeta"], "s").add("Sigmoid", ["s"], "t")
    graph.add("Mul", ["s", "t"], "u").quant("u", "curve", 5, 0.5)
    graph.add("Neg", ["q"], "n").add("Add", ["n", "level"], "m").sign("m", "falling")
    graph.add("MaxPool", ["falling"], "pooled", kernel_shape=[2, 2], strides=[1, 1], pads=[1, 1, 0, 0])
    graph.conv("pooled", "a", 6, 4).quant("a", "a_q", 5, 0.5, narrow=1)
    graph.conv("curve", "b", 6, 4, 3, 6, pads=[1] * 4).quant("b", "b_q", 6, 32.0).quant("b_q", "b_n", 5, 0.5, narrow=1)
    graph.add("Add", ["a_q", "b_n"], "sum").conv("curve", "c", 6, 4, 1, 8).quant("c", "many", 6, 64.0)
    graph.quant("many", "few", 5, 0.5).quant("sum", "sum_q", 5, 0.5).add("Add", ["sum_q", "few"], "all")
    return _logits(graph, "all", 6)


def routes() -> Graph:
    """Slices, uneven splits, concatenations, forks, sums that keep their axes, and names that clash."""
    graph = (
        Graph(shape=(1, 6, 4, 5), output="logits").pixels().const(parts=[2, 4], channel=[1], none=[0], two=[2], end=[4])
    )
    graph.quant("pixels", "a.b", 4, 16.0, rounding_mode="FLOOR").add(
        "Split", ["a.b", "parts"], ["a_b", "module"], axis=1
    )
    graph.add("Slice", ["module", "none", "two", "channel"], "0").add(
        "Slice", ["module", "two", "end", "channel"], "LUT6"
    )
    graph.add("Concat", ["LUT6", "a_b"], "hwf_add", axis=1).add("Concat", ["hwf_add", "0"], "x.fifo", axis=1)
    graph.add("Add", ["x.fifo", "x.fifo"], "x").add("Add", ["x", "a.b"], "label").quant("label", "y", 6, 16.0)
    return _logits(graph, "y", 6)


def _logits(graph: Graph, source: str, channels: int) -> Graph:
    graph.const(axes=[2, 3], vector=[1, 5]).add("ReduceSum", [source, "axes"], "total", keepdims=1)
    return graph.conv("total", "last", 5, channels, 1, 5).add("Reshape", ["last", "vector"], "logits")


@pytest.mark.parametrize("seed", [0, 1])
def test_activations(seed: int, tmp_path: Path) -> None:
    kinds = simulate(activations().model(), seed, tmp_path)
    assert kinds >= {"ChannelTable", "StreamingMax", "BinaryMVAU", "IntegerMVAU", "AddStreams", "ChannelThreshold"}


@pytest.mark.parametrize("seed", [0, 1])
def test_routes(seed: int, tmp_path: Path) -> None:
    kinds = simulate(routes().model(), seed, tmp_path, "top1")
    assert kinds >= {"SplitChannels", "ConcatChannels", "DuplicateStreams", "GlobalAccumulate", "LabelSelect"}


def test_bi_shufflenet_in_colour_at_an_odd_size(tmp_path: Path) -> None:
    kinds = simulate(small_case(3, 21, 13).qonnx, 7, tmp_path, "top1")
    assert kinds >= {"InterleaveChannels", "PiecewiseAffine", "IntegerMVAU", "BinaryMVAU", "StreamingMax"}


TINY = peers.Small(
    shape=(3, 13, 10), channels=(6, 10), kernels=(3, 2), strides=(1, 2), pooled=(True, False), hidden=12, classes=5
)
PEERS: dict[str, tuple[peers.Small, set[str]]] = {
    "1w2a": (replace(TINY, act_bits=2), {"BinaryMVAU", "ChannelTable", "ChannelThreshold", "StreamingMax"}),
    "4w1a": (replace(TINY, weight_bits=4), {"SignsToIntegers", "IntegerMVAU"}),
    "4w3a": (
        replace(TINY, weight_bits=4, act_bits=3, weights=peers.PER_CHANNEL, relu=True, pads=(1, 1), bias=True),
        {"IntegerMVAU", "ChannelThreshold"},
    ),
}


@pytest.mark.parametrize("name", PEERS)
def test_networks_of_brevitas_layers(name: str, tmp_path: Path) -> None:
    small, wanted = PEERS[name]
    assert simulate(in_order(peers.exported(small.build(), small.shape)), 3, tmp_path, "top1") >= wanted


def test_a_picture_that_products_read_as_a_vector(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    graph = Graph(shape=(1, 2, 3, 5), output="out").pixels().const(w=rng.integers(-4, 4, (30, 6)).astype(np.float32))
    graph.const(v=rng.integers(-1, 2, (30, 6)).astype(np.float32)).add("Flatten", ["pixels"], "f")
    graph.quant("w", "wq").add("MatMul", ["f", "wq"], "a").sign("v", "vq").add("MatMul", ["f", "vq"], "b")
    graph.add("Add", ["a", "b"], "out")
    assert simulate(graph.model(), 1, tmp_path) == {"IntegerMVAU", "BinaryMVAU", "AddStreams", "DuplicateStreams"}
