// SPDX-License-Identifier: Apache-2.0
//
// The code in which hwf_xnor_count takes its words, combinational: weights are encoded when the memory is filled
// (hwf_mvu_binary does it), data here, once for all rows.
//
// The N places are cut into chains of 13 and one of the rest; an even rest leaves its last place as a chain of one. The
// h lowest places of a chain of 2h + 1, e_1 .. e_h, stay as they are. Of the others, f_0 .. f_h, each f_k becomes the parity
// of f_0 .. f_k and e_1 .. e_k. The code is linear and can be undone: no bit is added.
module hwf_xnor_encode #(
  parameter int unsigned N = 24
) (
  input  logic [N-1:0] plain,
  output logic [N-1:0] encoded
);
  localparam int unsigned REST = N % 13;
  localparam int unsigned CHAINS = N / 13 + (REST == 0 ? 0 : REST % 2 == 1 ? 1 : 2);

  for (genvar chain = 0; chain < CHAINS; chain++) begin : g_chain
    localparam int unsigned LOW = 13 * chain < N ? 13 * chain : N - 1;
    localparam int unsigned END = chain == CHAINS - 1 ? N : 13 * chain + 13 < N ? 13 * chain + 13 : N - 1;
    localparam int unsigned HALF = (END - LOW) / 2;
    always_comb begin
      logic parity;
      parity = plain[LOW+HALF];
      encoded[LOW+HALF] = parity;
      for (int unsigned k = 1; k <= HALF; k++) begin
        parity ^= plain[LOW+k-1] ^ plain[LOW+HALF+k];
        encoded[LOW+k-1] = plain[LOW+k-1];
        encoded[LOW+HALF+k] = parity;
      end
    end
  end
endmodule
