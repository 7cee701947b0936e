# SPDX-License-Identifier: Apache-2.0
"""Who waits for whom in a standstill: rings found in handshakes, and in a design that deadlocks for want of a FIFO."""

from pathlib import Path

import pytest
from networks import Graph, frames
from qonnx.core.datatype import DataType

from hwflow.compile.assemble import Edge, assemble
from hwflow.compile.fold import Folding
from hwflow.compile.generate import write_depths, write_rtl
from hwflow.compile.map import to_dataflow
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.errors import BuildFailed
from hwflow.hw.ops import StreamSpec
from hwflow.sim.check import check, raise_unless_exact
from hwflow.sim.engine import StreamResult
from hwflow.sim.reference import reference_tensors
from hwflow.sim.ring import find_ring, waits
from hwflow.sim.sizing import size_fifos

SPEC = StreamSpec((1, 2), 1, DataType["INT4"])
BLOCKED, STARVED, WANTED = (True, False), (False, False), (False, True)


def edge(name: str, producer: str | None, consumer: str | None) -> Edge:
    return Edge(name, SPEC, producer, consumer)


def state(handshake: tuple[bool, bool]) -> StreamResult:
    return StreamResult(0, None, 0, (), -1, -1, *handshake)


DIAMOND = [
    edge("source", None, "fork"),
    edge("skip", "fork", "skip_fifo"),
    edge("skip_out", "skip_fifo", "add"),
    edge("main", "fork", "conv"),
    edge("main_out", "conv", "add"),
    edge("sum", "add", None),
]


def test_a_join_waits_for_what_it_lacks_and_a_fork_for_what_is_full() -> None:
    states = {
        "source": BLOCKED, "skip": BLOCKED, "skip_out": BLOCKED, "main": WANTED, "main_out": WANTED, "sum": WANTED,
    }  # fmt: skip
    graph = waits(DIAMOND, {name: state(value) for name, value in states.items()})
    assert graph == {"fork": ["skip_fifo"], "skip_fifo": ["add"], "add": ["conv"], "conv": ["fork"]}
    assert find_ring(graph) == ("add", "conv", "fork", "skip_fifo")


def test_a_sink_that_takes_nothing_is_no_ring() -> None:
    states = {name: state(BLOCKED) for name in ("source", "skip", "skip_out", "main", "main_out", "sum")}
    assert find_ring(waits(DIAMOND, states)) == ()


def test_a_source_that_gives_nothing_is_no_ring() -> None:
    states = {name: state(STARVED) for name in ("source", "skip", "skip_out", "main", "main_out", "sum")}
    assert find_ring(waits(DIAMOND, states)) == ()


def test_a_ring_is_found_behind_branches_that_end() -> None:
    assert find_ring({"a": ["b", "c"], "b": [], "c": ["d"], "d": ["b", "e"], "e": ["c"]}) == ("c", "d", "e")
    assert find_ring({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}) == ()
    assert find_ring({"a": ["a"]}) == ("a",)


def residual() -> Graph:
    """A 3x3 convolution beside a shortcut: the sum waits for two rows and some pixels of the convolution."""
    graph = Graph(shape=(1, 4, 6, 6), output="logits").pixels().quant("pixels", "q", 5, 16.0, rounding_mode="FLOOR")
    graph.conv("q", "c", 4, 4, 3, 4, pads=[1] * 4).quant("c", "c_q", 5, 16.0).add("Add", ["q", "c_q"], "sum")
    graph.quant("sum", "y", 5, 16.0).const(axes=[2, 3], vector=[1, 5])
    graph.add("ReduceSum", ["y", "axes"], "total", keepdims=1).conv("total", "last", 5, 4, 1, 5)
    return graph.add("Reshape", ["last", "vector"], "logits")


@pytest.mark.slow
def test_a_shortcut_that_is_too_shallow_is_named(tmp_path: Path) -> None:
    model = residual().model()
    streamlined = streamline(model)
    dataflow = to_dataflow(streamlined, "logits")
    design = assemble(dataflow, Folding(1, {}))  # an element a beat
    rtl = tmp_path / "rtl"
    write_rtl(design, rtl)
    facts = integer_facts(streamlined)
    pictures = frames(2, facts["image"].shape[1:])
    depths = size_fifos(rtl, design, tmp_path).depths
    join = next(node for node in design.graph.node if node.op_type == "AddStreams_rtl")
    fork = next(node for node in design.graph.node if node.op_type == "DuplicateStreams_rtl")
    shortcut = next(n.name for n in design.graph.node if n.input[0] in fork.output and n.output[0] in join.input)
    assert depths[shortcut] > 6 * 4  # beats of a row
    write_depths(rtl, depths | {shortcut: 2})
    tensors = reference_tensors(model, facts, pictures, None)
    verdict = check(rtl, design, pictures, tensors, tmp_path, tmp_path / "trace.vcd")
    with pytest.raises(BuildFailed) as error:
        raise_unless_exact(verdict)
    text = str(error.value)
    assert "\n" not in text and text.startswith("run free: nothing has moved since cycle ")
    circle = text.split("each waits for the next: ")[1].split(";")[0].split(" -> ")
    assert circle[0] == circle[-1] and {fork.name, shortcut, join.name} < set(circle)
    assert f"; {shortcut} holds 2 beats and is full: too shallow" in text
    # Nobody waits for anybody at the depths that were measured.
    write_depths(rtl, depths)
    raise_unless_exact(check(rtl, design, pictures, tensors, tmp_path, tmp_path / "trace.vcd"))
