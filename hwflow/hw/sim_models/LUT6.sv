// SPDX-License-Identifier: Apache-2.0
// Behaviour of the 7-series and UltraScale look-up table, for simulation only: synthesis has its own.
(* blackbox *)
module LUT6 #(
  parameter logic [63:0] INIT = 64'd0
) (
  input  logic I0,
  input  logic I1,
  input  logic I2,
  input  logic I3,
  input  logic I4,
  input  logic I5,
  output logic O
);
  assign O = INIT[{I5, I4, I3, I2, I1, I0}];
endmodule
