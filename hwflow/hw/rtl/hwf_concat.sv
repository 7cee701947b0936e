// SPDX-License-Identifier: Apache-2.0
// Two maps to one: of each pixel first the C0 channels of in0, then the C1 channels of in1.
//
// Latency 1 cycle; one beat a cycle, so pixels * (C0 + C1) / PE cycles a frame.
// in0_V_TREADY and in1_V_TREADY depend combinationally on out0_V_TREADY only.
module hwf_concat #(
  parameter int BITS = 1,  // bits an element
  parameter int PE = 1,    // elements a beat, on all streams; must divide C0 and C1
  parameter int C0 = 1,    // channels of in0
  parameter int C1 = 1     // channels of in1
) (
  input  logic               ap_clk,
  input  logic               ap_rst_n,
  input  logic [PE*BITS-1:0] in0_V_TDATA,
  input  logic               in0_V_TVALID,
  output logic               in0_V_TREADY,
  input  logic [PE*BITS-1:0] in1_V_TDATA,
  input  logic               in1_V_TVALID,
  output logic               in1_V_TREADY,
  output logic [PE*BITS-1:0] out0_V_TDATA,
  output logic               out0_V_TVALID,
  input  logic               out0_V_TREADY
);
  if (BITS < 1) begin : g_check_bits
    $error("%m: BITS=%0d must be at least 1", BITS);
  end
  if (PE < 1) begin : g_check_pe
    $error("%m: PE=%0d must be at least 1", PE);
  end else if (C0 < 1 || C1 < 1 || C0 % PE != 0 || C1 % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide C0=%0d and C1=%0d", PE, C0, C1);
  end

  localparam int FOLDS0 = C0 / PE;
  localparam int FOLDS = (C0 + C1) / PE;
  localparam int COUNT_BITS = $clog2(FOLDS);

  logic [COUNT_BITS-1:0] fold;
  logic                  second;  // the next beat is in1's
  logic                  free, valid;

  assign free  = !out0_V_TVALID || out0_V_TREADY;
  assign valid = second ? in1_V_TVALID : in0_V_TVALID;
  assign in0_V_TREADY = free && !second;
  assign in1_V_TREADY = free && second;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      fold          <= '0;
      second        <= 1'b0;
    end else if (free) begin
      out0_V_TVALID <= valid;
      if (valid && fold == COUNT_BITS'(FOLDS - 1)) begin
        fold   <= '0;
        second <= 1'b0;
      end else if (valid) begin
        fold <= fold + 1'b1;
        if (fold == COUNT_BITS'(FOLDS0 - 1)) second <= 1'b1;
      end
    end
    if (free) out0_V_TDATA <= second ? in1_V_TDATA : in0_V_TDATA;
  end
endmodule
