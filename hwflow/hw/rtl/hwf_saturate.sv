// SPDX-License-Identifier: Apache-2.0
//
// result = sum >>> FRAC, or the nearest value that OBITS can hold; combinational. `sum` is signed, `result` with OSIGNED = 1.
module hwf_saturate #(
  parameter int unsigned IBITS = 16,
  parameter int unsigned FRAC = 4,
  parameter int unsigned OBITS = 8,
  parameter bit OSIGNED = 1
) (
  input  logic signed [IBITS-1:0] sum,
  output logic [OBITS-1:0]        result
);
  localparam int unsigned LEFT = IBITS > FRAC ? IBITS - FRAC : 1;
  localparam int unsigned WIDTH = LEFT > OBITS ? LEFT : OBITS + 1;  // with a sign above the result
  logic signed [WIDTH-1:0] shifted;
  assign shifted = WIDTH'(sum >>> FRAC);

  if (OSIGNED) begin : g_signed
    logic fits;
    assign fits = shifted[WIDTH-1:OBITS-1] == '0 || shifted[WIDTH-1:OBITS-1] == '1;
    always_comb begin
      result = {OBITS{!shifted[WIDTH-1]}};
      result[OBITS-1] = shifted[WIDTH-1];
      if (fits) result = shifted[OBITS-1:0];
    end
  end else begin : g_unsigned
    logic above;
    assign above = shifted[WIDTH-1:OBITS] != '0;
    assign result = shifted[WIDTH-1] ? '0 : above ? '1 : shifted[OBITS-1:0];
  end
endmodule
