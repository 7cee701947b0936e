# SPDX-License-Identifier: Apache-2.0
"""hwf_tlast: beats pass as they came, and TLAST marks the last of every frame, whatever the stalls."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwflow.errors import BuildFailed
from hwflow.sim import verilate

from .bench import RTL, Beats, Variant, run

FRAMES = 5

# The bench compares data only, so TLAST becomes the highest bit of it.
BESIDE_DATA = """
module tlast_beside_data #(parameter int WIDTH = 8, parameter int BEATS = 1) (
  input  logic ap_clk, ap_rst_n,
  input  logic [WIDTH-1:0] in0_V_TDATA,
  input  logic in0_V_TVALID,
  output logic in0_V_TREADY,
  output logic [WIDTH:0] out0_V_TDATA,
  output logic out0_V_TVALID,
  input  logic out0_V_TREADY
);
  hwf_tlast #(.WIDTH(WIDTH), .BEATS(BEATS)) dut (
    .out0_V_TDATA(out0_V_TDATA[WIDTH-1:0]), .out0_V_TLAST(out0_V_TDATA[WIDTH]), .*
  );
endmodule
"""


def marked(width: int, beats: int) -> Variant:
    data = np.random.default_rng(beats).integers(0, 1 << width, (FRAMES * beats, 1))
    last = np.arange(FRAMES * beats)[:, None] % beats == beats - 1
    return Variant(
        "tlast_beside_data",
        {"WIDTH": width, "BEATS": beats},
        {"in0_V": Beats(data, width)},
        {"out0_V": Beats(data + (last.astype(np.int64) << width), width + 1)},
        FRAMES,
        beats,
    )


def test_tlast(work: Path, tmp_path: Path) -> None:
    beside_data = tmp_path / "tlast_beside_data.sv"
    beside_data.write_text(BESIDE_DATA)
    shapes = [(8, 1), (1, 2), (39, 3), (16, 4), (5, 7), (8, 256), (3, 257)]
    runs = run([marked(*shape) for shape in shapes], work, sources=[RTL / "hwf_tlast.sv", beside_data])
    runs.check("tlast_beside_data")


def test_no_frame_is_without_beats(work: Path) -> None:
    with pytest.raises(BuildFailed, match="BEATS=0 must be at least 1"):
        verilate.build("hwf_tlast", [RTL / "hwf_tlast.sv"], work, {"BEATS": 0})
