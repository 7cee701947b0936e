// SPDX-License-Identifier: Apache-2.0
// Behaviour of the slice's F7 multiplexer, for simulation only: synthesis has its own.
(* blackbox *)
module MUXF7 (
  input  logic I0,
  input  logic I1,
  input  logic S,
  output logic O
);
  assign O = S ? I1 : I0;
endmodule
