// SPDX-License-Identifier: Apache-2.0
//
// value = count + BIAS modulo 2^OBITS, combinational. A bias that leaves all but the highest bit of the count alone, as that
// of a signed range does, takes no adder.
module hwf_bias #(
  parameter int unsigned IBITS = 3,
  parameter int unsigned OBITS = 3,
  parameter int BIAS = 0
) (
  input  logic [IBITS-1:0] count,
  output logic [OBITS-1:0] value
);
  localparam int unsigned LOW_BITS = IBITS - 1;
  if (BIAS % (2 ** LOW_BITS) == 0 && OBITS > LOW_BITS) begin : g_choice
    localparam int unsigned HIGH_BITS = OBITS - LOW_BITS;
    localparam logic [HIGH_BITS-1:0] HIGH = HIGH_BITS'(BIAS >>> LOW_BITS);
    logic [HIGH_BITS-1:0] high;
    assign high = count[LOW_BITS] ? HIGH + 1'b1 : HIGH;
    if (LOW_BITS == 0) begin : g_all
      assign value = high;
    end else begin : g_join
      assign value = {high, count[LOW_BITS-1:0]};
    end
  end else begin : g_sum
    assign value = OBITS'(BIAS) + OBITS'(count);
  end
endmodule
