// SPDX-License-Identifier: Apache-2.0
//
// Matrix times vector with integer weights: MH dot products of MW activations with signed weights.
//
// in0:  activations of ABITS, signed with ASIGNED = 1, SIMD a beat, MW / SIMD beats a vector.
// out0: dot products modulo 2^OBITS, two's complement, PE rows a beat, MH / PE beats a vector.
//
// Cycles a vector without stalls: (MH / PE) * (MW / SIMD), none between vectors.
// Latency from a vector's last beat to its first rows: SIMD + 3 cycles, and MW / SIMD more where MH > PE and MW > SIMD.
// There in0 TREADY is a register; else it follows out0 TREADY combinationally.
//
// The products of a row are summed from column to column, without an adder tree: column i of a word is a cycle behind
// column i - 1, its activation through a shift register and its weight because its memory is addressed a cycle later.
//
// MULTIPLIER "lut" makes each product of look-up tables. "dsp" takes DSP slices, whose input, product and sum registers these
// are, and two rows share a slice where that is exact:
//
//   (high * 2^FIELD + low) * activation, summed over the columns, is high sum * 2^FIELD + low sum.
//
// The pair is one factor of the slice, of 25 bits, put together in the weight memory. If the low sum fits in FIELD bits its sign
// tells what it borrowed from the high one. Where it is longer by up to MOST_GUARD bits, as many low bits of the high sum
// are computed once more, in look-up tables, and the difference to the slice's are those missing bits of the low sum.
// How long it can be is taken from the weights, or from their type in matrices of more than MOST_SEEN weights.
module hwf_mvu_int #(
  parameter int unsigned MW = 27,     // columns: activations of a dot product
  parameter int unsigned MH = 8,      // rows
  parameter int unsigned SIMD = 9,    // columns a cycle, divides MW
  parameter int unsigned PE = 4,      // rows at once, divides MH
  parameter int unsigned ABITS = 8,   // bits of an activation
  parameter bit ASIGNED = 0,
  parameter int unsigned WBITS = 8,   // bits of a weight
  parameter int unsigned OBITS = 24,  // bits of an output element
  parameter string MULTIPLIER = "dsp",  // products on "dsp" slices or in "lut"s
  parameter string WSTYLE = "lut",    // weight memory: "lut" or "block"
  parameter string BSTYLE = "auto",   // memory of two vectors (MH > PE, MW > SIMD), as hwf_replay's STYLE
  parameter logic [MH*MW*WBITS-1:0] WEIGHTS = '0  // [simd][nf][sf][pe]: one memory a column
) (
  input  logic                  ap_clk,
  input  logic                  ap_rst_n,
  input  logic [SIMD*ABITS-1:0] in0_V_TDATA,
  input  logic                  in0_V_TVALID,
  output logic                  in0_V_TREADY,
  output logic [PE*OBITS-1:0]   out0_V_TDATA,
  output logic                  out0_V_TVALID,
  input  logic                  out0_V_TREADY
);
  if (SIMD < 1 || MW % SIMD != 0) begin : g_check_simd
    $error("%m: SIMD=%0d must divide MW=%0d", SIMD, MW);
  end
  if (PE < 1 || MH % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide MH=%0d", PE, MH);
  end
  if (ABITS < 1 || WBITS < 1 || OBITS < 1) begin : g_check_bits
    $error("%m: ABITS=%0d, WBITS=%0d and OBITS=%0d must be at least 1", ABITS, WBITS, OBITS);
  end

  if (MULTIPLIER != "dsp" && MULTIPLIER != "lut") begin : g_check_multiplier
    $error("%m: MULTIPLIER=%s must be dsp or lut", MULTIPLIER);
  end

  localparam int unsigned SF = MW / SIMD;
  localparam int unsigned NF = MH / PE;
  localparam int unsigned STEPS = SF * NF;
  localparam int unsigned STEP_BITS = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam int unsigned PRODUCT_BITS = ABITS + WBITS;
  localparam int unsigned SUM_BITS = PRODUCT_BITS + $clog2(SIMD);
  localparam int unsigned DELAY = SIMD + 2;  // from step to accumulator

  localparam int unsigned WORD_BITS = PE * WBITS;
  localparam int unsigned COLUMN_BITS = STEPS * WORD_BITS;

  // ---- two rows on a slice --------------------------------------------------------------------------------------------

  localparam int FACTOR_BITS = 25;    // of a DSP48E1: signed factors of 25 and 18 bits, sums of 48
  localparam int ACTIVATION_BITS = 18;
  localparam int SLICE_SUM_BITS = 48;
  localparam int MOST_GUARD = 4;
  localparam int unsigned MOST_SEEN = 16384;

  // A bit of each row of a word: of the low rows of pairs, or of the high ones.
  function automatic logic [WORD_BITS-1:0] rows(input int unsigned first, input int unsigned place);
    rows = '0;
    for (int unsigned pe = 1; pe < PE; pe += 2) rows[(pe-1+first)*WBITS+place] = 1'b1;
  endfunction

  localparam logic [MH*MW*WBITS-1:0] LOW_SIGNS = {SIMD * STEPS{rows(0, WBITS - 1)}};
  localparam logic [MH*MW*WBITS-1:0] HIGH_ENDS = {SIMD * STEPS{rows(1, 0)}};
  localparam logic [MH*MW*WBITS-1:0] HIGH_SIGNS = {SIMD * STEPS{rows(1, WBITS - 1)}};

  // Whether a high row has the least weight, from which a borrow takes one more bit. All weights at once: a loop would take
  // long in large matrices.
  function automatic bit least_occurs();
    logic [MH*MW*WBITS-1:0] other, differs;
    other = WEIGHTS ^ HIGH_SIGNS;
    differs = other;
    for (int unsigned place = 1; place < WBITS; place++) differs |= other >> place;
    least_occurs = (HIGH_ENDS & ~differs) != '0;
  endfunction

  // Bits of the longest sum of a low row over the columns of a word.
  function automatic int longest_low_sum();
    longint above, below, most, weight;
    longest_low_sum = int'(SUM_BITS);
    if (MH * MW <= MOST_SEEN) begin
      most = 0;
      for (int unsigned step = 0; step < STEPS; step++) begin
        for (int unsigned pe = 0; pe + 1 < PE; pe += 2) begin
          above = 0;
          below = 0;
          for (int unsigned i = 0; i < SIMD; i++) begin
            weight = longint'($signed(WEIGHTS[i*COLUMN_BITS+step*WORD_BITS+pe*WBITS+:WBITS]));
            if (weight > 0) above += weight;
            else below -= weight;
          end
          if (ASIGNED) above += below;
          if (above > most) most = above;
          if (below > most) most = below;
        end
      end
      most = ASIGNED ? most << (ABITS - 1) : most * ((longint'(1) << ABITS) - 1);
      longest_low_sum = 1;
      while (longest_low_sum < int'(SUM_BITS) && most >= longint'(1) << (longest_low_sum - 1)) longest_low_sum++;
    end
  endfunction

  // The high rows of pairs less one where the low row is negative, modulo 2^WBITS.
  function automatic logic [MH*MW*WBITS-1:0] joined();
    // Borrows end at the sign, which is set for them and put right behind.
    joined = (WEIGHTS | HIGH_SIGNS) - ((WEIGHTS & LOW_SIGNS) << 1);
    joined ^= ~WEIGHTS & HIGH_SIGNS;
  endfunction

  localparam bit LEAST = least_occurs();
  localparam int FIELD = FACTOR_BITS - int'(WBITS) - int'(LEAST);
  localparam int LOW_BITS = FIELD >= int'(SUM_BITS) ? int'(SUM_BITS) : longest_low_sum();
  localparam int GUARD = LOW_BITS > FIELD ? LOW_BITS - FIELD : 0;
  localparam bit PACKED = MULTIPLIER == "dsp" && PE > 1 && WBITS > 1 && FIELD >= int'(WBITS) && GUARD <= MOST_GUARD
      && GUARD <= int'(WBITS) && GUARD <= int'(ABITS) && int'(ABITS) + int'(!ASIGNED) <= ACTIVATION_BITS
      && FIELD + int'(SUM_BITS) <= SLICE_SUM_BITS;
  localparam int unsigned PAIRS = PACKED ? PE / 2 : 0;
  localparam logic [MH*MW*WBITS-1:0] MEMORY = PACKED ? joined() : WEIGHTS;

  // ---- products and sums ----------------------------------------------------------------------------------------------

  logic enable, valid, last;
  logic [STEP_BITS-1:0] position;
  logic [SIMD*ABITS-1:0] word;
  hwf_replay #(
    .WIDTH(SIMD * ABITS),
    .WORDS(SF),
    .TIMES(NF),
    .STYLE(BSTYLE)
  ) replay (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA,
    .in0_V_TVALID,
    .in0_V_TREADY,
    .enable,
    .valid,
    .position,
    .last,
    .word
  );

  logic [DELAY-1:0] valids, lasts;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids <= '0;
    else if (enable) valids <= {valids[DELAY-2:0], valid};
    if (enable) lasts <= {lasts[DELAY-2:0], last};
  end

  // Column i of a word, i cycles behind column 0.
  logic [SIMD-1:0][STEP_BITS-1:0] positions;
  logic [SIMD-1:0][ABITS-1:0] activations;
  logic [SIMD-1:0][WORD_BITS-1:0] weights;
  for (genvar i = 0; i < SIMD; i++) begin : g_column
    if (i == 0) begin : g_first
      assign positions[0] = position;
      assign activations[0] = word[ABITS-1:0];
    end else begin : g_later
      logic [i-1:0][ABITS-1:0] behind;
      always_ff @(posedge ap_clk) begin
        if (enable) begin
          positions[i] <= positions[i-1];
          behind[0] <= word[i*ABITS+:ABITS];
          for (int unsigned k = 1; k < i; k++) behind[k] <= behind[k-1];
        end
      end
      assign activations[i] = behind[i-1];
    end

    hwf_rom #(
      .DEPTH(STEPS),
      .WIDTH(WORD_BITS),
      .STYLE(WSTYLE),
      .INIT (MEMORY[i*COLUMN_BITS+:COLUMN_BITS])
    ) rom (
      .ap_clk,
      .enable,
      .address(positions[i]),
      .data(weights[i])
    );
  end

  logic [PE-1:0][SUM_BITS-1:0] sums;
  logic [PE-1:0] carries;
  for (genvar pair = 0; pair < PAIRS; pair++) begin : g_pair
    logic [SIMD-1:0][2*WBITS-1:0] own;
    always_comb for (int unsigned i = 0; i < SIMD; i++) own[i] = weights[i][2*pair*WBITS+:2*WBITS];
    hwf_dot_pair #(
      .SIMD    (SIMD),
      .ABITS   (ABITS),
      .ASIGNED (ASIGNED),
      .WBITS   (WBITS),
      .FIELD   (FIELD),
      .LOW_BITS(LOW_BITS),
      .LEAST   (LEAST)
    ) dot (
      .ap_clk,
      .enable,
      .activations,
      .weights   (own),
      .low_sum   (sums[2*pair]),
      .high_sum  (sums[2*pair+1]),
      .high_carry(carries[2*pair+1])
    );
    assign carries[2*pair] = 1'b0;
  end
  for (genvar pe = 2 * PAIRS; pe < PE; pe++) begin : g_single
    logic [SIMD-1:0][WBITS-1:0] own;
    always_comb for (int unsigned i = 0; i < SIMD; i++) own[i] = weights[i][pe*WBITS+:WBITS];
    hwf_dot_row #(
      .SIMD      (SIMD),
      .ABITS     (ABITS),
      .ASIGNED   (ASIGNED),
      .WBITS     (WBITS),
      .MULTIPLIER(MULTIPLIER)
    ) dot (
      .ap_clk,
      .enable,
      .activations,
      .weights(own),
      .sum    (sums[pe])
    );
    assign carries[pe] = 1'b0;
  end

  logic arrives, fresh;  // a sum for the accumulators, the first of its rows
  assign arrives = enable && valids[DELAY-1];
  assign enable = !out0_V_TVALID || out0_V_TREADY;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      out0_V_TVALID <= 1'b0;
      fresh <= 1'b1;
    end else if (enable) begin
      out0_V_TVALID <= valids[DELAY-1] && lasts[DELAY-1];
      if (valids[DELAY-1]) fresh <= lasts[DELAY-1];
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_row
    hwf_row_sum #(
      .WIDTH     (OBITS),
      .COUNT_BITS(SUM_BITS),
      .SIGNED    (1),
      .ROWS      (1),
      .STARTS    ('0)
    ) row_sum (
      .ap_clk,
      .enable(arrives),
      .fresh (SF == 1 || fresh),
      .row   (1'b0),
      .count (sums[pe]),
      .carry (carries[pe]),
      .sum   (out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
