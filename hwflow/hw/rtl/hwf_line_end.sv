// SPDX-License-Identifier: Apache-2.0
//
// The end of a line piece: result = sat((multiple + offset) >>> FRAC), of a product and an offset that come together. The
// registers of product and sum are those of the DSP slice that makes `multiple`. Latency: 3 cycles with `enable`.
module hwf_line_end #(
  parameter int unsigned PRODUCT_BITS = 16,
  parameter int unsigned ABITS = 16,  // bits of an offset, signed
  parameter int unsigned FRAC = 4,    // bits shifted out
  parameter int unsigned OBITS = 6,
  parameter bit OSIGNED = 1
) (
  input  logic                           ap_clk,
  input  logic                           enable,
  input  logic signed [PRODUCT_BITS-1:0] multiple,
  input  logic signed [ABITS-1:0]        offset,
  output logic [OBITS-1:0]               result
);
  localparam int unsigned SUM_BITS = (PRODUCT_BITS > ABITS ? PRODUCT_BITS : ABITS) + 1;

  logic signed [PRODUCT_BITS-1:0] product;
  logic signed [ABITS-1:0] product_offset;  // beside the product
`ifdef HWF_YOSYS
  // Yosys 0.70 takes a sum register into a DSP48E1 and forgets the sign bit where low bits are not used: the node then
  // counts next to nothing. Vivado is not told to keep it, since it would leave the register outside of the slice.
  (* keep *)
`endif
  logic signed [SUM_BITS-1:0] sum;
  logic [OBITS-1:0] saturated;

  hwf_saturate #(
    .IBITS  (SUM_BITS),
    .FRAC   (FRAC),
    .OBITS  (OBITS),
    .OSIGNED(OSIGNED)
  ) saturate (
    .sum,
    .result(saturated)
  );

  always_ff @(posedge ap_clk) begin
    if (enable) begin
      product <= multiple;
      product_offset <= offset;
      sum <= SUM_BITS'(product) + SUM_BITS'(product_offset);
      result <= saturated;
    end
  end
endmodule
