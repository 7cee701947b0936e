// SPDX-License-Identifier: Apache-2.0
// Takes the place of rtl/hwf_fifo.sv in simulations that find out how deep each FIFO must be.
//
// It has the timing of the real one (latency 1 cycle, one beat a cycle), but holds as many beats as `limit` says in reset,
// whatever DEPTH_BEATS says. The harness writes `limit`, so that one compiled model sizes the FIFOs and tries the depths found.
// `high_water` is the smallest depth with which the real FIFO would have behaved the same so far: the most beats that were
// held when one more was accepted, that one included. A beat that leaves in the same cycle still counts, because the real
// FIFO does not see it leave before it must say whether it has room.
//
// Beats are counted, not kept: TDATA is 0. No operator's handshake depends on data, so the timing of a design is the same,
// and the compiler drops the arithmetic whose results nobody sees, which is most of a model.
//
// For simulation only.
module hwf_fifo #(
  parameter int    WIDTH = 8,  // bits a beat
  parameter int    DEPTH_BEATS = 2,
  parameter string STYLE = "auto",
  parameter int    LUTS_A_BLOCK = 100
) (
  input  logic             ap_clk,
  input  logic             ap_rst_n,
  input  logic [WIDTH-1:0] in0_V_TDATA,
  input  logic             in0_V_TVALID,
  output logic             in0_V_TREADY,
  output logic [WIDTH-1:0] out0_V_TDATA,
  output logic             out0_V_TVALID,
  input  logic             out0_V_TREADY
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  if (DEPTH_BEATS < 1) begin : g_check_depth
    $error("%m: DEPTH_BEATS=%0d must be at least 1", DEPTH_BEATS);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end
  if (LUTS_A_BLOCK < 0) begin : g_check_block
    $error("%m: LUTS_A_BLOCK=%0d must be at least 0", LUTS_A_BLOCK);
  end

  logic [31:0] limit  /* verilator public_flat_rw */;
  initial limit = '1;

  // Read in reset only: logic that depends on what the harness writes is evaluated twice a cycle.
  logic [31:0] depth;
  logic [31:0] high_water  /* verilator public_flat_rd */;
  logic [31:0] held;
  logic        push, pop, unused;

  assign in0_V_TREADY  = held < depth;
  assign out0_V_TVALID = held != '0;
  assign out0_V_TDATA  = '0;
  assign push   = in0_V_TVALID && in0_V_TREADY;
  assign pop    = out0_V_TVALID && out0_V_TREADY;
  assign unused = ^in0_V_TDATA;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      depth      <= limit;
      held       <= '0;
      high_water <= '0;
    end else begin
      if (push != pop) held <= push ? held + 1'b1 : held - 1'b1;
      if (push && held >= high_water) high_water <= held + 1'b1;
    end
  end
endmodule
