# SPDX-License-Identifier: Apache-2.0
"""A generated design in the simulator: every stream tapped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qonnx.core.modelwrapper import ModelWrapper

from hwflow.compile.assemble import Edge, edges
from hwflow.compile.generate import GRAPH_FILE, TOP, rtl_sources, signal
from hwflow.errors import UserError
from hwflow.sim.verilate import Stream, build

SIM_MODELS = Path(__file__).resolve().parent.parent / "hw" / "sim_models"
GAUGE_MODEL = SIM_MODELS / "hwf_fifo.sv"
INPUT, OUTPUT = "in0_V", "out0_V"


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

    With `gauges` (FIFO node names) the FIFOs are replaced by ones without a limit that measure their high-water mark,
    and nothing is tapped: what nobody watches is compiled and run faster.
    """
    sources = rtl_sources(rtl)
    if gauges:
        sources = [GAUGE_MODEL if path.name == GAUGE_MODEL.name else path for path in sources]
    sources += sorted(path for path in SIM_MODELS.glob("*.sv") if path != GAUGE_MODEL)
    return build(
        TOP,
        sources,
        work,
        taps=[] if gauges else [_tap(edge) for edge in edges(design)],
        gauges=[f"u_{name}" for name in gauges],
        jobs=jobs,
    )


def _tap(edge: Edge) -> Stream:
    wires = signal(edge.tensor)
    return Stream(
        name=wires,
        data=f"{wires}_tdata",
        valid=f"{wires}_tvalid",
        ready=f"{wires}_tready",
        bits=edge.spec.bits,
    )
