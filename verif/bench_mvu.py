# SPDX-License-Identifier: Apache-2.0
"""What matrix units with 1-bit weights cost, measured by Yosys now, beside FINN's estimates and our first prototype's.

    python verif/bench_mvu.py [ROW...]

prints a table of the rows whose names contain one of the words, or of all. PE is 4; weights and thresholds are random.
FINN: its own estimate of its HLS unit (finn-plus 1.6.1). Prototype: a first unit of this kind, measured as ours is. LUTs are
LUT1 to LUT6 and those used as memory, "Yosys, before place and route".
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hwflow.hw.bits import pack
from hwflow.synth.resources import Resources
from hwflow.synth.yosys import synthesise

RTL = Path(__file__).resolve().parents[1] / "hwflow" / "hw" / "rtl"
SOURCES = sorted(RTL.glob("hwf_*.sv"))
PE = 4


@dataclass(frozen=True)
class Row:
    """A unit to measure, with LUTs of FINN's estimate and LUT, FF and BRAM36 of the prototype (0: not taken down)."""

    mw: int
    mh: int
    simd: int
    bits: int = 1
    wstyle: str = "lut"
    finn_lut: int = 0
    prototype_lut: int = 0
    prototype_ff: int = 0
    prototype_bram: float = 0.0

    @property
    def name(self) -> str:
        memory = ", weights in BRAM" if self.wstyle == "block" else ""
        return f"{self.mw}x{self.mh} SIMD {self.simd}, {self.bits}-bit in and out{memory}"


KEY = Row(216, 24, 24, finn_lut=1152, prototype_lut=396, prototype_ff=224)
ROWS = (
    KEY,
    Row(432, 48, 48, finn_lut=2087, prototype_lut=931),
    Row(864, 96, 96, finn_lut=4520, prototype_lut=2506),
    Row(864, 96, 96, wstyle="block", prototype_lut=971, prototype_bram=5.5),
    Row(96, 96, 32, finn_lut=1510, prototype_lut=630),
    Row(216, 24, 24, bits=4, finn_lut=3731, prototype_lut=1872),
)

# Several bits out: the dot products go through a threshold unit.
WITH_THRESHOLDS = """\
module mvu_with_thresholds (
  input logic ap_clk, input logic ap_rst_n,
  input logic [{in_bits}-1:0] in0_V_TDATA, input logic in0_V_TVALID, output logic in0_V_TREADY,
  output logic [{out_bits}-1:0] out0_V_TDATA, output logic out0_V_TVALID, input logic out0_V_TREADY
);
  logic [{dot_bits}-1:0] dots_TDATA;
  logic dots_TVALID, dots_TREADY;
  hwf_mvu_binary #(
    .MW({mw}), .MH({mh}), .SIMD({simd}), .PE({pe}), .ABITS({bits}), .THRESHOLD(0), .OBITS({obits}), .WSTYLE("{wstyle}"),
    .WEIGHTS({weights})
  ) mvu (
    .ap_clk, .ap_rst_n, .in0_V_TDATA, .in0_V_TVALID, .in0_V_TREADY,
    .out0_V_TDATA(dots_TDATA), .out0_V_TVALID(dots_TVALID), .out0_V_TREADY(dots_TREADY)
  );
  hwf_threshold #(
    .C({mh}), .PE({pe}), .IBITS({obits}), .ISIGNED(1), .STEPS({steps}), .TBITS({obits}), .OBITS({bits}),
    .THRESHOLDS({thresholds})
  ) threshold (
    .ap_clk, .ap_rst_n, .in0_V_TDATA(dots_TDATA), .in0_V_TVALID(dots_TVALID), .in0_V_TREADY(dots_TREADY),
    .out0_V_TDATA, .out0_V_TVALID, .out0_V_TREADY
  );
endmodule
"""


def measure(row: Row) -> Resources:
    """Synthesises the unit of `row` for a 7-series device."""
    random = np.random.default_rng(1)
    weights = pack(random.integers(0, 2, row.mw * row.mh), 1).verilog()
    bound = row.mw * ((1 << row.bits) - 1)
    obits = bound.bit_length() + 1
    steps = (1 << row.bits) - 1
    # As trained networks have them: within a few standard deviations of the dot product.
    thresholds = np.sort(random.integers(-(bound // 4), bound // 4, (row.mh, steps)), axis=1)
    packed = pack(thresholds, obits).verilog()
    if row.bits == 1:
        parameters: dict[str, int | str] = {"MW": row.mw, "MH": row.mh, "SIMD": row.simd, "PE": PE}
        parameters |= {"WSTYLE": row.wstyle, "TBITS": obits, "WEIGHTS": weights, "THRESHOLDS": packed}
        return synthesise("hwf_mvu_binary", SOURCES, parameters)
    with tempfile.TemporaryDirectory(prefix="hwflow-bench-") as folder:
        top = Path(folder, "mvu_with_thresholds.sv")
        text = WITH_THRESHOLDS.format(
            mw=row.mw,
            mh=row.mh,
            simd=row.simd,
            pe=PE,
            bits=row.bits,
            obits=obits,
            steps=steps,
            wstyle=row.wstyle,
            weights=weights,
            thresholds=packed,
            in_bits=row.simd * row.bits,
            dot_bits=PE * obits,
            out_bits=PE * row.bits,
        )
        top.write_text(text, encoding="utf-8")
        return synthesise(top.stem, [*SOURCES, top])


def main(words: list[str]) -> None:
    def cell(value: float) -> str:
        return f"{value:g}" if value else "-"

    sys.stdout.write(
        f"{'matrix, PE 4':<50}{'FINN':>6}{'prototype':>20}{'hwflow':>26}{'seconds':>9}\n"
        f"{'':<50}{'LUT':>6}{'LUT':>8}{'FF':>6}{'BRAM':>6}{'LUT':>8}{'FF':>6}{'BRAM':>6}{'DSP':>6}\n"
    )
    for row in ROWS:
        if words and not any(word in row.name for word in words):
            continue
        start = time.monotonic()
        ours = measure(row)
        columns = (
            f"{cell(row.finn_lut):>6}{cell(row.prototype_lut):>8}{cell(row.prototype_ff):>6}{cell(row.prototype_bram):>6}"
            f"{ours.lut:>8}{ours.ff:>6}{cell(ours.bram36):>6}{cell(ours.dsp):>6}"
        )
        sys.stdout.write(f"{row.name:<50}{columns}{time.monotonic() - start:>9.1f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
