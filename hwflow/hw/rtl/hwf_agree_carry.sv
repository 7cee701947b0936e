// SPDX-License-Identifier: Apache-2.0
//
// WIDTH carries of full adders whose three summands are agreements of a weight bit and a data bit, combinational: one LUT6 each.
// The third summand is given by the parity of all three, which is an agreement of two bits as well.
module hwf_agree_carry #(
  parameter int unsigned WIDTH = 1
) (
  input  logic [WIDTH-1:0] weights_0,  // first summand: weights_0 agrees with data_0
  input  logic [WIDTH-1:0] data_0,
  input  logic [WIDTH-1:0] weights_1,
  input  logic [WIDTH-1:0] data_1,
  input  logic [WIDTH-1:0] weights_parity,
  input  logic [WIDTH-1:0] data_parity,
  output logic [WIDTH-1:0] carry
);
  // Simulation takes the vector expression unless HWF_PRIMITIVES is defined; verif/compute shows that both are the same.
  localparam bit PRIMITIVES =
`ifdef HWF_PRIMITIVES
      1;
`elsif VERILATOR
      0;
`else
      1;
`endif

  // Where the first two summands differ the third decides, and then it is the opposite of the parity.
  function automatic logic [63:0] truth_table();
    for (int unsigned i = 0; i < 64; i++) begin
      logic first, second, parity;
      first = ~(i[0] ^ i[1]);
      second = ~(i[2] ^ i[3]);
      parity = ~(i[4] ^ i[5]);
      truth_table[i] = first == second ? first : ~parity;
    end
  endfunction

  if (PRIMITIVES) begin : g_primitives
    for (genvar i = 0; i < WIDTH; i++) begin : g_carry
      LUT6 #(
        .INIT(truth_table())
      ) lut (
        .I0(weights_0[i]),
        .I1(data_0[i]),
        .I2(weights_1[i]),
        .I3(data_1[i]),
        .I4(weights_parity[i]),
        .I5(data_parity[i]),
        .O (carry[i])
      );
    end
  end else begin : g_expression
    logic [WIDTH-1:0] first, second, odd;
    assign first = ~(weights_0 ^ data_0);
    assign second = ~(weights_1 ^ data_1);
    assign odd = ~(weights_parity ^ data_parity);
    assign carry = (first & second) | ((first ^ second) & ~odd);
  end
endmodule
