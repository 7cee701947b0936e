// SPDX-License-Identifier: Apache-2.0
//
// One row of a matrix unit: products of weights and activations, summed from column to column. `activations` and `weights` of
// column i belong to the word that column 0 saw i cycles before; everything moves on in cycles with `enable`.
//
// Latency: SIMD + 1 cycles from column 0 of a word to its `sum`, which is exact, two's complement.
module hwf_dot_row #(
  parameter int unsigned SIMD = 9,   // columns
  parameter int unsigned ABITS = 8,  // bits of an activation
  parameter bit ASIGNED = 0,
  parameter int unsigned WBITS = 8,  // bits of a weight
  parameter string MULTIPLIER = "dsp",  // products on "dsp" slices or in "lut"s
  localparam int unsigned PRODUCT_BITS = ABITS + WBITS,
  localparam int unsigned SUM_BITS = PRODUCT_BITS + $clog2(SIMD)
) (
  input  logic                       ap_clk,
  input  logic                       enable,
  input  logic [SIMD-1:0][ABITS-1:0] activations,
  input  logic [SIMD-1:0][WBITS-1:0] weights,
  output logic [SUM_BITS-1:0]        sum
);
  logic [SIMD-1:0][SUM_BITS-1:0] sums;  // of columns 0 to i
  for (genvar i = 0; i < SIMD; i++) begin : g_column
    // A slice's sum has room for all; in look-up tables each bit is one.
    localparam int unsigned WIDTH = MULTIPLIER == "dsp" ? SUM_BITS : PRODUCT_BITS + $clog2(i + 1);
    logic signed [PRODUCT_BITS-1:0] product;
    if (MULTIPLIER == "dsp") begin : g_slice
      logic signed [ABITS:0] a;
      assign a = {ASIGNED & activations[i][ABITS-1], activations[i]};
      always_ff @(posedge ap_clk) if (enable) product <= PRODUCT_BITS'($signed(weights[i]) * a);
    end else begin : g_tables
      logic [PRODUCT_BITS-1:0] next;
      hwf_product #(
        .WBITS  (WBITS),
        .ABITS  (ABITS),
        .ASIGNED(ASIGNED)
      ) multiplier (
        .factor    (weights[i]),
        .activation(activations[i]),
        .product   (next)
      );
      always_ff @(posedge ap_clk) if (enable) product <= next;
    end

    logic signed [WIDTH-1:0] so_far;
    assign sums[i] = SUM_BITS'(so_far);
    if (i == 0) begin : g_start
      always_ff @(posedge ap_clk) if (enable) so_far <= WIDTH'(product);
    end else begin : g_add
      always_ff @(posedge ap_clk) if (enable) so_far <= WIDTH'(product) + WIDTH'($signed(sums[i-1]));
    end
  end
  assign sum = sums[SIMD-1];
endmodule
