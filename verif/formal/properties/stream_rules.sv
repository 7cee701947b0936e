// SPDX-License-Identifier: Apache-2.0
// Once a beat is offered it stays offered, unchanged, until it is taken; and nothing is offered right after reset.
module stream_rules #(
  parameter int WIDTH = 1
) (
  input logic             ap_clk,
  input logic             ap_rst_n,
  input logic [WIDTH-1:0] TDATA,
  input logic             TVALID,
  input logic             TREADY
);
  logic             waiting, after_reset;
  logic [WIDTH-1:0] offered;

  always_ff @(posedge ap_clk) begin
    waiting     <= ap_rst_n && TVALID && !TREADY;
    after_reset <= !ap_rst_n;
    offered     <= TDATA;
    if (ap_rst_n && waiting) begin
      still_valid: assert (TVALID);
      still_the_same: assert (TDATA == offered);
    end
    if (ap_rst_n && after_reset) begin
      low_after_reset: assert (!TVALID);
    end
  end
endmodule
