// SPDX-License-Identifier: Apache-2.0
// Marks the last of every BEATS beats with TLAST: a DMA that writes a stream to memory ends its transfer there.
//
// Data, valid and ready pass through. The count starts at reset and moves only when a beat is taken, so that TLAST holds
// while its beat waits; it never restarts in between, whatever the gaps. With BEATS=1 every beat is a last one.
//
// Latency 0 cycles; a beat a cycle, so a frame takes BEATS cycles.
// in0_V_TREADY is out0_V_TREADY and out0_V_TVALID is in0_V_TVALID, combinationally.
module hwf_tlast #(
  parameter int WIDTH = 8,  // bits a beat
  parameter int BEATS = 1   // beats a frame
) (
  input  logic             ap_clk,
  input  logic             ap_rst_n,
  input  logic [WIDTH-1:0] in0_V_TDATA,
  input  logic             in0_V_TVALID,
  output logic             in0_V_TREADY,
  output logic [WIDTH-1:0] out0_V_TDATA,
  output logic             out0_V_TVALID,
  output logic             out0_V_TLAST,
  input  logic             out0_V_TREADY
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  if (BEATS < 1) begin : g_check_beats
    $error("%m: BEATS=%0d must be at least 1", BEATS);
  end

  localparam int COUNT_BITS = BEATS > 1 ? $clog2(BEATS) : 1;

  logic [COUNT_BITS-1:0] beat;  // of the frame, at the input

  assign out0_V_TDATA  = in0_V_TDATA;
  assign out0_V_TVALID = in0_V_TVALID;
  assign in0_V_TREADY  = out0_V_TREADY;
  assign out0_V_TLAST  = beat == COUNT_BITS'(BEATS - 1);

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) beat <= '0;
    else if (in0_V_TVALID && out0_V_TREADY) beat <= out0_V_TLAST ? '0 : beat + 1'b1;
  end
endmodule
