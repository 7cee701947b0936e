// SPDX-License-Identifier: Apache-2.0
//
// Number of ones among N bits, combinational.
//
// Up to six bits go straight to one LUT6 an output bit. More are split in two counts and one bit left over, which enters
// their adder as its carry: 13 bits take 9 LUT6, 27 take 22, about 0.9 a bit after that. The block sizes 6, 13, 27, 55, ...
// are those that leave no input of an adder unused.
module hwf_popcount #(
  parameter int unsigned N = 6,
  localparam int unsigned OUT_BITS = $clog2(N + 1)
) (
  input  logic [N-1:0]        bits,
  output logic [OUT_BITS-1:0] ones
);
  if (N < 1) begin : g_size
    $error("%m: N=%0d must be at least 1", N);
  end

  // The largest full block below N; two halves where the block would leave just one bit.
  function automatic int unsigned first_part(input int unsigned n);
    first_part = 6;
    while (2 * first_part + 1 < n) first_part = 2 * first_part + 1;
    if (first_part + 1 == n) first_part = n / 2;
  endfunction

  if (N == 1) begin : g_one
    assign ones = bits;
  end else if (N <= 3) begin : g_full_adder
    logic [2:0] b;
    assign b = 3'(bits);
    assign ones = {(b[0] & b[1]) | (b[0] & b[2]) | (b[1] & b[2]), ^b};
  end else if (N <= 6) begin : g_table
    logic [5:0] b;
    logic low_sum, low_carry, high_sum, high_carry, sum_carry;
    assign b = 6'(bits);
    assign low_sum = ^b[2:0];
    assign low_carry = (b[0] & b[1]) | (b[0] & b[2]) | (b[1] & b[2]);
    assign high_sum = ^b[5:3];
    assign high_carry = (b[3] & b[4]) | (b[3] & b[5]) | (b[4] & b[5]);
    assign sum_carry = low_sum & high_sum;
    assign ones = {
      (low_carry & high_carry) | (sum_carry & (low_carry ^ high_carry)),
      low_carry ^ high_carry ^ sum_carry,
      low_sum ^ high_sum
    };
  end else begin : g_split
    localparam int unsigned LOW = first_part(N);
    localparam int unsigned HIGH = N - LOW - 1;
    localparam int unsigned WIDTH = $clog2(LOW + 1);  // the first part is never the shorter one
    localparam int unsigned HIGH_BITS = $clog2(HIGH + 1);
    /* verilator lint_off UNDRIVEN */  // what a recursive instance drives is not seen
    logic [WIDTH-1:0]     low;
    logic [HIGH_BITS-1:0] high;
    /* verilator lint_on UNDRIVEN */
    /* verilator lint_off UNUSEDSIGNAL */  // the carry out of a full count cannot occur
    logic [WIDTH:0]       sum;
    /* verilator lint_on UNUSEDSIGNAL */
    hwf_popcount #(.N(LOW))  count_low  (.bits(bits[LOW-1:0]), .ones(low));
    hwf_popcount #(.N(HIGH)) count_high (.bits(bits[N-2:LOW]), .ones(high));
    hwf_carry_chain #(
      .WIDTH(WIDTH)
    ) adder (
      .operand  (low),
      .propagate(low ^ WIDTH'(high)),
      .carry    (bits[N-1]),
      .sum      (sum)
    );
    assign ones = sum[OUT_BITS-1:0];
  end
endmodule
