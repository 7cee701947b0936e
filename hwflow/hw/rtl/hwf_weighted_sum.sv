// SPDX-License-Identifier: Apache-2.0
//
// Sum of 2^i times term i, combinational: a tree of adders that leaves out the bits which only one side has.
module hwf_weighted_sum #(
  parameter int unsigned TERMS = 4,
  parameter int unsigned MAX = 13,  // the largest value of a term
  localparam int unsigned TERM_BITS = $clog2(MAX + 1),
  localparam int unsigned OUT_BITS = $clog2(MAX * (2 ** TERMS - 1) + 1)
) (
  /* verilator lint_off UNUSEDSIGNAL */  // what a recursive instance reads is not seen
  input  logic [TERMS-1:0][TERM_BITS-1:0] terms,
  /* verilator lint_on UNUSEDSIGNAL */
  output logic [OUT_BITS-1:0]             sum
);
  if (TERMS < 1 || MAX < 1) begin : g_size
    $error("%m: TERMS=%0d and MAX=%0d must be at least 1", TERMS, MAX);
  end

  if (TERMS == 1) begin : g_one
    assign sum = terms[0];
  end else begin : g_split
    localparam int unsigned LOW_TERMS = TERMS / 2;
    localparam int unsigned HIGH_TERMS = TERMS - LOW_TERMS;
    localparam int unsigned LOW_BITS = $clog2(MAX * (2 ** LOW_TERMS - 1) + 1);
    localparam int unsigned WIDTH = $clog2(MAX * (2 ** HIGH_TERMS - 1) + 1);
    /* verilator lint_off UNDRIVEN */  // what a recursive instance drives is not seen
    logic [LOW_BITS-1:0] low;
    logic [WIDTH-1:0]    high;
    /* verilator lint_on UNDRIVEN */
    hwf_weighted_sum #(.TERMS(LOW_TERMS), .MAX(MAX)) sum_low (.terms(terms[LOW_TERMS-1:0]), .sum(low));
    hwf_weighted_sum #(.TERMS(HIGH_TERMS), .MAX(MAX)) sum_high (.terms(terms[TERMS-1:LOW_TERMS]), .sum(high));
    // Where `low` reaches no higher than its own terms' places there is nothing to add.
    if (LOW_BITS <= LOW_TERMS) begin : g_join
      assign sum = OUT_BITS'({high, LOW_TERMS'(low)});
    end else begin : g_add
      logic [WIDTH-1:0] reach;
      /* verilator lint_off UNUSEDSIGNAL */  // the highest carry cannot occur where OUT_BITS leaves it out
      logic [WIDTH:0] upper;
      /* verilator lint_on UNUSEDSIGNAL */
      assign reach = WIDTH'(low[LOW_BITS-1:LOW_TERMS]);
      hwf_carry_chain #(.WIDTH(WIDTH)) adder (.operand(high), .propagate(high ^ reach), .carry(1'b0), .sum(upper));
      assign sum = OUT_BITS'({upper, low[LOW_TERMS-1:0]});
    end
  end
endmodule
