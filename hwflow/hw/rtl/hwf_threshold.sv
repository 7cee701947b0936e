// SPDX-License-Identifier: Apache-2.0
//
// Multi-threshold: out = BIAS + number of the channel's thresholds that are at most in, a beat a cycle. (FINN: Thresholding.)
//
// Thresholds are signed, of TBITS, and ascend within a channel; equal ones count together. One that no input reaches never
// counts, one that all inputs reach always does, whatever TBITS: thresholds are cut to the input's range at elaboration.
// With OBITS = 1, one step and BIAS = 0 it is a sign: 0 below the threshold, 1 from it on.
//
// The count is found bit by bit, the highest first, one comparator a bit in a pipeline: each further bit compares with the
// threshold in the middle of what the bits so far have left over. Seven steps take three comparators.
//
// EVEN = 1 is for thresholds that are evenly spaced but for the rounding, as those of a quantiser behind a BatchNorm are, and
// BENT = 1 for two distances, below and above the middle, as behind an RPReLU. In hardware CENTERS, DISTANCES and, where BENT,
// UPPERS and JUMPS take their place, in hwf_even_steps' form. Elaboration compares them with THRESHOLDS, one by one.
//
// Latency: $clog2(STEPS + 1) cycles. Cycles a frame: its beats. in0 TREADY follows out0 TREADY combinationally.
module hwf_threshold #(
  parameter int unsigned C = 24,      // channels
  parameter int unsigned PE = 4,      // channels a beat, divides C
  parameter int unsigned IBITS = 9,
  parameter bit ISIGNED = 1,
  parameter int unsigned STEPS = 7,   // thresholds a channel
  parameter int unsigned TBITS = 10,  // bits of a threshold, at most 32
  parameter int unsigned OBITS = 3,
  parameter int BIAS = 0,
  parameter bit EVEN = 0,
  parameter int unsigned FRAC = 0,    // of EVEN: bits of centers and distances below the input's
  parameter int unsigned DBITS = 1,   // of EVEN: bits of a distance
  parameter bit BENT = 0,
  parameter int unsigned JBITS = 1,   // of BENT: bits of a jump
  parameter string STYLE = "auto",    // of EVEN: memory, "lut", "block", or "auto": block where it saves LUTS_A_BLOCK
  parameter int unsigned LUTS_A_BLOCK = 100,  // LUTs that are worth an RAMB18
  parameter logic [C*STEPS*TBITS-1:0] THRESHOLDS = '0,  // [fold][pe][step]
  parameter logic [C*(IBITS+1+FRAC)-1:0] CENTERS = '0,  // [fold][pe], signed
  parameter logic [C*DBITS-1:0] DISTANCES = '0,
  parameter logic [C*DBITS-1:0] UPPERS = '0,
  parameter logic [C*JBITS-1:0] JUMPS = '0
) (
  input  logic                ap_clk,
  input  logic                ap_rst_n,
  input  logic [PE*IBITS-1:0] in0_V_TDATA,
  input  logic                in0_V_TVALID,
  output logic                in0_V_TREADY,
  output logic [PE*OBITS-1:0] out0_V_TDATA,
  output logic                out0_V_TVALID,
  input  logic                out0_V_TREADY
);
  if (PE < 1 || C % PE != 0) begin : g_check_pe
    $error("%m: PE=%0d must divide C=%0d", PE, C);
  end
  if (IBITS < 1 || IBITS > 31 || TBITS < 1 || TBITS > 32) begin : g_check_bits
    $error("%m: IBITS=%0d must be 1 to 31 and TBITS=%0d 1 to 32", IBITS, TBITS);
  end
  if (STEPS < 1) begin : g_check_steps
    $error("%m: STEPS=%0d must be at least 1", STEPS);
  end

  if (EVEN && (STEPS < 3 || (STEPS & (STEPS + 1)) != 0)) begin : g_check_even
    $error("%m: STEPS=%0d must be 3, 7, 15, ... with EVEN=1", STEPS);
  end
  if (STYLE != "auto" && STYLE != "lut" && STYLE != "block") begin : g_check_style
    $error("%m: STYLE=%s must be auto, lut or block", STYLE);
  end

  localparam int unsigned FOLDS = C / PE;
  localparam int unsigned FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
  localparam int unsigned COUNT_BITS = $clog2(STEPS + 1);
  localparam int unsigned WORD_BITS = IBITS + 1;
  localparam int unsigned TABLE_BITS = FOLDS * 2 ** (COUNT_BITS - 1) * WORD_BITS;  // of the largest stage

  // What stage `stage` compares with for each fold and each value of the bits found so far, in the input's offset binary.
  function automatic logic [TABLE_BITS-1:0] stage_table(input int unsigned stage, input int unsigned pe);
    longint word;
    int unsigned step;
    stage_table = '0;
    for (int unsigned fold = 0; fold < FOLDS; fold++) begin
      for (int unsigned high = 0; high < 2 ** stage; high++) begin
        step = (2 * high + 1) * 2 ** (COUNT_BITS - 1 - stage) - 1;
        word = longint'(1) << IBITS;
        if (step < STEPS) begin
          word = longint'($signed(THRESHOLDS[((fold*PE+pe)*STEPS+step)*TBITS+:TBITS]));
          if (ISIGNED) word += longint'(1) << (IBITS - 1);
          if (word < 0) word = 0;
          if (word > longint'(1) << IBITS) word = longint'(1) << IBITS;
        end
        stage_table[(fold*2**stage+high)*WORD_BITS+:WORD_BITS] = WORD_BITS'(word);
      end
    end
  endfunction

  // Whether CENTERS and DISTANCES say the same as THRESHOLDS of every input, and are in the range that hwf_even_steps takes.
  localparam int unsigned CENTER_BITS = IBITS + 1 + FRAC;
  function automatic longint cut(input longint threshold);
    longint low, high;
    low = ISIGNED ? -(longint'(1) << (IBITS - 1)) : 0;
    high = low + (longint'(1) << IBITS);  // one above the largest input
    cut = threshold < low ? low : threshold > high ? high : threshold;
  endfunction
  function automatic bit evenly_spaced();
    longint center, distance, upper, jump, even;
    evenly_spaced = !BENT || JBITS <= IBITS + FRAC;
    for (int unsigned channel = 0; channel < C; channel++) begin
      center = longint'($signed(CENTERS[channel*CENTER_BITS+:CENTER_BITS]));
      distance = longint'(DISTANCES[channel*DBITS+:DBITS]);
      upper = BENT ? longint'(UPPERS[channel*DBITS+:DBITS]) : distance;
      jump = BENT ? longint'(JUMPS[channel*JBITS+:JBITS]) : distance << (COUNT_BITS - 2);
      if (distance << (COUNT_BITS - 2) >= longint'(1) << (IBITS + FRAC)) evenly_spaced = 1'b0;
      if (upper << (COUNT_BITS - 2) >= longint'(1) << (IBITS + FRAC)) evenly_spaced = 1'b0;
      even = center + (longint'(1) << FRAC) - 1;  // rounds up
      if (even >>> FRAC != cut(even >>> FRAC)) evenly_spaced = 1'b0;
      even -= distance * (longint'(STEPS) / 2);
      for (int unsigned step = 0; step < STEPS; step++) begin
        if (cut(even >>> FRAC) != cut(longint'($signed(THRESHOLDS[(channel*STEPS+step)*TBITS+:TBITS])))) evenly_spaced = 1'b0;
        if (2 * step + 1 < STEPS) even += distance;
        else if (step > STEPS / 2) even += upper;
        else even += jump - (upper << (COUNT_BITS - 2)) + upper;
      end
    end
  endfunction
  if (EVEN) begin : g_check_distances
    localparam bit RIGHT = evenly_spaced();
    if (!RIGHT) begin : g_wrong
      $error("%m: CENTERS and DISTANCES are not those of THRESHOLDS");
    end
  end

  // The constants of one channel of a beat, fold by fold.
  localparam int unsigned FOLD_WORD_BITS = CENTER_BITS + DBITS + (BENT ? DBITS + JBITS : 0);
  function automatic logic [FOLDS*CENTER_BITS-1:0] centers_of(input int unsigned pe);
    for (int unsigned fold = 0; fold < FOLDS; fold++)
      centers_of[fold*CENTER_BITS+:CENTER_BITS] = CENTERS[(fold*PE+pe)*CENTER_BITS+:CENTER_BITS];
  endfunction
  function automatic logic [FOLDS*DBITS-1:0] distances_of(input logic [C*DBITS-1:0] all, input int unsigned pe);
    for (int unsigned fold = 0; fold < FOLDS; fold++) distances_of[fold*DBITS+:DBITS] = all[(fold*PE+pe)*DBITS+:DBITS];
  endfunction
  function automatic logic [FOLDS*JBITS-1:0] jumps_of(input int unsigned pe);
    for (int unsigned fold = 0; fold < FOLDS; fold++) jumps_of[fold*JBITS+:JBITS] = JUMPS[(fold*PE+pe)*JBITS+:JBITS];
  endfunction

  // What the memory of centers and distances costs in LUTs, or in half block RAMs (RAMB18).
  localparam int unsigned BLOCK_WIDTH = FOLDS <= 512 ? 36 : FOLDS <= 1024 ? 18 : FOLDS <= 2048 ? 9 : FOLDS <= 4096 ? 4 : 2;
  localparam int unsigned BLOCKS = (FOLD_WORD_BITS + BLOCK_WIDTH - 1) / BLOCK_WIDTH;
  localparam bit BLOCK = STYLE == "block" || (STYLE == "auto" && (FOLDS + 63) / 64 * FOLD_WORD_BITS > LUTS_A_BLOCK * BLOCKS);

  logic enable;
  logic [COUNT_BITS:0] valids;  // in front of each stage, and behind the last
  assign enable = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = enable;
  assign out0_V_TVALID = valids[COUNT_BITS];
  assign valids[0] = in0_V_TVALID;
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids[COUNT_BITS:1] <= '0;
    else if (enable) valids[COUNT_BITS:1] <= valids[COUNT_BITS-1:0];
  end

  // The fold of the beat in front of each stage.
  /* verilator lint_off UNUSEDSIGNAL */  // with one fold they are all 0; EVEN looks at the first only
  logic [COUNT_BITS-1:0][FOLD_BITS-1:0] folds;
  logic [FOLD_BITS-1:0] next_fold;
  /* verilator lint_on UNUSEDSIGNAL */
  if (FOLDS == 1) begin : g_one_fold
    assign folds = '0;
    assign next_fold = '0;
  end else if (EVEN && FOLDS > 32) begin : g_ahead
    always_comb begin
      next_fold = folds[0];
      if (enable && in0_V_TVALID) next_fold = folds[0] == FOLD_BITS'(FOLDS - 1) ? '0 : folds[0] + 1'b1;
      if (!ap_rst_n) next_fold = '0;
    end
    always_ff @(posedge ap_clk) folds[0] <= next_fold;
    assign folds[COUNT_BITS-1:1] = '0;
  end else begin : g_folds
    assign next_fold = '0;
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) folds[0] <= '0;
      else if (enable && in0_V_TVALID) folds[0] <= folds[0] == FOLD_BITS'(FOLDS - 1) ? '0 : folds[0] + 1'b1;
    end
    if (COUNT_BITS > 1) begin : g_follow
      always_ff @(posedge ap_clk) if (enable) folds[COUNT_BITS-1:1] <= folds[COUNT_BITS-2:0];
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
    logic [COUNT_BITS-1:0] count;
    hwf_bias #(
      .IBITS(COUNT_BITS),
      .OBITS(OBITS),
      .BIAS (BIAS)
    ) bias (
      .count(count),
      .value(out0_V_TDATA[pe*OBITS+:OBITS])
    );
    if (EVEN) begin : g_even
      hwf_even_steps #(
        .FOLDS     (FOLDS),
        .IBITS     (IBITS),
        .ISIGNED   (ISIGNED),
        .COUNT_BITS(COUNT_BITS),
        .FRAC      (FRAC),
        .DBITS     (DBITS),
        .STYLE     (BLOCK ? "block" : "lut"),
        .CENTERS   (centers_of(pe)),
        .DISTANCES (distances_of(DISTANCES, pe)),
        .BENT      (BENT),
        .JBITS     (JBITS),
        .UPPERS    (distances_of(UPPERS, pe)),
        .JUMPS     (jumps_of(pe))
      ) even (
        .ap_clk,
        .enable,
        .fold (folds[0]),
        .next_fold,
        .value(in0_V_TDATA[pe*IBITS+:IBITS]),
        .count
      );
    end else begin : g_tables
      logic [COUNT_BITS-1:0][IBITS-1:0] values;  // in front of each stage, in offset binary
      logic [COUNT_BITS:0][COUNT_BITS-1:0] counts;  // the bits found so far, right-aligned
      always_comb begin
        values[0] = in0_V_TDATA[pe*IBITS+:IBITS];
        if (ISIGNED) values[0][IBITS-1] = !values[0][IBITS-1];
      end
      assign counts[0] = '0;
      if (COUNT_BITS > 1) begin : g_follow
        always_ff @(posedge ap_clk) if (enable) values[COUNT_BITS-1:1] <= values[COUNT_BITS-2:0];
      end

      for (genvar stage = 0; stage < COUNT_BITS; stage++) begin : g_stage
        localparam int unsigned DEPTH = FOLDS * 2 ** stage;
        localparam int unsigned ADDRESS_BITS = DEPTH > 1 ? $clog2(DEPTH) : 1;
        logic [ADDRESS_BITS-1:0] address;
        logic bit_found;
        if (stage == 0) begin : g_fold
          assign address = folds[0];
        end else if (FOLDS == 1) begin : g_count
          assign address = counts[stage][stage-1:0];
        end else begin : g_both
          assign address = {folds[stage], counts[stage][stage-1:0]};
        end
        hwf_at_least #(
          .BITS (IBITS),
          .DEPTH(DEPTH),
          .WORDS((DEPTH*WORD_BITS)'(stage_table(stage, pe)))
        ) comparator (
          .address (address),
          .value   (values[stage]),
          .at_least(bit_found)
        );
        always_ff @(posedge ap_clk) if (enable) counts[stage+1] <= COUNT_BITS'({counts[stage], bit_found});
      end
      assign count = counts[COUNT_BITS];
    end
  end
endmodule
