// SPDX-License-Identifier: Apache-2.0
//
// sum = a + b + carry, combinational, on an explicit carry chain: one LUT a bit, the carry in and the highest bit free.
// Written as an expression, a tree of such sums is rebuilt from carry-save adders by some tools, at twice the cost.
module hwf_adder #(
  parameter int unsigned WIDTH = 4
) (
  input  logic [WIDTH-1:0] a,
  input  logic [WIDTH-1:0] b,
  input  logic             carry,
  output logic [WIDTH:0]   sum
);
  if (WIDTH < 1) begin : g_size
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end

  localparam int unsigned SLICES = WIDTH / 4 + 1;  // with a place above the highest bit

  logic [4*SLICES-1:0] propagate, operand;
  /* verilator lint_off UNUSEDSIGNAL */  // the last slice has places to spare
  logic [4*SLICES-1:0] carries, places;
  /* verilator lint_on UNUSEDSIGNAL */
  assign propagate = (4*SLICES)'(a ^ b);
  assign operand = (4*SLICES)'(a);
  for (genvar i = 0; i < SLICES; i++) begin : g_slice
    if (i == 0) begin : g_first
      CARRY4 chain (
        .CI    (1'b0),
        .CYINIT(carry),
        .DI    (operand[3:0]),
        .S     (propagate[3:0]),
        .CO    (carries[3:0]),
        .O     (places[3:0])
      );
    end else begin : g_next
      CARRY4 chain (
        .CI    (carries[4*i-1]),
        .CYINIT(1'b0),
        .DI    (operand[4*i+:4]),
        .S     (propagate[4*i+:4]),
        .CO    (carries[4*i+:4]),
        .O     (places[4*i+:4])
      );
    end
  end
  assign sum = places[WIDTH:0];
endmodule
