# SPDX-License-Identifier: Apache-2.0
"""accelerator_axis.v around the generated design: lint, ports, and the driver's own bytes through the simulation."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deploy_sample import Deployed
from fake_board import Bytes, install, load_driver
from numpy.typing import NDArray

from hwflow.deploy.write import MODULE
from hwflow.sim import engine, verilate


def sources(made: Deployed) -> list[Path]:
    """In the order in which build.tcl names them."""
    script = (made.folder / "build.tcl").read_text()
    return [made.folder / name for name in re.findall(r"\[file join \$here (rtl/\S+)\]", script)]


@pytest.mark.parametrize("head,parallel", [("top1", 3), ("logits", 3), ("logits", 1), ("top1", 2)])
def test_lint(deploy: Callable[..., Deployed], head: str, parallel: int) -> None:
    made = deploy(head, parallel=parallel)
    root = verilate.verilator_root()
    words = [str(root / "bin" / "verilator_bin"), "--lint-only", "-Wall", "--no-timing", "--top-module", MODULE]
    # The padding of a beat goes unread in the top that `generate` stitches.
    control = made.folder.parent / "lint.vlt"
    control.write_text(
        '`verilator_config\nlint_off -rule UNUSEDSIGNAL -file "*/rtl/accelerator.sv" -match "*_tdata*"\n'
    )
    result = subprocess.run(
        [*words, str(control), *map(str, sources(made))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    assert result.returncode == 0 and not result.stderr, result.stderr


def test_interfaces_are_complete(deploy: Callable[..., Deployed]) -> None:
    """Every port of a stream is told to Vivado as part of it, under the name that the port itself has."""
    text = (deploy().folder / "rtl" / f"{MODULE}.v").read_text()
    told = re.findall(r'interface:axis:1\.0 (\w+) (\w+)" \*\)\n  (?:input|output) +wire (?:\[\d+:0\] )?(\w+)', text)
    wanted = ["TDATA", "TKEEP", "TLAST", "TVALID", "TREADY"]
    assert told == [(name, part, f"{name}_{part}") for name in ("in0_V", "out0_V") for part in wanted]


# What the engine sees beside the data: whether TKEEP is all ones and TLAST set.
DMA_SIDE = """
module dma_side (
  input  logic ap_clk, ap_rst_n,
  input  logic [{i}:0] in0_V_TDATA,
  input  logic in0_V_TVALID,
  output logic in0_V_TREADY,
  output logic [{o} + 8:0] out0_V_TDATA,
  output logic out0_V_TVALID,
  input  logic out0_V_TREADY
);
  logic [{o}:0] data;
  logic [{k}:0] keep;
  logic last;
  accelerator_axis dut (.in0_V_TKEEP('1), .in0_V_TLAST('0), .out0_V_TDATA(data), .out0_V_TKEEP(keep),
    .out0_V_TLAST(last), .*);
  assign out0_V_TDATA = {{6'd0, &keep, last, data}};
endmodule
"""


@pytest.mark.parametrize("head", ["top1", "logits"])
def test_driver_through_the_simulated_design(
    deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config, head: str
) -> None:
    made = deploy(head)
    driver: Any = load_driver(made.folder)
    in_bytes, out_bytes = driver.INPUT.beat_bytes, driver.OUTPUT.beat_bytes
    top = made.folder.parent / "dma_side.sv"
    top.write_text(DMA_SIDE.format(i=8 * in_bytes - 1, o=8 * out_bytes - 1, k=out_bytes - 1))
    assert pytestconfig.cache is not None
    library = verilate.build("dma_side", [*sources(made), top], pytestconfig.cache.mkdir("hwflow_streams"))
    simulation = engine.Simulation(library)

    def stream(beats: Bytes) -> tuple[Bytes, NDArray[np.bool_]]:
        count = len(beats) // driver.INPUT.beats * driver.OUTPUT.beats
        stalls = {"stall_in": 0.2, "stall_out": 0.3, "seed": count}
        result = simulation.run({"in0_V": beats}, {"out0_V": count}, max_cycles=100_000, patience=500, **stalls)
        assert result.clean, result.deadlock
        data, flags = result.outputs["out0_V"][:, :-1], result.outputs["out0_V"][:, -1]
        assert (flags & 2).all(), "TKEEP"
        return data, (flags & 1).astype(np.bool_)

    install(monkeypatch, stream, in_bytes, out_bytes)
    np.testing.assert_array_equal(driver.Accelerator().run(made.frames), made.outputs)
