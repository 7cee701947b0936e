// SPDX-License-Identifier: Apache-2.0
//
// How many of 2^COUNT_BITS - 1 evenly spaced thresholds are at most `value`, for one channel of a beat, a beat in each cycle with
// `enable`. Number n of them, counted from the middle one, is (center + n * distance) / 2^FRAC, rounded up. With BENT = 1 those
// above the middle are (center + jump + (n - 2^(COUNT_BITS-2)) * upper) / 2^FRAC.
//
// A division without restoring: the first sum takes the center away, and each further one a power of two of the distance,
// towards zero; the signs on the way are the answer. So two numbers a channel (BENT: four) stand for all of its thresholds, and
// what lies below the value's lowest place costs no adder in the first stage.
//
// `fold` belongs to `value`; `next_fold` is what it will be after the next clock edge. Latency: COUNT_BITS cycles.
module hwf_even_steps #(
  parameter int unsigned FOLDS = 48,
  parameter int unsigned IBITS = 10,
  parameter bit ISIGNED = 1,
  parameter int unsigned COUNT_BITS = 3,
  parameter int unsigned FRAC = 4,   // bits of a threshold below the value's
  parameter int unsigned DBITS = 9,  // bits of a distance, unsigned; times 2^(COUNT_BITS-2) it is less than 2^(IBITS+FRAC)
  parameter bit BENT = 0,
  parameter int unsigned JBITS = 1,  // bits of a jump, unsigned, at most IBITS + FRAC
  parameter string STYLE = "lut",    // memory of more than 32 folds: "lut" or "block"
  // Fold 0 in the lowest bits. Centers from the least value to one above the largest, so that any difference fits in their width.
  parameter logic [FOLDS*(IBITS+1+FRAC)-1:0] CENTERS = '0,
  parameter logic [FOLDS*DBITS-1:0] DISTANCES = '0,
  parameter logic [FOLDS*DBITS-1:0] UPPERS = '0,
  parameter logic [FOLDS*JBITS-1:0] JUMPS = '0,
  localparam int unsigned FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1
) (
  input  logic                  ap_clk,
  input  logic                  enable,
  input  logic [FOLD_BITS-1:0]  fold,
  input  logic [FOLD_BITS-1:0]  next_fold,
  input  logic [IBITS-1:0]      value,
  output logic [COUNT_BITS-1:0] count
);
  if (COUNT_BITS < 2) begin : g_check
    $error("%m: COUNT_BITS=%0d must be at least 2", COUNT_BITS);
  end

  localparam int unsigned HIGH_BITS = IBITS + 1;
  localparam int unsigned BITS = HIGH_BITS + FRAC;
  localparam int unsigned STEP_BITS = BENT ? 2 * DBITS + JBITS : DBITS;
  localparam int unsigned WORD_BITS = BITS + STEP_BITS;

  // Jump, distances and negative center of each fold.
  function automatic logic [FOLDS*WORD_BITS-1:0] words();
    for (int unsigned i = 0; i < FOLDS; i++) begin
      words[i*WORD_BITS+:WORD_BITS] = WORD_BITS'({
        JUMPS[i*JBITS+:JBITS], UPPERS[i*DBITS+:DBITS], DISTANCES[i*DBITS+:DBITS], BITS'(-CENTERS[i*BITS+:BITS])
      });
    end
  endfunction

  // The half adder of place `place` of the first sum, for address {fold, place of the value}.
  function automatic logic [2*FOLDS-1:0] half_adder(input int unsigned place);
    logic [BITS-1:0] negative;
    for (int unsigned i = 0; i < FOLDS; i++) begin
      negative = BITS'(-CENTERS[i*BITS+:BITS]);
      half_adder[2*i+:2] = negative[FRAC+place] ? 2'b01 : 2'b10;
    end
  endfunction

  logic [HIGH_BITS-1:0] extended, propagate;
  /* verilator lint_off UNUSEDSIGNAL */  // the carry out is the sign once more
  logic [HIGH_BITS:0] difference;
  /* verilator lint_on UNUSEDSIGNAL */
  assign extended = {ISIGNED & value[IBITS-1], value};
  hwf_carry_chain #(
    .WIDTH(HIGH_BITS)
  ) subtract (
    .operand  (extended),
    .propagate(propagate),
    .carry    (1'b0),
    .sum      (difference)
  );

  // In front of each stage behind the first: what is left, the constants, and the bits found without the newest.
  logic [COUNT_BITS-1:1][BITS-1:0]         rest;
  logic [COUNT_BITS-1:1][STEP_BITS-1:0]    steps;
  logic [COUNT_BITS:1][COUNT_BITS-1:0]     counts;
  always_ff @(posedge ap_clk) if (enable) rest[1][BITS-1:FRAC] <= difference[HIGH_BITS-1:0];
  if (FOLDS <= 32) begin : g_merged
    for (genvar place = 0; place < HIGH_BITS; place++) begin : g_place
      if (FOLDS == 1) begin : g_one
        localparam logic [1:0] INVERTED = half_adder(place);
        assign propagate[place] = extended[place] ^ INVERTED[0];
      end else begin : g_table
        hwf_lookup #(
          .DEPTH(2 * FOLDS),
          .INIT (half_adder(place))
        ) table_of_place (
          .address({fold, extended[place]}),
          .data   (propagate[place])
        );
      end
    end
    /* verilator lint_off UNUSEDSIGNAL */
    logic [WORD_BITS-1:0] word;
    logic unused;
    /* verilator lint_on UNUSEDSIGNAL */
    assign unused = ^next_fold;
    hwf_rom #(
      .DEPTH(FOLDS),
      .WIDTH(WORD_BITS),
      .STYLE("lut"),
      .INIT (words())
    ) rom (
      .ap_clk,
      .enable,
      .address(fold),
      .data(word)
    );
    assign steps[1] = word[WORD_BITS-1:BITS];
    if (FRAC > 0) begin : g_fraction
      assign rest[1][FRAC-1:0] = word[FRAC-1:0];
    end
  end else begin : g_read
    logic [WORD_BITS-1:0] word;
    logic unused;
    assign unused = ^fold;
    hwf_rom #(
      .DEPTH(FOLDS),
      .WIDTH(WORD_BITS),
      .STYLE(STYLE),
      .INIT (words())
    ) rom (
      .ap_clk,
      .enable(1'b1),
      .address(next_fold),
      .data(word)
    );
    assign propagate = extended ^ word[BITS-1:FRAC];
    always_ff @(posedge ap_clk) if (enable) steps[1] <= word[WORD_BITS-1:BITS];
    if (FRAC > 0) begin : g_fraction
      always_ff @(posedge ap_clk) if (enable) rest[1][FRAC-1:0] <= word[FRAC-1:0];
    end
  end
  assign counts[1] = '0;

  for (genvar stage = 1; stage < COUNT_BITS; stage++) begin : g_stage
    localparam int unsigned POWER = COUNT_BITS - 1 - stage;
    localparam int unsigned SHIFT = BENT && stage == 1 ? 0 : POWER;  // places that are not touched
    localparam int unsigned WIDTH = BITS - SHIFT;
    logic below;
    logic [WIDTH-1:0] upper, step;
    /* verilator lint_off UNUSEDSIGNAL */
    logic [WIDTH:0] sum;
    /* verilator lint_on UNUSEDSIGNAL */
    assign below = rest[stage][BITS-1];
    assign upper = rest[stage][BITS-1:SHIFT];
    if (!BENT) begin : g_even
      assign step = WIDTH'(steps[stage]);
    end else if (stage == 1) begin : g_jump
      assign step = below ? WIDTH'(steps[1][DBITS-1:0]) << POWER : WIDTH'(steps[1][STEP_BITS-1:2*DBITS]);
    end else begin : g_bent
      logic side;  // below the center
      assign side = !counts[stage][stage-2];
      assign step = WIDTH'(side ? steps[stage][DBITS-1:0] : steps[stage][2*DBITS-1:DBITS]);
    end
    hwf_carry_chain #(
      .WIDTH(WIDTH)
    ) towards_zero (
      .operand  (upper),
      .propagate(upper ^ step ^ {WIDTH{!below}}),
      .carry    (!below),
      .sum      (sum)
    );
    always_ff @(posedge ap_clk) if (enable) counts[stage+1] <= COUNT_BITS'({counts[stage], !below});
    if (stage < COUNT_BITS - 1) begin : g_next
      always_ff @(posedge ap_clk) begin
        if (enable) begin
          steps[stage+1] <= steps[stage];
          rest[stage+1][BITS-1:SHIFT] <= sum[WIDTH-1:0];
        end
      end
      if (SHIFT > 0) begin : g_low
        always_ff @(posedge ap_clk) if (enable) rest[stage+1][SHIFT-1:0] <= rest[stage][SHIFT-1:0];
      end
    end else begin : g_last
      logic found;
      always_ff @(posedge ap_clk) if (enable) found <= !sum[WIDTH-1];
      assign count = {counts[COUNT_BITS][COUNT_BITS-2:0], found};
    end
  end
endmodule
