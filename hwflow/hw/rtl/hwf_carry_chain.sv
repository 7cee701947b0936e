// SPDX-License-Identifier: Apache-2.0
//
// Sum of two numbers on an explicit carry chain, combinational: sum = operand + other + carry for propagate = operand ^ other.
// The look-up table in front of each place makes `propagate` of up to six signals, so that selections, tables or XORs
// before an adder cost nothing; the carry in and the highest bit are free.
// Cells are CARRY4 of 7 series, or with HWF_ULTRASCALE defined CARRY8 of UltraScale and UltraScale+.
// Written as an expression, a tree of such sums is rebuilt from carry-save adders by some tools, at twice the cost.
module hwf_carry_chain #(
  parameter int unsigned WIDTH = 4
) (
  input  logic [WIDTH-1:0] operand,
  input  logic [WIDTH-1:0] propagate,
  input  logic             carry,
  output logic [WIDTH:0]   sum
);
  if (WIDTH < 1) begin : g_size
    $error("%m: WIDTH=%0d must be at least 1", WIDTH);
  end

  // Simulation takes the expression unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  if (!PRIMITIVES) begin : g_expression
    assign sum = (WIDTH+1)'(operand) + (WIDTH+1)'(operand ^ propagate) + (WIDTH+1)'(carry);
  end else begin : g_primitives
`ifdef HWF_ULTRASCALE
    localparam int unsigned CELL = 8;
`else
    localparam int unsigned CELL = 4;
`endif
    localparam int unsigned SLICES = WIDTH / CELL + 1;  // with a place above the highest bit
    /* verilator lint_off UNUSEDSIGNAL */  // the last slice has places to spare
    logic [CELL*SLICES:0]   carries;  // into each place
    logic [CELL*SLICES-1:0] generated, passed, places;
    /* verilator lint_on UNUSEDSIGNAL */
    assign generated = (CELL*SLICES)'(operand);
    assign passed = (CELL*SLICES)'(propagate);
    assign carries[0] = carry;
    for (genvar i = 0; i < SLICES; i++) begin : g_slice
`ifdef HWF_ULTRASCALE
      CARRY8 chain (
        .CI    (carries[8*i]),
        .CI_TOP(1'b0),  // of the upper half where a cell is two chains
        .DI    (generated[8*i+:8]),
        .S     (passed[8*i+:8]),
        .CO    (carries[8*i+1+:8]),
        .O     (places[8*i+:8])
      );
`else
      CARRY4 chain (
        .CI    (i == 0 ? 1'b0 : carries[4*i]),
        .CYINIT(i == 0 ? carries[0] : 1'b0),
        .DI    (generated[4*i+:4]),
        .S     (passed[4*i+:4]),
        .CO    (carries[4*i+1+:4]),
        .O     (places[4*i+:4])
      );
`endif
    end
    assign sum = places[WIDTH:0];
  end
endmodule
