// SPDX-License-Identifier: Apache-2.0
// A registered sum: WIDTH LUTs and flip-flops, and a carry chain.
module adder #(
  parameter int WIDTH = 8
) (
  input  logic             ap_clk,
  input  logic [WIDTH-1:0] a,
  input  logic [WIDTH-1:0] b,
  output logic [WIDTH-1:0] sum
);
  if (WIDTH < 1) begin : g_check_width
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end
  always_ff @(posedge ap_clk) sum <= a + b;
endmodule
