// SPDX-License-Identifier: Apache-2.0
// Behaviour of the UltraScale slice's carry chain, as one chain of eight, for simulation only: synthesis has its own.
(* blackbox *)
module CARRY8 (
  input  logic       CI,
  /* verilator lint_off UNUSEDSIGNAL */  // for two chains of four
  input  logic       CI_TOP,
  /* verilator lint_on UNUSEDSIGNAL */
  input  logic [7:0] DI,
  input  logic [7:0] S,
  output logic [7:0] CO,
  output logic [7:0] O
);
  // As in CARRY4.
  logic [7:0] generated;
  assign generated = DI & ~S;
  assign {CO[7], O} = 9'(generated) + 9'(S | generated) + 9'(CI);
  assign CO[6:0] = O[7:1] ^ S[7:1];
endmodule
