# SPDX-License-Identifier: Apache-2.0
"""Any tensor name becomes a legal identifier, and different tensors stay different."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import Graph
from onnx import ModelProto
from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import assemble, edges
from hwflow.compile.fold import fold
from hwflow.compile.generate import signal, top_text
from hwflow.compile.map import to_dataflow
from hwflow.compile.names import KEYWORDS, LONGEST, distinct, operator_name
from hwflow.compile.solve import Limits
from hwflow.compile.streamline import streamline

FAST = settings(max_examples=60, deadline=None, derandomize=True)
LEGAL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        ("stage2.0.right.conv1.quant", "stage2_0_right_conv1_quant"),
        ("/model/conv/Conv_output_0", "model_conv_Conv_output_0"),
        ("12", "n_12"),
        ("input", "n_input"),
        ("module", "n_module"),
        ("größe", "gr_e"),
        ("***", "n_"),
        ("hwf.add", "n_hwf_add"),
        ("accelerator", "n_accelerator"),
        ("LUT6", "n_LUT6"),
        ("u.net", "n_u_net"),
    ],
)
def test_names(tensor: str, name: str) -> None:
    assert operator_name(tensor) == name


@FAST
@given(st.text(min_size=1, max_size=400))
def test_any_text_is_a_legal_name(tensor: str) -> None:
    name = operator_name(tensor)
    assert LEGAL.fullmatch(name) and name not in KEYWORDS and len(name) <= LONGEST + 2


def test_long_names_differ_by_their_ends() -> None:
    assert operator_name("a" * 300 + ".x") != operator_name("a" * 300 + ".y")


@FAST
@given(st.lists(st.text("a._2", min_size=1, max_size=5), unique=True))
def test_distinct_names_are_distinct(names: list[str]) -> None:
    def uses(name: str) -> set[str]:
        return {operator_name(name), operator_name(f"{name}.fifo")}

    found = distinct(names, uses, {"n_"})
    everything = [identifier for name in found for identifier in uses(name)]
    assert len(everything) == len(set(everything)) and "n_" not in everything
    assert all(new.startswith(old) for old, new in zip(names, found, strict=True))


AWKWARD = [
    ("a.b", "a_b", "a/b", "a b"),  # alike but for special characters
    ("module", "wire", "endmodule", "logic"),  # keywords
    ("0", "1", "2", "3"),  # digits, as many exporters have them
    ("x", "x.fifo", "x.width", "x.gather"),  # what stands on an edge is called so
    ("input", "x.window", "x.copy0", "label"),  # what mapping adds is called so
    ("hwf_add", "hwf_fifo", "accelerator", "fifo_depths"),  # hwflow's own modules
    ("in0_V", "out0_V", "ap_clk", "ap_rst_n"),  # the top's ports
    ("λ", "μ", "Ω", "%"),
]


def chain(a: str, b: str, c: str, d: str) -> ModelProto:
    """Four tensors of these names, each read twice or through a window."""
    graph = Graph(shape=(1, 2, 4, 4), output="logits").pixels().quant("pixels", a, 4, 16.0)
    graph.conv(a, b, 2, 2, 3, pads=[1] * 4).conv(b, c, 2, 2, 3, bits=3)
    graph.add("Add", [c, c], d).const(axes=[2, 3]).add("ReduceSum", [d, "axes"], "sum", keepdims=0)
    graph.const(w=[[1.0, -2.0, 3.0], [3.0, 1.0, -1.0]]).quant("w", "wq", 4)
    return graph.add("MatMul", ["sum", "wq"], "logits").model()


@pytest.mark.parametrize("names", AWKWARD)
def test_a_design_of_awkward_names(names: tuple[str, str, str, str]) -> None:
    dataflow = to_dataflow(streamline(chain(*names)))
    folded = fold(ModelWrapper(dataflow.model, make_deepcopy=True), 100, 1e5, Limits(45_000, 135, 200))
    design = assemble(dataflow, folded.folding)
    check_unique(design)


def check_unique(design: ModelWrapper) -> None:
    """Modules, wires and instances: legal, and no two alike."""
    nodes = [node.name for node in design.graph.node]
    wires = [f"{signal(edge.tensor)}_{kind}" for edge in edges(design) for kind in ("tdata", "tvalid", "tready")]
    own = [*nodes, *wires, *(f"u_{name}" for name in nodes)]
    lower = [name.lower() for name in own]
    assert len(set(lower)) == len(lower)
    assert all(LEGAL.fullmatch(name) and name not in KEYWORDS for name in own)
    assert not set(nodes) & {"accelerator", "fifo_depths"} and not any(n.startswith("hwf_") for n in nodes)
    text = top_text(design)
    declared = re.findall(r"^  logic (?:\[\d+:0\] )?(.*);$", text, re.MULTILINE)
    names = [name for line in declared for name in line.split(", ")]
    assert len(set(names)) == len(names) and set(wires) == {n for n in names if not n.startswith("unused_")}
