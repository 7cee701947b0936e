// SPDX-License-Identifier: Apache-2.0
// A registered signed product of 16 bits each: one DSP slice.
module multiplier (
  input  logic               ap_clk,
  input  logic signed [15:0] a,
  input  logic signed [15:0] b,
  output logic signed [31:0] product
);
  always_ff @(posedge ap_clk) product <= a * b;
endmodule
