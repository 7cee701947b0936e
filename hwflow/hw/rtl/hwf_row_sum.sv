// SPDX-License-Identifier: Apache-2.0
//
// Sum of counts over a row, row after row; each row starts from its own constant. In a cycle with `enable`, `count` and `carry`
// are added to the sum so far, or to the constant of row `row` where `fresh` says that the row begins; `sum` shows the
// result one cycle later, modulo 2^WIDTH, and holds otherwise.
//
// One look-up table a bit for up to eight rows: constant, selection and half adder fit in a LUT6 with the count on the
// bypass of the carry chain. More rows take a second one a bit for each 64 rows.
module hwf_row_sum #(
  parameter int unsigned WIDTH = 9,
  parameter int unsigned COUNT_BITS = 5,
  parameter bit SIGNED = 0,              // counts are two's complement
  parameter int unsigned ROWS = 6,
  parameter logic [ROWS*WIDTH-1:0] STARTS = '0,  // row 0 in the lowest bits
  localparam int unsigned ROW_BITS = ROWS > 1 ? $clog2(ROWS) : 1
) (
  input  logic                  ap_clk,
  input  logic                  enable,
  input  logic                  fresh,
  input  logic [ROW_BITS-1:0]   row,
  /* verilator lint_off UNUSEDSIGNAL */  // modulo 2^WIDTH
  input  logic [COUNT_BITS-1:0] count,
  /* verilator lint_on UNUSEDSIGNAL */
  input  logic                  carry,  // one more
  output logic [WIDTH-1:0]      sum
);
  // Simulation takes the expression unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  // Bit `place` of: count xor (fresh ? constant of the row : sum), by count, sum, fresh and row.
  function automatic logic [63:0] half_adder(input int unsigned place);
    for (int unsigned i = 0; i < 64; i++) begin
      logic start;
      start = i % 8 < ROWS ? STARTS[(i%8)*WIDTH+place] : 1'b0;
      half_adder[i] = i[5] ^ (i[3] ? start : i[4]);
    end
  endfunction

  logic [WIDTH-1:0] addend, propagate;
  /* verilator lint_off UNUSEDSIGNAL */  // modulo 2^WIDTH
  logic [WIDTH:0]   next;
  /* verilator lint_on UNUSEDSIGNAL */
  if (SIGNED) begin : g_signed
    assign addend = WIDTH'($signed(count));
  end else begin : g_unsigned
    assign addend = WIDTH'(count);
  end

  if (ROWS > 8 || !PRIMITIVES) begin : g_expression
    logic [WIDTH-1:0] start;
    hwf_lookup #(.DEPTH(ROWS), .WIDTH(WIDTH), .INIT(STARTS)) starts (.address(row), .data(start));
    assign propagate = addend ^ (fresh ? start : sum);
  end else begin : g_primitives
    logic [2:0] low_row;
    assign low_row = 3'(row);
    for (genvar place = 0; place < WIDTH; place++) begin : g_place
      LUT6 #(
        .INIT(half_adder(place))
      ) lut (
        .I0(low_row[0]),
        .I1(low_row[1]),
        .I2(low_row[2]),
        .I3(fresh),
        .I4(sum[place]),
        .I5(addend[place]),
        .O (propagate[place])
      );
    end
  end

  hwf_carry_chain #(
    .WIDTH(WIDTH)
  ) adder (
    .operand  (addend),
    .propagate(propagate),
    .carry    (carry),
    .sum      (next)
  );
  always_ff @(posedge ap_clk) if (enable) sum <= next[WIDTH-1:0];
endmodule
