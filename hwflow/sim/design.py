# SPDX-License-Identifier: Apache-2.0
"""A generated design in the simulator: every stream tapped."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import Edge, edges
from hwflow.compile.generate import DEPTHS_FILE, GRAPH_FILE, TOP, rtl_sources, signal
from hwflow.errors import UserError
from hwflow.sim.verilate import Stream, build

SIM_MODELS = Path(__file__).resolve().parent.parent / "hw" / "sim_models"
GAUGE_MODEL = SIM_MODELS / "hwf_fifo.sv"
INPUT, OUTPUT = "in0_V", "out0_V"

_CONSTANT = re.compile(r"(\.\w+\(\d+'h)[0-9a-f]+\)")
_DEPTH = re.compile(r"= \d+;")
# What such a function returns are the contents of a memory; those that decide about structure return a number or a flag.
_CONTENTS = re.compile(r"(function automatic logic \[[^;]*?\] (\w+)\([^;]*\);).*?(endfunction)", re.DOTALL)


def load_design(rtl: Path) -> ModelWrapper:
    """The assembled graph of a generated folder. Raises UserError where there is none."""
    path = rtl / GRAPH_FILE
    if not path.is_file():
        raise UserError(f"{path}: no such file; run hwflow build to generate the design")
    import hwflow.hw.ops  # noqa: F401  registers the operators

    # QONNX' default makes a value for each constant, which takes seconds where there are thousands; ours are complete.
    return ModelWrapper(str(path), fix_missing_initializer_valueinfo=False)


def compile_design(rtl: Path, design: ModelWrapper, work: Path, *, gauges: Sequence[str] = (), jobs: int = 2) -> Path:
    """The simulation library of the SystemVerilog in `rtl`, every stream a tap called as its wires (`signal`).

    With `gauges` (FIFO node names) the FIFOs are replaced by ones that measure their high-water mark and pass no data,
    and only handshakes are tapped: what nobody watches is neither compiled nor run. Such a library depends on neither
    weights nor depths.
    """
    sources = rtl_sources(rtl)
    models = sorted(path for path in SIM_MODELS.glob("*.sv") if path != GAUGE_MODEL)
    if not gauges:
        return build(TOP, [*sources, *models], work, taps=[_tap(edge) for edge in edges(design)], jobs=jobs)
    with tempfile.TemporaryDirectory() as scratch:
        sources = [
            GAUGE_MODEL if path.name == GAUGE_MODEL.name else _without_constants(path, Path(scratch))
            for path in sources
        ]
        return build(
            TOP,
            [*sources, *models],
            work,
            taps=[_handshake(edge) for edge in edges(design)],
            gauges=[f"u_{name}" for name in gauges],
            jobs=jobs,
        )


def _without_constants(path: Path, scratch: Path) -> Path:
    """The file itself, or a copy in which weights, thresholds and depths all have one value.

    Tables made of them are 0: Verilator takes most of its time to run the functions that make them.
    """
    text = path.read_text(encoding="utf-8")
    if path.name == DEPTHS_FILE:
        plain = _DEPTH.sub("= 1;", text)
    else:
        plain = _CONTENTS.sub(r"\1\n    \2 = '0;\n  \3", _CONSTANT.sub(r"\g<1>0)", text))
    if plain == text:
        return path
    copy = scratch / path.name
    copy.write_text(plain, encoding="utf-8")
    return copy


def _tap(edge: Edge) -> Stream:
    wires = signal(edge.tensor)
    return Stream(wires, f"{wires}_tdata", f"{wires}_tvalid", f"{wires}_tready", bits=edge.spec.bits)


def _handshake(edge: Edge) -> Stream:
    wires = signal(edge.tensor)
    return Stream(wires, f"{wires}_tvalid", f"{wires}_tvalid", f"{wires}_tready")
