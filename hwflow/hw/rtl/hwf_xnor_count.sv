// SPDX-License-Identifier: Apache-2.0
//
// Number of places where two words agree, as 2 * twos + one; combinational. Both words come in the code of
// hwf_xnor_encode. With EXTRA = 1 the bit `extra` is counted in `twos`: the adders there have an input left for it.
//
// Let x_i be 1 where place i agrees. The places of a chain go through full adders one after the other: each takes the parity of
// the places so far and two more, and gives a carry and the new parity. That parity is itself an agreement of two
// bits, the parity of the weights and that of the data. Both stand in the code, so only the carry takes a look-up table
// here, where plain words would need a second one; and no adder waits for the one before.
module hwf_xnor_count #(
  parameter int unsigned N = 24,
  parameter int unsigned EXTRA = 0,
  localparam int unsigned CARRIES = N / 2,
  localparam int unsigned OUT_BITS = $clog2(CARRIES + 2)  // room for the extra bit, used or not
) (
  input  logic [N-1:0]        weights,
  input  logic [N-1:0]        data,
  input  logic                extra,
  output logic [OUT_BITS-1:0] twos,
  output logic                one
);
  if (N < 1 || EXTRA > 1) begin : g_check
    $error("%m: N=%0d must be at least 1 and EXTRA=%0d 0 or 1", N, EXTRA);
  end

  localparam int unsigned REST = N % 13;
  localparam int unsigned CHAINS = N / 13 + (REST == 0 ? 0 : REST % 2 == 1 ? 1 : 2);
  localparam int unsigned WITHIN = (N - CHAINS) / 2;  // carries within chains; the others join the chains' parities
  localparam int unsigned BITS = CARRIES + EXTRA > 0 ? CARRIES + EXTRA : 1;

  logic [BITS-1:0]   bits;
  logic [CHAINS-1:0] parities;
  for (genvar chain = 0; chain < CHAINS; chain++) begin : g_chain
    localparam int unsigned LOW = 13 * chain < N ? 13 * chain : N - 1;
    localparam int unsigned END = chain == CHAINS - 1 ? N : 13 * chain + 13 < N ? 13 * chain + 13 : N - 1;
    localparam int unsigned HALF = (END - LOW) / 2;
    assign parities[chain] = ~(weights[END-1] ^ data[END-1]);
    if (HALF > 0) begin : g_carries
      hwf_agree_carry #(
        .WIDTH(HALF)
      ) carries (
        .weights_0     (weights[LOW+HALF+:HALF]),
        .data_0        (data[LOW+HALF+:HALF]),
        .weights_1     (weights[LOW+:HALF]),
        .data_1        (data[LOW+:HALF]),
        .weights_parity(weights[LOW+HALF+1+:HALF]),
        .data_parity   (data[LOW+HALF+1+:HALF]),
        .carry         (bits[6*chain+:HALF])
      );
    end
  end

  if (CHAINS > 1) begin : g_join
    logic [CHAINS/2-1:0] joined;
    always_comb begin
      one = parities[0];
      for (int unsigned i = 1; i + 1 < CHAINS; i += 2) begin
        joined[i/2] = (one & parities[i]) | (one & parities[i+1]) | (parities[i] & parities[i+1]);
        one ^= parities[i] ^ parities[i+1];
      end
      if (CHAINS % 2 == 0) begin
        joined[CHAINS/2-1] = one & parities[CHAINS-1];
        one ^= parities[CHAINS-1];
      end
    end
    assign bits[WITHIN+:CHAINS/2] = joined;
  end else begin : g_single
    assign one = parities[0];
  end

  if (EXTRA == 1) begin : g_extra
    assign bits[CARRIES] = extra;
  end else begin : g_no_extra
    logic unused;
    assign unused = extra;
    if (CARRIES == 0) begin : g_empty
      assign bits[0] = 1'b0;
    end
  end

  logic [$clog2(BITS+1)-1:0] ones;
  hwf_popcount #(.N(BITS)) count (.bits(bits), .ones(ones));
  assign twos = OUT_BITS'(ones);
endmodule
