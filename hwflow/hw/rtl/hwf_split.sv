// SPDX-License-Identifier: Apache-2.0
// One map to two: of each pixel the first C0 channels to out0, the other C1 to out1.
//
// One register holds the beat for whichever output it is due to, so a waiting output holds up the other one too; put a
// FIFO on the side that is drained late.
//
// Latency 1 cycle; one beat a cycle, so pixels * (C0 + C1) / PE cycles a frame.
// in0_V_TREADY depends combinationally on out0_V_TREADY and out1_V_TREADY.
module hwf_split #(
  parameter int BITS = 1,  // bits an element
  parameter int PE = 1,    // elements a beat, on all streams; must divide C0 and C1
  parameter int C0 = 1,    // channels of out0
  parameter int C1 = 1     // channels of out1
) (
  input  logic               ap_clk,
  input  logic               ap_rst_n,
  input  logic [PE*BITS-1:0] in0_V_TDATA,
  input  logic               in0_V_TVALID,
  output logic               in0_V_TREADY,
  output logic [PE*BITS-1:0] out0_V_TDATA,
  output logic               out0_V_TVALID,
  input  logic               out0_V_TREADY,
  output logic [PE*BITS-1:0] out1_V_TDATA,
  output logic               out1_V_TVALID,
  input  logic               out1_V_TREADY
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
  logic                  second;  // the next beat is out1's
  logic [PE*BITS-1:0]    data;

  assign in0_V_TREADY = (!out0_V_TVALID || out0_V_TREADY) && (!out1_V_TVALID || out1_V_TREADY);
  assign out0_V_TDATA = data;
  assign out1_V_TDATA = data;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      out1_V_TVALID <= 1'b0;
      fold          <= '0;
      second        <= 1'b0;
    end else if (in0_V_TREADY) begin
      out0_V_TVALID <= in0_V_TVALID && !second;
      out1_V_TVALID <= in0_V_TVALID && second;
      if (in0_V_TVALID && fold == COUNT_BITS'(FOLDS - 1)) begin
        fold   <= '0;
        second <= 1'b0;
      end else if (in0_V_TVALID) begin
        fold <= fold + 1'b1;
        if (fold == COUNT_BITS'(FOLDS0 - 1)) second <= 1'b1;
      end
    end
    if (in0_V_TREADY) data <= in0_V_TDATA;
  end
endmodule
