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
  parameter logic [C*STEPS*TBITS-1:0] THRESHOLDS = '0  // [fold][pe][step]
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
  /* verilator lint_off UNUSEDSIGNAL */  // with one fold they are all 0
  logic [COUNT_BITS-1:0][FOLD_BITS-1:0] folds;
  /* verilator lint_on UNUSEDSIGNAL */
  if (FOLDS == 1) begin : g_one_fold
    assign folds = '0;
  end else begin : g_folds
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) folds[0] <= '0;
      else if (enable && in0_V_TVALID) folds[0] <= folds[0] == FOLD_BITS'(FOLDS - 1) ? '0 : folds[0] + 1'b1;
    end
    if (COUNT_BITS > 1) begin : g_follow
      always_ff @(posedge ap_clk) if (enable) folds[COUNT_BITS-1:1] <= folds[COUNT_BITS-2:0];
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
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

    hwf_bias #(
      .IBITS(COUNT_BITS),
      .OBITS(OBITS),
      .BIAS (BIAS)
    ) bias (
      .count(counts[COUNT_BITS]),
      .value(out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
