// SPDX-License-Identifier: Apache-2.0
//
// Multi-threshold as hwf_threshold (same parameters, same results, same edge cases), by binary search: one comparator and one
// memory a PE, $clog2(STEPS + 1) cycles a beat. For many steps, or where beats come seldom.
//
// The thresholds of a channel lie in the memory as a search tree: the children of node n are nodes 2n (below) and 2n + 1.
//
// Latency: $clog2(STEPS + 1) + 1 cycles. Cycles a frame: its beats times $clog2(STEPS + 1), the next beat is taken in the
// cycle of the last comparison. in0 TREADY follows out0 TREADY combinationally.
module hwf_threshold_search #(
  parameter int unsigned C = 24,      // channels
  parameter int unsigned PE = 4,      // channels a beat, divides C
  parameter int unsigned IBITS = 9,
  parameter bit ISIGNED = 1,
  parameter int unsigned STEPS = 15,  // thresholds a channel
  parameter int unsigned TBITS = 10,  // bits of a threshold, at most 32
  parameter int unsigned OBITS = 4,
  parameter int BIAS = 0,
  parameter string STYLE = "lut",     // memory: "lut" or "block"
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
  localparam int unsigned LEVELS = $clog2(STEPS + 1);
  localparam int unsigned NODES = 2 ** LEVELS;  // node 0 is not used
  localparam int unsigned DEPTH = FOLDS * NODES;
  localparam int unsigned WORD_BITS = IBITS + 1;

  // The trees of all folds for one channel of a beat, in the input's offset binary, cut to its range.
  function automatic logic [DEPTH*WORD_BITS-1:0] trees(input int unsigned pe);
    longint word;
    int unsigned step, first;
    trees = '0;
    for (int unsigned fold = 0; fold < FOLDS; fold++) begin
      for (int unsigned level = 0; level < LEVELS; level++) begin
        first = 2 ** level;  // the leftmost node of the level
        for (int unsigned i = 0; i < first; i++) begin
          step = (2 * i + 1) * 2 ** (LEVELS - 1 - level) - 1;
          word = longint'(1) << IBITS;
          if (step < STEPS) begin
            word = longint'($signed(THRESHOLDS[((fold*PE+pe)*STEPS+step)*TBITS+:TBITS]));
            if (ISIGNED) word += longint'(1) << (IBITS - 1);
            if (word < 0) word = 0;
            if (word > longint'(1) << IBITS) word = longint'(1) << IBITS;
          end
          trees[(fold*NODES+first+i)*WORD_BITS+:WORD_BITS] = WORD_BITS'(word);
        end
      end
    end
  endfunction

  // ---- one beat at a time -------------------------------------------------------------------------------------------

  localparam int unsigned LEVEL_BITS = LEVELS > 1 ? $clog2(LEVELS) : 1;
  logic busy, compare, done, accept;
  logic [LEVEL_BITS-1:0] level;
  logic last_level;
  assign last_level = level == LEVEL_BITS'(LEVELS - 1);
  assign compare = busy && (!last_level || !out0_V_TVALID || out0_V_TREADY);
  assign done = compare && last_level;
  assign in0_V_TREADY = !busy || done;
  assign accept = in0_V_TVALID && in0_V_TREADY;

  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) begin
      busy <= 1'b0;
      level <= '0;
      out0_V_TVALID <= 1'b0;
    end else begin
      if (accept) busy <= 1'b1;
      else if (done) busy <= 1'b0;
      if (compare) level <= last_level ? '0 : level + 1'b1;
      if (done) out0_V_TVALID <= 1'b1;
      else if (out0_V_TREADY) out0_V_TVALID <= 1'b0;
    end
  end

  // The fold of the beat in work, and of the one to come.
  /* verilator lint_off UNUSEDSIGNAL */  // with one fold they are all 0
  logic [FOLD_BITS-1:0] fold, next_fold;
  /* verilator lint_on UNUSEDSIGNAL */
  if (FOLDS == 1) begin : g_one_fold
    assign fold = '0;
    assign next_fold = '0;
  end else begin : g_folds
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) begin
        next_fold <= '0;
      end else if (accept) begin
        fold <= next_fold;
        next_fold <= next_fold == FOLD_BITS'(FOLDS - 1) ? '0 : next_fold + 1'b1;
      end
    end
  end

  localparam int unsigned ADDRESS_BITS = $clog2(DEPTH);
  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
    logic [IBITS-1:0] value;
    logic [LEVELS-1:0] node;  // a leading 1 in front of the bits found so far, or what is left of it
    logic [LEVELS-1:0] child, next_node;
    logic [WORD_BITS-1:0] word;
    logic [ADDRESS_BITS-1:0] address;
    logic at_least;

    always_ff @(posedge ap_clk) begin
      if (accept) begin
        value <= in0_V_TDATA[pe*IBITS+:IBITS];
        if (ISIGNED) value[IBITS-1] <= !in0_V_TDATA[(pe+1)*IBITS-1];
      end
    end

    assign child = LEVELS'({node, at_least});
    assign next_node = accept ? LEVELS'(1) : child;
    always_ff @(posedge ap_clk) if (accept || compare) node <= next_node;

    if (FOLDS == 1) begin : g_one_tree
      assign address = next_node;
    end else begin : g_trees
      assign address = {accept ? next_fold : fold, next_node};
    end
    hwf_rom #(
      .DEPTH(DEPTH),
      .WIDTH(WORD_BITS),
      .STYLE(STYLE),
      .INIT (trees(pe))
    ) rom (
      .ap_clk,
      .enable(accept || compare),
      .address(address),
      .data(word)
    );

    // The comparison as the carry out of value - word.
    /* verilator lint_off UNUSEDSIGNAL */  // only the carry out is wanted
    logic [WORD_BITS:0] difference;
    /* verilator lint_on UNUSEDSIGNAL */
    logic [WORD_BITS-1:0] extended;
    assign extended = WORD_BITS'(value);
    hwf_carry_chain #(
      .WIDTH(WORD_BITS)
    ) comparison (
      .operand  (extended),
      .propagate(~(extended ^ word)),
      .carry    (1'b1),
      .sum      (difference)
    );
    assign at_least = difference[WORD_BITS];

    // The child of the last level has lost the leading 1: only the bits found are left.
    logic [LEVELS-1:0] count;
    always_ff @(posedge ap_clk) if (done) count <= child;
    hwf_bias #(
      .IBITS(LEVELS),
      .OBITS(OBITS),
      .BIAS (BIAS)
    ) bias (
      .count(count),
      .value(out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
