// SPDX-License-Identifier: Apache-2.0
//
// Two line pieces a channel, a beat a cycle: out = sat((m * in + a) >>> FRAC), with m, a = MHI, AHI where in >= KNEE, else
// MLO, ALO. RPReLU with a shortcut's scale has this form, and many functions of one integer are equal to it at every value.
//
// `>>>` rounds towards minus infinity; what lies outside the output's range becomes its nearest end. The sum is exact before that.
// Knees are signed, of IBITS + 1: one above the input's range is never reached, one at or below its least value always.
//
// A DSP slice a PE, with its input, product and sum registers; none where all slopes are powers of two of which the largest is
// eight times the least at most: the product is a choice of four shifts then, one look-up table a bit.
// Latency: 4 cycles. Cycles a frame: its beats. in0 TREADY follows out0 TREADY combinationally.
module hwf_affine #(
  parameter int unsigned C = 24,      // channels
  parameter int unsigned PE = 4,      // channels a beat, divides C
  parameter int unsigned IBITS = 8,
  parameter bit ISIGNED = 1,
  parameter int unsigned OBITS = 6,
  parameter bit OSIGNED = 1,
  parameter int unsigned FRAC = 4,    // bits shifted out
  parameter int unsigned MBITS = 8,   // bits of a slope, signed
  parameter int unsigned ABITS = 16,  // bits of an offset, signed
  parameter logic [C*(IBITS+1)-1:0] KNEES = '0,  // all [fold][pe]
  parameter logic [C*MBITS-1:0] MLO = '0,
  parameter logic [C*MBITS-1:0] MHI = '0,
  parameter logic [C*ABITS-1:0] ALO = '0,
  parameter logic [C*ABITS-1:0] AHI = '0
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
  if (IBITS < 1 || IBITS > 31 || OBITS < 1 || MBITS < 1 || ABITS < 1) begin : g_check_bits
    $error("%m: IBITS=%0d must be 1 to 31; OBITS=%0d, MBITS=%0d and ABITS=%0d at least 1", IBITS, OBITS, MBITS, ABITS);
  end

  localparam int unsigned FOLDS = C / PE;
  localparam int unsigned FOLD_BITS = FOLDS > 1 ? $clog2(FOLDS) : 1;
  localparam int unsigned KNEE_BITS = IBITS + 1;

  // Powers of two among the slopes: the least, and how many times that the largest is, as shifts; none is -1.
  function automatic int slope_power(input logic [MBITS-1:0] slope);
    slope_power = -1;
    for (int unsigned power = 0; power + 1 < MBITS; power++) if (slope == MBITS'(1) << power) slope_power = int'(power);
  endfunction
  function automatic int least_power();
    least_power = int'(MBITS);
    for (int unsigned i = 0; i < C; i++) begin
      if (slope_power(MLO[i*MBITS+:MBITS]) < least_power) least_power = slope_power(MLO[i*MBITS+:MBITS]);
      if (slope_power(MHI[i*MBITS+:MBITS]) < least_power) least_power = slope_power(MHI[i*MBITS+:MBITS]);
    end
  endfunction
  function automatic int largest_power();
    largest_power = -1;
    for (int unsigned i = 0; i < C; i++) begin
      if (slope_power(MLO[i*MBITS+:MBITS]) > largest_power) largest_power = slope_power(MLO[i*MBITS+:MBITS]);
      if (slope_power(MHI[i*MBITS+:MBITS]) > largest_power) largest_power = slope_power(MHI[i*MBITS+:MBITS]);
    end
  endfunction
  localparam int LEAST = least_power();
  localparam bit SHIFTS = LEAST >= 0 && largest_power() <= LEAST + 3;

  // What stands for a slope in the memory of lines.
  localparam int unsigned SLOPE_BITS = SHIFTS ? 2 : MBITS;
  localparam int unsigned LINE_BITS = SLOPE_BITS + ABITS;
  function automatic logic [SLOPE_BITS-1:0] kept(input logic [MBITS-1:0] slope);
    kept = SHIFTS ? SLOPE_BITS'(slope_power(slope) - LEAST) : SLOPE_BITS'(slope);
  endfunction
  localparam int unsigned PRODUCT_BITS = MBITS + IBITS + 1;

  // Knees of one channel of a beat in the input's offset binary, cut to its range.
  function automatic logic [FOLDS*KNEE_BITS-1:0] knees(input int unsigned pe);
    longint knee;
    for (int unsigned fold = 0; fold < FOLDS; fold++) begin
      knee = longint'($signed(KNEES[(fold*PE+pe)*KNEE_BITS+:KNEE_BITS]));
      if (ISIGNED) knee += longint'(1) << (IBITS - 1);
      if (knee < 0) knee = 0;
      if (knee > longint'(1) << IBITS) knee = longint'(1) << IBITS;
      knees[fold*KNEE_BITS+:KNEE_BITS] = KNEE_BITS'(knee);
    end
  endfunction

  // Slope and offset below and above the knee, fold by fold.
  function automatic logic [FOLDS*2*LINE_BITS-1:0] lines(input int unsigned pe);
    int unsigned channel;
    for (int unsigned fold = 0; fold < FOLDS; fold++) begin
      channel = fold * PE + pe;
      lines[2*fold*LINE_BITS+:2*LINE_BITS] = {
        kept(MHI[channel*MBITS+:MBITS]), AHI[channel*ABITS+:ABITS],
        kept(MLO[channel*MBITS+:MBITS]), ALO[channel*ABITS+:ABITS]
      };
    end
  endfunction

  logic enable;
  logic [3:0] valids;
  assign enable = !out0_V_TVALID || out0_V_TREADY;
  assign in0_V_TREADY = enable;
  assign out0_V_TVALID = valids[3];
  always_ff @(posedge ap_clk) begin
    if (!ap_rst_n) valids <= '0;
    else if (enable) valids <= {valids[2:0], in0_V_TVALID};
  end

  logic [FOLD_BITS-1:0] fold;
  if (FOLDS == 1) begin : g_one_fold
    assign fold = '0;
  end else begin : g_folds
    always_ff @(posedge ap_clk) begin
      if (!ap_rst_n) fold <= '0;
      else if (in0_V_TVALID && enable) fold <= fold == FOLD_BITS'(FOLDS - 1) ? '0 : fold + 1'b1;
    end
  end

  for (genvar pe = 0; pe < PE; pe++) begin : g_channel
    logic [IBITS-1:0] code, above_least;
    logic high;
    assign code = in0_V_TDATA[pe*IBITS+:IBITS];
    always_comb begin
      above_least = code;
      if (ISIGNED) above_least[IBITS-1] = !code[IBITS-1];
    end
    hwf_at_least #(
      .BITS (IBITS),
      .DEPTH(FOLDS),
      .WORDS(knees(pe))
    ) piece (
      .address (fold),
      .value   (above_least),
      .at_least(high)
    );

    logic [LINE_BITS-1:0] line;
    if (FOLDS == 1) begin : g_one_line
      localparam logic [2*LINE_BITS-1:0] LINES = lines(pe);
      always_ff @(posedge ap_clk) if (enable) line <= high ? LINES[2*LINE_BITS-1:LINE_BITS] : LINES[LINE_BITS-1:0];
    end else begin : g_lines
      hwf_rom #(
        .DEPTH(2 * FOLDS),
        .WIDTH(LINE_BITS),
        .STYLE("lut"),
        .INIT (lines(pe))
      ) rom (
        .ap_clk,
        .enable,
        .address({fold, high}),
        .data(line)
      );
    end

    logic signed [IBITS:0] value;
    logic [SLOPE_BITS-1:0] slope;
    logic signed [PRODUCT_BITS-1:0] multiple;
    assign slope = line[LINE_BITS-1:ABITS];
    if (SHIFTS) begin : g_shifts
      assign multiple = PRODUCT_BITS'(value) <<< (LEAST + int'(slope));
    end else begin : g_product
      assign multiple = PRODUCT_BITS'($signed(slope) * value);
    end
    always_ff @(posedge ap_clk) if (enable) value <= {ISIGNED & code[IBITS-1], code};

    hwf_line_end #(
      .PRODUCT_BITS(PRODUCT_BITS),
      .ABITS       (ABITS),
      .FRAC        (FRAC),
      .OBITS       (OBITS),
      .OSIGNED     (OSIGNED)
    ) line_end (
      .ap_clk,
      .enable,
      .multiple,
      .offset(line[ABITS-1:0]),
      .result(out0_V_TDATA[pe*OBITS+:OBITS])
    );
  end
endmodule
