// SPDX-License-Identifier: Apache-2.0
//
// Matrix times vector with 1-bit weights: MH dot products of MW activations with weights of -1 and +1 (code 0 and 1).
//
// in0:  activations, SIMD a beat, MW / SIMD beats a vector. ABITS = 1: bipolar; more: integers, signed with ASIGNED = 1.
// out0: PE rows a beat, MH / PE beats a vector. THRESHOLD = 0: the dot product modulo 2^OBITS, two's complement.
//       THRESHOLD = 1: one bit a row, 1 where the dot product is at least the row's threshold. Any threshold of TBITS
//       bits is right, also one that no dot product reaches or that all reach.
//
// Cycles a vector without stalls: (MH / PE) * (MW / SIMD), none between vectors.
// Latency from a vector's last beat to its first rows: 3 cycles, one more with ABITS > 1, and MW / SIMD more where MH > PE and
// MW > SIMD.
// There in0 TREADY is a register; else it follows out0 TREADY combinationally.
//
// How it counts. Let p be the number of places where activation and weight agree: the bipolar dot product is 2p - MW.
// A k-bit activation is taken plane by plane: weight * a_b is agreement + weight bit - 1, so the dot product is
// the sum of 2^b p_b plus a constant of the row; the sign plane of signed integers goes in inverted (offset binary). All
// constants and the threshold form the value from which the row's accumulator starts, so that its highest bit is the answer.
module hwf_mvu_binary #(
  parameter int unsigned MW = 216,        // columns: activations of a dot product
  parameter int unsigned MH = 24,         // rows
  parameter int unsigned SIMD = 24,       // columns a cycle, divides MW
  parameter int unsigned PE = 4,          // rows at once, divides MH
  parameter int unsigned ABITS = 1,       // bits of an activation
  parameter bit ASIGNED = 0,
  parameter bit THRESHOLD = 1,
  parameter int unsigned OBITS = 1,       // bits of an output element
  parameter string WSTYLE = "lut",        // weight memory: "lut" or "block"
  parameter string BSTYLE = "auto",       // memory of two vectors (MH > PE, MW > SIMD), as hwf_replay's STYLE
  parameter int unsigned TBITS = 16,      // bits of a threshold, at most 32
  parameter logic [MH*MW-1:0] WEIGHTS = '0,           // [nf][sf][pe][simd], 1 is +1
  parameter logic [MH*TBITS-1:0] THRESHOLDS = '0      // one a row, signed
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
  if (SIMD < 1 || MW % SIMD != 0) begin : g_simd
    $error("%m: SIMD=%0d must divide MW=%0d", SIMD, MW);
  end
  if (PE < 1 || MH % PE != 0) begin : g_pe
    $error("%m: PE=%0d must divide MH=%0d", PE, MH);
  end
  if (ABITS < 1 || ABITS > 16) begin : g_abits
    $error("%m: ABITS=%0d must be 1 to 16", ABITS);
  end
  if (THRESHOLD ? OBITS != 1 : OBITS < 2 || OBITS > 32) begin : g_obits
    $error("%m: OBITS=%0d must be 1 with a threshold and 2 to 32 without", OBITS);
  end
  if (TBITS < 1 || TBITS > 32) begin : g_tbits
    $error("%m: TBITS=%0d must be 1 to 32", TBITS);
  end

  localparam int unsigned SF = MW / SIMD;
  localparam int unsigned NF = MH / PE;
  localparam int unsigned STEPS = SF * NF;
  localparam int unsigned STEP_BITS = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam int unsigned PLANE_MAX = 2 ** ABITS - 1;              // the largest activation in offset binary
  localparam int unsigned COUNT_BITS = $clog2(SIMD * PLANE_MAX + 1);  // of the weighted agreements in a cycle
  localparam int unsigned ANSWER = $clog2(MW * PLANE_MAX + 1);     // the bit that no sum of agreements reaches
  localparam int unsigned TWOS_BITS = $clog2(SIMD / 2 + 2);
  localparam int unsigned PAIR_BITS = $clog2((SIMD / 2 + 1) * PLANE_MAX + 1);
  // Of 2p - MW the lowest bit is known, so it is not accumulated.
  localparam int unsigned ACC_BITS = THRESHOLD ? ANSWER + 1 : ABITS == 1 ? OBITS - 1 : OBITS;

  // ---- constants ----------------------------------------------------------------------------------------------------

  // The code of hwf_xnor_encode, for all words at once: a loop over the words would take long in large layers.
  function automatic logic [MH*MW-1:0] encode(input logic [MH*MW-1:0] plain);
    int unsigned low, half;
    logic [SIMD-1:0] e, f;  // the places e_k and f_(k-1) of a word
    encode = plain;
    low = 0;
    while (low < SIMD) begin
      half = (SIMD - low < 13 ? SIMD - low - 1 : 12) / 2;
      for (int unsigned k = 1; k <= half; k++) begin
        e = '0;
        f = '0;
        e[low+k-1] = 1'b1;
        f[low+half+k-1] = 1'b1;
        encode = encode ^ ((encode & {STEPS * PE{f}}) << 1) ^ ((encode & {STEPS * PE{e}}) << (half + 1));
      end
      low += 2 * half + 1;
    end
  endfunction

  // The dot product of a row less the weighted sum of its agreements: row `pe` of the words of one fold.
  function automatic int offset(input logic [SF*PE*SIMD-1:0] words, input int unsigned pe);
    int ones;
    ones = 0;
    for (int unsigned sf = 0; sf < SF; sf++) ones += $countones(words[(sf*PE+pe)*SIMD+:SIMD]);
    offset = int'(PLANE_MAX) * (ones - int'(MW));
    if (ASIGNED) offset -= (1 << (ABITS - 1)) * (2 * ones - int'(MW));
  endfunction

  // Where the accumulators of processing element `pe` start, row fold 0 in the lowest bits.
  function automatic logic [NF*ACC_BITS-1:0] starts_of(input int unsigned pe);
    longint start, shift;
    for (int unsigned nf = 0; nf < NF; nf++) begin
      // Cut fold by fold: all weights handed on for each row would take long in large layers.
      shift = ABITS == 1 ? 0 : longint'(offset(WEIGHTS[nf*SF*PE*SIMD+:SF*PE*SIMD], pe));
      if (THRESHOLD) begin
        // The least sum of agreements that reaches the threshold, of those from none to one more than can be.
        start = longint'($signed(THRESHOLDS[(nf*PE+pe)*TBITS+:TBITS]));
        if (ABITS == 1) start = (start + longint'(MW) + 1) >>> 1;
        else start -= shift;
        if (start < 0) start = 0;
        if (start > longint'(MW * PLANE_MAX + 1)) start = longint'(MW * PLANE_MAX + 1);
        start = (longint'(1) << ANSWER) - start;
      end else if (ABITS == 1) begin
        start = -((longint'(MW) + 1) / 2);
      end else begin
        start = shift;
      end
      starts_of[nf*ACC_BITS+:ACC_BITS] = ACC_BITS'(start);
    end
  endfunction

  localparam logic [MH*MW-1:0] CODED = encode(WEIGHTS);

  // ---- stage 0: the next word of activations and of weights -----------------------------------------------------------

  logic enable;
  logic [ABITS*SIMD-1:0] planes, data;
  for (genvar b = 0; b < ABITS; b++) begin : g_plane
    localparam bit INVERT = ABITS > 1 && ASIGNED && b == ABITS - 1;
    logic [SIMD-1:0] plane;
    always_comb for (int unsigned i = 0; i < SIMD; i++) plane[i] = in0_V_TDATA[i*ABITS+b] ^ INVERT;
    hwf_xnor_encode #(.N(SIMD)) code (.plain(plane), .encoded(planes[b*SIMD+:SIMD]));
  end

  logic valid, last;
  logic [STEP_BITS-1:0] position;
  hwf_replay #(
    .WIDTH(ABITS * SIMD),
    .WORDS(SF),
    .TIMES(NF),
    .STYLE(BSTYLE)
  ) replay (
    .ap_clk,
    .ap_rst_n,
    .in0_V_TDATA(planes),
    .in0_V_TVALID,
    .in0_V_TREADY,
    .enable,
    .valid,
    .position,
    .last,
    .word(data)
  );

  logic [PE*SIMD-1:0] weights;
  hwf_rom #(
    .DEPTH(STEPS),
    .WIDTH(PE * SIMD),
    .STYLE(WSTYLE),
    .INIT (CODED)
  ) rom (
    .ap_clk,
    .enable,
    .address(position),
    .data(weights)
  );

  // ---- stages 1 and 2: weighted agreements, planes first where there are several ---------------------------------------

  localparam int unsigned DELAY = ABITS > 1 ? 3 : 2;  // from step to accumulator
  logic [DELAY-1:0] valids, lasts;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids <= '0;
    else if (enable) valids <= {valids[DELAY-2:0], valid};
    if (enable) lasts <= {lasts[DELAY-2:0], last};
  end

  logic [COUNT_BITS-1:0] counts[PE];
  for (genvar pe = 0; pe < PE; pe++) begin : g_count
    logic [ABITS:0] ones;
    logic [ABITS-1:0][TWOS_BITS-1:0] twos;
    assign ones[ABITS] = 1'b0;
    for (genvar b = 0; b < ABITS; b++) begin : g_plane
      // The single agreement left over in a plane weighs as much as the pairs of the plane below.
      hwf_xnor_count #(
        .N    (SIMD),
        .EXTRA(b < ABITS - 1 ? 1 : 0)
      ) count (
        .weights(weights[pe*SIMD+:SIMD]),
        .data   (data[b*SIMD+:SIMD]),
        .extra  (ones[b+1]),
        .twos   (twos[b]),
        .one    (ones[b])
      );
    end
    if (ABITS == 1) begin : g_one_plane
      always_ff @(posedge ap_clk) if (enable) counts[pe] <= COUNT_BITS'({twos[0], ones[0]});
    end else begin : g_planes
      logic one;
      logic [ABITS-1:0][TWOS_BITS-1:0] pairs;
      logic [PAIR_BITS-1:0] sum;
      always_ff @(posedge ap_clk) if (enable) {pairs, one} <= {twos, ones[0]};
      hwf_weighted_sum #(.TERMS(ABITS), .MAX(SIMD / 2 + 1)) planes_sum (.terms(pairs), .sum(sum));
      always_ff @(posedge ap_clk) if (enable) counts[pe] <= COUNT_BITS'({sum, one});
    end
  end

  // ---- last stage: accumulate ---------------------------------------------------------------------------------------------

  logic arrives, fresh;  // a count for the accumulators, the first of its rows
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

  localparam bit SAME_START = ABITS == 1 && !THRESHOLD;
  localparam int unsigned STARTING_ROWS = SAME_START ? 1 : NF;
  localparam int unsigned ROW_BITS = STARTING_ROWS > 1 ? $clog2(STARTING_ROWS) : 1;
  logic [ROW_BITS-1:0] nf;
  if (STARTING_ROWS == 1) begin : g_one_row
    assign nf = '0;
  end else begin : g_rows
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) nf <= '0;
      else if (arrives && lasts[DELAY-1]) nf <= nf == ROW_BITS'(NF - 1) ? '0 : nf + 1'b1;
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_row
    logic [ACC_BITS-1:0] sum;
    hwf_row_sum #(
      .WIDTH     (ACC_BITS),
      .COUNT_BITS(COUNT_BITS),
      .ROWS      (STARTING_ROWS),
      .STARTS    ((STARTING_ROWS*ACC_BITS)'(starts_of(pe)))
    ) row_sum (
      .ap_clk,
      .enable(arrives),
      .fresh (SF == 1 || fresh),
      .row   (nf),
      .count (counts[pe]),
      .carry (1'b0),
      .sum
    );
    if (THRESHOLD) begin : g_bit
      assign out0_V_TDATA[pe] = sum[ANSWER];
    end else if (ABITS == 1) begin : g_bipolar
      assign out0_V_TDATA[pe*OBITS+:OBITS] = {sum, MW[0]};
    end else begin : g_sum
      assign out0_V_TDATA[pe*OBITS+:OBITS] = sum;
    end
  end
endmodule
