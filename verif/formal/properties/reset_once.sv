// SPDX-License-Identifier: Apache-2.0
// Reset in the first cycle and never again. All registers without a reset start at any value.
module reset_once (
  input  logic ap_clk,
  output logic ap_rst_n
);
  logic running = 1'b0;
  always_ff @(posedge ap_clk) running <= 1'b1;
  assign ap_rst_n = running;
endmodule
