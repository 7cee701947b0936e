// SPDX-License-Identifier: Apache-2.0
//
// Two rows of a matrix unit on one DSP slice a column. Times and order are those of hwf_dot_row; the sums are exact.
//
// A slice multiplies high * 2^FIELD + low by the activation. `weights` hold the low row's weight and above it the high
// one's less the borrow, 1 where the low weight is negative, modulo 2^WBITS: so both stand in the factor as they are.
// With LEAST = 1 a high weight may be the least of all, and the borrow take it out of WBITS bits.
//
// The sum of all columns is high_sum * 2^FIELD + low_sum, so what is above the field is high_sum + excess, where excess is what
// low_sum has there, rounded down. A low sum of at most FIELD bits has an excess of -1 or 0, its sign. A longer one, of
// LOW_BITS = FIELD + guard, has one of `guard` bits: the difference between what is above the field and high_sum, whose
// lowest bits are computed in look-up tables for that purpose.
module hwf_dot_pair #(
  parameter int unsigned SIMD = 9,   // columns
  parameter int unsigned ABITS = 8,  // bits of an activation
  parameter bit ASIGNED = 0,
  parameter int unsigned WBITS = 8,  // bits of a weight, at least 2
  parameter int unsigned FIELD = 17,     // bits, at least WBITS
  parameter int unsigned LOW_BITS = 20,  // bits of any low sum that the weights allow
  parameter bit LEAST = 0,
  localparam int unsigned SUM_BITS = ABITS + WBITS + $clog2(SIMD)
) (
  input  logic                         ap_clk,
  input  logic                         enable,
  input  logic [SIMD-1:0][ABITS-1:0]   activations,
  input  logic [SIMD-1:0][2*WBITS-1:0] weights,
  output logic [SUM_BITS-1:0]          low_sum,
  output logic [SUM_BITS-1:0]          high_sum,  // less `high_carry`
  output logic                         high_carry
);
  localparam int unsigned HIGH_BITS = WBITS + (LEAST ? 1 : 0);
  localparam int unsigned FACTOR_BITS = FIELD + HIGH_BITS;
  localparam int unsigned PRODUCT_BITS = FACTOR_BITS + ABITS;
  localparam int unsigned TOTAL_BITS = FIELD + SUM_BITS;
  localparam int unsigned GUARD = LOW_BITS > FIELD ? LOW_BITS - FIELD : 0;

  if (WBITS < 2 || FIELD < WBITS || LOW_BITS > SUM_BITS) begin : g_check
    $error("%m: WBITS=%0d must be 2 to FIELD=%0d, LOW_BITS=%0d at most %0d", WBITS, FIELD, LOW_BITS, SUM_BITS);
  end

  logic [SIMD-1:0][TOTAL_BITS-1:0] totals;  // of columns 0 to i
  for (genvar i = 0; i < SIMD; i++) begin : g_column
    logic signed [WBITS-1:0] low;
    logic [WBITS-1:0] joined;
    logic signed [HIGH_BITS-1:0] high;
    logic signed [FACTOR_BITS-1:0] factor;
    logic signed [ABITS:0] a;
    logic signed [PRODUCT_BITS-1:0] product;
    logic signed [TOTAL_BITS-1:0] total;
    assign {joined, low} = weights[i];
    if (LEAST) begin : g_least
      // The largest weight behind a borrow was the least.
      assign high = {joined[WBITS-1] | (low[WBITS-1] & (&joined[WBITS-2:0])), joined};
    end else begin : g_never_least
      assign high = joined;
    end
    assign factor = {high, FIELD'(low)};
    assign a = {ASIGNED & activations[i][ABITS-1], activations[i]};
    assign totals[i] = total;
    always_ff @(posedge ap_clk) if (enable) product <= PRODUCT_BITS'(factor * a);
    if (i == 0) begin : g_start
      always_ff @(posedge ap_clk) if (enable) total <= TOTAL_BITS'(product);
    end else begin : g_add
      always_ff @(posedge ap_clk) if (enable) total <= TOTAL_BITS'(product) + $signed(totals[i-1]);
    end
  end

  logic [TOTAL_BITS-1:0] whole;
  logic [SUM_BITS-1:0]   above;
  assign whole = totals[SIMD-1];
  assign above = whole[TOTAL_BITS-1:FIELD];

  if (GUARD == 0) begin : g_sign
    // high_sum + excess has SUM_BITS as well: the largest products are odd multiples of the factors' steps, short of the end.
    assign low_sum = SUM_BITS'($signed(whole[LOW_BITS-1:0]));
    assign high_sum = above;
    assign high_carry = whole[FIELD-1];
  end else begin : g_guard
    logic [SIMD-1:0][GUARD-1:0] guards;  // high_sum of columns 0 to i, modulo 2^GUARD
    for (genvar i = 0; i < SIMD; i++) begin : g_column
      logic [GUARD-1:0] weight, product;
      // The low bits of a high weight, its borrow given back.
      assign weight = weights[i][WBITS+:GUARD] + GUARD'(weights[i][WBITS-1]);
      always_ff @(posedge ap_clk) if (enable) product <= weight * activations[i][GUARD-1:0];
      if (i == 0) begin : g_start
        always_ff @(posedge ap_clk) if (enable) guards[0] <= product;
      end else begin : g_add
        always_ff @(posedge ap_clk) if (enable) guards[i] <= product + guards[i-1];
      end
    end

    logic signed [GUARD-1:0] excess;
    assign excess = above[GUARD-1:0] - guards[SIMD-1];
    assign low_sum = SUM_BITS'($signed({excess, whole[FIELD-1:0]}));
    if (GUARD == 1) begin : g_carry
      assign high_sum = above;
      assign high_carry = excess[0];
    end else begin : g_difference
      assign high_sum = above - SUM_BITS'(excess);
      assign high_carry = 1'b0;
    end
  end
endmodule
