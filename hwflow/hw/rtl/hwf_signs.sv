// SPDX-License-Identifier: Apache-2.0
// -1 and +1 as codes 0 and 1 to -1 and +1 as two's complement of two bits.
//
// Wires and inverters only: latency 0 cycles, valid and ready pass through.
// in0_V_TREADY is out0_V_TREADY.
module hwf_signs #(
  parameter int PE = 1  // elements a beat
) (
  input  logic            ap_clk,
  input  logic            ap_rst_n,
  input  logic [PE-1:0]   in0_V_TDATA,
  input  logic            in0_V_TVALID,
  output logic            in0_V_TREADY,
  output logic [2*PE-1:0] out0_V_TDATA,
  output logic            out0_V_TVALID,
  input  logic            out0_V_TREADY
);
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end

  assign in0_V_TREADY  = out0_V_TREADY;
  assign out0_V_TVALID = in0_V_TVALID;
  always_comb for (int i = 0; i < PE; i++) out0_V_TDATA[2*i+:2] = {!in0_V_TDATA[i], 1'b1};

  logic unused;
  assign unused = ^{ap_clk, ap_rst_n};
endmodule
