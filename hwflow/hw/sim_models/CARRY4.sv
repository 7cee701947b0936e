// SPDX-License-Identifier: Apache-2.0
// Behaviour of the slice's carry chain, for simulation only: synthesis has its own.
(* blackbox *)
module CARRY4 (
  input  logic       CI,
  input  logic       CYINIT,
  input  logic [3:0] DI,
  input  logic [3:0] S,
  output logic [3:0] CO,
  output logic [3:0] O
);
  // A place propagates where S is set and generates DI elsewhere: the sum of these two numbers does just that.
  logic [3:0] generated;
  assign generated = DI & ~S;
  assign {CO[3], O} = 5'(generated) + 5'(S | generated) + 5'(CI | CYINIT);
  assign CO[2:0] = O[3:1] ^ S[3:1];
endmodule
