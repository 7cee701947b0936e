// SPDX-License-Identifier: Apache-2.0
// Numbers BEATS beats from 0 and then starts again only after a reset. SCARY: stops the simulation at beat 3.
// `memory` has no reset, so that its value shows what registers start with.
module source #(
  parameter int BEATS = 5,
  parameter bit SCARY = 0
) (
  input  logic        ap_clk,
  input  logic        ap_rst_n,
  output logic [63:0] out0_V_TDATA,
  output logic        out0_V_TVALID,
  input  logic        out0_V_TREADY
);
  logic [31:0] sent, memory;

  assign out0_V_TDATA = {memory, sent};
  assign out0_V_TVALID = sent < 32'(BEATS);
  always_ff @(posedge ap_clk) begin
    memory <= memory;
    if (!ap_rst_n) sent <= '0;
    else if (out0_V_TVALID && out0_V_TREADY) begin
      sent <= sent + 32'd1;
      if (SCARY && sent == 32'd3) $error("beat %0d is scary", sent);
    end
  end
endmodule
