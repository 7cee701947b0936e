// SPDX-License-Identifier: Apache-2.0
// Channel i of in0 and of in1 become channels 2i and 2i+1: the concatenation of two maps and a channel shuffle of two
// groups in one.
//
// A beat of in0 and one of in1, PE elements each, make one beat of 2*PE elements. Both inputs are taken together.
//
// Latency 1 cycle; one beat a cycle.
// in0_V_TREADY and in1_V_TREADY depend combinationally on out0_V_TREADY and on the other input's TVALID.
module hwf_interleave #(
  parameter int BITS = 1,  // bits an element
  parameter int PE = 1     // elements a beat of each input
) (
  input  logic                 ap_clk,
  input  logic                 ap_rst_n,
  input  logic [PE*BITS-1:0]   in0_V_TDATA,
  input  logic                 in0_V_TVALID,
  output logic                 in0_V_TREADY,
  input  logic [PE*BITS-1:0]   in1_V_TDATA,
  input  logic                 in1_V_TVALID,
  output logic                 in1_V_TREADY,
  output logic [2*PE*BITS-1:0] out0_V_TDATA,
  output logic                 out0_V_TVALID,
  input  logic                 out0_V_TREADY
);
  if (BITS < 1) begin : g_check_bits
    $error("%m: BITS=%0d must be at least 1", BITS);
  end
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end

  logic                 free;
  logic [2*PE*BITS-1:0] shuffled;

  assign free = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = free && in1_V_TVALID;
  assign in1_V_TREADY = free && in0_V_TVALID;

  for (genvar i = 0; i < PE; i++) begin : g_element
    assign shuffled[2*i*BITS+:2*BITS] = {in1_V_TDATA[i*BITS+:BITS], in0_V_TDATA[i*BITS+:BITS]};
  end

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) out0_V_TVALID <= 1'b0;
    else if (free) out0_V_TVALID <= in0_V_TVALID && in1_V_TVALID;
    if (free) out0_V_TDATA <= shuffled;
  end
endmodule
