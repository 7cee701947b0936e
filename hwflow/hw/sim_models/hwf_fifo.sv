// SPDX-License-Identifier: Apache-2.0
// Takes the place of rtl/hwf_fifo.sv in simulations that find out how deep each FIFO must be.
//
// It has the timing of the real one (latency 1 cycle, one beat a cycle) but room for GAUGE_BEATS beats, whatever
// DEPTH_BEATS says. `high_water` is the smallest DEPTH_BEATS with which the real FIFO would have behaved the same so far:
// the most beats that were held when one more was accepted, that one included. A beat that leaves in the same cycle still
// counts, because the real FIFO does not see it leave before it must say whether it has room.
//
// For simulation only: no hardware has such a queue.
module hwf_fifo #(
  parameter int    WIDTH = 8,  // bits a beat
  parameter int    DEPTH_BEATS = 2,
  parameter string STYLE = "auto",
  parameter int    LUTS_A_BLOCK = 100,
  parameter int    GAUGE_BEATS = 65536
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
  if (GAUGE_BEATS < 2 || LUTS_A_BLOCK < 0) begin : g_check_gauge
    $error("%m: GAUGE_BEATS=%0d must be at least 2, LUTS_A_BLOCK=%0d at least 0", GAUGE_BEATS, LUTS_A_BLOCK);
  end

  logic [31:0]      high_water  /* verilator public_flat_rd */;
  logic [WIDTH-1:0] queue[$];

  // The queue is this block's own and changes in program order; all that others see is assigned at the clock edge.
  /* verilator lint_off BLKSEQ */
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      queue.delete();
      high_water <= '0;
    end else begin
      if (in0_V_TVALID && in0_V_TREADY) begin
        queue.push_back(in0_V_TDATA);
        if (queue.size() > high_water) high_water <= queue.size();
      end
      if (out0_V_TVALID && out0_V_TREADY) queue.delete(0);
    end
    in0_V_TREADY  <= queue.size() < GAUGE_BEATS;
    out0_V_TVALID <= queue.size() != 0;
    if (queue.size() != 0) out0_V_TDATA <= queue[0];
  end
  /* verilator lint_on BLKSEQ */
endmodule
